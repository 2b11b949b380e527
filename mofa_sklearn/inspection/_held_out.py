"""Predict rows by the members of a K-fold ensemble that did not learn from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._unwrap import unwrap

# Predictions of the same rows differ by far less than this part of their spread, whatever is
# rounded or filled in otherwise; those of other rows differ by more than all of it.
_SAME_ROWS = 0.1


def held_out_rows(estimator: Any) -> list[np.ndarray]:
    """Return the rows that each member of a K-fold ensemble did not learn from.

    Parameters
    ----------
    estimator : estimator
        A fitted KFoldEnsembleRegressor, or a pipeline or search that ends in one.

    Returns
    -------
    list of ndarray of int
        Positions in the rows of the fit, for each member.

    Raises
    ------
    TypeError
        If there is no such ensemble.
    """
    inner, _ = unwrap(estimator)
    rows = getattr(inner, "_held_out", None)
    if rows is None or not hasattr(inner, "oof_prediction_"):
        raise TypeError(
            "held_out=True needs a fitted KFoldEnsembleRegressor, or a pipeline or search that "
            f"ends in one; got {type(inner).__name__}. Pass rows that the estimator did not "
            "learn from, with held_out=False."
        )
    return rows


def predict_held_out(estimator: Any, X: Any, member: int) -> np.ndarray:
    """Predict by one member of an ensemble, and by the companions of its fold.

    Parameters
    ----------
    estimator : estimator
        As in :func:`held_out_rows`.
    X : ndarray or DataFrame of shape (n_samples, n_features)
        Rows held out from the member.
    member : int
        Its position.

    Returns
    -------
    ndarray of shape (n_samples, ...)
    """
    inner, X = unwrap(estimator, X)
    return inner._member_predictions(X, "predict")[member]


def out_of_fold_prediction(estimator: Any, n_samples: int) -> np.ndarray:
    """Return the out-of-fold predictions that an ensemble keeps.

    Parameters
    ----------
    estimator : estimator
        A fitted ensemble with ``oof_prediction_``, or a pipeline or search that ends in one.
    n_samples : int
        Number of rows that they are wanted for.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_targets)
        NaN for rows that no member did without.

    Raises
    ------
    TypeError
        If there is no such ensemble.
    ValueError
        If the ensemble learned from another number of rows.
    """
    inner, _ = unwrap(estimator)
    kept = getattr(inner, "oof_prediction_", None)
    if kept is None:
        raise TypeError(
            "held_out=True needs a fitted K-fold ensemble or blend with `oof_prediction_`, or a "
            f"pipeline or search that ends in one; got {type(inner).__name__}. Pass rows that "
            "the estimator did not learn from, with held_out=False."
        )
    if len(kept) != n_samples:
        raise ValueError(
            f"held_out=True needs the {len(kept)} rows of the fit, in their order; got "
            f"{n_samples} rows."
        )
    return kept


def check_same_rows(estimator: Any, prediction: np.ndarray) -> None:
    """Refuse rows that are not those of the fit.

    Parameters
    ----------
    estimator : estimator
        As in :func:`held_out_rows`.
    prediction : ndarray of shape (n_samples, n_targets)
        What held-out members predict for the rows given.

    Raises
    ------
    ValueError
        If that is not what they predicted in the fit.
    """
    kept = out_of_fold_prediction(estimator, len(prediction)).reshape(prediction.shape)
    known = ~np.isnan(kept).any(axis=1)
    kept, prediction = kept[known], prediction[known]
    difference = np.sqrt(np.mean((kept - prediction) ** 2, axis=0))
    if (difference > _SAME_ROWS * kept.std(axis=0) + np.finfo(np.float32).eps).any():
        raise ValueError(
            "held_out=True needs the rows of the fit, in their order, but the members predict "
            "the rows of X otherwise than they did in the fit. With other rows, pass "
            "held_out=False."
        )
