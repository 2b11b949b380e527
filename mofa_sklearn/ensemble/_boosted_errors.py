"""Boosting of the errors to be expected, one column at a time (componentwise).

The gamma likelihood, which asks for no more than that errors are spread in proportion to their
mean, with a logarithmic link ([1]_).

References
----------
.. [1] Buehlmann and Hothorn, "Boosting Algorithms: Regularization, Prediction and Model Fitting",
   Statistical Science 22(4), 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Steps after which the expected errors are compared with constant ones.
STEPS = (1, 2, 4, 8, 16, 32, 64)
_STEP_SIZE = 0.2
# One row's error counts as no larger than three times what was expected.
_MAX_GRADIENT = 2.0
# Confidence levels whose intervals are compared.
_LEVELS = (0.8, 0.9)


@dataclass
class Errors:
    """Out-of-fold errors, and what they are of.

    Parameters
    ----------
    prediction : ndarray of shape (n_samples, n_targets)
        Out-of-fold predictions; NaN for rows that were never held out.
    size : ndarray of shape (n_samples, n_targets)
        Absolute errors.
    part : ndarray of int of shape (n_samples,)
        Which rows were held out together.
    weight : ndarray of shape (n_samples,)
        The rows' weights.
    groups : array-like of shape (n_samples,), or None
        The rows' groups.
    """

    prediction: np.ndarray
    size: np.ndarray
    part: np.ndarray
    weight: np.ndarray
    groups: Any = None

    @classmethod
    def of_members(
        cls,
        prediction: np.ndarray,
        residuals: Sequence[np.ndarray],
        held_out: Sequence[np.ndarray],
        weight: np.ndarray | None,
        groups: Any,
    ) -> Errors:
        """Collect the errors of members on the rows held out from them, the mean of several.

        Parameters
        ----------
        prediction : ndarray of shape (n_samples, n_targets)
            The members' mean.
        residuals : sequence of n_members ndarrays of shape (n_test, n_targets)
            Absolute errors.
        held_out : sequence of n_members ndarrays of int of shape (n_test,)
            Which rows they are of.
        weight, groups : array-like of shape (n_samples,), or None
            Of all rows.

        Returns
        -------
        Errors
        """
        size, count = np.zeros_like(prediction), np.zeros((len(prediction), 1))
        part = np.zeros(len(prediction), dtype=int)
        members = list(enumerate(zip(held_out, residuals, strict=True)))
        for member, (rows, residual) in reversed(members):
            np.add.at(size, rows, residual)
            np.add.at(count, rows, 1)
            part[rows] = member
        weight = np.ones(len(size)) if weight is None else weight
        return cls(prediction, size / np.where(count > 0, count, np.nan), part, weight, groups)

    def counted(self) -> np.ndarray:
        """Return the positions of rows that were held out and have any weight."""
        return np.flatnonzero(~np.isnan(self.size).any(axis=1) & (self.weight > 0))

    def of(self, rows: np.ndarray) -> Errors:
        """Return those of some rows, with weights that sum to one."""
        groups = None if self.groups is None else np.asarray(self.groups)[rows]
        share = self.weight[rows] / self.weight[rows].sum()
        return Errors(self.prediction[rows], self.size[rows], self.part[rows], share, groups)


def boosted(
    table: np.ndarray, size: np.ndarray, share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit the logarithm of the expected error, by one more column in each step.

    Parameters
    ----------
    table : ndarray of shape (n_samples, n_columns)
        Columns of mean zero and deviation one.
    size : ndarray of shape (n_samples, n_models)
        The errors that each model is of.
    share : ndarray of shape (n_samples, n_models)
        The weights of the rows it learns from, zero for those held out; they sum to one.

    Returns
    -------
    coefficients : ndarray of shape (n_steps, n_columns, n_models)
        After each of `STEPS`.
    intercepts : ndarray of shape (n_steps, n_models)
    """
    ratio = size  # of the error to the mean one, and later to the expected one
    n_models = size.shape[1]
    coefficient, intercept = np.zeros((table.shape[1], n_models)), np.zeros(n_models)
    models = np.arange(n_models)
    found = []
    for step in range(STEPS[-1] + 1):
        mean = (share * ratio).sum(axis=0)
        mean[mean == 0] = 1.0
        intercept += np.log(mean)
        ratio = ratio / mean
        if step in STEPS:
            found.append((coefficient.copy(), intercept.copy()))
        residual = share * (np.minimum(ratio, 1 + _MAX_GRADIENT) - 1)
        gradient = table.T @ (residual - share * residual.sum(axis=0))  # (n_columns, n_models)
        best = np.abs(gradient).argmax(axis=0)
        change = _STEP_SIZE * gradient[best, models]
        coefficient[best, models] += change
        ratio = ratio * np.exp(-change * table[:, best])
    coefficients, intercepts = zip(*found, strict=True)
    return np.stack(coefficients), np.stack(intercepts)


def best_steps(logs: np.ndarray, errors: Errors) -> list[int | None]:
    """Choose for each target after how many steps to stop; None for a constant scale.

    A scale is better where its intervals have the lower score ([1]_) by more than a standard
    error.

    Parameters
    ----------
    logs : ndarray of shape (n_steps, n_samples, n_targets)
        Of the errors to be expected, by models that did not learn from the row.
    errors : Errors
        Of these rows.

    Returns
    -------
    list of int or None, of length n_targets
        Places in `STEPS`.

    References
    ----------
    .. [1] Gneiting and Raftery, "Strictly Proper Scoring Rules, Prediction, and
       Estimation", JASA 102(477), 2007, section 6.2 (interval scores).
    """
    constant = _interval_scores(np.ones_like(errors.size), errors)
    scores = [_interval_scores(np.exp(each), errors) for each in logs]
    means = np.array([np.average(each, axis=0, weights=errors.weight) for each in scores])
    steps: list[int | None] = []
    for target, step in enumerate(means.argmin(axis=0)):
        gain = constant[:, target] - scores[step][:, target]
        steps.append(int(step) if _is_positive(gain, errors) else None)
    return steps


def _interval_scores(scale: np.ndarray, errors: Errors) -> np.ndarray:
    """Return each row's mean score of intervals as wide as the scale says."""
    ratio = errors.size / scale
    order = np.argsort(ratio, axis=0, kind="stable")
    reached = np.cumsum(errors.weight[order], axis=0)
    scores = np.zeros_like(ratio)
    for level in _LEVELS:
        first = order[
            (reached < level).sum(axis=0).clip(max=len(ratio) - 1), range(ratio.shape[1])
        ]
        half_width = scale * ratio[first, range(ratio.shape[1])]
        missed_by = np.maximum(errors.size - half_width, 0)
        scores += 2 * half_width + 2 / (1 - level) * missed_by
    return scores / len(_LEVELS)


def _is_positive(gain: np.ndarray, errors: Errors) -> bool:
    """Tell whether a mean is above zero by more than its standard error, of whole groups."""
    mean = np.average(gain, weights=errors.weight)
    deviation = errors.weight * (gain - mean)
    if errors.groups is not None:
        deviation = np.bincount(np.unique(errors.groups, return_inverse=True)[1], deviation)
    return bool(mean > np.sqrt((deviation**2).sum()))
