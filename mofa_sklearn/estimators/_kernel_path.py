"""Ridge regression on similarities to some of the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._requests import RequestsItsArguments
from .._sklearn_private import Interval, _fit_context
from .._validation import check_weight, numeric_targets, validate_data
from ..modalities._numbers import numbers
from ..modalities._range import in_enough_digits, quiet_range
from ._columns import filled, mean_and_scale
from ._grouped import check_groups
from ._ridge_path import RidgePathRegressor

# gamma=None: a row at the mean distance of two rows has a similarity of exp(-0.3).
_GAMMA = 0.15
# Directions of the landmarks that hold less than this are rounding errors.
_LEAST_DIRECTION = 1e-6
# Rows whose similarities are held at a time.
_CHUNK = 4096
_MAX_SEED = np.iinfo(np.int32).max


class KernelPathRegressor(RegressorMixin, RequestsItsArguments, BaseEstimator):
    r"""Kernel ridge regression on a few landmarks, with the penalty chosen on held-out rows.

    The similarity of a row x to a landmark z, one of the training rows, is
    :math:`\exp(-\gamma |x - z|^2)`. The prediction is a sum over the landmarks: kernel ridge
    regression in the space that they span (Nystroem, [1]_), in seconds for thousands of rows.
    Smooth targets of few hundred rows and little noise are its ground. Columns count by their
    variance: it is made for columns of variance one and principal components.

    As a companion of a :class:`~mofa_sklearn.KFoldEnsembleRegressor` it is on trial, see
    :class:`~mofa_sklearn.baselines.BoostingRegressor`.

    Parameters
    ----------
    n_landmarks : int, default=500
        Number of training rows that similarities are taken to, drawn at random.

    gamma : float, default=None
        How quickly similarity falls with the squared distance. None: 0.15 over the sum of the
        columns' variances.

    max_samples : int, default=20000
        Rows that are learned from, drawn at random where there are more.

    validation_fraction : float, default=0.1
        Part of the rows, in (0, 1), on which penalties are chosen where no `X_val` is passed;
        all rows are learned from in the end.

    random_state : int, RandomState instance or None, default=None
        Determines these rows and the landmarks.

    Attributes
    ----------
    landmarks_ : ndarray of shape (n_landmarks, n_features)
        The landmarks, less `column_mean_`.

    gamma_ : float
        See `gamma`.

    coef_ : ndarray of shape (n_landmarks,) or (n_landmarks, n_targets)
        How much the similarity to each landmark counts.

    intercept_ : float or ndarray of shape (n_targets,)
        The constants.

    column_mean_ : ndarray of shape (n_features,)
        What stands in for NaN.

    alpha_ : ndarray of shape (n_targets,)
        The penalties chosen, see :class:`RidgePathRegressor`.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    sklearn.kernel_ridge.KernelRidge : Exact: all rows are landmarks.
    sklearn.kernel_approximation.Nystroem : The features alone.

    References
    ----------
    .. [1] Williams and Seeger, "Using the Nystroem Method to Speed Up Kernel Machines",
       NIPS 2000.

    Examples
    --------
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.estimators import KernelPathRegressor
    >>> X, y = make_micro_videos(
    ...     300, modalities={"image": 8, "text": 8}, noise=0.1, random_state=0
    ... )
    >>> KernelPathRegressor(random_state=0).fit(X[:200], y[:200]).predict(X[200:]).shape
    (100, 3)
    """

    # An ensemble may fit several at a time, in threads, with one BLAS thread each.
    _fits_well_on_one_thread = True
    _on_trial = True

    _parameter_constraints: dict = {
        "n_landmarks": [Interval(Integral, 1, None, closed="left")],
        "gamma": [Interval(Real, 0, None, closed="neither"), None],
        "max_samples": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_landmarks=500,
        *,
        gamma=None,
        max_samples=20_000,
        validation_fraction=0.1,
        random_state=None,
    ):
        self.n_landmarks = n_landmarks
        self.gamma = gamma
        self.max_samples = max_samples
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        groups=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ) -> KernelPathRegressor:
        """Choose landmarks and penalties, and find the weights.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows; NaN counts as the column's mean.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows.

        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, as their creators: where rows are held back, they are whole
            groups.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows to choose penalties on.

        y_val : array-like of shape (n_val,) or (n_val, n_targets), default=None
            Their targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : KernelPathRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If only one of `X_val` and `y_val` is passed.
        """
        X, y = self._check_training_rows(X, numeric_targets(y, self))
        if X_val is not None:
            X_val = self._check_rows(X_val)
        weight = check_weight("sample_weight", sample_weight, X)
        groups = check_groups(groups, X)
        random_state = check_random_state(self.random_state)
        rows = self._rows_to_learn(len(X), weight, random_state)
        X, y = X[rows], y[rows]
        weight, groups = (None if each is None else each[rows] for each in (weight, groups))
        ridge = RidgePathRegressor(
            standardize=False,
            validation_fraction=self.validation_fraction,
            random_state=random_state.randint(_MAX_SEED),
        )
        whitening = self._choose_landmarks(X, weight, random_state)
        ridge.fit(
            self._similarities(X) @ whitening,
            y,
            weight,
            groups=groups,
            X_val=None if X_val is None else self._similarities(X_val) @ whitening,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
        )
        self.alpha_, self.intercept_ = ridge.alpha_, ridge.intercept_
        self.coef_ = whitening @ ridge.coef_.T
        return self

    def predict(self, X) -> np.ndarray:
        """Predict the targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows; NaN counts as the mean of the training rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            The shape of the targets of the fit.
        """
        return self._predict_stacked([self], X)[0]

    @staticmethod
    def _predict_stacked(estimators: Sequence[KernelPathRegressor], X) -> np.ndarray:
        """Predict with every estimator; the rows are checked once for all of them."""
        check_is_fitted(estimators[0], "coef_")
        X = estimators[0]._check_rows(X)
        return np.stack([each._predict_checked(X) for each in estimators])

    def _predict_checked(self, X: np.ndarray) -> np.ndarray:
        chunks = [X[start : start + _CHUNK] for start in range(0, len(X), _CHUNK)]
        return np.concatenate([self._similarities(chunk) @ self.coef_ for chunk in chunks]) + (
            self.intercept_
        )

    def _check_training_rows(self, X, y) -> tuple[np.ndarray, np.ndarray]:
        with quiet_range():
            X, y = validate_data(
                self,
                numbers(X),
                y,
                dtype=(np.float32, np.float64),
                ensure_all_finite="allow-nan",
                multi_output=True,
                y_numeric=True,
            )
        return in_enough_digits(X), y

    def _check_rows(self, X) -> np.ndarray:
        checks = {"dtype": (np.float32, np.float64), "ensure_all_finite": "allow-nan"}
        with quiet_range():
            return in_enough_digits(validate_data(self, numbers(X), reset=False, **checks))

    def _rows_to_learn(
        self, n_samples: int, weight: np.ndarray | None, random_state: np.random.RandomState
    ) -> np.ndarray:
        """Return the rows that count, or some of them where they are many."""
        rows = np.arange(n_samples) if weight is None else np.flatnonzero(weight)
        if len(rows) <= self.max_samples:
            return rows
        return np.sort(random_state.permutation(rows)[: self.max_samples])

    def _choose_landmarks(
        self, X: np.ndarray, weight: np.ndarray | None, random_state: np.random.RandomState
    ) -> np.ndarray:
        """Keep landmarks; return what makes features of similarities, (n_landmarks, same).

        The products of two rows' features are their similarity, times the number of landmarks,
        so that a feature's variance is about one, as the penalties expect.
        """
        weight = np.ones(len(X)) if weight is None else weight
        self.column_mean_, _ = mean_and_scale(X, weight)
        centred = filled(X.astype(np.float64), self.column_mean_) - self.column_mean_
        variance = np.average(centred**2, axis=0, weights=weight).sum()
        self.gamma_ = self.gamma or (_GAMMA / variance if variance > 0 else 1.0)
        chosen = random_state.permutation(len(X))[: self.n_landmarks]
        self.landmarks_ = centred[np.sort(chosen)]
        similarities = self._similarities(self.landmarks_ + self.column_mean_)
        sizes, directions = np.linalg.eigh((similarities + similarities.T) / 2)
        sizes = np.maximum(sizes, _LEAST_DIRECTION * sizes[-1])
        return (directions / np.sqrt(sizes)) @ directions.T * np.sqrt(len(chosen))

    def _similarities(self, X: np.ndarray) -> np.ndarray:
        """Return the similarities of rows to the landmarks, (n_samples, n_landmarks), float64."""
        # In float64, so that a row's similarities do not depend on the type of the others.
        rows = filled(X.astype(np.float64), self.column_mean_) - self.column_mean_
        squares = _squares(rows)[:, None] + _squares(self.landmarks_)
        distances = squares - 2 * rows @ self.landmarks_.T
        return np.exp(-self.gamma_ * np.maximum(distances, 0))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        return tags


def _squares(rows: np.ndarray) -> np.ndarray:
    """Return the squared lengths of rows, (n_rows,)."""
    return np.einsum("ij,ij->i", rows, rows)
