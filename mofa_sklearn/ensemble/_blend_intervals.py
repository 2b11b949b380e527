"""Prediction intervals of a blend, from the members that did not learn from a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator

from ._blend_parts import unseen_by_members
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
    """

    shares: list[np.ndarray]
    residuals: list[np.ndarray]
    weights: list[np.ndarray] | None = None

    @classmethod
    def of(
        cls,
        parts: Sequence[BaseEstimator],
        errors: np.ndarray,
        sample_weight: np.ndarray | None = None,
    ) -> BlendIntervals:
        """Sort the rows by the members that held them out.

        Parameters
        ----------
        parts : sequence of estimators
            The fitted parts.
        errors : ndarray of shape (n_samples, n_targets)
            Out-of-fold errors of the blend; NaN for rows that a part never held out.
        sample_weight : ndarray of shape (n_samples,), default=None
            The rows' weights.

        Returns
        -------
        BlendIntervals
        """
        weight = np.ones(len(errors)) if sample_weight is None else sample_weight
        known = np.flatnonzero(~np.isnan(errors).any(axis=1) & (weight > 0))
        unseen = [unseen_by_members(part, len(errors))[known] for part in parts]
        ends = np.cumsum([of_part.shape[1] for of_part in unseen])
        patterns, owner = np.unique(np.hstack(unseen), axis=0, return_inverse=True)
        of_parts = np.split(patterns.astype(np.float64), ends[:-1], axis=1)
        shares = [of_part / of_part.sum(axis=1, keepdims=True) for of_part in of_parts]
        residuals, owner = np.abs(errors[known]), owner.ravel()
        of_patterns = [owner == pattern for pattern in range(len(patterns))]
        weights = [weight[known][own] for own in of_patterns]
        return cls(
            shares,
            [residuals[own] for own in of_patterns],
            None if sample_weight is None else weights,
        )

    def around(
        self,
        predictions: Sequence[np.ndarray],
        weights: np.ndarray,
        confidence_level: float,
        joint: bool,
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

        Returns
        -------
        ndarray of shape (n_samples, n_targets, 2)
            Lower and upper bounds.
        """
        _, n_samples, n_targets = predictions[0].shape
        step = max(1, _CHUNK_VALUES // (len(self.residuals) * n_targets))
        chunks = []
        for start in range(0, n_samples, step):
            parts = zip(weights, self.shares, predictions, strict=True)
            blends = sum(
                weight * np.tensordot(share, of_part[:, start : start + step], axes=1)
                for weight, share, of_part in parts
            )  # (n_patterns, chunk, n_targets)
            interval = cv_plus_interval(
                blends, self.residuals, confidence_level, joint, self.weights
            )
            chunks.append(interval)
        return np.concatenate(chunks)
