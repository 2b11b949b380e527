"""NeighborSearch: the nearest rows, whatever the chunks and the threads."""

import pickle
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

from mofa_sklearn.preprocessing import _neighbors
from mofa_sklearn.preprocessing._neighbors import NeighborSearch


def make_rows(n_rows, width=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n_rows, width)).astype(np.float32)


def make_repeated(n_distinct=30, times=20):
    rows = np.repeat(make_rows(n_distinct), times, axis=0)
    return rows[np.random.default_rng(1).permutation(len(rows))]


ROWS = {
    "normal": make_rows(300),
    "wide": make_rows(200, width=400),
    "far from zero": make_rows(300) + 1000,
    "heavy tails": np.exp(5 * make_rows(300)),
    "flags": (make_rows(300, width=2) > 0).astype(np.float32),
    "repeated": make_repeated(),
    "constant": np.full((100, 3), 7, dtype=np.float32),
    "one row": make_rows(1),
}
any_rows = pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)


@any_rows
def test_the_distances_are_those_of_a_full_comparison(rows):
    queries = np.vstack([rows[:50], rows[:20] + np.float32(0.1)])
    k = min(15, len(rows))
    distances, positions = NeighborSearch(rows).nearest(queries, k)
    all_distances = cdist(queries.astype(np.float64), rows.astype(np.float64))
    assert_allclose(distances, np.sort(all_distances, axis=1)[:, :k], rtol=1e-5, atol=1e-4)
    found = np.take_along_axis(all_distances, positions, axis=1)
    assert_allclose(found, distances, rtol=1e-5, atol=1e-4)
    assert all(len(set(row)) == k for row in positions)


@any_rows
def test_the_result_does_not_depend_on_chunks_threads_or_other_queries(rows, monkeypatch):
    k = min(15, len(rows))
    queries = rows[:70]
    expected = NeighborSearch(rows).nearest(queries, k)
    threads = NeighborSearch(rows).nearest(queries, k, n_jobs=3)
    alone = [NeighborSearch(rows).nearest(queries[i : i + 1], k) for i in range(5)]
    monkeypatch.setattr(_neighbors, "_CHUNK_QUERIES", 7)
    monkeypatch.setattr(_neighbors, "_CHUNK_NUMBERS", 11)
    chunks = NeighborSearch(rows).nearest(queries, k)
    for part in range(2):
        assert_array_equal(threads[part], expected[part])
        assert_array_equal(chunks[part], expected[part])
        for i, single in enumerate(alone[: len(queries)]):
            assert_array_equal(single[part], expected[part][i : i + 1])


def test_a_row_is_its_own_neighbour_at_no_distance():
    rows = make_rows(100) + 50
    distances, positions = NeighborSearch(rows).nearest(rows, 1)
    assert_array_equal(positions[:, 0], np.arange(100))
    assert_array_equal(distances, 0)


def test_of_equal_rows_the_first_are_taken():
    rows = np.zeros((40, 2), dtype=np.float32)
    rows[::2] = -0.0  # the same number
    rows[20:] = 1
    _, positions = NeighborSearch(rows).nearest(rows[[0, 30]], 5)
    assert_array_equal(positions, [np.arange(5), np.arange(20, 25)])


def test_no_queries_have_no_neighbours():
    distances, positions = NeighborSearch(make_rows(9)).nearest(make_rows(0), 3)
    assert distances.shape == positions.shape == (0, 3)


# The approximate search


def needs_voyager():
    return pytest.importorskip("voyager")


def test_the_approximate_search_finds_nearly_all():
    needs_voyager()
    rows = make_rows(2000, width=20)
    queries = make_rows(200, width=20, seed=1)
    approximate = NeighborSearch(rows, "approximate").nearest(queries, 10)
    exact = NeighborSearch(rows).nearest(queries, 10)
    assert (approximate[1] == exact[1]).mean() > 0.95
    assert (np.diff(approximate[0], axis=1) >= 0).all()


@any_rows
def test_the_approximate_search_is_repeatable_and_survives_a_pickle(rows):
    needs_voyager()
    k = min(15, len(rows))
    search = NeighborSearch(rows, "approximate", seed=3)
    expected = search.nearest(rows, k)
    again = NeighborSearch(rows, "approximate", seed=3).nearest(rows, k, n_jobs=2)
    copy = pickle.loads(pickle.dumps(search)).nearest(rows, k)
    for part in range(2):
        assert_array_equal(again[part], expected[part])
        assert_array_equal(copy[part], expected[part])


def test_equal_rows_do_not_lead_the_approximate_search_astray():
    needs_voyager()
    rows = make_repeated()
    approximate = NeighborSearch(rows, "approximate").nearest(rows, 20)
    assert_array_equal(approximate[0], 0)


def test_without_voyager_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "voyager", None)
    with pytest.raises(ImportError, match="pip install voyager"):
        NeighborSearch(make_rows(9), "approximate")


@pytest.mark.parametrize("k", [1, 7, 20])
@pytest.mark.parametrize("n", [20, 33, 170, 1000])
def test_at_least_k_values_are_within_the_bound_of_the_kth(n, k):
    values = make_rows(50, width=n)
    bound = _neighbors._bound_of_kth(values, k)
    n_within = (values <= bound[:, np.newaxis]).sum(axis=1)
    assert (n_within >= k).all()
    assert n_within.mean() < 2 * k + 1


def test_a_search_on_one_thread_leaves_the_warning_filters_alone(monkeypatch):
    # Parallel resets them, and members are fitted in several threads at once.
    monkeypatch.setattr(_neighbors, "Parallel", None)
    rows = make_rows(300)
    _, positions = NeighborSearch(rows).nearest(rows, 1)
    assert_array_equal(positions[:, 0], np.arange(300))


@pytest.mark.parametrize("k", [1, 5])
def test_what_a_search_keeps_for_the_next_one_is_in_no_pickle(k):
    rows = make_rows(100)
    search = NeighborSearch(rows)
    before = pickle.dumps(search)
    expected = search.nearest(rows[:9], k)
    assert pickle.dumps(search) == before
    for part, again in zip(expected, pickle.loads(before).nearest(rows[:9], k), strict=True):
        assert_array_equal(part, again)
