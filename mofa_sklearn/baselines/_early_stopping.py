"""Any regressor, for several targets, stopping early on rows that it does not learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._sklearn_private import _fit_context
from .._validation import validate_data
from ..estimators._targets import TargetScale
from ..modalities._numbers import numbers
from ._base_early_stopping import (
    ROW_CHECKS,
    BaseEarlyStopping,
    Rows,
    check_same_targets,
)


class EarlyStoppingRegressor(RegressorMixin, BaseEarlyStopping):
    """Fit a regressor that stops early on rows that it does not learn from.

    It makes gradient boosting of any library, and networks, behave alike: the
    validation rows are those that `fit` is given
    (:class:`~mofa_sklearn.KFoldEnsembleRegressor` gives each member's held-out fold)
    or else a share of the rows, drawn at random; there may be one target or several;
    targets are standardised, so that each counts the same in the loss to stop on; and
    all use the same number of threads.

    Parameters
    ----------
    estimator : regressor, default=None
        What is fitted: its `fit` takes ``X_val`` and ``y_val`` or ``eval_set``, and
        its own parameters say when to stop (``early_stopping_rounds``, ...). Others,
        and those that were told not to stop, are fitted on all rows. None takes
        :class:`~sklearn.ensemble.HistGradientBoostingRegressor` with early
        stopping. Its random states and, where they are None, its numbers of threads
        (``n_jobs``, ``thread_count``) are set here.

    multi_output : {"per_target", "native"}, default="per_target"
        Whether a copy is fitted for each target, each stopping when it is best, or
        one for all of them, which must know several targets.

    validation_fraction : float, default=0.1
        Share of the rows, or of the groups, to stop early on where no rows are given.

    max_features : int, default=None
        Most columns that each split of a tree may look at, drawn at random: what
        makes boosting on thousands of columns bearable. It sets the share of the
        columns in the libraries' own parameters (``max_features``,
        ``colsample_bynode``, ``rsm``), where they are listed; None leaves them alone.

    n_jobs : int or None, default=None
        Number of threads; -1 takes all processors. None: as many as OpenMP may use
        in this process, as in scikit-learn's own boosting: all processors, unless
        ``OMP_NUM_THREADS``, joblib's worker processes or
        ``threadpoolctl.threadpool_limits`` say fewer.

    random_state : int, RandomState instance or None, default=None
        Determines the validation rows and the estimator's random states.

    Attributes
    ----------
    estimators_ : list of regressors
        The fitted regressor of each target, or a single one. A target that is
        constant is predicted without any.

    n_iter_ : ndarray of int of shape (n_estimators,)
        Number of trees (for each target) or epochs of each of them. Where a library
        keeps the trees up to the best one, it is their number; 0 where it tells none.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    make_baselines : Regressors ready to be compared, these among them.
    sklearn.multioutput.MultiOutputRegressor : Hands no validation targets on.

    Examples
    --------
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> from mofa_sklearn import KFoldEnsembleRegressor
    >>> from mofa_sklearn.baselines import EarlyStoppingRegressor
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> X, y = make_micro_videos(200, modalities={"text": 6}, noise=0.5, random_state=0)
    >>> boosting = HistGradientBoostingRegressor(
    ...     max_iter=200, early_stopping=True, n_iter_no_change=5, max_depth=2
    ... )
    >>> model = EarlyStoppingRegressor(boosting, random_state=0).fit(X, y)
    >>> model.predict(X).shape, len(model.estimators_), all(model.n_iter_ < 200)
    ((200, 3), 3, True)
    >>> ensemble = KFoldEnsembleRegressor(model, cv=3, random_state=0).fit(X, y)
    >>> ensemble.oof_prediction_.shape
    (200, 3)
    """

    @_fit_context(prefer_skip_nested_validation=False)
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
    ) -> EarlyStoppingRegressor:
        """Fit the regressor, or one for each target.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows; NaN is left to the estimator.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Their non-negative weights, where the estimator takes weights.

        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, as their creators: where rows are held back, they are
            whole groups, so that it stops on groups that it does not learn from.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows to stop early on; none of `X` are held back then.

        y_val : array-like of shape (n_val,) or (n_val, n_targets), default=None
            Their targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : EarlyStoppingRegressor

        Raises
        ------
        ValueError
            If there are too few rows to hold some back, if `y_val` has other targets
            than `y`, if one of `X_val` and `y_val` is lacking, if they are passed and the
            estimator does not stop early on rows, or if it is frozen.
        TypeError
            If there are weights, and the estimator takes none.
        """
        self._check_arguments(X_val, y_val, sample_weight_val)
        X, y = self._check_rows(X, y, reset=True)
        held_out = None
        if X_val is not None:
            X_val, y_val = self._check_rows(X_val, y_val, reset=False)
            check_same_targets(y, y_val)
            weight = self._check_weight(
                sample_weight_val, X_val, "sample_weight_val", "stop early on"
            )
            held_out = Rows(X_val, y_val, weight)
        random_state = check_random_state(self.random_state)
        rows, groups = self._rows_that_count(X, y, sample_weight, groups)
        rows, held_out = self._divide(rows, held_out, groups, random_state)
        scale = TargetScale.learn(rows.y, rows.sample_weight, standardize=True)
        self._target_scale = scale
        stopped_on = None if held_out is None else _standardized(held_out, scale)
        self._fit_parts(_standardized(rows, scale), stopped_on, random_state)
        return self

    def predict(self, X) -> np.ndarray:
        """Predict the targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets), float64
            The shape of the targets of the fit.
        """
        check_is_fitted(self, "estimators_")
        X = validate_data(self, numbers(X), **ROW_CHECKS, reset=False)
        outputs = np.zeros((len(X), len(self._varies)))
        if self.estimators_:
            parts = [np.asarray(member.predict(X)) for member in self.estimators_]
            outputs[:, self._varies] = np.column_stack(parts)
        return self._target_scale.invert(outputs)

    def _default_estimator(self, n_samples: int | None = None) -> BaseEstimator:
        return HistGradientBoostingRegressor(early_stopping=True)

    def _check_rows(self, X: Any, y: Any, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        return validate_data(
            self, numbers(X), y, **ROW_CHECKS, multi_output=True, y_numeric=True, reset=reset
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _standardized(rows: Rows, scale: TargetScale) -> Rows:
    """Return rows with targets of shape (n_samples, n_targets), float64."""
    y = (rows.y.reshape(len(rows.y), -1) - scale.mean) / scale.divisor
    return Rows(rows.X, y, rows.sample_weight)
