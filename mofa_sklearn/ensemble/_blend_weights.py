"""Weights of a blend: non-negative, summing to one, of least squared error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import nnls

# A gain in the error that is smaller than this is not told from rounding errors.
_ROUNDING = 1e-12


def blend_weights(
    predictions: np.ndarray,
    y: np.ndarray,
    sample_weight: np.ndarray | None = None,
) -> np.ndarray:
    """Find the weighted mean of several predictions that has the least squared error.

    For every target the weights are non-negative and sum to one. A single part is such
    a mean as well, so that on these rows the mean is never worse than the best part.

    Parameters
    ----------
    predictions : ndarray of shape (n_parts, n_samples, n_targets)
        What every part predicts, for rows that it did not learn from. Rows with a NaN
        of any part are left out.

    y : ndarray of shape (n_samples, n_targets)
        The truth.

    sample_weight : ndarray of shape (n_samples,), default=None
        Non-negative weights of the rows.

    Returns
    -------
    ndarray of shape (n_parts, n_targets)
        The weights. Where parts can stand in for each other, many weights are as good;
        one choice of them is returned, always the same.

    Raises
    ------
    ValueError
        If there is no row of positive weight that every part predicts.

    Notes
    -----
    As the weights w sum to one, the error of the mean is R w, where the columns of R are
    the parts' errors r_k = y - p_k. The point of least norm in the convex hull of the
    columns is found by non-negative least squares, exactly ([1]_, chapter 23): among
    u = s w with s = sum(u), ``|R u|^2 + (sum(u) - 1)^2`` is least at
    s = 1 / (1 + |R w|^2), where it is |R w|^2 / (1 + |R w|^2), which grows with |R w|.

    References
    ----------
    .. [1] Lawson and Hanson, "Solving Least Squares Problems", Prentice-Hall 1974.
    .. [2] Breiman, "Stacked regressions", Machine Learning 24, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.ensemble._blend_weights import blend_weights
    >>> y = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> too_low, too_high = y - 1, y + 3
    >>> blend_weights(np.stack([too_low, too_high]), y).ravel()
    array([0.75, 0.25])
    """
    known = ~np.isnan(predictions).any(axis=(0, 2))
    if sample_weight is not None:
        known &= sample_weight > 0
    if not known.any():
        raise ValueError("There is no row of positive weight that every part predicts.")
    predictions, y = predictions[:, known].astype(np.float64), y[known]
    scale = np.ones(len(y)) if sample_weight is None else np.sqrt(sample_weight[known])
    errors = scale[:, None] * (y - predictions)
    sizes = np.linalg.norm(errors, axis=1)  # (n_parts, n_targets)
    alone = np.zeros_like(sizes)
    alone[np.argmin(sizes, axis=0), np.arange(y.shape[1])] = 1.0
    of_targets = [_least_error(errors[..., i], sizes[:, i].min()) for i in range(y.shape[1])]
    weights = np.stack(of_targets, axis=1)
    weights = np.where(np.isnan(weights), alone, weights)
    size = np.linalg.norm(scale[:, None] * (y - blend(predictions, weights)), axis=0)
    # Rounding errors must not make the mean worse than its best part.
    return np.where(size < sizes.min(axis=0) * (1 - _ROUNDING), weights, alone)


def given_weights(weights: Any, kept: Sequence[bool], n_targets: int) -> np.ndarray | None:
    """Check the weights that a blend is given.

    Parameters
    ----------
    weights : {"fit", "uniform"} or array-like of shape (n_estimators,) or \
            (n_estimators, n_targets)
        The blend's parameter.
    kept : sequence of n_estimators bool
        Which estimators are not dropped.
    n_targets : int
        Number of targets.

    Returns
    -------
    ndarray of shape (n_parts, n_targets) or None
        Weights of the estimators that are kept; None if they are to be fitted.

    Raises
    ------
    ValueError
        If their shape is another, if one is negative, or if they do not sum to one.
    """
    is_kept = np.asarray(kept)
    n_estimators, n_kept = len(is_kept), np.count_nonzero(is_kept)
    if isinstance(weights, str):
        uniform = np.full((n_kept, n_targets), 1 / n_kept)
        return uniform if weights == "uniform" else None
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape not in {(n_estimators,), (n_estimators, n_targets)}:
        raise ValueError(
            f"weights has shape {weights.shape}, but there are {n_estimators} estimators and "
            f"{n_targets} target(s): expected ({n_estimators},) or ({n_estimators}, {n_targets})."
        )
    if not (weights >= 0).all():
        raise ValueError(f"weights must not be negative or NaN, got {weights.tolist()}.")
    sums = weights.sum(axis=0)
    if not np.allclose(sums, 1):
        raise ValueError(
            f"weights must sum to one over the estimators, got sums of {sums.tolist()}: divide "
            "them by their sum."
        )
    weights = weights.reshape(n_estimators, -1)[is_kept]
    if not (weights.sum(axis=0) > 0).all():
        raise ValueError("The estimators that are not dropped have a weight of zero.")
    return np.repeat(weights / weights.sum(axis=0), n_targets // weights.shape[1], axis=1)


def blend(predictions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Take the weighted mean of several predictions.

    Parameters
    ----------
    predictions : ndarray of shape (n_parts, n_samples, n_targets)
        What every part predicts.

    weights : ndarray of shape (n_parts, n_targets)
        The weights.

    Returns
    -------
    ndarray of shape (n_samples, n_targets)
        NaN in rows where a part has one.
    """
    return np.sum(predictions * weights[:, None], axis=0)


def _least_error(errors: np.ndarray, unit: float) -> np.ndarray:
    """Return the weights for one target, or NaN where a part has to do it alone.

    `errors` is (n_parts, n_samples), and `unit` the norm of the best part's.
    """
    no_answer = np.full(len(errors), np.nan)
    if unit == 0:
        return no_answer
    # In units of the best part's error the sum is between 1/2 and 1. A triangle of
    # n_parts rows has the same norms as all samples.
    triangle = np.linalg.qr(errors.T / unit, mode="r")
    system = np.vstack([triangle, np.ones(len(errors))])
    goal = np.append(np.zeros(len(triangle)), 1.0)
    try:
        solution = nnls(system, goal)[0]
    except (RuntimeError, np.linalg.LinAlgError):  # rounding errors lead it around in circles
        return no_answer
    return solution / solution.sum()
