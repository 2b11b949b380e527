"""What tells one function that makes vectors from another, on disk and between processes."""

from __future__ import annotations

import functools
import hashlib
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any

import joblib


def identity_of(function: Callable) -> str:
    """Return a digest of a function: its name, its code and what it holds.

    Looked into once in a process: lists that a function fills while it works, and counters, do
    not make it another one.

    Parameters
    ----------
    function : callable
        Function, method, partial or an object that can be called.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If it holds something that cannot be looked into.
    """
    known = _KNOWN.get(id(function))
    if known is None or known[0]() is not function:
        digest = hashlib.sha256("\n".join(_describe(function, set())).encode()).hexdigest()[:40]
        try:
            known = (weakref.ref(function), digest)
        except TypeError:  # an object without room for it
            return digest
        _KNOWN[id(function)] = known
    return known[1]


# Found by id: objects that can be called need not be hashable.
_KNOWN: dict[int, tuple[weakref.ref, str]] = {}


def _describe(value: Any, seen: set[int]) -> list[str]:
    """Describe a value, in lines that are the same in every process."""
    if isinstance(value, types.ModuleType):
        return [f"module {value.__name__} {getattr(value, '__version__', '')}"]
    if isinstance(value, type):
        return [f"class {value.__module__}.{value.__qualname__}"]
    if isinstance(value, types.FunctionType):
        return _describe_function(value, seen)
    if isinstance(value, types.MethodType):
        return [*_describe(value.__func__, seen), *_describe(value.__self__, seen)]
    if isinstance(value, functools.partial):
        parts = [value.func, value.args, value.keywords]
        return [line for part in parts for line in _describe(part, seen)]
    if isinstance(value, types.BuiltinFunctionType):
        return [f"function {value.__module__}.{value.__qualname__}"]
    if type(value).__module__ in ("_thread", "threading", "io", "_io"):  # locks, files
        return [f"{type(value).__module__}.{type(value).__qualname__}"]
    return [f"{type(value).__module__}.{type(value).__qualname__} {_digest(value)}"]


def _describe_function(function: types.FunctionType, seen: set[int]) -> list[str]:
    name = f"function {function.__module__}.{function.__qualname__}"
    if id(function) in seen or not _is_the_users(function):
        return [name]
    seen.add(id(function))
    lines = [name, *_describe_code(function.__code__)]
    held = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    values = {name: _content(cell) for name, cell in held.items()}
    named = _names(function.__code__) & function.__globals__.keys()
    values.update({name: function.__globals__[name] for name in named})
    for name in sorted(values):
        lines += [name, *_describe(values[name], seen)]
    for default in function.__defaults__ or ():
        lines += _describe(default, seen)
    for key, default in sorted((function.__kwdefaults__ or {}).items()):
        lines += [key, *_describe(default, seen)]
    return lines


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _describe_code(code: types.CodeType) -> list[str]:
    lines = [code.co_code.hex(), *code.co_names]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            lines += _describe_code(constant)
        elif isinstance(constant, frozenset):  # in another order in every process
            lines += sorted(map(repr, constant))
        else:
            lines.append(repr(constant))
    return lines


def _names(code: types.CodeType) -> set[str]:
    """Return the names that code and the functions in it look up."""
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _is_the_users(function: types.FunctionType) -> bool:
    """Tell whether a function is not that of an installed package, known by its name."""
    file = getattr(sys.modules.get(function.__module__), "__file__", None) or ""
    return "site-packages" not in file and not file.startswith(sys.base_prefix)


def _digest(value: Any) -> str:
    try:
        return joblib.hash(value)
    except Exception as error:
        raise ValueError(
            f"memory= has to know which function made a vector, and cannot look into the "
            f"{type(value).__name__} that it holds ({type(error).__name__}: {error}). Say which "
            "one it is by revision='...', any text that changes when its vectors do."
        ) from error
