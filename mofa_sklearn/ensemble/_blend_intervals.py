"""Prediction intervals of a blend, from the members that did not learn from a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ._blend_parts import unseen_by_members
from ._blend_weights import blend
from ._boosted_errors import Errors
from ._error_scale import ErrorScale, learn_error_scale
from ._intervals import _CHUNK_VALUES, cv_plus_interval


@dataclass
class BlendIntervals:
    """Out-of-fold residuals of a blend, and which members they belong to.

    Rows that the same members held out form a *pattern*; where all parts have the same
    K splits there are K patterns.

    Parameters
    ----------
    shares : list of n_parts ndarrays of shape (n_patterns, n_members)
        For every pattern, the share of each member in the mean over those that did not
        learn from its rows.
    residuals : list of n_patterns ndarrays of shape (n_rows, n_targets)
        Absolute out-of-fold residuals of the blend.
    weights : list of n_patterns ndarrays of shape (n_rows,), or None
        Their weights.
    rows : list of n_patterns ndarrays of int of shape (n_rows,)
        Which rows they are.
    error_scale : ErrorScale or None
        How large errors are to be expected; None: the same everywhere.
    """

    shares: list[np.ndarray]
    residuals: list[np.ndarray]
    weights: list[np.ndarray] | None = None
    rows: list[np.ndarray] = field(default_factory=list)
    error_scale: ErrorScale | None = None

    @classmethod
    def of(
        cls,
        parts: Sequence[BaseEstimator],
        X: Any,
        y: np.ndarray,
        prediction: np.ndarray,
        sample_weight: np.ndarray | None = None,
        groups: Any = None,
    ) -> BlendIntervals:
        """Sort the rows by the members that held them out.

        Parameters
        ----------
        parts : sequence of estimators
            The fitted parts.
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The rows.
        y : ndarray of shape (n_samples, n_targets)
            Their targets.
        prediction : ndarray of shape (n_samples, n_targets)
            Out-of-fold predictions of the blend; NaN for rows that a part never held out.
        sample_weight, groups : array-like of shape (n_samples,), default=None
            The rows' weights and groups.

        Returns
        -------
        BlendIntervals
        """
        size = np.abs(y - prediction)
        weight = np.ones(len(size)) if sample_weight is None else sample_weight
        known = np.flatnonzero(~np.isnan(size).any(axis=1) & (weight > 0))
        unseen = [unseen_by_members(part, len(size))[known] for part in parts]
        ends = np.cumsum([of_part.shape[1] for of_part in unseen])
        patterns, owner = np.unique(np.hstack(unseen), axis=0, return_inverse=True)
        of_parts = np.split(patterns.astype(np.float64), ends[:-1], axis=1)
        shares = [of_part / of_part.sum(axis=1, keepdims=True) for of_part in of_parts]
        of_patterns = [known[owner.ravel() == pattern] for pattern in range(len(patterns))]
        part = np.zeros(len(size), dtype=int)
        part[known] = _held_out_together(unseen)
        errors = Errors(prediction, size, part, weight, groups)
        return cls(
            shares,
            [size[rows] for rows in of_patterns],
            None if sample_weight is None else [weight[rows] for rows in of_patterns],
            of_patterns,
            learn_error_scale(X, errors),
        )

    def around(
        self,
        predictions: Sequence[np.ndarray],
        weights: np.ndarray,
        confidence_level: float,
        joint: bool,
        X: Any = None,
    ) -> np.ndarray:
        """Compute intervals around predictions for new rows.

        Parameters
        ----------
        predictions : sequence of n_parts ndarrays of shape (n_members, n_samples, n_targets)
            What every member of every part predicts.
        weights : ndarray of shape (n_parts, n_targets)
            The blend's weights.
        confidence_level : float, in (0, 1)
            Part of the intervals that shall hold the truth.
        joint : bool
            Whether they shall hold all targets of a row at once.
        X : array-like, DataFrame or sparse matrix of n_samples rows, default=None
            The rows, for adaptive widths; None: all intervals are about as wide.

        Returns
        -------
        ndarray of shape (n_samples, n_targets, 2)
            Lower and upper bounds.
        """
        scales = None
        if X is not None and self.error_scale is not None:
            means = [of_part.mean(axis=0) for of_part in predictions]
            scales = self.error_scale.scales(X, blend(np.stack(means), weights), self.rows)
        _, n_samples, n_targets = predictions[0].shape
        step = max(1, _CHUNK_VALUES // (len(self.residuals) * n_targets))
        chunks = []
        for start in range(0, n_samples, step):
            parts = zip(weights, self.shares, predictions, strict=True)
            blends = sum(
                weight * np.tensordot(share, of_part[:, start : start + step], axes=1)
                for weight, share, of_part in parts
            )  # (n_patterns, chunk, n_targets)
            own = None if scales is None else scales.of(slice(start, start + step))
            interval = cv_plus_interval(
                blends, self.residuals, confidence_level, joint, self.weights, own
            )
            chunks.append(interval)
        return np.concatenate(chunks)


def _held_out_together(unseen: Sequence[np.ndarray]) -> np.ndarray:
    """Return the first member of the first part with folds that held each row out."""
    folded = [of_part for of_part in unseen if of_part.shape[1] > 1]
    return (folded or unseen)[0].argmax(axis=1)
