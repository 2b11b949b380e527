"""What is remembered of one modality's training rows, and what it tells about others."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from ._neighbors import NeighborSearch

#: What a memory tells besides the targets.
DISTANCES = ("nearest_distance", "mean_distance")
# A distance below this share of the typical one counts as none: keeps weights finite.
_NO_DISTANCE = 1e-3
# Rows whose neighbours tell what a typical distance is.
_N_TYPICAL = 1000


class Memory:
    """The training rows of one modality, to attend over.

    Parameters
    ----------
    space : ndarray of float32 of shape (n_rows, n_features)
        The training rows; those with NaN lack the modality, and are left out.

    n_neighbors : int
        Number of rows to attend over; at least that many have the modality.

    temperature : float
        A neighbour's weight is its distance to the power ``-1 / temperature``.

    algorithm : {"brute", "approximate"}
        Of the search.

    seed : int
        Of the approximate search.

    n_jobs : int or None
        Number of threads of the search.

    Attributes
    ----------
    rows : ndarray of int
        The rows of `space` that have the modality.

    typical_distance : float
        Mean distance of a training row to its neighbours; 1 before `calibrate`.

    farthest : ndarray of shape (2,)
        The largest distances among them, for rows that lack the modality.
    """

    def __init__(self, space, n_neighbors, temperature, algorithm, seed, n_jobs):
        self.rows = np.flatnonzero(~is_missing(space))
        self.search = NeighborSearch(space[self.rows], algorithm, seed)
        self.n_neighbors = n_neighbors
        self.temperature = temperature
        self.n_jobs = n_jobs
        self.typical_distance = 1.0
        self.farthest = np.zeros(len(DISTANCES))

    def calibrate(self, space: np.ndarray) -> Memory:
        """Learn, from some of its own rows, how far neighbours are.

        Parameters
        ----------
        space : ndarray of float32 of shape (n_rows, n_features)
            The training rows.

        Returns
        -------
        self : Memory
        """
        n_rows = len(self.rows)
        some = self.rows[np.linspace(0, n_rows - 1, min(n_rows, _N_TYPICAL)).astype(int)]
        # The nearest is the row itself, or one that is equal to it.
        k = min(self.n_neighbors + 1, n_rows)
        distances = self.search.nearest(space[some], k, self.n_jobs)[0][:, 1:]
        if distances.any():  # else there is one row, or all are equal
            self.typical_distance = float(distances.mean())
            relative = distances / self.typical_distance
            self.farthest = np.log1p([relative[:, 0].max(), relative[:, -1].max()])
        return self

    def calibrate_as(self, other: Memory) -> Memory:
        """Take another memory's distances for the typical ones.

        Parameters
        ----------
        other : Memory
            A calibrated one.

        Returns
        -------
        self : Memory
        """
        self.typical_distance = other.typical_distance
        self.farthest = other.farthest
        return self

    def retrieve(self, space: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Attend over the nearest training rows.

        Parameters
        ----------
        space : ndarray of float32 of shape (n_queries, n_features)
            Rows to find neighbours of; those with NaN lack the modality.

        targets : ndarray of shape (n_rows, n_targets)
            Targets of the training rows.

        Returns
        -------
        ndarray of shape (n_queries, n_targets + 2)
            Attended targets, in standard deviations from their mean, and `DISTANCES`, as
            ``log(1 + d / typical_distance)``.
        """
        scale = targets.std(axis=0)
        targets = (targets - targets.mean(axis=0)) / np.where(scale > 0, scale, 1)
        n_targets = targets.shape[1]
        retrieved = np.zeros((len(space), n_targets + len(DISTANCES)))
        retrieved[:, n_targets:] = self.farthest
        present = ~is_missing(space)
        nearest, positions = self.search.nearest(space[present], self.n_neighbors, self.n_jobs)
        distances = nearest.astype(np.float64) / self.typical_distance
        weights = softmax(-np.log(distances + _NO_DISTANCE) / self.temperature, axis=1)
        rows = self.rows[positions]  # (n_present, n_neighbors)
        for j, target in enumerate(targets.T):  # one at a time: bounds the memory
            retrieved[present, j] = (weights * target[rows]).sum(axis=1)
        retrieved[present, n_targets] = np.log1p(distances[:, 0])
        retrieved[present, n_targets + 1] = np.log1p((weights * distances).sum(axis=1))
        return retrieved


def is_missing(space: np.ndarray) -> np.ndarray:
    """Tell which rows lack the modality; of a joint space, any modality."""
    return np.isnan(space).any(axis=1)
