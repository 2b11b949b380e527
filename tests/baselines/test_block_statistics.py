"""Statistics of every row of a block."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mofa_sklearn.baselines._block_statistics import BlockStatistics


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_statistics_are_numpy_s_and_follow_the_columns(dtype):
    X = np.random.default_rng(0).normal(size=(20, 6)).astype(dtype)
    transformed = BlockStatistics().fit_transform(X)
    assert transformed.dtype == dtype
    assert_array_equal(transformed[:, :6], X)
    expected = [f(X, axis=1) for f in (np.mean, np.std, np.min, np.max, np.linalg.norm)]
    assert_allclose(transformed[:, 6:].T, expected, rtol=1e-6, atol=2e-5 * expected[4].max())


def test_rows_of_length_one_all_have_this_norm():
    X = np.random.default_rng(0).normal(size=(200, 50)).astype(np.float32)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    assert_array_equal(BlockStatistics().fit_transform(X)[:, -1], 1)
    assert_array_equal(BlockStatistics().fit_transform(2.0**60 * X)[:, -1], 2.0**60)


@pytest.mark.filterwarnings("ignore:overflow")
def test_statistics_of_huge_values_are_numbers():
    X = np.array([[1e200, -1e200, 3e200], [1.0, 2.0, 3.0]])
    transformed = BlockStatistics().fit_transform(X)
    assert np.isfinite(transformed).all()
    assert_allclose(transformed[0, 3], 1e200, rtol=1e-4)


def test_nan_does_not_count_and_a_row_of_nan_stays_nan():
    X = np.array([[3.0, np.nan, 4.0], [np.nan, np.nan, np.nan]])
    transformed = BlockStatistics().fit_transform(X)
    assert_allclose(transformed[0, 3:], [3.5, 0.5, 3, 4, 5])
    assert np.isnan(transformed[1]).all()


def test_columns_are_named():
    names = BlockStatistics().fit(np.ones((2, 1))).get_feature_names_out()
    assert names.tolist() == ["x0", "mean", "std", "min", "max", "norm"]
