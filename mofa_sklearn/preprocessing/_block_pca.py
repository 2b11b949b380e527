"""Principal components of a wide block; a narrow one stays as it is."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import (
    FLOAT_DTYPES,
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)


class BlockPCA(TransformerMixin, BaseEstimator):
    """Replace a wide block by its first principal components, keep a narrow one.

    Made to be the one transformer for every modality: an embedding of hundreds of
    columns shrinks to a few dozen, and a creator's few numbers stay as they are,
    NaN included. Columns of a wide block are imputed (median) and standardised first.

    Parameters
    ----------
    n_components : int, default=32
        Most columns of the result. A block of no more columns than that is narrow.
        There are fewer components where the rows of the fit span fewer dimensions.

    log_narrow : bool, default=False
        Whether the columns of a narrow block are replaced by their signed
        logarithm, sign(x) log(1 + \\|x\\|): for counts, as in [1]_.

    random_state : int, RandomState instance or None, default=None
        Determines the randomised decomposition of large blocks.

    Attributes
    ----------
    pca_ : Pipeline or None
        Imputer, scaler and PCA of a wide block; None for a narrow one.

    n_components_ : int
        Number of columns of the result.

    n_features_in_ : int
        Number of columns of the block.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    sklearn.decomposition.PCA : Refuses to give more components than columns or rows.
    mofa_sklearn.ModalityPreprocessor : Applies one to every modality.

    References
    ----------
    .. [1] Ye et al., "MVP: Winning Solution to SMP Challenge 2025 Video Track",
       arXiv:2507.00950.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn import ModalityPreprocessor
    >>> from mofa_sklearn.preprocessing import BlockPCA
    >>> X = np.random.default_rng(0).normal(size=(50, 12))
    >>> reduce = ModalityPreprocessor(BlockPCA(4), modalities={"text": 10, "numeric": 2})
    >>> reduce.fit(X).get_feature_names_out().tolist()
    ['text__pca0', 'text__pca1', 'text__pca2', 'text__pca3', 'numeric__x10', 'numeric__x11']
    """

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "log_narrow": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(self, n_components=32, *, log_narrow=False, random_state=None):
        self.n_components = n_components
        self.log_narrow = log_narrow
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None) -> BlockPCA:
        """Find the principal components of a wide block.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One block; NaN allowed.

        y : None
            Not used.

        Returns
        -------
        self : BlockPCA
        """
        X = self._check(X, reset=True)
        self.pca_: Pipeline | None = None
        self.n_components_ = X.shape[1]
        if X.shape[1] > self.n_components:
            self._fit_wide(X)
        return self

    def transform(self, X) -> np.ndarray:
        """Compute the principal components of a wide block.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One block; NaN allowed.

        Returns
        -------
        ndarray of shape (n_samples, n_components_)
        """
        check_is_fitted(self, "n_components_")
        X = self._check(X, reset=False)
        if self.pca_ is not None:
            return self.pca_.transform(X)[:, : self.n_components_]
        return np.sign(X) * np.log1p(np.abs(X)) if self.log_narrow else X

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return ``pca0``, ``pca1``, ..., or the names of a narrow block's columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; None takes those of the fit.

        Returns
        -------
        ndarray of str of shape (n_components_,)
        """
        check_is_fitted(self, "n_components_")
        names = _check_feature_names_in(self, input_features)
        if self.pca_ is None:
            return names
        return np.asarray([f"pca{i}" for i in range(self.n_components_)], dtype=object)

    def _check(self, X, reset: bool) -> np.ndarray:
        return validate_data(
            self,
            X,
            dtype=FLOAT_DTYPES,
            ensure_all_finite="allow-nan",
            ensure_min_samples=2 if reset else 1,
            reset=reset,
        )

    def _fit_wide(self, X: np.ndarray) -> None:
        pca = PCA(min(self.n_components, len(X) - 1), random_state=self.random_state)
        imputer = SimpleImputer(strategy="median", keep_empty_features=True)
        pipeline = make_pipeline(imputer, StandardScaler(), pca)
        # Plain arrays between the steps, whatever the global output is.
        pipeline.set_output(transform="default")
        with np.errstate(invalid="ignore"):  # the share of a variance that is zero
            pipeline.fit(X)
        self.pca_ = pipeline
        # What is left of directions that the rows do not span is noise of the rounding.
        spread = pca.singular_values_
        rounding = max(X.shape) * np.finfo(spread.dtype).eps
        self.n_components_ = max(1, int(np.sum(spread > rounding * spread[0])))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
