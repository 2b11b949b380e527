"""The schema of a file: a tree of nodes, each of which says what it is made into."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ._errors import PersistenceError

# What may hold bytes: models in a library's own format. Other bytes may be a pickle.
_HOLDERS_OF_BYTES = (
    "catboost.core.",
    "mofa_sklearn.preprocessing._neighbors.ApproximateIndex",
    "xgboost.core.",
)
# Attributes that name a folder of pickles, which a later `fit` would read.
FOLDERS_OF_PICKLES = ("checkpoint", "memory")
_NO_PLAIN_FORM = ("torch", "skorch")
_BY_NAME = {"ObjectNode", "TypeNode", "FunctionNode", "ConstructorFromReduceNode"}


def nodes_of(schema: Any, path: str = "") -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every node of a schema, and where it is in the estimator.

    Parameters
    ----------
    schema : dict, list or other
        The schema, or a part of it.
    path : str
        Where the part is.

    Yields
    ------
    node : dict
        With ``__module__``, ``__class__`` and ``__loader__``.
    path : str
        Attributes and positions, joined by dots.
    """
    if isinstance(schema, list):
        for position, part in enumerate(schema):
            yield from nodes_of(part, f"{path}.{position}")
    if not isinstance(schema, dict):
        return
    if "__loader__" in schema:
        yield schema, path.removeprefix(".")
    for name, part in schema.items():
        yield from nodes_of(part, path if name == "content" else f"{path}.{name}")


def name_of(node: dict[str, Any]) -> str:
    """Return the full name of what a node is made into."""
    return f"{node['__module__']}.{node['__class__']}"


def is_own_or_sklearn(module: str) -> bool:
    """Tell whether a module is of this package or of scikit-learn."""
    return module.split(".")[0] in ("sklearn", "mofa_sklearn")


def check_storable(schema: dict[str, Any]) -> None:
    """Refuse what would not come back as it was, or only by a pickle.

    Parameters
    ----------
    schema : dict
        The root.

    Raises
    ------
    PersistenceError
        It names the first part in question.
    """
    _check_bytes(schema, "", schema)
    for node, path in nodes_of(schema):
        loader, name = node["__loader__"], name_of(node)
        where = f"{name} at {path or 'the root'}"
        if loader in ("ObjectNode", "ConstructorFromReduceNode"):
            _check_plain(node["__module__"], where)
        if loader in _BY_NAME and not _is_found(node):
            raise PersistenceError(
                f"{where} cannot be found by its name: a lambda, or defined inside a function or "
                "class; define it at the top of a module"
            )
        if loader == "DictNode":
            _check_keys(node, where)


def forget_folders(schema: dict[str, Any]) -> None:
    """Put None in the place of folders of pickles; changes the schema."""
    for node, _ in nodes_of(schema):
        if node["__loader__"] != "ObjectNode" or not is_own_or_sklearn(node["__module__"]):
            continue
        attributes = (node.get("content") or {}).get("content")
        if isinstance(attributes, dict):
            attributes.update({name: _none() for name in FOLDERS_OF_PICKLES if name in attributes})


def _none() -> dict[str, Any]:
    return {
        "__class__": "str",
        "__module__": "builtins",
        "__loader__": "JsonNode",
        "content": "null",
        "is_json": True,
    }


def _check_bytes(part: Any, path: str, holder: dict[str, Any]) -> None:
    """Refuse bytes of any but the holders that are known."""
    if isinstance(part, list):
        for position, item in enumerate(part):
            _check_bytes(item, f"{path}.{position}", holder)
    if not isinstance(part, dict):
        return
    loader = part.get("__loader__")
    if loader in ("BytesNode", "BytearrayNode") and not name_of(holder).startswith(
        _HOLDERS_OF_BYTES
    ):
        raise PersistenceError(
            f"{name_of(holder)} at {path.removeprefix('.')} holds bytes, which may be a pickle"
        )
    holder = part if loader == "ObjectNode" else holder
    for name, item in part.items():
        _check_bytes(item, path if name == "content" else f"{path}.{name}", holder)


def _check_plain(module: str, where: str) -> None:
    if module.split(".")[0] in _NO_PLAIN_FORM and not module.startswith("skorch.callbacks"):
        raise PersistenceError(f"{where} has no plain form")


def _check_keys(node: dict[str, Any], where: str) -> None:
    kinds = {kind.get("__class__") for kind in node["key_types"]["content"]}
    if "bool" in kinds or "NoneType" in kinds or "tuple" in kinds:
        raise PersistenceError(f"{where} is a dict with keys that are neither str nor numbers")
    if len(node["content"]) != len(node["key_types"]["content"]):
        raise PersistenceError(f"{where} is a dict with keys that are written alike")


def _is_found(node: dict[str, Any]) -> bool:
    return hasattr(sys.modules.get(node["__module__"]), node["__class__"])
