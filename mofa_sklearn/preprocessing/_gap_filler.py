"""Single gaps in numbers, filled by medians."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._sklearn_private import Interval, _check_feature_names_in, _fit_context
from .._validation import validate_data
from ..modalities._missing import all_finite
from ..modalities._numbers import numbers

# Columns whose medians are found at a time: few enough for a processor's cache.
_CHUNK = 64


class GapFiller(TransformerMixin, BaseEstimator):
    """Fill NaN by the column's median, and mark where gaps are common.

    Parameters
    ----------
    indicator_share : float, default=0.05
        Where at least this share of a column's values is NaN in `fit`, a column of 0 and
        1 tells where: that a number is not known often means something. One such column
        serves all whose gaps are in the same rows. 1 marks only columns without values,
        which all have the same indicator; values above 1 mark none.

    Attributes
    ----------
    medians_ : ndarray of shape (n_features_in_,)
        What gaps are filled with; 0 for a column without values.

    marked_ : ndarray of int
        Positions of the columns whose gaps are marked.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns of ``X``, where all of them are strings.

    See Also
    --------
    sklearn.impute.SimpleImputer : The same medians, and other strategies.
    make_mofa_pipeline : Puts one into every modality.

    Notes
    -----
    Unlike SimpleImputer it returns rows without gaps as they are, without a copy, takes
    a fraction of the time on thousands of columns, and fills gaps in columns that had
    none in `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.preprocessing import GapFiller
    >>> X = np.array([[1.0, 5.0], [2.0, np.nan], [9.0, 7.0]])
    >>> GapFiller().fit_transform(X)
    array([[1., 5., 0.],
           [2., 6., 1.],
           [9., 7., 0.]])
    """

    _parameter_constraints: dict = {"indicator_share": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, indicator_share=0.05):
        self.indicator_share = indicator_share

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None) -> GapFiller:
        """Learn the medians, and where gaps are common.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers, with NaN.

        y : None
            Ignored.

        Returns
        -------
        self : GapFiller
        """
        X = self._check(X, reset=True)
        gaps = None if all_finite(X) else np.isnan(X)
        self.medians_ = _medians(X, gaps)
        self.marked_ = np.empty(0, dtype=np.intp)
        if gaps is not None:
            common = np.flatnonzero(gaps.mean(axis=0) >= self.indicator_share)
            # The first of those with the same gaps.
            _, first = np.unique(gaps[:, common], axis=1, return_index=True)
            self.marked_ = common[np.sort(first)]
        return self

    def transform(self, X) -> np.ndarray:
        """Fill the gaps.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers, with NaN.

        Returns
        -------
        ndarray of shape (n_samples, n_features + number of marked columns)
            Without NaN; `X` itself where there is nothing to fill or to mark.
        """
        check_is_fitted(self, "medians_")
        X = self._check(X, reset=False)
        gaps = None if all_finite(X) else np.isnan(X)
        filled = X if gaps is None else np.where(gaps, self.medians_.astype(X.dtype), X)
        if not len(self.marked_):
            return filled
        marks = np.zeros((len(X), len(self.marked_)), dtype=X.dtype)
        if gaps is not None:
            marks[:] = gaps[:, self.marked_]
        return np.hstack([filled, marks])

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the columns; indicators are called ``missingindicator_<column>``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of ``X``; None takes those of the fit.

        Returns
        -------
        ndarray of str of shape (n_features_out,)
        """
        check_is_fitted(self, "medians_")
        names = _check_feature_names_in(self, input_features)
        marks = [f"missingindicator_{name}" for name in names[self.marked_]]
        return np.concatenate([names, np.asarray(marks, dtype=object)])

    def _check(self, X, reset: bool) -> np.ndarray:
        return validate_data(
            self,
            numbers(X),
            dtype=[np.float32, np.float64],
            ensure_all_finite="allow-nan",
            reset=reset,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _medians(X: np.ndarray, gaps: np.ndarray | None) -> np.ndarray:
    """Return every column's median of the values that are there."""
    medians = np.zeros(X.shape[1], dtype=X.dtype)
    for start in range(0, X.shape[1], _CHUNK):
        columns = slice(start, start + _CHUNK)
        values = X[:, columns].T.copy()
        if gaps is None or not gaps[:, columns].any():
            medians[columns] = np.median(values, axis=1, overwrite_input=True)
            continue
        for position, column in enumerate(values, start):
            present = column[~gaps[:, position]]
            if len(present):
                medians[position] = np.median(present, overwrite_input=True)
    return medians
