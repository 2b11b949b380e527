"""Write objects as nodes."""

from __future__ import annotations

import copyreg
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse
from joblib import Memory
from scipy.stats.distributions import rv_frozen
from sklearn.neighbors import BallTree, KDTree
from sklearn.utils import Bunch

from .._sklearn_private import MetadataRequest
from ._arrays import array_to_bytes
from ._container_nodes import SPARSE
from ._errors import PersistenceError
from ._loader import Node, is_key
from ._names import CALLED, STATEFUL, full_name, is_found, is_listed
from ._objects import may_hold_bytes
from ._value_nodes import BIT_GENERATORS, DISTRIBUTIONS, METHODS, NEIGHBOR_METRICS, NOT_FINITE

# What is never written as an object: their state is a pickle, or a part of a network.
_NO_PLAIN_FORM = ("builtins", "torch", "skorch")
_CONTAINERS: dict[type, str] = {list: "list", tuple: "tuple"}
_SETS: dict[type, str] = {set: "set", frozenset: "frozenset"}
# A default factory is not kept: it is a callable.
_MAPPINGS: dict[type, str] = {
    dict: "dict",
    defaultdict: "dict",
    OrderedDict: "ordered_dict",
    Bunch: "bunch",
}


class Writer:
    """Makes nodes of objects, and the members that they speak of.

    Attributes
    ----------
    members : dict of str to bytes
        Arrays and bytes by name.
    """

    def __init__(self) -> None:
        self.members: dict[str, bytes] = {}
        # Objects are kept, so that no id is used again.
        self._nodes: dict[int, tuple[Any, Node | None]] = {}
        self._n_shared = 0

    def write(self, value: Any, path: str = "", holder: str = "") -> Node:
        """Return the node of a value.

        Parameters
        ----------
        value : object
            Anything.
        path : str
            Where it is in the estimator, for errors.
        holder : str
            Full name of the class that holds it.

        Returns
        -------
        node

        Raises
        ------
        PersistenceError
            If it has no plain form.
        """
        scalar = _scalar(value)
        if scalar is not _NONE:
            return scalar
        where = f"{full_name(type(value))} at {path.removeprefix('.') or 'the root'}"
        if id(value) in self._nodes:
            return self._refer(where, self._nodes[id(value)][1])
        self._nodes[id(value)] = value, None
        node = self._write(value, path, holder, where)
        self._nodes[id(value)] = value, node
        return node

    def _refer(self, where: str, node: Node | None) -> Node:
        if node is None:
            raise PersistenceError(f"{where} holds itself")
        if "id" not in node:
            self._n_shared += 1
            node["id"] = self._n_shared
        return {"ref": node["id"]}

    def _write(self, value: Any, path: str, holder: str, where: str) -> Node:
        kind = type(value)
        if kind in _CONTAINERS:
            return {_CONTAINERS[kind]: self._all(value, path, holder)}
        if kind in _SETS:
            return {_SETS[kind]: [_key(item, where) for item in sorted(value, key=repr)]}
        if kind in _MAPPINGS:
            return {_MAPPINGS[kind]: self._entries(value, path, holder, where)}
        for of_kind, write in _WRITERS.items():
            if isinstance(value, of_kind):
                node = write(self, value, path, where)
                if node is not None:
                    return node
        return self._write_object(value, path, holder, where)

    def _all(self, values: Any, path: str, holder: str) -> list[Node]:
        return [self.write(value, f"{path}.{i}", holder) for i, value in enumerate(values)]

    def _entries(self, values: Any, path: str, holder: str, where: str) -> list[list[Node]]:
        return [
            [_key(key, where), self.write(value, f"{path}.{key}", holder)]
            for key, value in values.items()
        ]

    def store(self, content: bytes, suffix: str) -> str:
        """Keep a member; return its name."""
        name = f"{len(self.members) + 1}{suffix}"
        self.members[name] = content
        return name

    def _write_object(self, value: Any, path: str, holder: str, where: str) -> Node:
        kind = type(value)
        name = full_name(kind)
        if isinstance(value, (bytes, bytearray)):
            if not may_hold_bytes(holder):
                raise PersistenceError(f"{holder} at {path.removeprefix('.')} holds bytes")
            return {kind.__name__: self.store(bytes(value), ".bin")}
        module = kind.__module__
        if module.partition(".")[0] in _NO_PLAIN_FORM and not module.startswith(
            "skorch.callbacks"
        ):
            raise PersistenceError(f"{where} has no plain form")
        if not is_found(kind):
            raise PersistenceError(f"{where} {_NOT_FOUND}")
        if name in CALLED:
            made_by, arguments, *_ = value.__reduce_ex__(2)
            if made_by is not kind:  # of a tuple, or of one without arguments
                arguments = arguments[1:] if isinstance(value, tuple) else ()
            return {"object": name, "call": self._all(arguments, path, name)}
        if is_listed(name):
            attributes = value.__getstate__() if name in STATEFUL else vars(value)
            return {
                "object": name,
                "attributes": {
                    key: self.write(part, f"{path}.{key}", name)
                    for key, part in attributes.items()
                    if key != "_sklearn_version" and not _is_own_method(value, key, part)
                },
            }
        return self._write_reduced(value, path, name, where)

    def _write_reduced(self, value: Any, path: str, name: str, where: str) -> Node:
        """Write an object that is not on the list as a pickle would, by its own methods."""
        try:
            reduced: tuple[Any, ...] = value.__reduce_ex__(2)
            made_by, arguments, *rest = reduced
        except Exception as error:  # what cannot be pickled raises anything
            raise PersistenceError(f"{where} has no plain form ({error})") from error
        state, items, entries, *_ = [*rest, *_NOTHING]
        if made_by is type(value):
            node = {"object": name, "call": self._all(arguments, path, name)}
        elif made_by is copyreg.__newobj__ and arguments[0] is type(value):  # type: ignore[attr-defined]
            node = {"object": name, "new": self._all(arguments[1:], path, name)}
        else:
            raise PersistenceError(f"{where} has no plain form")
        if items is not None:
            node["items"] = self._all(items, path, name)
        if entries is not None:
            node["entries"] = self._entries(dict(entries), path, name, where)
        if state is not None:
            node["state"] = self.write(state, path, name)
        return node


_NONE = object()
_NOTHING = (None, None, None)
_NOT_FOUND = (
    "cannot be found by its name: a lambda, or defined inside a function or class; define it at "
    "the top of a module"
)


def _scalar(value: Any) -> Node:
    """Return the node of what has no parts, `_NONE` for anything else."""
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is tuple and not value:  # Python has but one
        return {"tuple": []}
    if kind is float:
        finite = value == value and value not in (float("inf"), -float("inf"))
        return value if finite else {"number": _name_of(value)}
    if isinstance(value, np.generic):
        return _numpy_scalar(value)
    if kind is slice:
        return {"slice": [_scalar(part) for part in (value.start, value.stop, value.step)]}
    if kind is range:
        return {"range": [value.start, value.stop, value.step]}
    return _NONE


def _is_own_method(value: Any, name: str, part: Any) -> bool:
    """Tell whether an attribute is one of an object's methods, bound to it."""
    method = part.func if isinstance(part, partial) else part
    return getattr(method, "__self__", None) is value and hasattr(type(value), name)


def _name_of(value: float) -> str:
    return next(name for name, number in NOT_FINITE.items() if repr(number) == repr(value))


def _numpy_scalar(value: np.generic) -> Node:
    dtype = value.dtype
    if dtype.kind in "Mm":
        number = value.view(np.int64).item()
    elif dtype.kind in "biuU" or (dtype.kind == "f" and dtype.itemsize <= 8):
        number = _scalar(value.item())
    else:
        return _NONE
    return {"scalar": number, "dtype": dtype.str}


def _key(key: Any, where: str) -> Node:
    node = _scalar(key)
    if isinstance(key, tuple) and type(key) is tuple:
        node = {"tuple": [_key(part, where) for part in key]}
    if node is _NONE or not is_key(node):
        raise PersistenceError(f"{where} has a key of type {type(key).__name__}")
    return node


def _write_array(writer: Writer, value: np.ndarray, path: str, where: str) -> Node | None:
    if type(value) is np.ma.MaskedArray:
        mask = None if value.mask is np.ma.nomask else value.mask
        fill_value = None if vars(value)["_fill_value"] is None else value.fill_value
        parts = (value.data, mask, fill_value)
        return {"masked": [writer.write(part, path) for part in parts]}
    if type(value) not in (np.ndarray, np.memmap):
        return None
    if value.dtype == object:
        items = [writer.write(item, f"{path}.{i}") for i, item in enumerate(value.ravel())]
        return {"objects": items, "shape": list(value.shape)}
    try:
        return {"array": writer.store(array_to_bytes(value), ".npy")}
    except PersistenceError as error:
        raise PersistenceError(f"{where}: {error}") from None


def _write_sparse(writer: Writer, value: Any, path: str, where: str) -> Node:
    name = type(value).__name__
    if name not in SPARSE:
        raise PersistenceError(f"{where} has no plain form: use its tocsr()")
    parts = [writer.write(part, path) for part in (value.data, value.indices, value.indptr)]
    return {"sparse": name, "shape": [int(length) for length in value.shape], "parts": parts}


def _write_random_state(writer: Writer, value: Any, path: str, where: str) -> Node | None:
    name, *parts = value.get_state(legacy=True) if _is_legacy(value) else ("",)
    if name != "MT19937":
        return None
    key, position, has_gauss, gauss = parts
    return {"random_state": [writer.write(key, path), position, has_gauss, gauss]}


def _is_legacy(value: np.random.RandomState) -> bool:
    return type(value._bit_generator).__name__ == "MT19937"


def _write_generator(writer: Writer, value: Any, path: str, where: str) -> Node | None:
    name = type(value.bit_generator).__name__
    if name not in BIT_GENERATORS:
        return None
    state = value.bit_generator.state
    numbers = (*state["state"].values(), state["has_uint32"], state["uinteger"])
    return {"generator": name, "state": [int(number) for number in numbers]}


def _write_neighbors(writer: Writer, value: Any, path: str, where: str) -> Node | None:
    state = value.__getstate__()
    data, leaf_size, metric, weights = np.asarray(state[0]), state[4], state[-2], state[-1]
    name = NEIGHBOR_METRICS.get(type(metric).__name__)
    if name is None or weights is not None or metric.__getstate__()[1].any():
        raise PersistenceError(f"{where} has no plain form for this metric, or for weights")
    return {
        "neighbors": type(value).__name__,
        "data": writer.write(data, path),
        "leaf_size": int(leaf_size),
        "metric": name,
        "p": metric.__getstate__()[0],
    }


def _write_routing(writer: Writer, value: Any, path: str, where: str) -> Node:
    owner = value.owner if isinstance(value.owner, str) else type(value.owner).__name__
    methods = {name: getattr(value, name, None) for name in METHODS}
    requests = {name: of.requests for name, of in methods.items() if of is not None}
    return {"routing": owner, "requests": {name: dict(of) for name, of in requests.items() if of}}


def _write_dtype(writer: Writer, value: np.dtype, path: str, where: str) -> Node | None:
    return {"dtype": value.str} if value.names is None and value.kind != "V" else None


def _write_named(tag: str) -> Callable[[Writer, Any, str, str], Node]:
    def write(writer: Writer, value: Any, path: str, where: str) -> Node:
        if not is_found(value):
            place = path.removeprefix(".") or "the root"
            raise PersistenceError(f"{full_name(value)} at {place} {_NOT_FOUND}")
        return {tag: full_name(value)}

    return write


def _write_distribution(writer: Writer, value: Any, path: str, where: str) -> Node | None:
    if value.dist.name not in DISTRIBUTIONS:
        return None
    args, kwds = writer.write(value.args, path), writer.write(value.kwds, path)
    return {"distribution": value.dist.name, "arguments": [args, kwds]}


def _write_partial(writer: Writer, value: partial, path: str, where: str) -> Node:
    parts = (value.func, value.args, value.keywords)
    return {"partial": [writer.write(part, path) for part in parts]}


def _forget(writer: Writer, value: Any, path: str, where: str) -> Node:
    """A folder of pickles is not kept."""
    return None


_FUNCTIONS = (type(_forget), type(len), np.ufunc)

#: kind of values -> what writes one, or None if it is one after all that it cannot write
_WRITERS: dict[Any, Callable[[Writer, Any, str, str], Node]] = {
    np.ndarray: _write_array,
    scipy.sparse.spmatrix: _write_sparse,
    scipy.sparse.sparray: _write_sparse,
    np.random.RandomState: _write_random_state,
    np.random.Generator: _write_generator,
    (KDTree, BallTree): _write_neighbors,
    MetadataRequest: _write_routing,
    np.dtype: _write_dtype,
    type: _write_named("class"),
    _FUNCTIONS: _write_named("function"),
    partial: _write_partial,
    rv_frozen: _write_distribution,
    Memory: _forget,
}
