"""GapFiller: medians where there is no number, and marks where that is common."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.impute import SimpleImputer

from mofa_sklearn.preprocessing import GapFiller


def make_gaps(dtype=np.float64, n_rows=100, n_columns=130):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_columns)).astype(dtype)
    X[rng.random(X.shape) < 0.03] = np.nan
    return X


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_values_are_those_of_the_simple_imputer(dtype):
    X = make_gaps(dtype)
    filled = GapFiller(indicator_share=2.0).fit_transform(X)
    assert_allclose(filled, SimpleImputer(strategy="median").fit_transform(X), rtol=1e-6)
    assert filled.dtype == dtype


def test_rows_without_gaps_are_handed_on_as_they_are():
    X = np.nan_to_num(make_gaps())
    assert GapFiller().fit(X).transform(X) is X


def test_gaps_are_filled_in_columns_that_had_none():
    X = np.nan_to_num(make_gaps())
    new = X[:2].copy()
    new[0, 5] = np.nan
    filled = GapFiller().fit(X).transform(new)
    assert filled[0, 5] == np.median(X[:, 5])
    assert np.isnan(new[0, 5])


def test_common_gaps_are_marked_once_for_all_columns_that_share_them():
    X = np.arange(40.0).reshape(10, 4)
    X[::3, 0] = X[::3, 2] = np.nan
    X[1, 1] = np.nan
    filler = GapFiller(indicator_share=0.2).fit(X)
    assert filler.marked_.tolist() == [0]
    assert_array_equal(filler.transform(X)[:, 4], np.arange(10) % 3 == 0)
    assert filler.transform(np.zeros((3, 4))).shape == (3, 5)
    names = filler.get_feature_names_out(["a", "b", "c", "d"])
    assert names.tolist() == ["a", "b", "c", "d", "missingindicator_a"]


def test_a_column_without_values_is_filled_with_zero():
    X = np.column_stack([np.arange(4.0), np.full(4, np.nan)])
    assert_array_equal(GapFiller().fit_transform(X)[:, 1], 0)
