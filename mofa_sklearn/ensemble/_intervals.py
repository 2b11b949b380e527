"""Prediction intervals from out-of-fold residuals (CV+)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

# Values held at a time: 8 million doubles are 64 MB.
_CHUNK_VALUES = 8_000_000
# What a share of the weights may be off by.
_ROUNDING = 1e-9


def cv_plus_interval(
    predictions: np.ndarray,
    residuals: Sequence[np.ndarray],
    confidence_level: float,
    joint: bool = False,
    weights: Sequence[np.ndarray] | None = None,
    scales: Scales | None = None,
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

    weights : sequence of n_members ndarrays of shape (n_test,), default=None
        Non-negative weights of these rows. None: all count the same.

    scales : Scales, default=None
        How large errors are to be expected. None: the same everywhere.

    Returns
    -------
    ndarray of shape (n_samples, n_targets, 2)
        Lower and upper bound; infinite where there are too few residuals for the
        confidence asked for.

    Notes
    -----
    With weights, a quantile is the value up to which residuals have that part of the
    weight of all rows and of the new one, as in [2]_. The new row has the weight that a row
    drawn by the weights has on average, sum(w^2) / sum(w). So rows of weight zero are as
    good as removed, the unit of the weights does not matter, and equal weights are none.

    With scales, residuals are divided by what was expected of their rows, and multiplied by
    what is to be expected of the new one ([3]_).

    References
    ----------
    .. [1] Barber, Candes, Ramdas and Tibshirani, "Predictive inference with the
       jackknife+", Annals of Statistics 49(1), 2021 (section 3: CV+).
    .. [2] Tibshirani, Barber, Candes and Ramdas, "Conformal Prediction Under Covariate
       Shift", NeurIPS 2019.
    .. [3] Papadopoulos, Gammerman and Vovk, "Normalized Nonconformity Measures for
       Regression Conformal Prediction", AIA 2008.
    """
    owner, spread, weight, model = _counted(residuals, weights, scales)
    if joint and len(spread):
        spread = _joint(spread, weight)
    _, n_samples, n_targets = predictions.shape
    interval = np.empty((n_samples, n_targets, 2))
    for rows in chunks_of(n_samples, len(spread)):
        for target in range(n_targets):
            centre = predictions[:, rows, target].T[:, owner]  # (rows, n_residuals)
            half_width = spread[:, target]  # one for all new rows, or (rows, n_residuals)
            if scales is not None:
                half_width = half_width * scales.of_new[:, rows, target].T[:, model]
            interval[rows, target] = bounds_of(
                centre - half_width, centre + half_width, weight, confidence_level
            )
    return interval


@dataclass
class Scales:
    """How large errors were to be expected, and are to be of new rows.

    Parameters
    ----------
    of_new : ndarray of shape (n_models, n_samples, n_targets)
        What every model of the errors expects of the new rows.
    of_held_out : sequence of n_members ndarrays of shape (n_test, n_targets)
        What a model that did not learn from it expected of each row held out.
    models : sequence of n_members ndarrays of int of shape (n_test,)
        Which model that is.
    """

    of_new: np.ndarray
    of_held_out: Sequence[np.ndarray]
    models: Sequence[np.ndarray]

    def of(self, rows: slice) -> Scales:
        """Return the same for some of the new rows."""
        return replace(self, of_new=self.of_new[:, rows])


def _counted(
    residuals: Sequence[np.ndarray],
    weights: Sequence[np.ndarray] | None,
    scales: Scales | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return member, residuals, weight and model of the errors of all rows that count."""
    owner = np.repeat(np.arange(len(residuals)), [len(r) for r in residuals])
    spread = np.concatenate(list(residuals))  # (n_residuals, n_targets)
    weight = np.ones(len(spread)) if weights is None else np.concatenate(list(weights))
    model = owner
    if scales is not None:
        spread = spread / np.concatenate(list(scales.of_held_out))
        model = np.concatenate(list(scales.models))
    counted = weight > 0
    return owner[counted], spread[counted], weight[counted], model[counted]


def chunks_of(n_samples: int, n_residuals: int) -> Iterator[slice]:
    """Yield slices of new rows, for which all residuals at once do not take much memory."""
    step = max(1, _CHUNK_VALUES // max(1, n_residuals))
    for start in range(0, n_samples, step):
        yield slice(start, start + step)


def bounds_of(
    lower: np.ndarray, upper: np.ndarray, weight: np.ndarray, confidence_level: float
) -> np.ndarray:
    """Choose, for every new row, the bounds of those that the residuals suggest.

    Parameters
    ----------
    lower, upper : ndarray of shape (n_samples, n_residuals)
        What every residual suggests.
    weight : ndarray of shape (n_residuals,)
        Positive weights of the residuals.
    confidence_level : float, in (0, 1)
        Part of the intervals that shall hold the truth.

    Returns
    -------
    ndarray of shape (n_samples, 2)
        Infinite where there are too few residuals.
    """
    if lower.shape[1] == 0:  # no row that counts was held out
        return np.broadcast_to([-np.inf, np.inf], (len(lower), 2))
    low = -_upper_bound(-lower, weight, confidence_level)
    return np.stack([low, _upper_bound(upper, weight, confidence_level)], axis=-1)


def _upper_bound(values: np.ndarray, weight: np.ndarray, confidence_level: float) -> np.ndarray:
    """Return of every row's values the one up to which they have the weight asked for."""
    n_values = values.shape[1]
    if np.ptp(weight) == 0:
        rank = rank_of(confidence_level, n_values)
        if rank > n_values:
            return np.full(len(values), np.inf)
        return np.partition(values, rank - 1, axis=1)[:, rank - 1]
    needed = share_needed(confidence_level, weight)
    if needed > weight.sum():
        return np.full(len(values), np.inf)
    order = np.argsort(values, axis=1, kind="stable")
    reached = np.cumsum(weight[order], axis=1) >= needed
    reached[:, -1] = True
    first = reached.argmax(axis=1)[:, None]
    return np.take_along_axis(values, np.take_along_axis(order, first, axis=1), axis=1)[:, 0]


def rank_of(confidence_level: float, n_values: int) -> int:
    """Return the rank of the bound among n values: ceil((1 - alpha) (n + 1)).

    It is above n where there are too few of them for the confidence.
    """
    # The subtraction keeps ceil from going up on a rounding error.
    return int(np.ceil(confidence_level * (n_values + 1) - _ROUNDING))


def share_needed(confidence_level: float, weight: np.ndarray) -> float:
    """Return the weight that values up to the bound have to have, that of the new row counted.

    It is above the sum of all weights where there are too few rows for the confidence.
    """
    total = weight.sum()
    needed = confidence_level * (total + (weight**2).sum() / total)
    return needed - total * _ROUNDING


def _joint(spread: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Widen every residual to the row's worst, each target in units of its own scale.

    A row outside its box in any target then has a worst residual that is larger
    than those that made the box, so that CV+'s counting argument holds for the box.
    """
    scale = np.sqrt(np.average(spread**2, axis=0, weights=weight))
    scale = np.where(scale > 0, scale, 1.0)
    return (spread / scale).max(axis=1, keepdims=True) * scale
