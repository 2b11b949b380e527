"""EngagementBinner: classes at training quantiles."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.preprocessing import KBinsDiscretizer
from sklearn.utils._param_validation import InvalidParameterError

from mofa_sklearn.preprocessing import EngagementBinner

COUNTS = np.floor(np.exp(np.random.default_rng(0).normal(6, 2, size=500)))


@pytest.mark.parametrize("n_bins", [2, 5])
def test_classes_are_those_of_kbinsdiscretizer(n_bins):
    train, test = COUNTS[:300], COUNTS[300:]
    bins = KBinsDiscretizer(n_bins, encode="ordinal", strategy="quantile", subsample=None)
    if "quantile_method" in bins.get_params():
        bins.set_params(quantile_method="linear")
    bins.fit(train[:, np.newaxis])
    binner = EngagementBinner(n_bins).fit(train)
    assert_array_equal(binner.bin_edges_, bins.bin_edges_[0])
    assert_array_equal(binner.transform(test), bins.transform(test[:, np.newaxis])[:, 0])


def test_classes_have_equal_numbers_of_training_rows():
    classes = EngagementBinner(4).fit_transform(np.arange(40))
    assert_array_equal(np.bincount(classes), [10, 10, 10, 10])
    assert np.issubdtype(classes.dtype, np.integer)


def test_classes_rise_with_the_target():
    classes = EngagementBinner(5).fit_transform(COUNTS)
    assert (np.diff(classes[np.argsort(COUNTS)]) >= 0).all()


def test_bounds_are_those_of_the_training_rows_whatever_is_transformed():
    binner = EngagementBinner(3).fit(COUNTS)
    assert_array_equal(binner.transform([-1e9, 1e9]), [0, 2])
    assert_array_equal(binner.transform(COUNTS)[:7], binner.transform(COUNTS[:7]))


def test_many_equal_targets_make_fewer_classes():
    y = np.repeat([0, 1, 2, 3], [70, 10, 10, 10])
    with pytest.warns(UserWarning, match="Bins whose width are too small"):
        binner = EngagementBinner(5).fit(y)
    assert_array_equal(np.unique(binner.transform(y)), binner.classes_)
    assert len(binner.classes_) < 5


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([3.0, 3.0], "y has the one value 3: no classes"),
        ([1.0, np.nan], "Input y contains NaN"),
        (np.ones((4, 2)), "y should be a 1d array"),
    ],
)
def test_what_makes_no_classes_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        EngagementBinner(2).fit(y)


def test_one_class_is_no_number_of_bins():
    with pytest.raises(InvalidParameterError, match="'n_bins' parameter of EngagementBinner"):
        EngagementBinner(1).fit(COUNTS)
