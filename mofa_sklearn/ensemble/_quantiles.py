"""Quantiles that members predict, and intervals from them (conformalised)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from ._intervals import bounds_of, chunks_of
from ._validation_sets import last_step

# Where quantiles coincide, bounds move by this part of a typical error for each standard
# deviation of a normal distribution.
_SLACK = 1e-3
# And by this part of the targets at least, so that they do move.
_ROUNDING = 1e-9


def predicts_quantiles(estimator: BaseEstimator) -> bool:
    """Tell whether an estimator, or what a pipeline ends in, predicts quantiles."""
    return hasattr(last_step(estimator), "predict_quantiles")


def levels_of(member: BaseEstimator) -> np.ndarray:
    """Return the levels of the quantiles that a fitted member predicts."""
    return np.asarray(last_step(member).quantile_levels_)


def quantiles_of(member: BaseEstimator, X: Any) -> np.ndarray:
    """Return the quantiles that a fitted member predicts.

    Parameters
    ----------
    member : regressor or pipeline
        Its last step predicts quantiles.
    X : array-like or DataFrame of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    ndarray of shape (n_samples, n_targets, n_levels)
    """
    while isinstance(member, Pipeline) and not hasattr(member, "predict_quantiles"):
        X = member[:-1].transform(X) if len(member.steps) > 1 else X
        member = member.steps[-1][1]
    return np.asarray(member.predict_quantiles(X))


def moved(quantiles: np.ndarray, levels: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Move quantiles so that their median is what is predicted.

    Parameters
    ----------
    quantiles : ndarray of shape (..., n_targets, n_levels)
        Of the members alone.
    levels : ndarray of shape (n_levels,)
        0.5 is among them.
    prediction : ndarray of shape (..., n_targets)
        Of the members and their companions.

    Returns
    -------
    ndarray of the shape of `quantiles`
    """
    median = quantiles[..., np.flatnonzero(levels == 0.5)[0]]
    return quantiles + (prediction - median)[..., None]


@dataclass
class QuantileErrors:
    """How far out the truth was, among the quantiles of members that did not see it.

    Between quantiles, and beyond the outermost, the normal score of a level is a linear
    function of the target. The intervals from minus to plus a score are nested, and all hold
    the median; a row's score is that of the smallest which holds its truth.

    Parameters
    ----------
    levels : ndarray of shape (n_levels,)
        Ascending, two at least.
    slack : ndarray of shape (n_targets,)
        What is added to each quantile for each normal score.
    scores : list of n_members ndarrays of shape (n_test, n_targets)
        Of the rows that each member did not learn from.

    References
    ----------
    .. [1] Romano, Patterson and Candes, "Conformalized Quantile Regression", NeurIPS 2019.
    .. [2] Gupta, Kuchibhotla and Ramdas, "Nested conformal prediction and quantile
       out-of-bag ensemble methods", Pattern Recognition 127, 2022.
    """

    levels: np.ndarray
    slack: np.ndarray
    scores: list[np.ndarray]

    @classmethod
    def of(
        cls,
        levels: np.ndarray,
        quantiles: Sequence[np.ndarray],
        truth: Sequence[np.ndarray],
        residuals: Sequence[np.ndarray],
        weights: Sequence[np.ndarray] | None,
    ) -> QuantileErrors:
        """Find how far out the truth was.

        Parameters
        ----------
        levels : ndarray of shape (n_levels,)
            Of the quantiles.
        quantiles : sequence of n_members ndarrays of shape (n_test, n_targets, n_levels)
            What each member predicts for the rows that it did not learn from.
        truth : sequence of n_members ndarrays of shape (n_test, n_targets)
            Their targets.
        residuals : sequence of n_members ndarrays of shape (n_test, n_targets)
            Absolute errors of the medians.
        weights : sequence of n_members ndarrays of shape (n_test,), or None
            Their weights.

        Returns
        -------
        QuantileErrors
        """
        errors, targets = np.concatenate(list(residuals)), np.concatenate(list(truth))
        if weights is not None:
            counted = np.concatenate(list(weights)) > 0
            errors, targets = errors[counted], targets[counted]
        slack = np.full(errors.shape[1], np.finfo(np.float32).tiny)
        if len(errors):
            slack = np.maximum(slack, _SLACK * np.median(errors, axis=0))
            slack = np.maximum(slack, _ROUNDING * np.abs(targets).max(axis=0))
        new = cls(levels, slack, [])
        pairs = zip(quantiles, truth, strict=True)
        new.scores = [np.abs(_score(new._loose(each), y, new._normal)) for each, y in pairs]
        return new

    def around(
        self,
        quantiles: np.ndarray,
        confidence_level: float,
        joint: bool,
        weights: Sequence[np.ndarray] | None,
    ) -> np.ndarray:
        """Compute intervals for new rows.

        Parameters
        ----------
        quantiles : ndarray of shape (n_members, n_samples, n_targets, n_levels)
            What every member predicts for them.
        confidence_level : float, in (0, 1)
            Part of the intervals that shall hold the truth.
        joint : bool
            Whether they shall hold all targets of a row at once.
        weights : sequence of n_members ndarrays of shape (n_test,), or None
            Weights of the rows that the scores are of.

        Returns
        -------
        ndarray of shape (n_samples, n_targets, 2)
            Lower and upper bounds.
        """
        owner = np.repeat(np.arange(len(self.scores)), [len(each) for each in self.scores])
        scores = np.concatenate(self.scores)
        weight = np.ones(len(scores)) if weights is None else np.concatenate(list(weights))
        counted = weight > 0
        owner, scores, weight = owner[counted], scores[counted], weight[counted]
        if joint and len(scores):
            scores = np.broadcast_to(scores.max(axis=1, keepdims=True), scores.shape)
        quantiles = self._loose(quantiles)
        _, n_samples, n_targets, _ = quantiles.shape
        interval = np.empty((n_samples, n_targets, 2))
        for rows in chunks_of(n_samples, len(scores)):
            for target in range(n_targets):
                of_target = quantiles[:, rows, target]
                lower, upper = np.empty((2, of_target.shape[1], len(scores)))
                for member, curve in enumerate(of_target):
                    own = owner == member
                    lower[:, own] = _at(curve, -scores[own, target], self._normal)
                    upper[:, own] = _at(curve, scores[own, target], self._normal)
                interval[rows, target] = bounds_of(lower, upper, weight, confidence_level)
        return interval

    @property
    def _normal(self) -> np.ndarray:
        return ndtri(self.levels)

    def _loose(self, quantiles: np.ndarray) -> np.ndarray:
        """Return quantiles that ascend strictly, with the same median."""
        return quantiles + self.slack[:, None] * self._normal


def _score(quantiles: np.ndarray, truth: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return the normal score that a curve of quantiles has at the truth."""
    left = (truth[..., None] >= quantiles).sum(axis=-1) - 1
    left = left.clip(0, len(normal) - 2)[..., None]
    low, high = (np.take_along_axis(quantiles, left + i, axis=-1)[..., 0] for i in (0, 1))
    left = left[..., 0]
    part = (truth - low) / (high - low)
    return normal[left] + part * (normal[left + 1] - normal[left])


def _at(quantiles: np.ndarray, scores: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return where each curve, (n_samples, n_levels), has each of some normal scores."""
    left = (np.searchsorted(normal, scores, side="right") - 1).clip(0, len(normal) - 2)
    part = (scores - normal[left]) / (normal[left + 1] - normal[left])
    return quantiles[:, left] * (1 - part) + quantiles[:, left + 1] * part
