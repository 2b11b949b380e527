"""Sets of classes that hold the truth with a given confidence (cross-conformal prediction)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._intervals import rank_of, share_needed


@dataclass
class PredictionSets:
    """How probable the truth of each row was to the members that did not learn from it.

    Parameters
    ----------
    truth : ndarray of shape (n_rows,)
        The out-of-fold probability of the row's class; of several labels that of the least
        probable one that is there, and infinite where none is.
    weights : ndarray of shape (n_rows,), or None
        The rows' weights.
    """

    truth: np.ndarray
    weights: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        probabilities: np.ndarray,
        y: np.ndarray,
        classes: np.ndarray,
        sample_weight: np.ndarray | None = None,
    ) -> PredictionSets:
        """Look up how probable the truth was.

        Parameters
        ----------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Out-of-fold probabilities; NaN for rows that were never held out.
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The classes, or an indicator of labels.
        classes : ndarray of shape (n_classes,) or (n_labels, 2)
            The classes, sorted.
        sample_weight : ndarray of shape (n_samples,), default=None
            The rows' weights. Rows of weight zero are left out.

        Returns
        -------
        PredictionSets
        """
        known = ~np.isnan(probabilities).any(axis=1)
        if sample_weight is not None:
            known &= sample_weight > 0
        probabilities, y = probabilities[known], y[known]
        if y.ndim == 2:
            truth = np.where(y > 0, probabilities, np.inf).min(axis=1)
        else:
            truth = probabilities[np.arange(len(y)), np.searchsorted(classes, y)]
        return cls(truth, None if sample_weight is None else sample_weight[known])

    def among(
        self, probabilities: np.ndarray, confidence_level: float, labels: bool
    ) -> np.ndarray:
        """Choose the classes that belong to the set of each new row.

        Parameters
        ----------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Of new rows.
        confidence_level : float, in (0, 1)
            Part of the sets that shall hold the truth.
        labels : bool
            Whether each column is a label of its own, of which a row may have none.

        Returns
        -------
        ndarray of bool of the shape of `probabilities`
        """
        chosen = probabilities >= self._least_probability(confidence_level)
        if not labels:
            chosen[np.arange(len(chosen)), probabilities.argmax(axis=1)] = True
        return chosen

    def _least_probability(self, confidence_level: float) -> float:
        """Return the probability that the truth of that part of all rows has at least."""
        if len(self.truth) == 0:
            return -np.inf
        falling = np.argsort(-self.truth, kind="stable")
        if self.weights is None or np.ptp(self.weights) == 0:
            rank = rank_of(confidence_level, len(falling))
            return -np.inf if rank > len(falling) else self.truth[falling[rank - 1]]
        needed = share_needed(confidence_level, self.weights)
        reached = np.cumsum(self.weights[falling]) >= needed
        return self.truth[falling[reached.argmax()]] if reached.any() else -np.inf
