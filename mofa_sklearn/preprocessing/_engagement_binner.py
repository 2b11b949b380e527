"""Make ordered classes of counts."""

from __future__ import annotations

from inspect import signature
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import KBinsDiscretizer
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from .._sklearn_private import Interval, _fit_context
from .._validation import check_array


class EngagementBinner(TransformerMixin, BaseEstimator):
    """Make ordered classes of a target, with bounds at its training quantiles.

    A transformer of ``y``, as :class:`sklearn.preprocessing.LabelEncoder` is: fit it
    on training targets alone, and transform those of the test rows by the same
    bounds. Classes are numbers from 0, the least engagement.

    Parameters
    ----------
    n_bins : int, default=5
        Number of classes, of about the same number of training rows each. Where many
        targets are equal, zeros say, there may be fewer; scikit-learn then warns.

    Attributes
    ----------
    bin_edges_ : ndarray of shape (n_classes + 1,)
        Bounds of the classes: the lower one belongs to a class, the upper one to the
        next. What lies beyond the first and the last belongs to the classes there.

    classes_ : ndarray of int of shape (n_classes,)
        0, 1, ...

    See Also
    --------
    MoFAClassifier : Learns them as ordered classes with ``ordinal=True``.
    sklearn.preprocessing.KBinsDiscretizer : What finds the bounds.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.preprocessing import EngagementBinner
    >>> views = np.array([3, 10, 25, 90, 400, 8000])
    >>> binner = EngagementBinner(3).fit(views)
    >>> binner.transform([5, 60, 1_000_000])
    array([0, 1, 2])
    """

    _parameter_constraints: dict = {"n_bins": [Interval(Integral, 2, None, closed="left")]}

    def __init__(self, n_bins=5):
        self.n_bins = n_bins

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, y) -> EngagementBinner:
        """Find the bounds of the classes.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Training targets: counts, or their logarithms, which give the same
            classes but for ties at bounds between two targets.

        Returns
        -------
        self : EngagementBinner
            The fitted binner.

        Raises
        ------
        ValueError
            If `y` is not 1-D, has other values than finite numbers, or all of them
            are equal.
        """
        y = _check_target(y)
        if np.ptp(y) == 0:
            raise ValueError(f"y has the one value {y[0]:g}: no classes can be made of it.")
        bins = KBinsDiscretizer(self.n_bins, encode="ordinal", strategy="quantile", subsample=None)
        if "quantile_method" in signature(KBinsDiscretizer).parameters:  # not in 1.6
            bins.set_params(quantile_method="linear")
        self.bin_edges_ = bins.fit(y[:, np.newaxis]).bin_edges_[0]
        self.classes_ = np.arange(len(self.bin_edges_) - 1)
        return self

    def transform(self, y) -> np.ndarray:
        """Tell the class of each target.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Targets, of the scale of the training ones.

        Returns
        -------
        ndarray of int of shape (n_samples,)
            The position in `classes_`.
        """
        check_is_fitted(self)
        return np.searchsorted(self.bin_edges_[1:-1], _check_target(y), side="right")

    def fit_transform(self, y) -> np.ndarray:
        """Find the bounds of the classes, and tell the class of each target.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Training targets.

        Returns
        -------
        ndarray of int of shape (n_samples,)
            The position in `classes_`.
        """
        return self.fit(y).transform(y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.one_d_labels = True
        return tags


def _check_target(y) -> np.ndarray:
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    return column_or_1d(y, warn=True)
