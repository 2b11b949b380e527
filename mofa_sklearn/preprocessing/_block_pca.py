"""Principal components of a wide block; a narrow one stays as it is."""

from __future__ import annotations

from math import sqrt
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import FLOAT_DTYPES, check_is_fitted

from .._sklearn_private import Interval, StrOptions, _check_feature_names_in, _fit_context
from .._validation import validate_data
from ..modalities._missing import all_finite
from ..modalities._numbers import numbers
from ..modalities._range import in_enough_digits, quiet_range

# n_components="auto": so many times the root of the number of rows, but not fewer than this,
# and only for blocks of many times as many columns.
_PER_ROOT_OF_ROWS = 0.7
_MIN_AUTO_COMPONENTS = 32
_MIN_AUTO_REDUCTION = 4
# Up to so many columns the eigenvectors of their covariance are found soonest, and exactly.
_MAX_COVARIANCE_WIDTH = 2048


class BlockPCA(TransformerMixin, BaseEstimator):
    """Replace a wide block by its first principal components, keep a narrow one.

    Made to be the one transformer for every modality: an embedding of hundreds of
    columns shrinks to a few dozen, and a creator's few numbers stay as they are,
    NaN included. Columns of a wide block are imputed (median) and standardised first,
    unless that is left to other steps.

    Parameters
    ----------
    n_components : int or "auto", default=32
        Most columns of the result. A block of no more columns than that is narrow.
        There are fewer components where the rows of the fit span fewer dimensions.
        ``"auto"`` takes more components of more rows: 0.7 times the root of their
        number, 32 at least (63 of 8,000 rows). A block is narrow then if it has less
        than four times as many columns: what little would be saved is not worth the
        directions that would be lost.

    log_narrow : bool, default=False
        Whether the columns of a narrow block are replaced by their signed
        logarithm, sign(x) log(1 + \\|x\\|): for counts, as in [1]_.

    impute : bool, default=True
        Whether gaps of a wide block are filled by the columns' medians. With False
        they are an error.

    standardize : bool, default=True
        Whether the columns of a wide block are brought to variance one first. With
        False they count by their variance.

    random_state : int, RandomState instance or None, default=None
        Determines the randomised decomposition of large blocks.

    Attributes
    ----------
    pca_ : Pipeline or None
        PCA of a wide block, and imputer and scaler before it; None for a narrow one.

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
        "n_components": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "log_narrow": ["boolean"],
        "impute": ["boolean"],
        "standardize": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components=32,
        *,
        log_narrow=False,
        impute=True,
        standardize=True,
        random_state=None,
    ):
        self.n_components = n_components
        self.log_narrow = log_narrow
        self.impute = impute
        self.standardize = standardize
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
            The fitted transformer.

        Raises
        ------
        ValueError
            If a wide block has a single row, or gaps and `impute` is False.
        """
        X = self._check(X, reset=True)
        self.pca_: Pipeline | None = None
        self.n_components_ = X.shape[1]
        n_components, max_narrow = self._limits(len(X))
        if X.shape[1] > max_narrow:
            self._fit_wide(X, n_components)
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
            reduced = in_enough_digits(X)
            *before, (_, pca) = self.pca_.steps
            for _, step in before:  # a pipeline takes longer than a step for a row
                reduced = step.transform(reduced)
            reduced = _projected(pca, reduced)[:, : self.n_components_]
            with np.errstate(over="ignore"):  # what is too large now is for the next step to say
                return reduced.astype(X.dtype, copy=False)
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
        with quiet_range():
            return validate_data(
                self,
                numbers(X),
                dtype=FLOAT_DTYPES,
                ensure_all_finite="allow-nan",
                ensure_min_samples=2 if reset and self.n_components != "auto" else 1,
                reset=reset,
            )

    def _limits(self, n_samples: int) -> tuple[int, int]:
        """Return the number of components, and the most columns of a narrow block."""
        if self.n_components != "auto":
            return self.n_components, self.n_components
        n_components = max(_MIN_AUTO_COMPONENTS, round(_PER_ROOT_OF_ROWS * sqrt(n_samples)))
        return n_components, _MIN_AUTO_REDUCTION * n_components - 1

    def _fit_wide(self, X: np.ndarray, n_components: int) -> None:
        if len(X) < 2:
            raise ValueError(
                f"n_samples=1: principal components of a block of {X.shape[1]} columns take at "
                "least 2 rows."
            )
        is_tall = X.shape[1] <= min(len(X), _MAX_COVARIANCE_WIDTH)
        pca = PCA(
            min(n_components, len(X) - 1),
            svd_solver="covariance_eigh" if is_tall else "auto",
            random_state=self.random_state,
        )
        before: list[BaseEstimator] = []
        if self.impute:
            before.append(SimpleImputer(strategy="median", keep_empty_features=True))
        if self.standardize:
            before.append(StandardScaler())
        pipeline = make_pipeline(*before, pca)
        # Plain arrays between the steps, whatever the global output is.
        pipeline.set_output(transform="default")
        with np.errstate(invalid="ignore"):  # the share of a variance that is zero
            pipeline.fit(in_enough_digits(X))
        self.pca_ = pipeline
        # What is left of directions that the rows do not span is noise of the rounding.
        spread = pca.singular_values_
        rounding = max(X.shape) * np.finfo(spread.dtype).eps
        if is_tall:  # the eigenvalues of a covariance are the squares
            rounding = sqrt(rounding)
        self.n_components_ = max(1, int(np.sum(spread > rounding * spread[0])))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _projected(pca: PCA, X: np.ndarray) -> np.ndarray:
    """Return what PCA does, which takes longer to check a row than to project it."""
    if not all_finite(X):
        return pca.transform(X)  # it says what is wrong
    axes = pca.components_.T
    return X @ axes - pca.mean_ @ axes
