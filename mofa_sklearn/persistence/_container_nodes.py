"""Loaders of containers and arrays."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils import Bunch

from ._arrays import are_lengths
from ._loader import Loader, Node, always, as_list, is_int, is_key, no_parts, tag_of

# Elements of an array of objects, were it not for an axis of length zero.
_MAX_EMPTY = 2**20
SPARSE = ["csr_matrix", "csc_matrix", "csr_array", "csc_array"]


def _sequence(tag: str, kind: Callable[[list], Any], check: Any = always) -> Loader:
    return Loader(
        (tag,),
        lambda node: as_list(node[tag]),
        check,
        lambda node, parts, document: kind(parts),
    )


def _mapping(tag: str, kind: Callable[[dict], Any]) -> Loader:
    """Entries are pairs of a key and a value."""

    def parts(node: Node) -> list[Node]:
        return [part for pair in as_list(node[tag]) for part in as_list(pair)]

    def check(node: Node, document: Any) -> bool:
        if not all(len(pair) == 2 and is_key(pair[0]) for pair in node[tag]):
            return False
        if tag == "bunch" and not all(isinstance(key, str) for key, _ in node[tag]):
            return False
        return len({_key_of(key) for key, _ in node[tag]}) == len(node[tag])

    def make(node: Node, parts: list[Any], document: Any) -> Any:
        return kind(dict(zip(parts[::2], parts[1::2], strict=True)))

    return Loader((tag,), parts, check, make)


def _key_of(node: Node) -> Any:
    """Return a value that is equal to that of another key where their keys are."""
    if tag_of(node) == "tuple":
        return tuple(map(_key_of, node["tuple"]))
    return node[str(tag_of(node))] if isinstance(node, dict) else node


def _check_keys(tag: str) -> Callable[[Node, Any], bool]:
    return lambda node, document: all(map(is_key, node[tag]))


# Arrays.


def _check_array(node: Node, document: Any) -> bool:
    document.claim(node["array"], ".npy")
    return True


def _check_objects(node: Node, document: Any) -> bool:
    shape = as_list(node["shape"])
    n_objects = len(node["objects"])
    return are_lengths(shape, max(n_objects, _MAX_EMPTY)) and math.prod(shape) == n_objects


def _make_objects(node: Node, parts: list[Any], document: Any) -> np.ndarray:
    array = np.empty(len(parts), dtype=object)
    for position, part in enumerate(parts):
        array[position] = part
    return array.reshape(node["shape"])


def _check_masked(node: Node, document: Any) -> bool:
    data, mask, _ = node["masked"]
    if not document.is_a("array", data) and not document.is_a("objects", data):
        return False
    return mask is None or (
        document.is_a("array", mask)
        and document.dtype_of(mask).kind == "b"
        and document.shape_of(mask) == document.shape_of(data)
    )


def _make_masked(node: Node, parts: list[Any], document: Any) -> np.ma.MaskedArray:
    data, mask, fill_value = parts
    return np.ma.MaskedArray(
        data, mask=np.ma.nomask if mask is None else mask, fill_value=fill_value
    )


def _check_sparse(node: Node, document: Any) -> bool:
    """Look at each position: compiled code follows them without a look at the bounds."""
    shape, parts = node["shape"], node["parts"]
    if len(parts) != 3 or not all(document.is_a("array", part) for part in parts):
        return False
    data, indices, starts = map(document.array, parts)
    n_rows, n_columns = shape if node["sparse"].startswith("csr") else shape[::-1]
    return (
        node["sparse"] in SPARSE
        and len(shape) == 2
        and all(is_int(length, 0) for length in shape)
        and data.ndim == indices.ndim == starts.ndim == 1
        and data.dtype.kind in "biufc"
        and indices.dtype in (np.int32, np.int64)
        and starts.dtype == indices.dtype
        and len(starts) == n_rows + 1
        and starts[0] == 0
        and starts[-1] == len(indices) == len(data)
        and bool((np.diff(starts) >= 0).all())
        and (len(indices) == 0 or (indices.min() >= 0 and int(indices.max()) < n_columns))
    )


def _make_sparse(node: Node, parts: list[Any], document: Any) -> Any:
    return getattr(scipy.sparse, node["sparse"])(tuple(parts), shape=tuple(node["shape"]))


#: tag -> loader
CONTAINERS = {
    "list": _sequence("list", list),
    "tuple": _sequence("tuple", tuple),
    "set": _sequence("set", set, _check_keys("set")),
    "frozenset": _sequence("frozenset", frozenset, _check_keys("frozenset")),
    "dict": _mapping("dict", dict),
    "ordered_dict": _mapping("ordered_dict", OrderedDict),
    "bunch": _mapping("bunch", lambda made: Bunch(**made)),
    "array": Loader(
        ("array",),
        no_parts,
        _check_array,
        lambda node, _, document: document.array(node).copy(order="K"),
    ),
    "objects": Loader(
        ("objects", "shape"),
        lambda node: as_list(node["objects"]),
        _check_objects,
        _make_objects,
    ),
    "masked": Loader(
        ("masked",), lambda node: as_list(node["masked"]), _check_masked, _make_masked
    ),
    "sparse": Loader(
        ("sparse", "shape", "parts"),
        lambda node: as_list(node["parts"]),
        _check_sparse,
        _make_sparse,
    ),
}
