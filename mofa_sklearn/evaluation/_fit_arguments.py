"""Name the arguments of `fit` as each estimator takes them."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from .._requests import BaseSearchCV, handed_over
from .._sklearn_private import _num_samples, _safe_indexing


def fit_arguments(
    estimator: BaseEstimator, params: Mapping[str, Any] | None, groups: Any
) -> dict[str, Any]:
    """Return the arguments of an estimator's `fit`, under the names that it knows.

    Parameters
    ----------
    estimator : estimator
        An estimator, a pipeline or a search.
    params : mapping of str to object, or None
        Arguments for the step that predicts; names with ``__`` are left as they are.
    groups : array-like of shape (n_samples,) or None
        Groups of rows, for every part whose `fit` takes them.

    Returns
    -------
    dict
        With metadata routing enabled the names stay as they are, as the estimator
        routes them itself, and groups go to those that request them.
    """
    params = dict(params or {})
    routes = get_config()["enable_metadata_routing"]
    if not routes:
        prefix = _prefix_of_last_step(estimator)
        # A ModalityPipeline hands its own arguments to the steps that take them.
        own = signature(estimator.fit).parameters
        params = {
            name if "__" in name or name in own else f"{prefix}{name}": value
            for name, value in params.items()
        }
    if groups is None:
        return params
    return {**handed_over(estimator, "groups", groups), **params}


def rows_of(arguments: Mapping[str, Any], rows: np.ndarray, n_samples: int) -> dict[str, Any]:
    """Cut the arguments that have a value for each of n_samples rows to some rows."""
    return {
        name: _safe_indexing(value, rows) if _is_per_row(value, n_samples) else value
        for name, value in arguments.items()
    }


def _prefix_of_last_step(estimator: Any) -> str:
    prefix = ""
    while True:
        if isinstance(estimator, BaseSearchCV):
            estimator = estimator.estimator
        elif isinstance(estimator, Pipeline):
            name, estimator = estimator.steps[-1]
            prefix += f"{name}__"
        else:
            return prefix


def _is_per_row(value: Any, n_samples: int) -> bool:
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__len__"):
        return False
    return np.ndim(value) != 0 and _num_samples(value) == n_samples
