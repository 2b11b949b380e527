"""Huge values: found without copies, and brought into the range of float32."""

import numpy as np
import pytest

from mofa_sklearn.modalities._range import HUGE, bring_down, in_enough_digits, largest_magnitude

BLOCKS = {"a": np.array([0, 2]), "b": np.array([1, 3, 4])}
MAX = np.finfo(np.float32).max


def rows(*values, dtype=np.float32):
    X = np.ones((len(values), 5), dtype=dtype)
    X[:, 2] = values
    return X


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_largest_magnitude_is_that_of_all_values(order):
    X = np.asarray(np.random.default_rng(0).normal(size=(3000, 97)), order=order)
    assert largest_magnitude(X) == np.abs(X).max()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_largest_magnitude_tells_what_is_not_finite(value):
    assert not np.isfinite(largest_magnitude(rows(1, value, 2)))


def test_no_rows_have_no_magnitude():
    assert largest_magnitude(np.empty((0, 3))) == 0


def test_rows_that_are_not_huge_are_not_copied():
    X = rows(1, HUGE)
    assert bring_down(X, BLOCKS.values()) is X
    assert in_enough_digits(X) is X


@pytest.mark.parametrize("value", [2 * HUGE, 1e30, MAX, -MAX])
def test_a_huge_row_of_a_block_keeps_its_direction_and_other_blocks_their_values(value):
    X = rows(1, value)
    brought = bring_down(X, BLOCKS.values())
    assert HUGE / 2 <= np.abs(brought[1, 2]) <= HUGE
    assert brought[1, 0] / brought[1, 2] == pytest.approx(1 / value, rel=1e-6, abs=1e-45)
    brought[1, BLOCKS["a"]] = X[1, BLOCKS["a"]]
    np.testing.assert_array_equal(brought, X)


def test_missing_blocks_beside_huge_ones_stay_missing():
    X = rows(1e30, 1)
    X[:, BLOCKS["b"]] = np.nan
    assert np.isnan(bring_down(X, BLOCKS.values())[:, BLOCKS["b"]]).all()


@pytest.mark.parametrize("also", [1.0, np.nan])
def test_huge_values_take_float64(also):
    assert in_enough_digits(rows(also, 1e30)).dtype == np.float64
    assert in_enough_digits(rows(also, 1)).dtype == np.float32
