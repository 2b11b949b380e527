"""Prediction intervals from out-of-fold residuals (CV+)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Values held at a time: 8 million doubles are 64 MB.
_CHUNK_VALUES = 8_000_000


def cv_plus_interval(
    predictions: np.ndarray,
    residuals: Sequence[np.ndarray],
    confidence_level: float,
    joint: bool = False,
) -> np.ndarray:
    """Compute CV+ prediction intervals.

    Parameters
    ----------
    predictions : ndarray of shape (n_members, n_samples, n_targets)
        What every member predicts for the new rows.

    residuals : sequence of n_members ndarrays of shape (n_test, n_targets)
        Absolute residuals of every member on the rows it never saw.

    confidence_level : float, in (0, 1)
        Part of the intervals that shall hold the truth.

    joint : bool, default=False
        Whether a row's intervals shall hold all targets at once with this
        confidence, rather than each target with it.

    Returns
    -------
    ndarray of shape (n_samples, n_targets, 2)
        Lower and upper bound; infinite where there are too few residuals for the
        confidence asked for.

    References
    ----------
    .. [1] Barber, Candes, Ramdas and Tibshirani, "Predictive inference with the
       jackknife+", Annals of Statistics 49(1), 2021 (section 3: CV+).
    """
    if joint:
        residuals = _joint(residuals)
    _, n_samples, n_targets = predictions.shape
    owner = np.repeat(np.arange(len(residuals)), [len(r) for r in residuals])
    spread = np.concatenate(list(residuals))  # (n_residuals, n_targets)
    interval = np.empty((n_samples, n_targets, 2))
    step = max(1, _CHUNK_VALUES // len(spread))
    for start in range(0, n_samples, step):
        rows = slice(start, start + step)
        for target in range(n_targets):
            centre = predictions[:, rows, target].T[:, owner]  # (rows, n_residuals)
            upper = _upper_bound(centre + spread[:, target], confidence_level)
            lower = -_upper_bound(spread[:, target] - centre, confidence_level)
            interval[rows, target] = np.stack([lower, upper], axis=-1)
    return interval


def _upper_bound(values: np.ndarray, confidence_level: float) -> np.ndarray:
    """Return the ceil((1 - alpha) (n + 1))-th smallest of every row's n values."""
    n_values = values.shape[1]
    # The subtraction keeps ceil from going up on a rounding error.
    rank = int(np.ceil(confidence_level * (n_values + 1) - 1e-9))
    if rank > n_values:
        return np.full(len(values), np.inf)
    return np.partition(values, rank - 1, axis=1)[:, rank - 1]


def _joint(residuals: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Widen every residual to the row's worst, each target in units of its own scale.

    A row outside its box in any target then has a worst residual that is larger
    than those that made the box, so that CV+'s counting argument holds for the box.
    """
    scale = np.sqrt(np.mean(np.concatenate(list(residuals)) ** 2, axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    return [(r / scale).max(axis=1, keepdims=True) * scale for r in residuals]
