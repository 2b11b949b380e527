"""The loaders: what stands for a value in a file, how it is checked, and how it is made.

A node is a JSON value. None, booleans, whole numbers, finite numbers and strings stand for
themselves; all else is a dict whose first key, the *tag*, names its loader in `LOADERS`, but
for objects (:mod:`._objects`) and references to what stands earlier in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ._container_nodes import CONTAINERS
from ._loader import Loader, Node, as_list, no_parts, tag_of
from ._value_nodes import VALUES


def _named(tag: str) -> Loader:
    def check(node: Node, document: Any) -> bool:
        document.names(node[tag], tag)
        return True

    return Loader((tag,), no_parts, check, lambda node, _, document: document.found[node[tag]])


def _check_partial(node: Node, document: Any) -> bool:
    function, arguments, keywords = map(document.resolve, node["partial"])
    return (
        tag_of(function) in ("function", "class", "partial")
        and tag_of(arguments) == "tuple"
        and tag_of(keywords) == "dict"
        and all(isinstance(name, str) for name, _ in keywords["dict"])
    )


def _make_partial(node: Node, parts: list[Any], document: Any) -> partial:
    function, arguments, keywords = parts
    return partial(function, *arguments, **keywords)


def _bytes(tag: str, kind: Callable[[bytes], Any]) -> Loader:
    def check(node: Node, document: Any) -> bool:
        document.claim(node[tag], ".bin")
        return True

    def make(node: Node, parts: list[Any], document: Any) -> Any:
        return kind(document.members[node[tag]])

    return Loader((tag,), no_parts, check, make)


#: tag -> loader; the whole list
LOADERS = {
    **CONTAINERS,
    **VALUES,
    "function": _named("function"),
    "class": _named("class"),
    "partial": Loader(
        ("partial",), lambda node: as_list(node["partial"]), _check_partial, _make_partial
    ),
    "bytes": _bytes("bytes", bytes),
    "bytearray": _bytes("bytearray", bytearray),
}
