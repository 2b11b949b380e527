"""What is wrong with members and companions, found before any of them is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from .._sklearn_private import _num_features
from ._validation_sets import last_step


def check_trainable(estimator: BaseEstimator, X: Any, classes: np.ndarray | None = None) -> None:
    """Refuse an estimator whose `fit`, or whose prediction, would be refused later.

    Parameters
    ----------
    estimator : estimator
        What members, or companions, are clones of.
    X : array-like of shape (n_samples, n_features)
        The rows.
    classes : ndarray of shape (n_classes,), default=None
        Of classifiers: what there is to be learned.

    Raises
    ------
    InvalidParameterError
        If a parameter of it, or of an estimator in it, is not what it may be.
    NotFittedError
        If it is frozen and not fitted.
    ValueError
        If it is frozen and was fitted on other columns, or knows other classes.
    """
    for part in [estimator, *estimator.get_params(deep=True).values()]:
        if isinstance(part, FrozenEstimator):
            _check_frozen(part)
        elif isinstance(part, BaseEstimator) and hasattr(part, "_parameter_constraints"):
            part._validate_params()
    if isinstance(estimator, FrozenEstimator):
        _check_columns(estimator, X)
    last = last_step(estimator)
    if isinstance(last, FrozenEstimator) and classes is not None:
        unknown = np.setdiff1d(np.asarray(getattr(last, "classes_", [])), classes)
        if len(unknown):
            raise ValueError(
                f"The frozen {type(last.estimator).__name__} predicts class(es) "
                f"{unknown.tolist()} that y lacks, which has {classes.tolist()}."
            )


def _check_frozen(frozen: FrozenEstimator) -> None:
    try:
        check_is_fitted(frozen.estimator)
    except NotFittedError:
        raise NotFittedError(
            f"FrozenEstimator({type(frozen.estimator).__name__}) is used as it is, but was never "
            "fitted: fit it first, or pass it without FrozenEstimator."
        ) from None


def _check_columns(frozen: FrozenEstimator, X: Any) -> None:
    known = getattr(frozen, "n_features_in_", None)
    if known is not None and known != _num_features(X):
        raise ValueError(
            f"The frozen {type(frozen.estimator).__name__} was fitted on {known} columns, but X "
            f"has {_num_features(X)}."
        )
