"""Schemas made to run code are refused, and run nothing."""

import sys

import pytest

from mofa_sklearn.persistence import get_untrusted_types, load

from ._files import (
    attributes_of,
    change_schema,
    dict_node,
    json_node,
    kind_of,
    node,
    refused,
    tuple_node,
)

pytest.importorskip("skops")


def call(function, *arguments):
    """Nodes that would call a function with arguments, each in another way."""
    parts = tuple_node(*map(json_node, arguments))
    name = function.rpartition(".")[2]
    return {
        "constructor": node("ConstructorFromReduceNode", function, content=parts),
        "partial": node(
            "PartialNode",
            "functools.partial",
            content={
                "func": node("FunctionNode", function),
                "args": parts,
                "kwds": node("DictNode", "builtins.dict", content={}, key_types=_list_node()),
                "namespace": json_node(None),
            },
        ),
        "function": node("FunctionNode", function),
        "type": node("TypeNode", function),
        "object": node("ObjectNode", function, content=json_node({"a": 1})),
        "key": dict_node(str(arguments[0]), json_node(1), node("TypeNode", function)),
        "list": node("ListNode", function, content=[json_node(arguments[0])]),
        "set": node("SetNode", function, content=[json_node(arguments[0])]),
        "dict": {
            **dict_node("a", json_node(1), node("TypeNode", "builtins.str")),
            **kind_of(function),
        },
        "array": node("NdArrayNode", function, type="numpy", file="1.npy"),
        "method": node(
            "MethodNode",
            function,
            content={"func": name, "obj": node("ObjectNode", function, content=json_node({}))},
        ),
        "loss": node("LossNode", function, __reduce__={"args": parts}, content=json_node({})),
        "tree": node("TreeNode", function, __reduce__={"args": parts}, content=json_node({})),
        "random state": node("RandomStateNode", function, content=json_node({})),
    }


def _list_node():
    return node("ListNode", "builtins.list", content=[])


WAYS = list(call("builtins.eval", ""))
FUNCTIONS = ["os.system", "subprocess.Popen", "builtins.eval", "builtins.open", "pickle.loads"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_schema_that_names_a_function_is_refused(function, way, network, marker):
    argument = {
        "os.system": f"touch {marker}",
        "builtins.eval": f"open({str(marker)!r}, 'w')",
    }.get(function, str(marker))
    arguments = [["touch", argument]] if function == "subprocess.Popen" else [argument]

    def put(schema, members):
        attributes_of(schema)["verbose"] = call(function, *arguments)[way]

    change_schema(network, put)
    refused(network, marker, f"not trusted: .*{function}" if way != "tree" else None)
    assert not marker.exists()


def test_the_same_file_runs_where_its_function_is_trusted(network, marker):
    # What the tests of this file rely on: it is the refusal that keeps payloads from running.
    def put(schema, members):
        function = call("builtins.open", str(marker), "w")["constructor"]
        attributes_of(schema)["verbose"] = function

    change_schema(network, put)
    refused(network, marker)
    load(network, trusted=["builtins.open"])
    assert marker.exists()


@pytest.mark.parametrize("kind", ["methodcaller", "attrgetter", "itemgetter"])
def test_an_operator_is_refused(kind, network, marker):
    def put(schema, members):
        attributes_of(schema)["verbose"] = node(
            "OperatorFuncNode", f"operator.{kind}", attrs=tuple_node(json_node("system"))
        )

    change_schema(network, put)
    refused(network, marker, f"not trusted: operator.{kind}")


def test_a_method_of_a_trusted_object_is_refused(network, marker):
    def put(schema, members):
        estimator = node("ObjectNode", "sklearn.linear_model._ridge.Ridge", content=json_node({}))
        attributes_of(schema)["verbose"] = node(
            "MethodNode",
            "sklearn.linear_model._ridge.Ridge",
            content={"func": "__class__", "obj": estimator},
        )

    change_schema(network, put)
    refused(network, marker, r"not trusted: .*Ridge")


def test_an_older_protocol_has_no_other_rules(network, marker):
    def put(schema, members):
        schema["protocol"] = 0
        attributes_of(schema)["verbose"] = {
            **node("FunctionNode", "os.system"),
            "content": {"module_path": "os", "function": "system"},
        }

    change_schema(network, put)
    refused(network, marker, "os.system")


@pytest.mark.parametrize("loader", ["NoNode", "CachedNode", "", None, 3, ["ObjectNode"]])
def test_a_loader_that_is_none_is_refused(loader, network, marker):
    def put(schema, members):
        attributes_of(schema)["verbose"]["__loader__"] = loader

    change_schema(network, put)
    refused(network, marker)


def test_a_module_that_is_not_trusted_is_not_imported(network, marker, monkeypatch):
    folder = marker.parent / "modules"
    folder.mkdir()
    (folder / "runs_when_imported.py").write_text(
        f"open({str(marker)!r}, 'w')\nclass Estimator:\n    pass\n"
    )
    monkeypatch.syspath_prepend(folder)

    def put(schema, members):
        nodes = call("runs_when_imported.Estimator", "a")
        attributes_of(schema)["verbose"] = node(
            "ListNode",
            "builtins.list",
            content=[nodes["object"], nodes["type"], nodes["function"]],
        )

    change_schema(network, put)
    assert get_untrusted_types(network) == ["runs_when_imported.Estimator"]
    refused(network, marker, "not trusted: runs_when_imported.Estimator")
    assert "runs_when_imported" not in sys.modules
    load(network, trusted=["runs_when_imported.Estimator"])
    assert marker.exists()
    del sys.modules["runs_when_imported"]


@pytest.mark.parametrize("trusted", [True, "os.system", 3, [3]])
def test_trusted_has_to_be_a_list_of_types(trusted, network):
    with pytest.raises(TypeError, match="list of types"):
        load(network, trusted=trusted)
