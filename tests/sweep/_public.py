"""What the package offers to be fitted."""

import importlib
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
