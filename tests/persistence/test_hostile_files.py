"""Files made to run code are refused, and run nothing."""

import sys

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mofa_sklearn import BlendRegressor
from mofa_sklearn.persistence import PersistenceError, get_untrusted_types, load

from ..helpers import make_data
from ._files import change_model, dict_node, nodes_of, refused, set_attribute, write


def ways_to_name(function, *arguments):
    """Nodes that would call a function with arguments, each in another way."""
    named, arguments = {"function": function}, list(arguments)
    return {
        "function": named,
        "class": {"class": function},
        "partial": {"partial": [named, {"tuple": arguments}, dict_node({})]},
        "call": {"object": function, "call": arguments},
        "new": {"object": function, "new": arguments},
        "state": {"object": function, "new": [], "state": dict_node({"a": 1})},
        "items": {"object": function, "call": [], "items": arguments},
        "entries": {"object": function, "call": [], "entries": [["a", 1]]},
        "attributes": {"object": function, "attributes": {"a": 1}},
        "loader": {function: arguments},
        "key": {"dict": [[named, 1]]},
        "item": {"list": [named]},
    }


WAYS = list(ways_to_name("builtins.eval", ""))
FUNCTIONS = ["os.system", "subprocess.Popen", "builtins.eval", "builtins.open", "pickle.loads"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_file_that_names_a_function_is_refused(function, way, network, marker):
    argument = {
        "os.system": f"touch {marker}",
        "builtins.eval": f"open({str(marker)!r}, 'w')",
    }.get(function, str(marker))
    set_attribute(network, "verbose", ways_to_name(function, argument)[way])
    refused(network, marker)


def test_the_same_file_runs_where_its_function_is_trusted(network, marker):
    # What the tests of this file rely on: it is the refusal that keeps payloads from running.
    module = marker.parent / "runs_when_made.py"
    module.write_text(f"class It:\n    def __init__(self): open({str(marker)!r}, 'w')\n")
    set_attribute(network, "callbacks", {"list": [{"object": "runs_when_made.It", "call": []}]})
    sys.path.insert(0, str(marker.parent))
    try:
        refused(network, marker, "not trusted: runs_when_made.It")
        assert get_untrusted_types(network) == ["runs_when_made.It"]
        assert "runs_when_made" not in sys.modules
        load(network, trusted=["runs_when_made.It"])
        assert marker.exists()
    finally:
        sys.path.remove(str(marker.parent))
        sys.modules.pop("runs_when_made", None)


def test_a_module_that_is_not_trusted_is_not_imported(network, marker, monkeypatch):
    folder = marker.parent / "modules"
    folder.mkdir()
    (folder / "runs_when_imported.py").write_text(
        f"open({str(marker)!r}, 'w')\nclass Estimator:\n    pass\n"
    )
    monkeypatch.syspath_prepend(folder)
    nodes = ways_to_name("runs_when_imported.Estimator", "a")
    parts = {"list": [nodes["call"], nodes["class"], nodes["function"]]}
    set_attribute(network, "callbacks", parts)
    assert get_untrusted_types(network) == ["runs_when_imported.Estimator"]
    refused(network, marker, "not trusted: runs_when_imported.Estimator")
    assert "runs_when_imported" not in sys.modules


@pytest.mark.parametrize("trusted", [True, "os.system", 3, [3]])
def test_trusted_has_to_be_a_list_of_types(trusted, network):
    with pytest.raises(TypeError, match="list of types"):
        load(network, trusted=trusted)


# Row 1 of what was found in version 0.1: classes whose own loading opens pickles.


@pytest.mark.parametrize("kind", ["mofa_sklearn.training.net.MoFANet", "skorch.net.NeuralNet"])
def test_a_net_with_a_pickle_inside_is_refused(kind, network, marker):
    def put(root, members):
        members["900.bin"] = b"cos\nsystem\n(S'touch it'\ntR."
        state = dict_node({"__cuda_dependent_attributes__": {"bytes": "900.bin"}})
        root["attributes"]["callbacks"] = {"list": [{"object": kind, "new": [], "state": state}]}

    change_model(network, put)
    refused(network, marker, "holds bytes")
    refused(network, marker, "holds bytes", trusted=[kind])


# Row 2: objects and functions on the list, put together so that they call anything.


def a_search():
    search = GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, scoring=make_scorer(r2_score), cv=2)
    return search.fit(*make_data(20))


@pytest.mark.parametrize("method", ["dump", "__class__", "set_params", "fit", ["predict", "dump"]])
def test_a_scorer_calls_no_method_but_those_that_predict(method, tmp_path, marker):
    path = write(a_search(), tmp_path)

    def put(root, members):
        for node in nodes_of(root):
            if str(node.get("object", "")).endswith("_Scorer"):
                node["attributes"]["_response_method"] = (
                    {"list": method} if isinstance(method, list) else method
                )

    change_model(path, put)
    refused(path, marker, "_Scorer")


@pytest.mark.parametrize(
    "func",
    [
        {"function": "sklearn.metrics._regression.r2_score"},  # listed, for another place
        {"class": "mofa_sklearn.networks.fusions.late.Late"},
        {"object": "sklearn.frozen._frozen.FrozenEstimator", "attributes": {"estimator": None}},
        {"object": "sklearn.metrics._scorer._Scorer", "attributes": {}},
        {"object": "sklearn.linear_model._ridge.Ridge", "attributes": {}},
        {"partial": [{"function": "os.system"}, {"tuple": []}, dict_node({})]},
    ],
)
def test_a_function_s_place_takes_no_other_callable(func, tmp_path, marker):
    path = write(make_pipeline(FunctionTransformer(np.abs)), tmp_path)

    def put(root, members):
        for node in nodes_of(root):
            if str(node.get("object", "")).endswith("FunctionTransformer"):
                node["attributes"]["func"] = func

    change_model(path, put)
    refused(path, marker, "not trusted")


def test_a_trusted_class_is_no_function(tmp_path, marker):
    path = write(FunctionTransformer(np.abs), tmp_path)
    set_attribute(path, "func", {"class": "decimal.Decimal"})
    refused(path, marker, "not trusted: .*FunctionTransformer", trusted=["decimal.Decimal"])
    set_attribute(path, "func", {"function": "decimal.Decimal"})
    refused(path, marker, "is not what the file says", trusted=["decimal.Decimal"])


# Row 3: attributes that hide what their class does.


@pytest.mark.parametrize(
    "name", ["predict", "fit", "_repr_html_", "__class__", "__doc__", "_doc_link_template", "x"]
)
@pytest.mark.parametrize("value", ["<script>alert(1)</script>", {"function": "numpy.absolute"}])
def test_an_attribute_that_the_list_does_not_have_is_refused(name, value, network, marker):
    set_attribute(network, name, value)
    refused(network, marker, "MoFARegressor: .*is no attribute on the list")


@pytest.mark.parametrize("name", ["predict", "_repr_html_", "__class__", "__doc__", "module_"])
def test_an_attribute_hides_nothing_of_a_trusted_class_either(name, network, marker):
    kind = "mofa_sklearn.estimators._regressor.MoFARegressor"
    set_attribute(network, name, "<script>alert(1)</script>")
    refused(network, marker, "would hide", trusted=[kind])


def test_what_shows_an_estimator_is_not_taken_from_its_file(network):
    set_attribute(network, "fusion", "<script>alert(1)</script>")
    assert "<script>alert" not in load(network)._repr_html_()


# What is frozen answers for another estimator.


def test_masked_arrays_are_those_of_a_search_s_results_alone(tmp_path, marker):
    """pandas imports more of NumPy for them, when a loaded model is shown."""
    X, y = make_data(40)
    search = GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, cv=2).fit(X, y)
    assert np.ma.isMaskedArray(load(write(search, tmp_path)).cv_results_["param_alpha"])
    path = write(BlendRegressor([("one", Ridge()), ("two", Ridge(2.0))], cv=2).fit(X, y), tmp_path)

    def put(root, members):
        (pair,) = [each for each in root["attributes"]["_report"]["dict"] if each[0] == "data"]
        pair[1] = {"masked": [pair[1], None, None]}

    change_model(path, put)
    refused(path, marker)


def test_a_frozen_estimator_is_loaded_as_what_it_is(tmp_path):
    X, y = make_data(20)
    frozen = FrozenEstimator(Ridge().fit(X, y))
    np.testing.assert_array_equal(load(write(frozen, tmp_path)).predict(X), frozen.predict(X))


# Row 6: whatever is wrong, the error names the file.


@pytest.mark.parametrize(
    "node",
    [
        *({tag: value} for tag in ("list", "dict", "array", "ref") for value in (None, 3, {})),
        {"list": [[]]},
        {"dict": [[1]]},
        {"dict": [[{"list": []}, 1]]},
        {"dict": [["a", 1], ["a", 2]]},
        {"dict": [[True, 1], [1, 2]]},
        {"ref": 10**6},
        {"id": 1, "list": []},
        {"objects": [1], "shape": [2]},
        {"objects": [], "shape": [-1]},
        {"scalar": "a", "dtype": "<f8"},
        {"scalar": 300, "dtype": "|u1"},
        {"scalar": 1, "dtype": "O"},
        {"dtype": "f4,(10000000,)i4"},
        {"number": "1e9"},
        {"slice": [1]},
        {"range": [0, 10**9, 1]},
        {"range": [0, 1, 0]},
        {"random_state": []},
        {"random_state": [None, 700, 0, 0.0]},
        {"generator": "Generator", "state": {"dict": []}},
        {"generator": "PCG64", "state": {"dict": []}},
        {"generator": "PCG64", "state": [2**128, 1, 0, 0]},
        {"routing": "Ridge", "requests": {"__class__": {"a": True}}},
        {"distribution": "rv_histogram", "arguments": [{"tuple": []}, {"dict": []}]},
        {"sparse": "bsr_matrix", "shape": [1, 1], "parts": []},
        {"neighbors": "KDTree", "data": None, "leaf_size": 1, "metric": "euclidean", "p": 2},
        {"masked": [1, 2]},
        {"object": "sklearn.linear_model._ridge.Ridge"},
        {"object": "sklearn.linear_model._ridge.Ridge", "attributes": []},
        {"object": "sklearn.linear_model._ridge.Ridge", "new": [], "state": None},
        {"object": None, "attributes": {}},
        {"object": ["os.system"], "attributes": {}},
        {},
        [],
        {"bytes": "1.npy"},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["verbose", "random_state", "history_"])
def test_a_node_that_is_none_is_refused_by_name(node, name, network, marker):
    set_attribute(network, name, node)
    refused(network, marker)
    with pytest.raises(PersistenceError, match=r"network\.mofa"):
        get_untrusted_types(network)
