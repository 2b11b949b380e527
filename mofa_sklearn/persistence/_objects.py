"""Objects in a file: those on the list by their attributes, trusted ones by their own state."""

from __future__ import annotations

import inspect
from typing import Any

import sklearn

from ._errors import PersistenceError
from ._loader import Node
from ._names import CALLED, STATEFUL, attributes_of, is_listed

# Classes that the list does not have keep what `__reduce_ex__` says: how one is made, its
# state, and what is put into it if it is a list or a dict.
_OF_TRUSTED = {"call", "new", "state", "items", "entries"}
# What may hold bytes: models in a library's own format. Other bytes may be a pickle.
_HOLDERS_OF_BYTES = (
    "catboost.core.",
    "mofa_sklearn.preprocessing._neighbors.ApproximateIndex",
    "xgboost.core.",
)


def may_hold_bytes(name: str) -> bool:
    """Tell whether objects of a class may hold bytes."""
    return name.startswith(_HOLDERS_OF_BYTES)


def parts_of_object(node: Node) -> list[tuple[str, Node]]:
    """Return what an object is made of, by name; refuse one that is not well formed.

    Parameters
    ----------
    node : dict
        It has the tag "object".

    Returns
    -------
    list of (str, node)
    """
    name, keys = node["object"], node.keys() - {"object", "id"}
    if name in CALLED and keys == {"call"}:
        return [(str(i), part) for i, part in enumerate(_list(node["call"]))]
    if is_listed(name) and keys == {"attributes"}:
        return list(_dict(node["attributes"]).items())
    if not is_listed(name) and keys <= _OF_TRUSTED and len(keys & {"call", "new"}) == 1:
        sequences = [key for key in ("call", "new", "items") if key in keys]
        parts = [(str(i), part) for key in sequences for i, part in enumerate(_list(node[key]))]
        parts += [("entries", {"dict": node["entries"]})] if "entries" in keys else []
        return parts + ([("", node["state"])] if "state" in keys else [])
    raise PersistenceError(f"its {name} is not one that dump writes")


def misfit(node: Node, document: Any) -> str | None:
    """Tell what of an object on the list is not as the list has it, None if all is.

    Parameters
    ----------
    node : dict
        Well formed.
    document : Document
        It has the node.

    Returns
    -------
    str or None
    """
    name = node["object"]
    if name in CALLED:
        kinds = CALLED[name].split()
        fitting = len(node["call"]) <= len(kinds) and all(
            document.fits(part, kind) for part, kind in zip(node["call"], kinds, strict=False)
        )
        return None if fitting else "its arguments are others than on the list"
    kinds = attributes_of(name)
    for attribute, part in node["attributes"].items():
        if attribute not in kinds:
            return f"{attribute} is no attribute on the list"
        if not document.fits(part, kinds[attribute]):
            return f"{attribute} is another kind of value than on the list"
    return None


def check_hides_nothing(kind: type, names: list[str]) -> None:
    """Refuse attributes that would take the place of what their class does.

    Parameters
    ----------
    kind : type
        The class.
    names : list of str
        Of attributes of an instance.

    Raises
    ------
    PersistenceError
        If one is that of a method, a property, or special.
    """
    for name in names:
        of_class = inspect.getattr_static(kind, name, None)
        special = name.startswith("__") and name.endswith("__")
        if special or callable(of_class) or hasattr(of_class, "__get__"):
            raise PersistenceError(f"the attribute {name} would hide that of {kind.__name__}")


def make_object(node: Node, parts: list[Any], document: Any) -> Any:
    """Make an object from what its parts were made into.

    Parameters
    ----------
    node : dict
        Checked.
    parts : list
        In the order of :func:`parts_of_object`.
    document : Document
        It knows the class.

    Returns
    -------
    object
    """
    name = node["object"]
    kind = document.found[name]
    if name in CALLED:
        return kind(*parts)
    if is_listed(name):
        return _with_attributes(kind, dict(zip(node["attributes"], parts, strict=True)), name)
    return _of_trusted(kind, node, parts)


def _with_attributes(kind: type, attributes: dict[str, Any], name: str) -> Any:
    check_hides_nothing(kind, list(attributes))
    made: Any = object.__new__(kind)
    if name in STATEFUL:
        if name.startswith("sklearn."):  # it compares the version, as we have done
            attributes["_sklearn_version"] = sklearn.__version__
        made.__setstate__(attributes)
    else:
        vars(made).update(attributes)
    return made


def _of_trusted(kind: type, node: Node, parts: list[Any]) -> Any:
    waiting = iter(parts)
    arguments = [next(waiting) for _ in node.get("call", node.get("new", []))]
    made = kind(*arguments) if "call" in node else kind.__new__(kind, *arguments)
    if "items" in node:
        made.extend([next(waiting) for _ in node["items"]])
    if "entries" in node:
        made.update(next(waiting))
    if "state" in node:
        _set_state(made, next(waiting))
    return made


def _set_state(made: Any, state: Any) -> None:
    if isinstance(state, dict) and hasattr(made, "__dict__"):
        check_hides_nothing(type(made), [str(name) for name in state])
    if hasattr(made, "__setstate__"):
        made.__setstate__(state)
        return
    # Without `__setstate__`: attributes, or a pair of them and of what is in slots.
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    vars(made).update(attributes or {})
    for name, value in (slots or {}).items():
        check_hides_nothing(object, [name])
        setattr(made, name, value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise PersistenceError("an object has no list where one belongs")
    return value


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PersistenceError("an object has no attributes where they belong")
    return value
