"""scikit-learn's SimpleImputer, which says what to do with columns that are no numbers."""

from __future__ import annotations

from typing import Any

from sklearn.impute import SimpleImputer

from ..modalities._numbers import numbers


class MedianImputer(SimpleImputer):
    """Fill gaps in numbers, as SimpleImputer; refuse words, dates and vectors by their names."""

    def fit(self, X: Any, y: Any = None) -> MedianImputer:
        """Learn what to fill gaps with.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            Numbers.

        y : None
            Ignored.

        Returns
        -------
        self : MedianImputer

        Raises
        ------
        ValueError or TypeError
            If a column holds something else; the message says what takes it.
        """
        return super().fit(numbers(X), y)

    def transform(self, X: Any) -> Any:
        """Fill gaps.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            The columns of the fit.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features_out)
            As `set_output` says.
        """
        return super().transform(numbers(X))
