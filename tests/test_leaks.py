"""Nothing is left behind by a fit: no open file, thread, process, tensor or training data."""

import gc
import threading
import weakref
from collections import Counter
from multiprocessing import active_children
from pathlib import Path
from time import sleep

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator

from mofa_sklearn import KFoldEnsembleRegressor, make_mofa_pipeline

from .classes import make_classes, small_classifier
from .helpers import WIDTHS, make_data, small_mofa, with_quick_companions

N_ROUNDS = 4
N_LOOKS = 5
_OPEN_FILES = Path("/proc/self/fd")


def one(folder, X, y):
    return small_mofa().fit(X, y)


def classifier(folder, X, y):
    return small_classifier().fit(*make_classes("multiclass", 60))


def in_threads(folder, X, y):
    ensemble = KFoldEnsembleRegressor(small_mofa(), cv=3, n_jobs=2, engine="joblib")
    return ensemble.fit(X, y)


def stacked(folder, X, y):
    return KFoldEnsembleRegressor(small_mofa(), cv=3, engine="stacked").fit(X, y)


def with_checkpoint(folder, X, y):
    first = KFoldEnsembleRegressor(small_mofa(), cv=3, checkpoint=folder, random_state=0)
    first.fit(X, y)
    return first.fit(X, y)  # from the files


def pipeline(folder, X, y):
    model = make_mofa_pipeline(WIDTHS, cv=2, random_state=0)
    small = {"hidden_dim": 8, "max_epochs": 2}
    return (
        with_quick_companions(model)
        .set_params(**{f"regressor__estimator__{name}": value for name, value in small.items()})
        .fit(X, y)
    )


def broken_off(folder, X, y):
    model = KFoldEnsembleRegressor(
        small_mofa(learning_rate=1e30, weight_decay=0), cv=3, n_jobs=2, engine="joblib"
    )
    with pytest.raises(ValueError, match="learning_rate"):
        model.fit(X, y)
    return small_mofa().fit(X, y)


@pytest.fixture(autouse=True)
def _older_objects_are_not_looked_at():
    """Nor collected, which would take most of the time; nor after the test, as it is for ever."""
    gc.collect()
    gc.freeze()


KINDS = [one, classifier, in_threads, stacked, with_checkpoint, pipeline, broken_off]


_COUNTED = {torch.Tensor, torch.nn.Module, torch.Generator, BaseEstimator}


def what_is_there():
    gc.collect()
    # By type: some objects do work when they are asked what they are.
    kinds = Counter(
        kind.__name__
        for thing in gc.get_objects()
        for kind in _COUNTED.intersection(type(thing).__mro__)
    )
    return {
        "open files": len(list(_OPEN_FILES.iterdir())) if _OPEN_FILES.exists() else 0,
        "threads": threading.active_count(),
        "processes": len(active_children()),
        **kinds,
    }


def grown_since(before):
    """What there is more of, once threads that are ending had the time to."""
    for _ in range(N_LOOKS):
        now = what_is_there()
        grown = {
            name: (before.get(name, 0), n) for name, n in now.items() if n > before.get(name, 0)
        }
        if not grown:
            break
        sleep(0.2)
    return grown


@pytest.mark.parametrize("make", KINDS)
def test_nothing_is_left_of_fits_that_are_thrown_away(make, tmp_path):
    X, y = make_data(60)
    make(tmp_path / "first", X, y).predict(X)  # what is imported and cached stays
    # A leak grows with every fit. What is kept once (a pool of threads, a file that a
    # library opens when it is first asked, a process of another test) does not.
    rounds = []
    for i in range(N_ROUNDS):
        before = what_is_there()
        make(tmp_path / str(i), X, y).predict(X)
        rounds.append(grown_since(before))
        if not rounds[-1]:
            break
    assert not rounds[-1], rounds


class Watched(np.ndarray):
    """An array that a weak reference can watch."""


@pytest.mark.parametrize("make", [one, in_threads, stacked, with_checkpoint])
def test_a_fitted_estimator_holds_no_training_data(make, tmp_path):
    X, y = make_data(60)
    X, y = X.view(Watched), y.view(Watched)
    watched = [weakref.ref(X), weakref.ref(y)]
    model = make(tmp_path / "members", X, y)
    del X, y
    gc.collect()
    assert [reference() for reference in watched] == [None, None]
    assert model.predict(make_data(5)[0]).shape == (5, 2)
