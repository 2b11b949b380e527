"""Load forged files under an audit hook, and tell what happened.

Run by ``test_audit.py`` in a process of its own, for a hook cannot be removed. It takes a
genuine file of every public estimator, exchanges each node for each other kind that the
format knows and each attribute for one of another class, loads what comes out, and uses what
still loads. Nothing may happen but that the one file is read.

A longer run: ``python -m tests.persistence._audit --seconds 600``.
"""

import argparse
import copy
import json
import os
import random
import sys
import time
import tracemalloc
import warnings
import zipfile
from collections import Counter
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import sklearn
import torch
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.svm import SVC

from mofa_sklearn.networks.fusions import ConditionalQuery
from mofa_sklearn.persistence import SKOPS_TRUSTED_TYPES, PersistenceError, dump, load
from mofa_sklearn.persistence._names import found, is_listed

from ..helpers import make_data, small_mofa
from ..public_estimators import COLUMNS, data_for, fit
from ._files import npy

_SECONDS_FOR_ONE = 10.0
# Their classes are those of others.
_TWICE = {"make_mofa_pipeline", "make_mofa_pipeline, classifier", "RidgePathRegressor, components"}
# What Python itself tells of while a value is looked at.
_HARMLESS = {
    *("object.__getattr__", "object.__setattr__", "object.__delattr__", "sys._getframe"),
    *("builtins.id", "gc.get_objects", "sys._current_frames", "time.sleep"),
}
_TEXT_OF_SCIPY = b"def _parse_args_rvs(self,"
_SCRIPTS = str(Path(sklearn.__file__).parent / "utils" / "_repr_html")
# Names that an attribute might hide.
_HIDING = [
    "predict",
    "fit",
    "get_params",
    "__class__",
    "__dict__",
    "_repr_html_",
    "__sklearn_tags__",
]


class Witness:
    """Notes every event of the audit hook while it watches one file."""

    def __init__(self):
        self.path = None
        self.events = []
        self.compiled = None
        sys.addaudithook(self._note)

    def _note(self, event, arguments):
        if self.path is None or event in _HARMLESS:
            return
        if event == "compile":  # to parse a text is not to run it, which `exec` tells
            self.compiled = arguments[0]
            return
        # SciPy makes the signatures of its distributions from a text of its own.
        if (
            event == "exec"
            and isinstance(self.compiled, bytes)
            and _TEXT_OF_SCIPY in self.compiled
        ):
            return
        reads = event == "open" and arguments[1] in ("r", "rb")
        # scikit-learn reads the scripts of its pictures anew for each.
        if reads and (arguments[0] == self.path or str(arguments[0]).startswith(_SCRIPTS)):
            return
        self.events.append((event, repr(arguments)[:200]))


def genuine_estimators():
    """Yield names, fitted estimators, and rows for them."""
    for name, make in COLUMNS.items():
        if name in _TWICE:
            continue
        if name == "EngagementBinner":
            X, y = data_for(name)
            yield name, fit(make(), X, y), y
            continue
        X, y = data_for(name)
        yield name, fit(make(), X, y), X
    X, y = make_data(40, None)
    classes = (y > 0).astype(int)
    query = partial(ConditionalQuery, query="text")
    yield "bound fusion", small_mofa(fusion=query, max_epochs=1, random_state=1).fit(X, y), X
    pipeline = make_pipeline(
        ColumnTransformer(
            [("one", OneHotEncoder(handle_unknown="ignore"), [0]), ("rest", "drop", slice(1, 3))],
            remainder=FunctionTransformer(np.tanh),
        ),
        Ridge(),
    )
    grid = {"ridge__alpha": [1.0, 2.0], "memory": [None]}
    scoring = {"r2": make_scorer(r2_score)}
    search = GridSearchCV(pipeline, grid, scoring=scoring, refit="r2", cv=KFold(2))
    yield "search", search.fit(X.round(), y), X
    for model in (KNeighborsRegressor(algorithm="kd_tree"), KNeighborsClassifier(), SVC()):
        yield type(model).__name__, model.fit(X, classes if is_classifier(model) else y), X
    if find_spec("skrub"):
        from skrub import TableVectorizer

        table = pd.DataFrame({"number": [1.0, 2.0, 3.0] * 4, "word": ["a", "b", "c"] * 4})
        model = make_pipeline(TableVectorizer(), Ridge())
        yield "table", model.fit(table, np.arange(12.0)), table
    words = ["a cat sat", "the dog ran", "a dog sat"] * 4
    yield "words", make_pipeline(TfidfVectorizer(), Ridge()).fit(words, np.arange(12.0)), words


def kinds_of_nodes(members):
    """Make one node of each kind that the format knows, and arrays of other shapes."""

    def array(value):
        name = f"{9000 + len(members)}.npy"
        members[name] = npy(np.asarray(value))
        return {"array": name}

    module = "sklearn.linear_model._ridge"
    ridge = {"object": f"{module}.Ridge", "attributes": {"alpha": 1.0}}
    scorer = {
        "object": "sklearn.metrics._scorer._Scorer",
        "attributes": {
            "_score_func": {"function": "sklearn.metrics._regression.r2_score"},
            "_sign": 1,
            "_kwargs": {"dict": []},
            "_response_method": "predict",
        },
    }
    frozen = {
        "object": "sklearn.frozen._frozen.FrozenEstimator",
        "attributes": {"estimator": ridge},
    }
    make = {
        "none": lambda: None,
        "bool": lambda: True,
        "int": lambda: 1,
        "negative": lambda: -1,
        "float": lambda: 0.5,
        "number": lambda: {"number": "nan"},
        "str": lambda: "auto",
        "list": lambda: {"list": [1, "a"]},
        "tuple": lambda: {"tuple": [1, 2]},
        "set": lambda: {"set": [1]},
        "frozenset": lambda: {"frozenset": [1]},
        "dict": lambda: {"dict": [["a", 1], [2, None]]},
        "ordered_dict": lambda: {"ordered_dict": []},
        "bunch": lambda: {"bunch": [["a", 1]]},
        "array": lambda: array(np.arange(3.0)),
        "matrix": lambda: array(np.ones((2, 3), np.float32)),
        "cube": lambda: array(np.ones((2, 2, 2), np.int64)),
        "empty array": lambda: array(np.empty((0, 12))),
        "bools": lambda: array([True, False]),
        "words": lambda: array(["a", "b"]),
        "times": lambda: array(np.zeros(2, "M8[s]")),
        "table": lambda: array(np.zeros(2, [("left", "<u4"), ("is_leaf", "u1")])),
        "objects": lambda: {"objects": ["a", None], "shape": [2]},
        "masked": lambda: {"masked": [array([1.0, 2.0]), array([True, False]), None]},
        "sparse": lambda: {
            "sparse": "csr_matrix",
            "shape": [1, 12],
            "parts": [array([1.0]), array(np.int32([3])), array(np.int32([0, 1]))],
        },
        "scalar": lambda: {"scalar": 2, "dtype": "<i8"},
        "dtype": lambda: {"dtype": "<f4"},
        "slice": lambda: {"slice": [0, 2, None]},
        "range": lambda: {"range": [0, 3, 1]},
        "random_state": lambda: {"random_state": [array(np.zeros(624, np.uint32)), 624, 0, 0.0]},
        "generator": lambda: {"generator": "PCG64", "state": [1, 3, 0, 0]},
        "neighbors": lambda: {
            "neighbors": "KDTree",
            "data": array(np.ones((4, 2))),
            "leaf_size": 2,
            "metric": "euclidean",
            "p": 2,
        },
        "routing": lambda: {"routing": "Ridge", "requests": {"fit": {"sample_weight": True}}},
        "distribution": lambda: {
            "distribution": "norm",
            "arguments": [{"tuple": []}, {"dict": []}],
        },
        "function": lambda: {"function": "numpy.absolute"},
        "metric": lambda: {"function": "sklearn.metrics._regression.r2_score"},
        "class": lambda: {"class": "mofa_sklearn.networks.fusions.late.Late"},
        "type": lambda: {"class": "numpy.float64"},
        "partial": lambda: {
            "partial": [{"function": "numpy.absolute"}, {"tuple": []}, {"dict": []}]
        },
        "bytes": lambda: {"bytes": "1.npy"},
        "bytearray": lambda: {"bytearray": "1.npy"},
        "ref": lambda: {"ref": 1},
        "estimator": lambda: copy.deepcopy(ridge),
        "frozen": lambda: copy.deepcopy(frozen),
        "scorer": lambda: copy.deepcopy(scorer),
        "splitter": lambda: {
            "object": "sklearn.model_selection._split.KFold",
            "attributes": {"n_splits": 2, "shuffle": False, "random_state": None},
        },
        "selector": lambda: {
            "object": "sklearn.compose._column_transformer.make_column_selector",
            "attributes": {"pattern": None, "dtype_include": None, "dtype_exclude": None},
        },
        "called": lambda: {"object": "sklearn._loss._loss.CyHalfSquaredError", "call": []},
        "foreign": lambda: {"object": "decimal.Decimal", "call": ["1"]},
        "eval": lambda: {"function": "builtins.eval"},
    }
    return make


def places_in(root, seen):
    """Yield each place that holds a node, as its name, its container, and the key there.

    Those that are alike, in other files too, are met once: the same attribute of the same
    class, or the same way from it, with the same kind of node.
    """

    def walk(node, way):
        if not isinstance(node, dict):
            return
        tag = next(iter(node))
        way = node["object"] if tag == "object" else f"{way}/{tag}"
        for container, key, name in _slots(node, tag):
            place = f"{way}.{name}"
            if (place, _kind(container[key])) not in seen:
                seen.add((place, _kind(container[key])))
                yield place, container, key
                yield from walk(container[key], place)

    yield from walk(root, "")


def _kind(node):
    return next(iter(node)) if isinstance(node, dict) else type(node).__name__


def _slots(node, tag):
    """Yield where the parts of a node stand: container, key, and a name."""
    if tag == "object":
        for part in ("attributes", "call", "new", "items"):
            for key in _keys(node.get(part, [])):
                yield node[part], key, key
    elif tag in ("dict", "bunch", "ordered_dict"):
        for pair in node[tag]:
            yield pair, 1, pair[0]
    else:
        for field in (field for field in node if field != "id"):
            if isinstance(node[field], list):
                for key in _keys(node[field])[:2]:
                    yield node[field], key, "item"
            elif field != tag or not isinstance(node[field], dict):
                yield node, field, field


def _keys(parts):
    return list(parts) if isinstance(parts, dict) else list(range(len(parts)))


def changes_at(container, key, kinds):
    """Yield the changes of one place: their names, and the pairs of keys and nodes then."""
    for kind, make in kinds.items():
        yield kind, lambda make=make: {key: make()}
    if isinstance(container, dict) and "object" not in container:
        yield "left out", dict
        for name in _HIDING:
            yield f"hide {name}", lambda name=name: {name: container[key]}


@contextmanager
def changed(container, key, entries):
    """Put entries in the place of one, and what was there back again."""
    before = copy.copy(container)
    if list(entries) == [key]:
        container[key] = entries[key]
    else:
        del container[key]
        container.update(entries)
    try:
        yield
    finally:
        if isinstance(container, list):
            container[:] = before
        else:
            container.clear()
            container.update(before)


def _members_of(node):
    waiting, names = [node], set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            names |= {part for part in node.values() if isinstance(part, str)}
        if isinstance(node, (dict, list)):
            waiting += node.values() if isinstance(node, dict) else node
    return names


def use(model, X):
    """Do with a model what is done with one that was loaded."""
    for do in (
        lambda: model.predict(X),
        lambda: model.transform(X),
        lambda: model.predict_proba(X),
        lambda: model.modality_attention(X),
        lambda: model.score(X, np.arange(float(len(X)))),
        lambda: repr(model),
        lambda: model._repr_html_(),
        lambda: model.get_params(),
        lambda: model.get_feature_names_out(),
    ):
        try:
            do()
        except Exception:
            continue  # a model of nonsense may say so


def audit(folder, seconds, seed):
    """Audit forged files for so many seconds; return what happened."""
    path = str(Path(folder) / "model.mofa")
    extra, seen, changes, files = {}, set(), [], []
    kinds = kinds_of_nodes(extra)
    for kind in filter(is_listed, SKOPS_TRUSTED_TYPES):
        with suppress(PersistenceError):  # skrub's, where it is not installed
            found(kind)  # what the list allows to be imported is imported now
    for name, model, X in genuine_estimators():
        dump(model, path)
        files.append((name, *read(path), X))
        use(load(path), X)  # and so is what is imported when it is first used
    for file in sorted(files, key=lambda file: len(json.dumps(file[1]))):
        root = file[1]
        changes += [
            (file, place, container, key, *change)
            for place, container, key in places_in(root, seen)
            for change in changes_at(container, key, kinds)
        ]
    random.Random(seed).shuffle(changes)
    counts, problems, witness = Counter(), [], Witness()
    started = time.monotonic()
    for (name, root, members, X), place, container, key, kind, make in changes:
        if time.monotonic() - started > seconds:
            break
        extra.clear()
        with changed(container, key, make()):
            write(path, root, {**members, **extra})
        counts["mutations"] += 1
        outcome, happened = watch(witness, path, X, counts["mutations"] % 10 == 0)
        counts[outcome] += 1
        problems += [f"{name}: {place} -> {kind}: {problem}" for problem in happened]
    return {
        "files": len(files),
        "possible": len(changes),
        **counts,
        "seconds": round(time.monotonic() - started, 1),
        "problems": problems[:20],
    }


def read(path):
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    return json.loads(members.pop("model.json")), members


def write(path, root, members):
    used = {"mofa_sklearn.json", *_members_of(root)}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", json.dumps(root))
        for name in members.keys() & used:
            archive.writestr(name, members[name])


def watch(witness, path, X, with_memory):
    """Load and use a file; return "refused" or "loaded", and what must not have happened."""
    problems, outcome = [], "refused"
    n_bytes = os.path.getsize(path)
    witness.events.clear()
    started = time.monotonic()
    if with_memory:
        tracemalloc.start()
    witness.path = path
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = load(path)
        outcome = "loaded"
    except PersistenceError as error:
        if path not in str(error):
            problems.append(f"an error without the file's name: {error}")
    except Exception as error:
        problems.append(f"{type(error).__name__}: {error}")
    peak = tracemalloc.get_traced_memory()[1] if with_memory else 0
    tracemalloc.stop()
    if peak > 60 * n_bytes + 4_000_000:
        problems.append(f"{peak} bytes of memory for a file of {n_bytes}")
    if outcome == "loaded":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            use(model, X)
    witness.path = None
    if time.monotonic() - started > _SECONDS_FOR_ONE:
        problems.append(f"{time.monotonic() - started:.0f} seconds")
    return outcome, problems + [f"{event}{arguments}" for event, arguments in witness.events]


def run(seconds, seed=0):
    """Audit files in a folder that is gone afterwards."""
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return audit(folder, seconds, seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.seconds, arguments.seed), indent=1))


if __name__ == "__main__":
    main()
