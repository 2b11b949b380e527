"""A kernel's features from a few rows, however few there are."""

from __future__ import annotations

import warnings

from sklearn.kernel_approximation import Nystroem


class LandmarkKernel(Nystroem):
    """:class:`~sklearn.kernel_approximation.Nystroem` that makes do with fewer rows.

    With fewer rows than `n_components`, every row is a landmark and the kernel is
    exact; the base class warns of that.
    """

    def fit(self, X, y=None) -> LandmarkKernel:
        """Choose the landmarks.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        y : None
            Not used.

        Returns
        -------
        self : LandmarkKernel
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "n_components > n_samples", UserWarning)
            return super().fit(X, y)
