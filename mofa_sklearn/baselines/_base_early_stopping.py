"""What the wrappers of regressors and classifiers share: rows to stop on, threads, columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from numbers import Integral, Real
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ShuffleSplit

from .._requests import RequestsItsArguments
from .._sklearn_private import (
    HasMethods,
    Interval,
    StrOptions,
    _check_sample_weight,
    _openmp_effective_n_threads,
)
from ..ensemble._members import set_random_states
from ..ensemble._metadata import sample_weight_name
from ..ensemble._validation_rows import check_used
from ..ensemble._validation_sets import (
    fit_with_validation,
    last_step,
    stop_for_certain,
    stops_early_on_rows,
)
from ..estimators._grouped import check_groups, hold_back_groups
from ..training.threads import blas_threads, thread_pools

# LightGBM warns of arrays that are views with gaps.
ROW_CHECKS: dict[str, Any] = {
    "dtype": [np.float32, np.float64],
    "order": "C",
    "ensure_all_finite": "allow-nan",
}
_MAX_SEED = np.iinfo(np.int32).max
# What libraries call the number of their threads.
_THREAD_PARAMETERS = ("n_jobs", "thread_count")
# What they call the share of the columns that each split may look at.
_SHARE_PARAMETERS = ("colsample_bynode", "max_features", "rsm")
# Where they tell how many trees or epochs a fit gave, kept ones first.
_ITERATION_ATTRIBUTES = ("best_iteration", "tree_count_", "n_iter_", "n_estimators")


@dataclass(frozen=True)
class Rows:
    """Checked rows.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The features.
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Targets, or classes coded as integers from zero.
    sample_weight : ndarray of shape (n_samples,) or None
        The rows' weights.
    """

    X: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None

    def take(self, index: np.ndarray) -> Rows:
        """Return some of the rows."""
        weight = None if self.sample_weight is None else self.sample_weight[index]
        return Rows(self.X[index], self.y[index], weight)


class BaseEarlyStopping(RequestsItsArguments, MetaEstimatorMixin, BaseEstimator):
    """Base class of what lets any library's estimator stop early on rows held back."""

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

    def _template(self, n_samples: int | None = None) -> BaseEstimator:
        """Return what is cloned and fitted, for so many rows where these are known."""
        return self._default_estimator(n_samples) if self.estimator is None else self.estimator

    def _check_weight(
        self,
        sample_weight: Any,
        X: np.ndarray,
        name: str = "sample_weight",
        purpose: str = "learn from",
    ) -> np.ndarray | None:
        if sample_weight is None:
            return None
        weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        if not weight.any():
            raise ValueError(f"{name} is zero for every row: nothing to {purpose}.")
        return weight

    def _rows_that_count(
        self, X: np.ndarray, y: np.ndarray, sample_weight: Any, groups: Any
    ) -> tuple[Rows, np.ndarray | None]:
        """Leave out the rows of weight zero: they tell nothing, and are not to be held back."""
        rows = Rows(X, y, self._check_weight(sample_weight, X))
        groups = check_groups(groups, X)
        if rows.sample_weight is None or rows.sample_weight.all():
            return rows, groups
        counted = np.flatnonzero(rows.sample_weight)
        return rows.take(counted), None if groups is None else groups[counted]

    def _check_arguments(self, X_val: Any, y_val: Any, sample_weight_val: Any) -> None:
        """Refuse a frozen estimator, and validation rows that would be ignored."""
        template = self._template()
        if isinstance(last_step(template), FrozenEstimator):
            raise ValueError(
                f"{type(self).__name__} hands its estimator targets or classes of another scale "
                "than y's, which a frozen estimator did not learn: pass it without "
                "FrozenEstimator, or use it without this wrapper."
            )
        check_validation_pair(X_val, y_val, sample_weight_val)
        if X_val is not None:
            check_used([template], {})

    def _uses_validation_rows(self) -> bool:
        """Tell whether rows passed as ``X_val`` have an effect."""
        return stops_early_on_rows(self._template())

    def _divide(
        self,
        rows: Rows,
        held_out: Rows | None,
        groups: Any,
        random_state: np.random.RandomState,
    ) -> tuple[Rows, Rows | None]:
        """Return the rows to learn from and those to stop on, which may have been given."""
        if held_out is not None or not stops_early_on_rows(self._template()):
            return rows, held_out
        train, test = self._hold_back(rows, groups, random_state)
        return rows.take(train), rows.take(test)

    def _hold_back(
        self, rows: Rows, groups: Any, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """Divide rows at random, keeping groups together."""
        if groups is not None:
            return hold_back_groups(groups, self.validation_fraction, random_state)
        split = ShuffleSplit(1, test_size=self.validation_fraction, random_state=random_state)
        return next(split.split(rows.X))

    def _fit_parts(
        self, rows: Rows, held_out: Rows | None, random_state: np.random.RandomState
    ) -> None:
        """Fit an estimator for each target, or one, in as many threads as there are for it.

        The targets are of shape (n_samples, n_targets) here.
        """
        # Some libraries refuse a target that does not vary.
        self._varies = np.ptp(rows.y, axis=0) > 0
        with _limited_threads(None if self.n_jobs is None else self._n_threads()):
            self.estimators_ = [
                self._fit_part(rows, held_out, columns, random_state) for columns in self._parts()
            ]
        self.n_iter_ = np.asarray([_n_iterations(member) for member in self.estimators_])

    def _parts(self) -> list:
        """Return which targets go together: columns of y for each estimator."""
        columns = np.flatnonzero(self._varies)
        if self.multi_output == "native" and len(columns) > 1:
            return [columns]
        return columns.tolist()

    def _fit_part(
        self,
        rows: Rows,
        held_out: Rows | None,
        columns: Any,
        random_state: np.random.RandomState,
    ) -> BaseEstimator:
        """Fit one estimator, for one target or several."""
        template = self._template(len(rows.X))
        member = set_random_states(clone(template), random_state.randint(_MAX_SEED))
        _set_threads(last_step(member), self._n_threads())
        if self.max_features is not None:
            _set_share(last_step(member), min(1.0, self.max_features / rows.X.shape[1]))
        y = np.ascontiguousarray(rows.y[:, columns])
        fit_params = {}
        if rows.sample_weight is not None:
            fit_params[sample_weight_name(template)] = rows.sample_weight
        if held_out is None:
            return member.fit(rows.X, y, **fit_params)
        stop_for_certain(member)
        y_val = np.ascontiguousarray(held_out.y[:, columns])
        return fit_with_validation(
            member, rows.X, y, fit_params, held_out.X, y_val, held_out.sample_weight
        )

    def _n_threads(self) -> int:
        return (
            _openmp_effective_n_threads() if self.n_jobs is None else effective_n_jobs(self.n_jobs)
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._template().__sklearn_tags__().input_tags.allow_nan
        return tags


def check_validation_pair(X_val: Any, y_val: Any, sample_weight_val: Any) -> None:
    """Refuse validation rows without targets, and targets or weights without rows."""
    if (X_val is None) != (y_val is None):
        raise ValueError("Pass both X_val and y_val, or none of them.")
    if X_val is None and sample_weight_val is not None:
        raise ValueError("sample_weight_val was passed without X_val and y_val.")


def check_same_targets(y: np.ndarray, y_val: np.ndarray) -> None:
    """Refuse validation targets of another number or shape than those to learn."""
    if y.shape[1:] != y_val.shape[1:]:
        raise ValueError(
            f"y has shape {y.shape} and y_val {y_val.shape}: both need the same targets."
        )


@contextmanager
def _limited_threads(n_threads: int | None) -> Iterator[None]:
    """Let the libraries use so many threads in this block; None leaves them alone."""
    if n_threads is None:
        yield
        return
    # OpenMP's number is that of the calling thread, BLAS's that of the whole process.
    with (
        thread_pools().limit(limits=n_threads, user_api="openmp"),
        blas_threads(n_threads),
    ):
        yield


def _set_threads(estimator: BaseEstimator, n_threads: int) -> None:
    """Set the number of threads where the user left it open."""
    if isinstance(estimator, LogisticRegression):
        return  # it has no threads of its own, and warns of a number
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
            # XGBoost counts from zero; logistic regression counts for each class.
            return int(np.max(n_iterations)) + (name == "best_iteration")
    return 0
