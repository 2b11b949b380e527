"""Any booster, for several targets, stopping early on rows that it does not learn from."""

from __future__ import annotations

from contextlib import nullcontext
from inspect import signature
from numbers import Integral, Real
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, _fit_context, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)
from threadpoolctl import threadpool_limits

from ..ensemble._base import _sample_weight_name
from ..ensemble._members import set_random_states
from ..ensemble._validation_sets import fit_with_validation, last_step, stops_early_on_rows
from ..estimators._targets import TargetScale

# LightGBM warns of arrays that are views with gaps.
_CHECKS = {"dtype": [np.float32, np.float64], "order": "C", "ensure_all_finite": "allow-nan"}
_MAX_SEED = np.iinfo(np.int32).max
# What libraries call the number of their threads.
_THREAD_PARAMETERS = ("n_jobs", "thread_count")
# What they call the share of the columns that each split may look at.
_SHARE_PARAMETERS = ("colsample_bynode", "max_features", "rsm")
# Where they tell how many trees or epochs a fit gave, kept ones first.
_ITERATION_ATTRIBUTES = ("best_iteration", "tree_count_", "n_iter_", "n_estimators")


class EarlyStoppingRegressor(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
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

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "multi_output": [StrOptions({"per_target", "native"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        multi_output="per_target",
        validation_fraction=0.1,
        max_features=None,
        n_jobs=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.multi_output = multi_output
        self.validation_fraction = validation_fraction
        self.max_features = max_features
        self.n_jobs = n_jobs
        self.random_state = random_state

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
            If there are too few rows to hold some back, or if `y_val` has other
            targets than `y`.
        TypeError
            If there are weights, and the estimator takes none.
        """
        X, y = self._check_rows(X, y, reset=True)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        rows = (X, y, sample_weight)
        held_out = None
        random_state = check_random_state(self.random_state)
        template = self._template()
        if X_val is not None:
            X_val, y_val = self._check_rows(X_val, y_val, reset=False)
            _check_same_targets(y, y_val)
            if sample_weight_val is not None:
                sample_weight_val = _check_sample_weight(sample_weight_val, X_val)
            held_out = (X_val, y_val, sample_weight_val)
        elif stops_early_on_rows(template):
            rows, held_out = _hold_back(rows, groups, self.validation_fraction, random_state)
        self._fit_targets(template, rows, held_out, random_state)
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
        X = validate_data(self, X, **_CHECKS, reset=False)
        outputs = np.zeros((len(X), len(self._varies)))
        if self.estimators_:
            parts = [np.asarray(member.predict(X)) for member in self.estimators_]
            outputs[:, self._varies] = np.column_stack(parts)
        return self._target_scale.invert(outputs)

    def _fit_targets(self, template, rows, held_out, random_state) -> None:
        """Fit on standardised targets, in as many threads as there are for it."""
        X, y, sample_weight = rows
        scale = TargetScale.learn(y, sample_weight, standardize=True)
        rows = (X, _standardized(y, scale), sample_weight)
        if held_out is not None:
            X_val, y_val, weight_val = held_out
            held_out = (X_val, _standardized(y_val, scale), weight_val)
        # Some libraries refuse a target that does not vary.
        self._varies = np.ptp(rows[1], axis=0) > 0
        self._target_scale = scale
        with nullcontext() if self.n_jobs is None else threadpool_limits(self._n_threads()):
            self.estimators_ = [
                self._fit_part(template, rows, held_out, columns, random_state)
                for columns in self._parts()
            ]
        self.n_iter_ = np.asarray([_n_iterations(member) for member in self.estimators_])

    def _fit_part(self, template, rows, held_out, columns, random_state) -> BaseEstimator:
        """Fit one regressor, for one target or several."""
        X, Y, sample_weight = rows
        member = set_random_states(clone(template), random_state.randint(_MAX_SEED))
        _set_threads(last_step(member), self._n_threads())
        if self.max_features is not None:
            _set_share(last_step(member), min(1.0, self.max_features / X.shape[1]))
        y = np.ascontiguousarray(Y[:, columns])
        fit_params = {}
        if sample_weight is not None:
            fit_params[_sample_weight_name(template)] = sample_weight
        if held_out is None:
            return member.fit(X, y, **fit_params)
        X_val, Y_val, weight_val = held_out
        y_val = np.ascontiguousarray(Y_val[:, columns])
        return fit_with_validation(member, X, y, fit_params, X_val, y_val, weight_val)

    def _template(self) -> BaseEstimator:
        if self.estimator is None:
            return HistGradientBoostingRegressor(early_stopping=True)
        return self.estimator

    def _parts(self) -> list:
        """Return which targets go together: columns of y for each regressor."""
        columns = np.flatnonzero(self._varies)
        if self.multi_output == "native" and len(columns) > 1:
            return [columns]
        return columns.tolist()

    def _n_threads(self) -> int:
        return (
            _openmp_effective_n_threads() if self.n_jobs is None else effective_n_jobs(self.n_jobs)
        )

    def _check_rows(self, X: Any, y: Any, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        return validate_data(self, X, y, **_CHECKS, multi_output=True, y_numeric=True, reset=reset)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._template().__sklearn_tags__().input_tags.allow_nan
        tags.target_tags.multi_output = True
        return tags


def _hold_back(
    rows: tuple, groups: Any, fraction: float, random_state: np.random.RandomState
) -> tuple:
    """Divide rows, their targets and weights at random, keeping groups together."""
    splitter = ShuffleSplit if groups is None else GroupShuffleSplit
    check_consistent_length(rows[0], groups)
    split = splitter(1, test_size=fraction, random_state=random_state)
    return tuple(
        tuple(None if part is None else part[index] for part in rows)
        for index in next(split.split(rows[0], groups=groups))
    )


def _standardized(y: np.ndarray, scale: TargetScale) -> np.ndarray:
    """Return (n_samples, n_targets), float64."""
    return (y.reshape(len(y), -1) - scale.mean) / scale.scale


def _check_same_targets(y: np.ndarray, y_val: np.ndarray) -> None:
    if y.shape[1:] != y_val.shape[1:]:
        raise ValueError(
            f"y has shape {y.shape} and y_val {y_val.shape}: both need the same targets."
        )


def _set_threads(estimator: BaseEstimator, n_threads: int) -> None:
    """Set the number of threads where the user left it open."""
    given = estimator.get_params(deep=False)
    for name in _THREAD_PARAMETERS:
        if name in _parameters_of(estimator) and given.get(name) is None:
            estimator.set_params(**{name: n_threads})


def _set_share(estimator: BaseEstimator, share: float) -> None:
    """Set the share of columns to look at."""
    for name in _SHARE_PARAMETERS:
        if name in _parameters_of(estimator):
            estimator.set_params(**{name: share})


def _parameters_of(estimator: BaseEstimator) -> set[str]:
    # CatBoost lists only what it was given.
    return {*estimator.get_params(deep=False), *signature(type(estimator).__init__).parameters}


def _n_iterations(estimator: BaseEstimator) -> int:
    estimator = last_step(estimator)
    for name in _ITERATION_ATTRIBUTES:
        n_iterations = getattr(estimator, name, None)
        if n_iterations is not None:
            # XGBoost counts from zero.
            return int(n_iterations) + (name == "best_iteration")
    return 0
