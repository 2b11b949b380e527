"""Who gets whose block."""

import numpy as np
import pandas as pd
import pytest

from mofa_sklearn.inspection._permutation import (
    draw_donors,
    missing_blocks,
    with_donated_block,
)

complete = np.zeros((40, 3), dtype=bool)


def random_groups(sizes, seed=0):
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))


@pytest.mark.parametrize("sizes", [[1] * 40, [20, 20], [13, 9, 8, 7, 2, 1], [20, 19, 1]])
def test_every_block_is_used_once_and_none_stays_in_its_group(sizes):
    groups = random_groups(sizes)
    for seed in range(20):
        donors = draw_donors(np.random.RandomState(seed), complete, 1, groups)
        assert sorted(donors) == list(range(40))
        assert (groups[donors] != groups).all()


def test_a_group_of_more_than_half_of_the_rows_gets_blocks_of_others():
    groups = random_groups([30, 6, 4])
    for seed in range(20):
        donors = draw_donors(np.random.RandomState(seed), complete, 1, groups)
        assert (groups[donors] != groups).all()


def test_rows_of_a_group_mostly_get_blocks_of_one_group():
    groups = random_groups([10] * 4)
    donors = draw_donors(np.random.RandomState(0), complete, 1, groups)
    # At most two groups: where the circle's step is no multiple of ten.
    assert all(len(np.unique(groups[donors[groups == each]])) <= 2 for each in range(4))


def test_without_groups_it_is_any_permutation():
    rng = np.random.RandomState(0)
    draws = np.array([draw_donors(rng, complete[:3], 0) for _ in range(600)])
    orders, counts = np.unique(draws, axis=0, return_counts=True)
    assert len(orders) == 6
    assert counts.min() > 60


@pytest.mark.parametrize("grouped", [False, True])
def test_no_row_is_left_without_any_modality(grouped):
    rng = np.random.RandomState(0)
    for _ in range(30):
        missing = rng.uniform(size=(40, 3)) < 0.6
        missing[missing.all(axis=1), 0] = False
        groups = random_groups([15, 15, 10]) if grouped else None
        donors = draw_donors(rng, missing, 0, groups)
        after = missing.copy()
        after[:, 0] = missing[donors, 0]
        assert not after.all(axis=1).any()


def test_a_missing_block_travels():
    missing = complete.copy()
    missing[:10, 1] = True
    donors = draw_donors(np.random.RandomState(0), missing, 1)
    assert missing[donors, 1].sum() == 10
    assert not np.array_equal(missing[donors, 1], missing[:, 1])


def test_the_only_row_that_has_a_block_keeps_it():
    missing = np.array([[False, True], [True, False], [True, False]])
    for seed in range(10):
        assert draw_donors(np.random.RandomState(seed), missing, 0)[0] == 0


def test_arrays_and_frames_of_all_kinds_exchange_the_same_block():
    X = np.arange(12.0).reshape(4, 3)
    donors, positions = np.array([2, 0, 3, 1]), np.array([0, 2])
    expected = X.copy()
    expected[:, positions] = X[donors][:, positions]
    before = X.copy()
    np.testing.assert_array_equal(with_donated_block(X, positions, donors), expected)
    np.testing.assert_array_equal(X, before)

    frame = pd.DataFrame(X, index=list("abcd"), columns=["x", "y", "y"])
    pd.testing.assert_frame_equal(
        with_donated_block(frame, positions, donors),
        pd.DataFrame(expected, index=frame.index, columns=frame.columns),
    )
    mixed = pd.DataFrame({"x": X[:, 0], "y": X[:, 1], "z": pd.Categorical(list("pqpq"))})
    changed = with_donated_block(mixed, positions, donors)
    assert list(changed["z"]) == ["p", "p", "q", "q"]
    assert changed.dtypes.equals(mixed.dtypes)
    assert list(mixed["z"]) == list("pqpq")


def test_a_block_is_missing_where_all_of_it_is_nan():
    X = np.array([[np.nan, np.nan, 1.0], [np.nan, 1.0, np.nan]])
    blocks = {"a": np.array([0, 1]), "b": np.array([2])}
    expected = [[True, False], [False, True]]
    np.testing.assert_array_equal(missing_blocks(X, blocks), expected)
    np.testing.assert_array_equal(missing_blocks(pd.DataFrame(X), blocks), expected)
