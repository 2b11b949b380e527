"""A file's tree of nodes: checked as a whole, then made into objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ._arrays import Header, check_values, read_header, view_of
from ._errors import PersistenceError
from ._functions import TABLE_OF
from ._kinds import fits, is_forgotten
from ._loader import Node, tag_of
from ._names import attributes_of, found, is_estimator, is_listed
from ._nodes import LOADERS
from ._objects import make_object, may_hold_bytes, misfit, parts_of_object
from ._tables import BELIEVED, CHECKS

# Deeper ones come from nobody, and Python follows them by recursion.
_MAX_DEPTH = 100
# What is met twice is one object, and is walked through twice, by `repr` and `predict` too. In
# a real model that makes a few times as many as there are; in a forged one it doubles on
# each level.
_MAX_UNFOLDING = 32
_BYTES_OF_A_NODE = 32
_SCALARS = (bool, int, float, str, type(None))


class Document:
    """The nodes of a file, and the members that they speak of.

    Nothing is made of them before :meth:`check` has seen them all.

    Parameters
    ----------
    root : node
        The estimator.
    members : dict of str to bytes
        Arrays and bytes by name.

    Attributes
    ----------
    untrusted : dict of str to str
        Full names of types and functions that need the caller's trust, each with the
        reason.
    expected : set of int
        The ids of object nodes that an attribute's kind asked for.
    found : dict of str to type or callable
        What the names mean, once the document is to be made.
    """

    def __init__(self, root: Node, members: dict[str, bytes]) -> None:
        self.root = root
        self.members = members
        self.untrusted: dict[str, str] = {}
        self.expected: set[int] = set()
        self.found: dict[str, Any] = {}
        self._kinds: dict[str, set[str]] = {}
        self._headers: dict[str, Header] = {}
        self._shared: dict[int, Node] = {}
        self._sizes: dict[int, int] = {}
        self._objects: list[Node] = []
        self._n_nodes = 0

    def check(self) -> None:
        """Check every node, and note what has to be trusted.

        Raises
        ------
        PersistenceError
            If anything is not as `dump` writes it.
        """
        with _as_damage():
            self._check()

    def _check(self) -> None:
        name = self.root["object"] if tag_of(self.root) == "object" else None
        if name is None or (is_listed(name) and not is_estimator(name)):
            raise PersistenceError("it holds no estimator")
        forget(self.root)
        size = self._scan(self.root, "", 0, False)
        if size > _MAX_UNFOLDING * (self._n_nodes + 100):
            raise PersistenceError("its parts refer to each other more often than any model's do")
        unused = self.members.keys() - self._headers.keys()
        if unused:
            raise PersistenceError(f"nothing refers to its member {min(unused)}")
        self._check_objects()

    def make(self) -> Any:
        """Make the estimator.

        Returns
        -------
        estimator

        Raises
        ------
        PersistenceError
            If a name is none, or a class cannot be made of what the file has.
        """
        self.found = {name: _as_kind(name, tags) for name, tags in self._kinds.items()}
        with _as_damage():
            return self._make(self.root, {})

    # What loaders ask.

    def claim(self, name: Any, suffix: str) -> None:
        """Note that a node has a member, which no other node may have."""
        if name not in self.members or not name.endswith(suffix):
            raise PersistenceError(f"it has no member {name!r}: it is damaged")
        if name in self._headers:
            raise PersistenceError(f"its member {name} is used twice")
        self._headers[name] = Header(np.dtype("u1"), (), "C", 0)
        if suffix == ".npy":
            self._headers[name] = read_header(name, self.members[name])
            check_values(name, view_of(self._headers[name], self.members[name]))

    def names(self, name: Any, tag: str) -> None:
        """Note that a node names a function or class."""
        if not isinstance(name, str):
            raise PersistenceError("a name in it is no word")
        self._kinds.setdefault(name, set()).add(tag)
        if name not in TABLE_OF and tag != "object":
            self.untrusted.setdefault(name, "it is not on the list")

    def resolve(self, node: Node) -> Node:
        """Return what a reference means, any other node itself."""
        return self._shared[node["ref"]] if tag_of(node) == "ref" else node

    def is_a(self, tag: str, node: Node) -> bool:
        """Tell whether a node has a tag, or refers to one that has."""
        return tag_of(self.resolve(node)) == tag

    def fits(self, node: Node, kind: str) -> bool:
        """Tell whether a node is of a kind."""
        return fits(node, kind, self)

    def dtype_of(self, node: Node) -> np.dtype:
        """Return the dtype of an array's node."""
        return self._headers[self.resolve(node)["array"]].dtype

    def shape_of(self, node: Node) -> tuple[int, ...]:
        """Return the shape of a node of an array, an array of objects, or a sparse matrix."""
        node = self.resolve(node)
        return tuple(node["shape"]) if "shape" in node else self._headers[node["array"]].shape

    def array(self, node: Node) -> np.ndarray:
        """Return the array of its node, or of a reference to it; read-only."""
        name = self.resolve(node)["array"]
        return view_of(self._headers[name], self.members[name])

    # The walk.

    def _scan(self, node: Node, path: str, depth: int, with_bytes: bool) -> int:
        """Check a node and its parts; return their number, each as often as it is met."""
        self._n_nodes += 1
        if isinstance(node, _SCALARS):
            return 1
        tag = tag_of(node)
        if tag is None or depth > _MAX_DEPTH:
            raise PersistenceError(f"it is nested too deep, or damaged, at {path}")
        if tag == "ref":
            if node.keys() != {"ref"} or node["ref"] not in self._sizes:
                raise PersistenceError(f"what it refers to at {path} is not there")
            return self._sizes[node["ref"]]
        if tag in ("bytes", "bytearray") and not with_bytes:
            raise PersistenceError(f"it holds bytes at {path}, which may be a pickle")
        if tag == "object":
            self._note_object(node)
            with_bytes = may_hold_bytes(node["object"])
        size = 1 + self._weight(node, tag)
        for name, part in _parts(node, tag):
            size += self._scan(part, f"{path}.{name}".lstrip("."), depth + 1, with_bytes)
        if tag != "object" and not LOADERS[tag].check(node, self):
            raise PersistenceError(f"its {tag} at {path} was tampered with")
        if "id" in node:
            self._share(node, size)
        return size

    def _weight(self, node: Node, tag: str) -> int:
        """Return what an array counts for, in nodes."""
        content = self.members.get(str(node["array"]), b"") if tag == "array" else b""
        self._n_nodes += len(content) // _BYTES_OF_A_NODE
        return len(content) // _BYTES_OF_A_NODE

    def _note_object(self, node: Node) -> None:
        self.names(node["object"], "object")
        self._objects.append(node)

    def _share(self, node: Node, size: int) -> None:
        if type(node["id"]) is not int or node["id"] in self._shared:
            raise PersistenceError("two of its parts have the same number")
        self._shared[node["id"]], self._sizes[node["id"]] = node, size

    def _check_objects(self) -> None:
        for node in self._objects:
            name = node["object"]
            reason = misfit(node, self) if is_listed(name) else "it is not on the list"
            if reason is not None:
                self.untrusted.setdefault(name, reason)
            elif name in CHECKS:
                self.untrusted.update(CHECKS[name](node["attributes"], self))
        for node in self._objects:
            if node["object"] in BELIEVED and id(node) not in self.expected:
                self.untrusted.setdefault(node["object"], "it belongs to no boosting model")

    def _make(self, node: Node, made: dict[int, Any]) -> Any:
        if not isinstance(node, dict):
            return node
        tag = str(tag_of(node))
        if tag == "ref":
            return made[node["ref"]]
        parts = [self._make(part, made) for _, part in _parts(node, tag)]
        make = make_object if tag == "object" else LOADERS[tag].make
        value = make(node, parts, self)
        if "id" in node:
            made[node["id"]] = value
        return value


@contextmanager
def _as_damage() -> Iterator[None]:
    """Name what is malformed, or a state that a class finds wrong: both fail in any way."""
    try:
        yield
    except PersistenceError:
        raise
    except Exception as error:
        raise PersistenceError(f"it is damaged ({type(error).__name__}: {error})") from error


def forget(node: Node) -> None:
    """Put None in the place of folders of pickles and numbers of workers; changes the nodes.

    Parameters
    ----------
    node : node
        The root.
    """
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if _is_listed_object(node):
                kinds = attributes_of(node["object"])
                for name, part in node["attributes"].items():
                    if kinds.get(name) == "forgotten":
                        node["attributes"][name] = None
                    elif "settings" in kinds.get(name, ""):
                        _forget_in_settings(part)
            waiting += node.values()


def _is_listed_object(node: Node) -> bool:
    name = node.get("object")
    return isinstance(name, str) and is_listed(name) and isinstance(node.get("attributes"), dict)


def _forget_in_settings(node: Node) -> None:
    """Forget them among the settings that a search tries, each a dict or a list of them."""
    tag = tag_of(node)
    if tag in ("list", "tuple", "objects") and isinstance(node[tag], list):
        for part in node[tag]:
            _forget_in_settings(part)
    for pair in node["dict"] if tag == "dict" and isinstance(node["dict"], list) else []:
        if not isinstance(pair, list) or len(pair) != 2:
            continue
        if is_forgotten(pair[0]):
            pair[1] = _emptied(pair[1])
        elif pair[0] == "params":
            _forget_in_settings(pair[1])


def _emptied(node: Node) -> Node:
    """Return None, or as many as there were."""
    tag = tag_of(node)
    if tag == "masked" and isinstance(node["masked"], list) and node["masked"]:
        values, *others = node["masked"]
        emptied = _emptied(values)
        return None if emptied is None else {**node, "masked": [emptied, *others]}
    if tag not in ("list", "tuple", "objects") or not isinstance(node[tag], list):
        return None
    return {**node, tag: [None] * len(node[tag])}


def _parts(node: Node, tag: str) -> Iterator[tuple[str, Node]]:
    if tag == "object":
        yield from parts_of_object(node)
        return
    if tag not in LOADERS or node.keys() - {"id"} != set(LOADERS[tag].keys):
        raise PersistenceError(f"it has a node that is none: {str(tag)[:40]!r}")
    for position, part in enumerate(LOADERS[tag].parts(node)):
        yield str(position), part


def _as_kind(name: str, tags: set[str]) -> Any:
    """Return what a name means, if that is what the nodes say that it is."""
    thing = found(name)
    if isinstance(thing, type) == ("function" in tags) or not callable(thing):
        raise PersistenceError(f"{name} is not what the file says that it is")
    return thing
