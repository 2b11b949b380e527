"""The nearest rows of a matrix: exactly and in chunks, or by an approximate index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from io import BytesIO
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import ThreadpoolController

# Distances held at a time, and queries at a time where there are few rows: bounds the memory
# of a search. Both are fixed so that results do not depend on the number of threads.
_CHUNK_DISTANCES = 2**22
_CHUNK_QUERIES = 256
# Up to so many queries, a search is over before threads could help.
_FEW_QUERIES = 8
# Numbers held at a time where candidates' distances are computed once more.
_CHUNK_NUMBERS = 2**22
# Values whose minimum stands for them where the kth smallest is bounded, and how many groups of
# them there are at least for each of the k.
_GROUP_SIZE = 16
_GROUPS_FOR_ONE = 8
# HNSW's links of a row, and how far it looks when it links and when it searches: more of each
# finds more of the true neighbours, more slowly. These find over 99% on embeddings.
_N_LINKS, _BUILD_WIDTH, _SEARCH_WIDTH = 16, 100, 100

#: Gets queries and k; returns pairs (query, row), queries ascending: all k nearest are among them.
Candidates = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]


class BruteForceIndex:
    """Compares a query with every row.

    Parameters
    ----------
    rows : ndarray of float32 of shape (n_rows, n_features)
        The rows to search.

    seed : int
        Not used.
    """

    # What a search needs besides, found by the first one; no part of a pickle.
    _bounds: tuple[np.ndarray, np.ndarray, bool] | None = None

    def __init__(self, rows: np.ndarray, seed: int):
        self.rows = rows
        # Products of centred numbers lose fewer digits.
        self.centre = rows.mean(axis=0)

    def __getstate__(self) -> dict[str, np.ndarray]:
        return {"rows": self.rows, "centre": self.centre}

    def __setstate__(self, state: dict[str, np.ndarray]) -> None:
        vars(self).update(state)

    def candidates(self) -> Candidates:
        """Return a search that finds all rows that may be among the nearest."""
        rows = self._central_rows()

        def search(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
            return self._bounds_from(rows, queries).near(k)

        return search

    def bounds(self, queries: np.ndarray) -> Bounds:
        """Return bounds of a few queries' squared distances to all rows."""
        return self._bounds_from(self._central_rows(), queries)

    def margin(self) -> np.ndarray:
        """Return what these bounds allow for the rounding of each row."""
        return self._known_bounds()[1]

    def _known_bounds(self) -> tuple[np.ndarray, np.ndarray, bool]:
        if self._bounds is None:
            self._bounds = self._find_bounds()
        return self._bounds

    def _central_rows(self) -> np.ndarray:
        return self.rows if self._known_bounds()[2] else self.rows - self.centre

    def _bounds_from(self, rows: np.ndarray, queries: np.ndarray) -> Bounds:
        squares, margin, _ = self._known_bounds()
        queries = queries - self.centre
        upper = (-2 * queries) @ rows.T
        upper += squares
        own = np.einsum("ij,ij->i", queries, queries)
        return Bounds(upper, margin, 2 * self._slack() * own)

    def _find_bounds(self) -> tuple[np.ndarray, np.ndarray, bool]:
        """Return each row's share of the upper bounds, how far they are above the lower ones, and
        whether the rows need not be centred: their centre is near zero.
        """
        centred = self.rows - self.centre
        squares = np.einsum("ij,ij->i", centred, centred)
        margin = self._slack() * squares
        is_central = bool(self.centre @ self.centre <= squares.mean())
        if is_central:
            margin += self._slack() * np.einsum("ij,ij->i", self.rows, self.rows)
        return squares + margin, 2 * margin, is_central

    def _slack(self) -> np.float32:
        """Return the relative error of a squared distance from a float32 product of matrices."""
        return np.float32((4 + self.rows.shape[1] ** 0.5) * np.finfo(np.float32).eps)


class Bounds(NamedTuple):
    """What squared distances lie between, but for what is the same for all rows of a query."""

    upper: np.ndarray  # (n_queries, n_rows)
    margin: np.ndarray  # (n_rows,) or (n_queries, n_rows): the lower bounds are so much lower
    slack: np.ndarray  # (n_queries,): and so much more

    def near(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what :data:`Candidates` do. It uses the upper bounds up."""
        limit = _bound_of_kth(self.upper, k) + self.slack
        lower = np.subtract(self.upper, self.margin, out=self.upper)
        near = lower <= limit[:, np.newaxis]
        if len(near) == 1:
            of_row = np.flatnonzero(near)
            return np.zeros_like(of_row), of_row
        # Several times faster than np.nonzero of a matrix.
        of_query, of_row = np.divmod(np.flatnonzero(near), near.shape[1])
        return of_query, of_row


def near_together(bounds: Sequence[Bounds], k: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return what `near` of each returns: of a few queries, sooner than one by one."""
    n_queries, n_rows = len(bounds[0].slack), max(len(own.margin) for own in bounds)
    # Rows that an index does not have are infinitely far.
    upper = np.full(
        (len(bounds), n_queries, n_rows), np.inf, dtype=np.result_type(bounds[0].upper)
    )
    margin = np.zeros_like(upper)
    for i, own in enumerate(bounds):
        upper[i, :, : len(own.margin)] = own.upper
        margin[i, :, : len(own.margin)] = own.margin
    slack = np.concatenate([own.slack for own in bounds])
    of_query, of_row = Bounds(upper.reshape(-1, n_rows), margin.reshape(-1, n_rows), slack).near(k)
    first = np.searchsorted(of_query, n_queries * np.arange(len(bounds) + 1))
    return [
        (of_query[start:end] - i * n_queries, of_row[start:end])
        for i, (start, end) in enumerate(pairwise(first))
    ]


def _bound_of_kth(values: np.ndarray, k: int) -> np.ndarray:
    """Return for each row a number that at least k of its values do not exceed, not much more.

    The kth smallest of the minima of groups is such a number, and much sooner found than the
    kth smallest value.
    """
    n_groups = max(values.shape[1] // _GROUP_SIZE, min(_GROUPS_FOR_ONE * k, values.shape[1]))
    size = values.shape[1] // n_groups
    grouped = values[:, : size * n_groups].reshape(len(values), size, n_groups)
    return np.partition(grouped.min(axis=1), k - 1, axis=1)[:, k - 1]


class ApproximateIndex:
    """Walks through a graph of neighbours (HNSW) and meets nearly all of the nearest.

    Parameters
    ----------
    rows : ndarray of float32 of shape (n_rows, n_features)
        The rows to search.

    seed : int
        Of the graph's levels.

    Raises
    ------
    ImportError
        If `voyager` is not installed.
    """

    def __init__(self, rows: np.ndarray, seed: int):
        voyager = _import_voyager()
        index = voyager.Index(
            voyager.Space.Euclidean,
            num_dimensions=rows.shape[1],
            M=_N_LINKS,
            ef_construction=_BUILD_WIDTH,
            random_seed=seed,
            max_elements=len(rows),
        )
        index.add_items(rows, num_threads=1)  # with more the graph would differ every time
        self.rows = rows
        self.graph = index.as_bytes()  # the index itself cannot be pickled

    def candidates(self) -> Candidates:
        """Return a search that finds nearly all of the nearest rows."""
        voyager = _import_voyager()
        index = voyager.Index.load(BytesIO(self.graph))
        exact = BruteForceIndex(self.rows, 0)

        def search(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
            width = max(_SEARCH_WIDTH, 2 * k)
            try:
                rows, _ = index.query(queries, k, num_threads=1, query_ef=width)
            except voyager.RecallError:  # a graph in pieces: many rows are the same
                return exact.candidates()(queries, k)
            return np.repeat(np.arange(len(queries)), k), rows.ravel().astype(np.intp)

        return search


#: name -> the index that searches that way
_INDEXES: dict[str, type[BruteForceIndex] | type[ApproximateIndex]] = {
    "brute": BruteForceIndex,
    "approximate": ApproximateIndex,
}


def _starts(counts: np.ndarray) -> np.ndarray:
    """Return where groups of so many rows begin, one after the other, and where the last ends."""
    return np.concatenate([[0], np.cumsum(counts)])


class NeighborSearch:
    """Finds the rows that are nearest to a query.

    Rows that are the same are searched as one: they would be ties by the thousand in a
    block of flags, and tear an approximate index's graph.

    Parameters
    ----------
    rows : ndarray of float32 of shape (n_rows, n_features)
        The rows to search, finite.

    algorithm : {"brute", "approximate"}, default="brute"
        Whether to compare with every row, or to find nearly all of the nearest.

    seed : int, default=0
        Of the approximate index.
    """

    def __init__(self, rows: np.ndarray, algorithm: str = "brute", seed: int = 0):
        rows = np.ascontiguousarray(rows) + rows.dtype.type(0)  # -0.0 becomes 0.0
        as_bytes = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]
        _, first, same, counts = np.unique(
            as_bytes, return_index=True, return_inverse=True, return_counts=True
        )
        self.order = np.argsort(same, kind="stable")  # all rows, equal ones side by side
        self.starts = _starts(counts)
        self.index = _INDEXES[algorithm](rows[first], seed)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a pickle's state; those of version 0.1 have the groups' sizes."""
        state = dict(state)
        if "counts" in state:
            state["starts"] = _starts(state.pop("counts"))
        vars(self).update(state)

    def nearest(
        self, queries: np.ndarray, k: int, n_jobs: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest rows of every query.

        Parameters
        ----------
        queries : ndarray of float32 of shape (n_queries, n_features)
            What to find neighbours of.

        k : int
            How many of them; not more than there are rows.

        n_jobs : int or None, default=None
            Number of threads; the result is the same, bit for bit.

        Returns
        -------
        distances : ndarray of float32 of shape (n_queries, k)
            Euclidean distances, ascending.

        positions : ndarray of int of shape (n_queries, k)
            Places among the rows. Which of equally far rows are taken does not depend
            on the other queries; of equal rows it is the first ones.
        """
        return self._each_row(k, *_nearest(self.index, queries, self.n_groups(k), n_jobs))

    def nearest_among(
        self, near: tuple[np.ndarray, np.ndarray], queries: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest rows of a few queries among some, as `nearest` does among all.

        `near` is what :data:`Candidates` return for `n_groups(k)`.
        """
        return self._each_row(k, *_nearest_among(near, self.index.rows, queries, self.n_groups(k)))

    def groups(self) -> np.ndarray:
        """Return for every row its place among the rows of the index."""
        groups = np.empty(len(self.order), dtype=np.intp)
        groups[self.order] = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        return groups

    def n_groups(self, k: int) -> int:
        """Return how many groups have k rows for certain."""
        return min(k, len(self.starts) - 1)

    def _each_row(
        self, k: int, distances: np.ndarray, groups: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Replace groups of rows that are the same by k of their rows."""
        if len(self.starts) > len(self.order):
            return distances, self.order[groups]
        first = self.starts[groups]
        counts = self.starts[groups + 1] - first
        before = np.cumsum(counts, axis=1) - counts  # rows of nearer groups
        kept = np.minimum(np.maximum(k - before, 0), counts).ravel()  # k of every query
        shape = len(groups), k
        nth = np.tile(np.arange(k), len(groups)) - before.ravel().repeat(kept)
        positions = self.order[first.ravel().repeat(kept) + nth]
        return distances.ravel().repeat(kept).reshape(shape), positions.reshape(shape)


def _nearest(
    index: BruteForceIndex | ApproximateIndex, queries: np.ndarray, k: int, n_jobs: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Search in chunks, some of them at a time."""
    search = index.candidates()
    n_chunk = max(1, min(_CHUNK_QUERIES, _CHUNK_DISTANCES // len(index.rows)))
    chunks = [queries[start : start + n_chunk] for start in range(0, len(queries), n_chunk)]
    if not chunks:
        return np.empty((0, k), dtype=np.float32), np.empty((0, k), dtype=np.intp)
    if len(queries) <= _FEW_QUERIES:  # to limit threads would take longer than the search
        return _nearest_of_chunk(search, index.rows, queries, k)
    with _thread_pools().limit(limits=1, user_api="blas"):  # the threads are ours
        if effective_n_jobs(n_jobs) == 1:
            # Parallel resets warning filters for a while, which all threads share: several
            # searches at once, one in each thread, would take them from each other.
            found = [_nearest_of_chunk(search, index.rows, q, k) for q in chunks]
        else:
            parallel = Parallel(n_jobs=n_jobs, require="sharedmem")
            found = parallel(delayed(_nearest_of_chunk)(search, index.rows, q, k) for q in chunks)
    distances, positions = zip(*found, strict=True)
    return np.concatenate(distances), np.concatenate(positions)


@cache
def _thread_pools() -> ThreadpoolController:
    """Find the libraries that have threads: once, since it takes longer than a small search."""
    return ThreadpoolController()


def _nearest_of_chunk(
    search: Candidates, rows: np.ndarray, queries: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    return _nearest_among(search(queries, k), rows, queries, k)


def _nearest_among(
    candidates: tuple[np.ndarray, np.ndarray], rows: np.ndarray, queries: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Take the k nearest candidates by their exact distance, then by their position."""
    of_query, of_row = candidates
    distances = _distances(queries, of_query, rows, of_row)
    if len(queries) == 1:
        chosen = distances.argsort(kind="stable")[np.newaxis, :k]
        return distances[chosen], of_row[chosen]
    order = np.lexsort((of_row, distances, of_query))
    first = np.searchsorted(of_query, np.arange(len(queries)))
    chosen = order[first[:, np.newaxis] + np.arange(k)]  # (n_queries, k)
    return distances[chosen], of_row[chosen]


def _distances(
    queries: np.ndarray, of_query: np.ndarray, rows: np.ndarray, of_row: np.ndarray
) -> np.ndarray:
    distances = np.empty(len(of_query), dtype=np.result_type(queries, rows))
    n_pairs = max(1, _CHUNK_NUMBERS // rows.shape[1])
    for start in range(0, len(of_query), n_pairs):
        part = slice(start, start + n_pairs)
        difference = queries[of_query[part]] - rows[of_row[part]]
        distances[part] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return distances


def _import_voyager() -> Any:
    try:
        import voyager
    except ImportError as error:
        raise ImportError(
            "algorithm='approximate' needs the package voyager: pip install voyager, or take "
            "algorithm='brute'."
        ) from error
    return voyager
