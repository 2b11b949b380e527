"""Predict from what the most similar training rows tell."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._repr._html import ShowsModalities
from .._requests import RequestsItsArguments
from .._sklearn_private import Interval, _fit_context
from .._validation import numeric_targets, validate_data
from ..modalities import resolve_modalities
from ..modalities._missing import check_blocks
from ..modalities._numbers import numbers
from ..modalities._range import in_enough_digits, is_huge, quiet_range
from ..preprocessing import RetrievalAugmenter
from ..preprocessing._cross_fitting import cross_fitting_folds
from ._columns import components, filled, mean_and_scale, project
from ._ridge_path import RidgePathRegressor

_MAX_SEED = np.iinfo(np.int32).max
_N_FOLDS = 5
# With fewer rows there is nobody to learn from.
_MIN_ROWS = 10


class RetrievalRegressor(RegressorMixin, ShowsModalities, RequestsItsArguments, BaseEstimator):
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

    # An ensemble may fit several at a time, in threads, with one BLAS thread each.
    _fits_well_on_one_thread = True

    _parameter_constraints: dict = {
        "modalities": [dict, callable, None],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "standardize": ["boolean"],
        "max_samples": [Interval(Integral, _MIN_ROWS, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        modalities=None,
        *,
        n_neighbors=20,
        n_components=32,
        temperature=1.0,
        standardize=True,
        max_samples=20_000,
        random_state=None,
    ):
        self.modalities = modalities
        self.n_neighbors = n_neighbors
        self.n_components = n_components
        self.temperature = temperature
        self.standardize = standardize
        self.max_samples = max_samples
        self.random_state = random_state

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
        blocks = resolve_modalities(X if named is None else named, self.modalities)
        check_blocks(X, blocks)
        self.modalities_ = blocks
        random_state = check_random_state(self.random_state)
        self._learn_columns(X, int(random_state.randint(_MAX_SEED)))
        seed = int(random_state.randint(_MAX_SEED))
        if len(X) > self.max_samples:
            kept = np.sort(random_state.permutation(len(X))[: self.max_samples])
            X, y = X[kept], y[kept]
            groups = None if groups is None else np.asarray(groups)[kept]
        self.augmenter_ = self._make_augmenter(X, groups, seed)
        if self.augmenter_ is None:
            retrieved = np.zeros((len(X), 1))
        else:
            retrieved = self.augmenter_.fit_transform(self._reduced(X), y, groups=groups)
            self.augmenter_.cv = len(self.augmenter_.cv)  # the rows of the folds are of no use now
        self.ridge_ = RidgePathRegressor(random_state=seed).fit(retrieved, y, groups=groups)
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
        check_is_fitted(self, "ridge_")
        with quiet_range():
            X = validate_data(
                self, numbers(X), reset=False, dtype=np.float32, ensure_all_finite=False
            )
        check_blocks(X, self.modalities_)
        if self.augmenter_ is None:
            return self.ridge_.predict(np.zeros((len(X), 1)))
        return self.ridge_.predict(self.augmenter_.transform(self._reduced(X)))

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

    def _learn_columns(self, X: np.ndarray, seed: int) -> None:
        """Learn means, scales and components."""
        blocks = list(self.modalities_.values())
        self._mean, self._scale = mean_and_scale(X, np.ones(len(X)))
        if not self.standardize:
            self._scale = np.ones_like(self._scale)
        self._directions, _ = components(
            in_enough_digits(filled(X, self._mean)),
            blocks,
            self.n_components,
            self._mean,
            self._scale,
            seed,
        )
        self._widths = [min(len(block), self.n_components) for block in blocks]

    def _reduced(self, X: np.ndarray) -> np.ndarray:
        """Return the components of rows, in the order of the modalities."""
        # What lacks counts as its mean. Left out, it would be evidence of its own, as far
        # away as can be, which a fit on complete rows has never met.
        reduced = project(filled(X, self._mean), self._directions, self._mean, self._scale)
        # A retrieval of huge values takes float64.
        return reduced if is_huge(reduced) else reduced.astype(np.float32)

    def _make_augmenter(self, X: np.ndarray, groups: Any, seed: int) -> RetrievalAugmenter | None:
        """Ask for no more neighbours than there are in the folds of the cross-fitting."""
        n_folds = _N_FOLDS if groups is None else min(_N_FOLDS, len(np.unique(groups)))
        if n_folds < 2 or len(X) < _MIN_ROWS:
            return None
        splits = list(cross_fitting_folds(n_folds, len(X), groups, seed))
        return RetrievalAugmenter(
            dict(zip(self.modalities_, self._widths, strict=True)),
            n_neighbors=min(self.n_neighbors, *(len(train) for train, _ in splits)),
            temperature=self.temperature,
            joint=len(self.modalities_) > 1,
            passthrough=False,
            cv=splits,
            random_state=seed,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
