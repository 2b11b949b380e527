"""What is remembered of one modality's training rows, and what it tells about others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from ._neighbors import Bounds, BruteForceIndex, NeighborSearch, near_together

#: What the space of all modalities together is called.
JOINT = "joint"
#: What a memory tells besides the targets.
DISTANCES = ("nearest_distance", "mean_distance")
# A distance below this share of the typical one counts as none: keeps weights finite.
_NO_DISTANCE = 1e-3
# Numbers held at a time where many rows are attended over.
_CHUNK_NUMBERS = 2**20
# How many times the rounding errors of the modalities' distances those of all together may be.
_JOINT_ROUNDING = 4
# Rows whose neighbours tell what a typical distance is.
_N_TYPICAL = 1000


class Targets:
    """The targets of training rows, in standard deviations from their mean.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_targets)
        The targets, as they are.
    mean, scale : ndarray of shape (n_targets,), default=None
        Their mean and standard deviation, 1 where that is 0; None computes them.
    """

    def __init__(
        self,
        values: np.ndarray,
        mean: np.ndarray | None = None,
        scale: np.ndarray | None = None,
    ):
        self.values = values
        if mean is None or scale is None:
            mean, scale = values.mean(axis=0), values.std(axis=0)
            scale = np.where(scale > 0, scale, 1)
        self.mean, self.scale = mean, scale
        self._all: np.ndarray | None = None

    def standardized(self, rows: np.ndarray) -> np.ndarray:
        """Map places of rows, (n_queries, n_neighbors), to (n_queries, n_targets, n_neighbors)."""
        if rows.size < len(self.values):
            values = (self.values[rows] - self.mean) / self.scale
        else:
            values = self._all_standardized()[rows]
        return np.ascontiguousarray(values.swapaxes(-1, -2))

    def _all_standardized(self) -> np.ndarray:
        if self._all is None:
            self._all = (self.values - self.mean) / self.scale
        return self._all


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

    def retrieve(self, space: np.ndarray, targets: Targets) -> np.ndarray:
        """Attend over the nearest training rows.

        Parameters
        ----------
        space : ndarray of float32 of shape (n_queries, n_features)
            Rows to find neighbours of; those with NaN lack the modality.

        targets : Targets
            Those of the training rows.

        Returns
        -------
        ndarray of shape (n_queries, n_targets + 2)
            Attended targets, in standard deviations from their mean, and `DISTANCES`, as
            ``log(1 + d / typical_distance)``.
        """
        n_targets = targets.values.shape[1]
        retrieved = np.zeros((len(space), n_targets + len(DISTANCES)))
        retrieved[:, n_targets:] = self.farthest
        present = np.flatnonzero(~is_missing(space))
        distances, rows = self.find(space[present])
        size = max(1, _CHUNK_NUMBERS // (n_targets * self.n_neighbors))
        for start in range(0, len(present), size):
            chunk = slice(start, start + size)
            values = targets.standardized(rows[chunk])
            retrieved[present[chunk]] = attend(distances[chunk], values, self.temperature)
        return retrieved

    def find(
        self, space: np.ndarray, near: tuple[np.ndarray, np.ndarray] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest training rows.

        Parameters
        ----------
        space : ndarray of float32 of shape (n_queries, n_features)
            Rows that have the modality.

        near : tuple of two ndarrays of int, default=None
            Pairs of a row, of a few, and a training row that may be one of its nearest; None:
            all.

        Returns
        -------
        distances : ndarray of shape (n_queries, n_neighbors)
            How far they are, in units of the typical distance.

        rows : ndarray of int of shape (n_queries, n_neighbors)
            Which they are.
        """
        if near is None:
            nearest, positions = self.search.nearest(space, self.n_neighbors, self.n_jobs)
        else:
            nearest, positions = self.search.nearest_among(near, space, self.n_neighbors)
        return nearest.astype(np.float64) / self.typical_distance, self.rows[positions]


def retrieve_few(
    memories: Sequence[Mapping[str, Memory]],
    spaces: Sequence[Mapping[str, np.ndarray]],
    targets: Sequence[Targets],
) -> dict[str, np.ndarray]:
    """Retrieve for a few rows by several augmenters, with the results of each memory's `retrieve`.

    Parameters
    ----------
    memories : sequence of n_augmenters mappings of str to Memory
        Those of each modality, of one number of neighbours, and of one temperature.

    spaces : sequence of n_augmenters mappings of str to ndarray of shape (n_queries, n_features)
        The rows as each memory knows them, without NaN.

    targets : sequence of n_augmenters Targets
        Of each one's training rows.

    Returns
    -------
    dict of str to ndarray of shape (n_augmenters, n_queries, n_targets + 2)
    """
    bounds = [_bounds_of_few(*pair) for pair in zip(memories, spaces, strict=True)]
    retrieved = {}
    for name, memory in memories[0].items():
        found = _find_few(
            [own[name] for own in memories],
            [own[name] for own in spaces],
            [own.get(name) for own in bounds],
        )
        distances, rows = zip(*found, strict=True)
        values = [own.standardized(places) for own, places in zip(targets, rows, strict=True)]
        retrieved[name] = attend(np.stack(distances), np.stack(values), memory.temperature)
    return retrieved


def _bounds_of_few(
    memories: Mapping[str, Memory], spaces: Mapping[str, np.ndarray]
) -> dict[str, Bounds]:
    """Bound the distances of a few rows in every space; empty where that is not to be known."""
    indexes = {name: memory.search.index for name, memory in memories.items() if name != JOINT}
    if not all(isinstance(index, BruteForceIndex) for index in indexes.values()):
        return {}
    bounds = {name: index.bounds(spaces[name]) for name, index in indexes.items()}
    if JOINT in memories:
        joint = _JointRows.of(memories[JOINT], [memories[name] for name in indexes])
        bounds[JOINT] = joint.bounds([*bounds.values()])
    return bounds


def _find_few(
    memories: Sequence[Memory], spaces: Sequence[np.ndarray], bounds: Sequence[Bounds | None]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Find the training rows nearest to a few rows, as each memory's `find` does."""
    known = [own for own in bounds if own is not None]
    n_wanted = {memory.search.n_groups(memory.n_neighbors) for memory in memories}
    near: Sequence[tuple[np.ndarray, np.ndarray] | None] = [None] * len(memories)
    if len(known) == len(memories) and len(n_wanted) == 1:
        near = near_together(known, n_wanted.pop())
    return [
        memory.find(rows, pairs)
        for memory, rows, pairs in zip(memories, spaces, near, strict=True)
    ]


class _JointRows:
    """Bounds distances in a joint space by those in the modalities' spaces.

    The joint space is these spaces side by side, in units of their typical distances: its own
    rows, as many numbers again, need not be read.
    """

    #: those that have been asked for, by the memory of the joint space
    known: WeakKeyDictionary[Memory, _JointRows] = WeakKeyDictionary()

    def __init__(self, joint: Memory, parts: Sequence[Memory]) -> None:
        rows = joint.rows[joint.search.order[joint.search.starts[:-1]]]
        self.shares = [np.float32(part.typical_distance) ** -2 for part in parts]
        #: Where the joint space's rows are in the other spaces.
        self.places = [part.search.groups()[np.searchsorted(part.rows, rows)] for part in parts]
        self.margin = self._sum([part.search.index.margin() for part in parts])

    @classmethod
    def of(cls, joint: Memory, parts: Sequence[Memory]) -> _JointRows:
        """Return what was found out about a joint memory before."""
        if joint not in cls.known:
            cls.known[joint] = cls(joint, parts)
        return cls.known[joint]

    def bounds(self, parts: Sequence[Bounds]) -> Bounds:
        """Return the bounds in the joint space."""
        upper = self._sum([part.upper for part in parts])
        slack = np.dot(self.shares, [part.slack for part in parts])
        # The rows of the joint space are rounded, and so are these sums.
        upper += self.margin * ((_JOINT_ROUNDING - 1) / 2)
        return Bounds(upper, _JOINT_ROUNDING * self.margin, _JOINT_ROUNDING * slack)

    def _sum(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Add up what the spaces have for their rows, (..., n_rows), for the joint one's."""
        scaled = [
            share * own.take(places, axis=-1)
            for share, own, places in zip(self.shares, values, self.places, strict=True)
        ]
        return np.sum(scaled, axis=0)


def attend(distances: np.ndarray, values: np.ndarray, temperature: float) -> np.ndarray:
    """Weigh neighbours by how near they are.

    Parameters
    ----------
    distances : ndarray of shape (..., n_neighbors)
        In units of the typical distance, ascending.

    values : ndarray of shape (..., n_targets, n_neighbors)
        The neighbours' targets.

    temperature : float
        A neighbour's weight is its distance to the power ``-1 / temperature``.

    Returns
    -------
    ndarray of shape (..., n_targets + 2)
        The attended targets, and `DISTANCES` as ``log(1 + d)``.
    """
    scores = -np.log(distances + _NO_DISTANCE) / temperature
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    attended = np.empty((*distances.shape[:-1], values.shape[-2] + len(DISTANCES)))
    attended[..., :-2] = (weights[..., np.newaxis, :] * values).sum(axis=-1)
    attended[..., -2] = np.log1p(distances[..., 0])
    attended[..., -1] = np.log1p((weights * distances).sum(axis=-1))
    return attended


def is_missing(space: np.ndarray) -> np.ndarray:
    """Tell which rows lack the modality; of a joint space, any modality."""
    return np.isnan(space).any(axis=1)
