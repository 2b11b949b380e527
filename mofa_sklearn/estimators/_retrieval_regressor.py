"""Predict from what the most similar training rows tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from .._sklearn_private import _fit_context
from .._validation import numeric_targets, validate_data
from ..modalities._numbers import numbers
from ..modalities._range import quiet_range
from ._base_retrieval import BaseRetrieval
from ._ridge_path import RidgePathRegressor


class RetrievalRegressor(RegressorMixin, BaseRetrieval):
    """Predict from the targets of the most similar training rows, of each modality.

    Columns are centred and scaled, wide blocks reduced to principal components, similar
    rows retrieved for each modality and for all of them jointly
    (:class:`~mofa_sklearn.preprocessing.RetrievalAugmenter`, [1]_), and a ridge
    regression predicts from their targets and distances. It remembers creators: very
    good for new videos of creators it knows, no more than fair for others.

    Parameters
    ----------
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`.

    n_neighbors : int, default=20
        Number of rows to retrieve; fewer where there are not so many.

    n_components : int, default=32
        Number of principal components that stand for each block of more columns.

    temperature : float, default=1.0
        How evenly to attend over the neighbours, see the augmenter.

    standardize : bool, default=True
        Whether columns are brought to variance one first. With False they count by
        their variance: for columns that have been standardised already, or for
        principal components.

    max_samples : int, default=20000
        Training rows to remember, at most; of more, a random part is learned from. The
        time of a fit grows with their square.

    random_state : int, RandomState instance or None, default=None
        Determines that part, and the folds of the cross-fitting.

    Attributes
    ----------
    augmenter_ : RetrievalAugmenter or None
        What retrieves. It holds the components of the training rows. None where there
        are fewer than ten rows: the mean target is predicted.

    ridge_ : RidgePathRegressor
        What predicts from the retrieved.

    modalities_ : dict of str to ndarray of int
        Column positions of every modality.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    References
    ----------
    .. [1] Zhong et al., "Predicting Micro-video Popularity via Multi-modal Retrieval
       Augmentation", SIGIR 2024.

    Examples
    --------
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.estimators import RetrievalRegressor
    >>> widths = {"image": 8, "text": 8}
    >>> X, y = make_micro_videos(300, modalities=widths, noise=0.1, random_state=0)
    >>> model = RetrievalRegressor(widths, random_state=0).fit(X[:200], y[:200])
    >>> model.predict(X[200:]).shape
    (100, 3)
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, *, groups=None) -> RetrievalRegressor:
        """Remember the rows, and learn how far to trust them.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows; NaN throughout a block where its modality is missing, which counts
            as the block's mean, here and in `predict`.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets.

        groups : array-like of shape (n_samples,), default=None
            Groups of rows that do not learn from each other: creators, if those of new
            rows are not known.

        Returns
        -------
        self : RetrievalRegressor
            The fitted regressor.
        """
        X = numbers(X)
        named = X if hasattr(X, "columns") else None
        X, y = self._check(X, y)
        columns = X if named is None else named
        evidence, kept, groups, seed = self._remember(X, columns, y, groups)
        self.ridge_ = RidgePathRegressor(random_state=seed).fit(evidence, y[kept], groups=groups)
        return self

    def predict(self, X) -> np.ndarray:
        """Predict the targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            The shape of the targets of the fit.
        """
        return self._predict_stacked([self], X)[0]

    @staticmethod
    def _predict_stacked(estimators: Sequence[RetrievalRegressor], X) -> np.ndarray:
        """Predict with every estimator; the rows are checked once for all of them."""
        for estimator in estimators:
            check_is_fitted(estimator, "ridge_")
        evidence = BaseRetrieval._retrieve_together(estimators, X)
        return np.stack(
            [
                each.ridge_._predict_finite(own)
                for each, own in zip(estimators, evidence, strict=True)
            ]
        )

    def _check(self, X, y) -> tuple[np.ndarray, np.ndarray]:
        y = numeric_targets(y, self)
        with quiet_range():
            return validate_data(
                self,
                X,
                y,
                dtype=np.float32,
                ensure_all_finite=False,
                multi_output=True,
                y_numeric=True,
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
