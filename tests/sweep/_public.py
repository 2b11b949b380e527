"""What the package offers to be fitted, and to be called."""

import importlib
import inspect
from collections.abc import Callable
from functools import cache

from sklearn.base import BaseEstimator

import mofa_sklearn


@cache
def public_estimators() -> dict[str, type]:
    """Return every estimator that the package or one of its public folders exports."""
    names = (mofa_sklearn.__name__, *(f"mofa_sklearn.{name}" for name in mofa_sklearn._SUBMODULES))
    modules = map(importlib.import_module, names)
    exported = ((name, getattr(m, name)) for m in modules for name in getattr(m, "__all__", ()))
    return {
        name: each
        for name, each in exported
        if isinstance(each, type) and issubclass(each, BaseEstimator)
    }


def _exported():
    """Yield the path and the value of each name that a public folder exports."""
    for folder in mofa_sklearn._SUBMODULES:
        module = importlib.import_module(f"mofa_sklearn.{folder}")
        for name in getattr(module, "__all__", ()):
            yield f"{folder}.{name}", getattr(module, name)


@cache
def public_functions() -> dict[str, Callable]:
    """Return every function that a public folder exports, but those that make estimators."""
    return {
        path: value
        for path, value in _exported()
        if inspect.isfunction(value) and path != "pipeline.make_mofa_pipeline"
    }


@cache
def public_methods() -> dict[str, Callable]:
    """Return every method of ours, of every estimator, that takes more than rows and targets.

    `fit` has tables of its own, and `get_feature_names_out` scikit-learn's checks.
    """
    return {
        f"{name}.{method}": function
        for name, kind in public_estimators().items()
        for method, function in inspect.getmembers(kind, inspect.isfunction)
        if not method.startswith("_")
        and method not in ("fit", "get_params", "set_params", "get_feature_names_out")
        and inspect.unwrap(function).__module__.startswith("mofa_sklearn.")
        and _takes_more(function)
    }


@cache
def public_displays() -> dict[str, Callable]:
    """Return what makes and draws the displays."""
    displays = {
        path.partition(".")[2]: value
        for path, value in _exported()
        if isinstance(value, type) and path.startswith("inspection.")
    }
    return {
        f"{name}.{method}": getattr(kind, method)
        for name, kind in displays.items()
        for method in dir(kind)
        if method.startswith(("from_", "plot", "to_"))
    }


def _takes_more(function: Callable) -> bool:
    parameters = inspect.signature(function).parameters.values()
    named = (p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
    return bool(set(named) - {"self", "X", "y"})
