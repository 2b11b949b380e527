"""The kinds of values that the list speaks of, and whether a node is of a kind.

A kind is written as a string: names and `'words'` joined by ``|``, the first of which that
fits does; ``list[...]``, ``tuple[...]``, ``dict[...]`` and ``objects[...]`` (an array of
objects) say what is inside, ``each[...]`` means any of list, tuple and objects.
``object[A]`` is an object of class A, ``function[table]`` and ``class[table]`` are those of
a table of :mod:`._functions`. `plain` is any value that holds no object: numbers, words,
arrays, and containers of them. `settings` are what a search tries, `forgotten` what is
always None.

What is not on the list at all may stand where an estimator, an object or a function may:
whoever loads the file has to trust it by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from ._functions import FUNCTIONS, TABLE_OF
from ._loader import Node, tag_of
from ._names import FORGOTTEN, is_estimator, is_listed, is_splitter


class Kind(NamedTuple):
    """One alternative of a kind: ``name[inner]``."""

    name: str
    inner: str = ""


def fits(node: Node, kind: str, document: Any) -> bool:
    """Tell whether a node is of a kind.

    Parameters
    ----------
    node : JSON value
        It is well formed.
    kind : str
        As the list has it.
    document : Document
        It finds what references mean, and notes which objects were expected.

    Returns
    -------
    bool
        Objects inside are told by their class; what they hold is not looked at.
    """
    node = document.resolve(node)
    return any(_FITS[name](node, inner, document) for name, inner in parse(kind))


@cache
def parse(kind: str) -> tuple[Kind, ...]:
    """Return the alternatives of a kind.

    Parameters
    ----------
    kind : str
        As the list has it.

    Returns
    -------
    tuple of Kind

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    alternatives = tuple(map(_parse_one, _split(kind)))
    for name, inner in alternatives:
        if name not in _FITS:
            raise ValueError(f"{name!r} in {kind!r} is no kind")
        if name in _CONTAINERS:
            parse(inner)
        if name in ("function", "class") and inner not in FUNCTIONS:
            raise ValueError(f"{inner!r} in {kind!r} is no table of functions")
    return alternatives


def _parse_one(text: str) -> Kind:
    if text.startswith("'"):
        return Kind("word", text.strip("'"))
    match = re.fullmatch(r"(\w+)(?:\[(.+)\])?", text)
    if match is None:
        raise ValueError(f"{text!r} is no kind")
    return Kind(match[1], match[2] or "")


def _split(kind: str) -> Iterator[str]:
    """Yield what ``|`` joins outside of brackets."""
    depth, start = 0, 0
    for position, letter in enumerate(kind):
        depth += (letter == "[") - (letter == "]")
        if letter == "|" and depth == 0:
            yield kind[start:position]
            start = position + 1
    yield kind[start:]


def _kind_of(node: Node) -> str:
    """Return "none", "bool", "int", "float", "str", or a node's tag."""
    return tag_of(node) or ("none" if node is None else type(node).__name__)


def _is_tag(*tags: str) -> Callable[[Node, str, Any], bool]:
    return lambda node, inner, document: _kind_of(node) in tags


def _is_container(*tags: str) -> Callable[[Node, str, Any], bool]:
    def fits_all(node: Node, inner: str, document: Any) -> bool:
        return tag_of(node) in tags and all(
            fits(part, inner, document) for part in node[tag_of(node)]
        )

    return fits_all


def _is_dict(node: Node, inner: str, document: Any) -> bool:
    return tag_of(node) in _MAPPINGS and all(
        fits(value, inner, document) for _, value in node[tag_of(node)]
    )


def _is_scalar_of(letters: str) -> Callable[[Node], bool]:
    return lambda node: tag_of(node) == "scalar" and node["dtype"][1] in letters


_is_numpy_number, _is_numpy_word = _is_scalar_of("biuf"), _is_scalar_of("U")


def _is_number(node: Node, inner: str, document: Any) -> bool:
    return _kind_of(node) in ("bool", "int", "float", "number") or _is_numpy_number(node)


def _is_str(node: Node, inner: str, document: Any) -> bool:
    return isinstance(node, str) or _is_numpy_word(node)


_PLAIN_LEAVES = {
    *("none", "bool", "int", "float", "number", "str", "scalar", "array", "sparse"),
    *("dtype", "slice", "range", "set", "frozenset"),
}


def _is_plain(node: Node, inner: str, document: Any) -> bool:
    tag = _kind_of(node)
    if tag == "class":
        return TABLE_OF.get(node["class"]) == "dtypes"
    return tag in _PLAIN_LEAVES or _holds("plain", node, document)


def _is_any(node: Node, inner: str, document: Any) -> bool:
    """What is checked by itself: values, and estimators, scorers, functions of the tables."""
    if tag_of(node) == "object":
        return is_estimator(node["object"]) or not is_listed(node["object"])
    if tag_of(node) == "masked":  # only a search's results hold them, see `_is_setting`
        return False
    return not _holds_parts(node) or _holds("any", node, document)


def _holds_parts(node: Node) -> bool:
    return tag_of(node) in (*_SEQUENCES, *_MAPPINGS)


_SEQUENCES = ("list", "tuple", "objects")
_MAPPINGS = ("dict", "ordered_dict", "bunch")


def _holds(kind: str, node: Node, document: Any) -> bool:
    if tag_of(node) in _SEQUENCES:
        return all(fits(part, kind, document) for part in node[tag_of(node)])
    return _is_dict(node, kind, document)


def _is_estimator(node: Node, inner: str, document: Any) -> bool:
    return tag_of(node) == "object" and (
        is_estimator(node["object"]) or not is_listed(node["object"])
    )


def _is_object(node: Node, inner: str, document: Any) -> bool:
    """An object of a class that has this short name, or of one that is not on the list."""
    if tag_of(node) != "object":
        return False
    name = node["object"]
    if name.rpartition(".")[2] in inner.split(",") or not is_listed(name):
        document.expected.add(id(node))
        return True
    return False


def _is_function(tag: str) -> Callable[[Node, str, Any], bool]:
    def is_in_table(node: Node, table: str, document: Any) -> bool:
        if tag_of(node) == "partial":
            function, *bound = map(document.resolve, node["partial"])
            return is_in_table(function, table, document) and all(
                fits(part, "plain", document) for part in bound
            )
        # One of no table has to be trusted by name.
        return tag_of(node) == tag and TABLE_OF.get(node[tag], table) == table

    return is_in_table


def _is_settings(node: Node, inner: str, document: Any) -> bool:
    """What a search tries: dicts of parameters, none of which is one that is not kept."""
    node = document.resolve(node)
    if tag_of(node) in _SEQUENCES:
        return all(_is_settings(part, inner, document) for part in node[tag_of(node)])
    return tag_of(node) == "dict" and all(
        isinstance(name, str) and _is_setting(name, document.resolve(value), document)
        for name, value in node["dict"]
    )


def _is_setting(name: str, value: Node, document: Any) -> bool:
    if is_forgotten(name):
        if tag_of(value) == "masked":
            value = document.resolve(value["masked"][0])
        return value is None or (
            tag_of(value) in _SEQUENCES and all(part is None for part in value[tag_of(value)])
        )
    if name == "params":  # of `cv_results_`
        return _is_settings(value, "", document)
    if tag_of(value) == "masked":  # what `cv_results_` holds of each parameter
        return all(fits(part, "any", document) for part in value["masked"])
    return _is_any(value, "", document)


def is_forgotten(name: Any) -> bool:
    """Tell whether a parameter's name, as `set_params` takes it, is that of one not kept."""
    return isinstance(name, str) and name.rpartition("__")[2].removeprefix("param_") in FORGOTTEN


_CONTAINERS = ("list", "tuple", "objects", "each", "dict")

_FITS: dict[str, Callable[[Node, str, Any], bool]] = {
    "none": _is_tag("none"),
    "bool": lambda node, inner, document: (
        isinstance(node, bool) or (tag_of(node) == "scalar" and node["dtype"] == "|b1")
    ),
    "number": _is_number,
    "str": _is_str,
    "word": lambda node, inner, document: node == inner,
    "array": lambda node, inner, document: (
        tag_of(node) == "array" and document.dtype_of(node).kind in "biufcmM"
    ),
    "table": lambda node, inner, document: (
        tag_of(node) == "array" and document.dtype_of(node).names is not None
    ),
    "labels": lambda node, inner, document: (
        tag_of(node) in ("array", "objects") and _is_plain(node, inner, document)
    ),
    "sparse": _is_tag("sparse"),
    "masked": lambda node, inner, document: tag_of(node) == "masked",
    "dtype": _is_tag("dtype"),
    "slice": _is_tag("slice"),
    "random": _is_tag("random_state", "generator"),
    "routing": _is_tag("routing"),
    "neighbors": _is_tag("neighbors"),
    "bytes": _is_tag("bytes"),
    "list": _is_container("list"),
    "tuple": _is_container("tuple"),
    "objects": _is_container("objects"),
    "each": _is_container(*_SEQUENCES),
    "dict": _is_dict,
    "plain": _is_plain,
    "any": _is_any,
    "estimator": _is_estimator,
    "object": _is_object,
    "function": _is_function("function"),
    "class": _is_function("class"),
    "settings": _is_settings,
    "splitter": lambda node, inner, document: (
        tag_of(node) == "object" and (is_splitter(node["object"]) or not is_listed(node["object"]))
    ),
    "forgotten": _is_tag("none"),
}
