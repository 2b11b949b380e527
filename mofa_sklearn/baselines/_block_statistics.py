"""What trees cannot see of an embedding: its length, spread and extremes."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import FLOAT_DTYPES, check_is_fitted

from .._sklearn_private import _check_feature_names_in, _fit_context
from .._validation import validate_data
from ..modalities._numbers import numbers
from ..modalities._range import quiet_range

#: Statistics are multiples of p / 2**STEP_BITS, p the largest power of two in the row's values.
STEP_BITS = 16
_NAMES = ["mean", "std", "min", "max", "norm"]


class BlockStatistics(TransformerMixin, BaseEstimator):
    """Append to every row its mean, standard deviation, minimum, maximum and norm.

    Made for the blocks of :class:`~mofa_sklearn.ModalityPreprocessor` before trees, each
    split of which looks at one column. NaN does not count; a row of NaN has statistics
    of NaN. Mean, deviation and norm are rounded to about 1e-5 of the row's largest value: the
    norms of rows of length one differ by rounding errors, which trees would split.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the block.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    Examples
    --------
    >>> from mofa_sklearn.baselines._block_statistics import BlockStatistics
    >>> BlockStatistics().fit_transform([[3.0, 0.0], [0.0, 4.0]])[:, 2:].tolist()
    [[1.5, 1.5, 0.0, 3.0, 3.0], [2.0, 2.0, 0.0, 4.0, 4.0]]
    """

    _parameter_constraints: dict = {}

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None) -> BlockStatistics:
        """Check the block; nothing is learned.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The block.

        y : None
            Not used.

        Returns
        -------
        self : BlockStatistics
        """
        self._check(X, reset=True)
        return self

    def transform(self, X) -> np.ndarray:
        """Append the statistics.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the block.

        Returns
        -------
        ndarray of shape (n_samples, n_features + 5)
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        statistics = self._statistics(X.astype(np.float64, copy=False))
        largest = np.finfo(X.dtype).max
        return np.column_stack([X, *np.clip(statistics, -largest, largest).astype(X.dtype)])

    @staticmethod
    def _statistics(X: np.ndarray) -> list[np.ndarray]:
        known = ~np.isnan(X)
        count = known.sum(axis=1, dtype=X.dtype)
        count[count == 0] = np.nan
        mean = np.where(known, X, 0).sum(axis=1) / count
        centred = np.where(known, X - mean[:, np.newaxis], 0)
        std = np.sqrt((centred**2).sum(axis=1) / count)
        norm = np.sqrt((np.where(known, X, 0) ** 2).sum(axis=1)) + 0 * count
        extremes = [np.fmin.reduce(X, axis=1), np.fmax.reduce(X, axis=1)]
        size = np.maximum(np.fmax.reduce(np.abs(X), axis=1), np.finfo(np.float32).tiny)
        step = np.exp2(np.floor(np.log2(size)) - STEP_BITS)
        mean, std, norm = (np.round(each / step) * step for each in (mean, std, norm))
        return [mean, std, *extremes, norm]

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the columns, then ``mean``, ``std``, ``min``, ``max``, ``norm``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; None takes those of the fit.

        Returns
        -------
        ndarray of str of shape (n_features + 5,)
        """
        check_is_fitted(self)
        return np.asarray([*_check_feature_names_in(self, input_features), *_NAMES], dtype=object)

    def _check(self, X, reset: bool) -> np.ndarray:
        checks = {"dtype": FLOAT_DTYPES, "ensure_all_finite": "allow-nan"}
        with quiet_range():
            return validate_data(self, numbers(X), **checks, reset=reset)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
