"""The list of classes, and what full names mean."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any

from ._errors import PersistenceError
from ._functions import TABLE_OF
from ._listed import _ours, _scikit_learn, _skrub
from ._listed._attributes import ATTRIBUTES, PARAMETERS

# Parameters that are not kept: folders of pickles, and numbers of workers.
FORGOTTEN = frozenset(name for name, kind in PARAMETERS.items() if kind == "forgotten")


def _by_full_name(*tables: dict[str, dict[str, str]]) -> dict[str, str]:
    return {
        f"{module}.{name}": attributes
        for table in tables
        for module, classes in table.items()
        for name, attributes in classes.items()
    }


#: full name -> fitted attributes; the whole list
ESTIMATORS = _by_full_name(_ours.ESTIMATORS, _scikit_learn.ESTIMATORS, _skrub.ESTIMATORS)
SPLITTERS = _by_full_name(_ours.SPLITTERS, _scikit_learn.SPLITTERS)
PARTS = _by_full_name(_ours.PARTS, _scikit_learn.PARTS, _skrub.PARTS)
#: full name -> the kind of the arguments of the call that makes one
CALLED = _by_full_name(_scikit_learn.CALLED)
_CLASSES = {**ESTIMATORS, **SPLITTERS, **PARTS}
#: classes whose state is that of their own ``__getstate__`` and ``__setstate__``
STATEFUL = frozenset(
    [
        "mofa_sklearn.encoders._audio.AudioEncoder",
        "mofa_sklearn.encoders._image.ImageEncoder",
        "mofa_sklearn.encoders._text.TextEncoder",
        "mofa_sklearn.encoders._video.VideoEncoder",
        "mofa_sklearn.estimators._classifier.MoFAClassifier",
        "mofa_sklearn.estimators._regressor.MoFARegressor",
        "mofa_sklearn.preprocessing._neighbors.BruteForceIndex",
        "sklearn.isotonic.IsotonicRegression",
    ]
)
_OF_ALL_ESTIMATORS = "n_features_in_ feature_names_in_ _metadata_request _sklearn_output_config"


def is_listed(name: str) -> bool:
    """Tell whether a class is on the list, by its full name."""
    return name in _CLASSES or name in CALLED


def is_estimator(name: str) -> bool:
    """Tell whether a full name is that of an estimator on the list."""
    return name in ESTIMATORS


def is_splitter(name: str) -> bool:
    """Tell whether a full name is that of a splitter on the list."""
    return name in SPLITTERS


@cache
def attributes_of(name: str) -> dict[str, str]:
    """Return which attributes a class on the list has, and of which kinds.

    Parameters
    ----------
    name : str
        Its full name.

    Returns
    -------
    dict of str to str
        Attribute, or parameter of `__init__`, and its kind.
    """
    kinds = {
        parameter.name: PARAMETERS.get(parameter.name, "plain")
        for parameter in inspect.signature(found(name)).parameters.values()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    words = _CLASSES[name].split()
    if is_estimator(name):
        words += _OF_ALL_ESTIMATORS.split()
    for word in words:
        attribute, _, kind = word.partition("=")
        kinds[attribute] = kind or ATTRIBUTES[attribute]
    return kinds


def full_name(thing: Any) -> str:
    """Return the module and name of a type or function."""
    if not hasattr(thing, "__qualname__"):  # a ufunc
        return f"{_module_of_ufunc(thing)}.{thing.__name__}"
    return f"{thing.__module__}.{thing.__qualname__}"


def _module_of_ufunc(ufunc: Any) -> str:
    known = ("numpy", "scipy.special")
    modules = (sys.modules[name] for name in known if name in sys.modules)
    return next((m.__name__ for m in modules if getattr(m, ufunc.__name__, None) is ufunc), "")


def found(name: str) -> Any:
    """Return the class or function of a full name, importing its module.

    Parameters
    ----------
    name : str
        On the list, or trusted.

    Returns
    -------
    type or callable

    Raises
    ------
    PersistenceError
        If there is none of that name.
    """
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:  # importing may raise anything
        raise PersistenceError(f"{name} cannot be imported ({error})") from error


def is_found(thing: Any) -> bool:
    """Tell whether a class or function is found by its full name, among what is imported."""
    module, _, attribute = full_name(thing).rpartition(".")
    return getattr(sys.modules.get(module), attribute, None) is thing


def names_of(trusted: Iterable[str | type] | None) -> set[str]:
    """Return the full names of the types that the caller trusts.

    Parameters
    ----------
    trusted : list of str or type, or None
        Types, functions, or their full names.

    Returns
    -------
    set of str

    Raises
    ------
    TypeError
        If it is anything else.
    """
    wrong = "trusted must be a list of types or of their names, got {!r}."
    if trusted is None:
        return set()
    if isinstance(trusted, (str, bytes, bool)) or not isinstance(trusted, Iterable):
        raise TypeError(wrong.format(trusted))
    trusted = list(trusted)
    if not all(isinstance(item, str) or hasattr(item, "__name__") for item in trusted):
        raise TypeError(wrong.format(trusted))
    return {item if isinstance(item, str) else full_name(item) for item in trusted}


# What our loaders make, under the names that skops has for them.
_MADE_BY_LOADERS = [
    "collections.OrderedDict",
    "functools.partial",
    "numpy.dtype",
    "sklearn.metrics._dist_metrics.ChebyshevDistance64",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
]

#: What a tool has to be told to trust that loads our estimators with skops by itself, as
#: mlflow does (``skops_trusted_types=``). skops looks at types only, not at what they hold:
#: it is for files of your own, or of people whom you trust.
SKOPS_TRUSTED_TYPES = sorted(
    name
    for name in (*_CLASSES, *CALLED, *TABLE_OF, *_MADE_BY_LOADERS)
    if not name.startswith("builtins.")
)
