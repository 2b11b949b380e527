"""What a loader is, and what loaders share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ._errors import PersistenceError

Node = Any
"""A JSON value: None, bool, int, float, str, or a dict whose first key is its tag."""

MAX_LENGTH = 2**31 - 1


class Loader(NamedTuple):
    """How nodes of a tag are read.

    Attributes
    ----------
    keys : tuple of str
        The keys of such a node, the tag first.
    parts : callable, node -> list of nodes
        What it is made of.
    check : callable, (node, document) -> bool
        Whether it is well formed, when its parts are.
    make : callable, (node, list of what its parts were made into, document) -> object
    """

    keys: tuple[str, ...]
    parts: Callable[[Node], list[Node]]
    check: Callable[[Node, Any], bool]
    make: Callable[[Node, list[Any], Any], Any]


def tag_of(node: Node) -> str | None:
    """Return the tag of a node, None of a plain value."""
    return next(iter(node), None) if isinstance(node, dict) else None


def as_list(value: Any) -> list[Any]:
    """Return a list; refuse anything else in its place."""
    if not isinstance(value, list):
        raise PersistenceError("a node has no list where one belongs")
    return value


def is_int(value: Any, low: int, high: int = MAX_LENGTH) -> bool:
    """Tell whether a value is a whole number between these."""
    return type(value) is int and low <= value <= high


def is_key(node: Node) -> bool:
    """Tell whether a node is a value that a dict or set takes: a scalar, or a tuple of them."""
    if isinstance(node, dict):
        tag = next(iter(node), None)
        return tag in ("scalar", "number") or (tag == "tuple" and all(map(is_key, node[tag])))
    return not isinstance(node, list)


def no_parts(node: Node) -> list[Node]:
    """Return the parts of a node that has none."""
    return []


def always(node: Node, document: Any) -> bool:
    """Check nothing."""
    return True
