"""Fit and score one estimator on one fold."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import check_scoring

from .._sklearn_private import _num_samples, _safe_indexing
from ..metrics import normalized_mean_squared_error
from ..training.interrupts import interrupts_go_up
from ._columns import ERROR, SCORER_PREFIX
from ._fit_arguments import fit_arguments, rows_of


@dataclass
class FoldTask:
    """All that is needed to fit and score any of the estimators on any of the folds.

    Parameters
    ----------
    X, y : array-like of n_samples rows
        All rows.
    groups : array-like of shape (n_samples,) or None
        Groups to hand to estimators.
    params : mapping of str to object, or None
        More arguments of the estimators' `fit`.
    scoring : str, callable, list, tuple, set, dict or None
        As scikit-learn takes it; None for the NMSE.
    target_names : list of str
        Names of the targets; empty if there is only one.
    raises : bool
        Whether an estimator's error is raised rather than returned.
    """

    X: Any
    y: Any
    groups: Any
    params: Mapping[str, Any] | None
    scoring: Any
    target_names: Sequence[str]
    raises: bool

    def __call__(
        self, name: str, estimator: BaseEstimator, fold: int, train: np.ndarray, test: np.ndarray
    ) -> dict[str, Any]:
        """Return a row of the table: a clone's scores and seconds, or its error."""
        row = {"estimator": name, "fold": fold, "n_train": len(train), "n_test": len(test)}
        try:
            # Ctrl-C ends the comparison, not one network of it.
            with interrupts_go_up():
                return {**row, **self._evaluate(clone(estimator), train, test)}
        except Exception as error:
            if self.raises:
                raise
            return {**row, ERROR: f"{type(error).__name__}: {error}"}

    def _evaluate(
        self, estimator: BaseEstimator, train: np.ndarray, test: np.ndarray
    ) -> dict[str, Any]:
        arguments = fit_arguments(estimator, self.params, self.groups)
        arguments = rows_of(arguments, train, _num_samples(self.X))
        X, y = _safe_indexing(self.X, train), _safe_indexing(self.y, train)
        X_test, y_test = _safe_indexing(self.X, test), _safe_indexing(self.y, test)
        fit_seconds, _ = _seconds_of(lambda: estimator.fit(X, y, **arguments))
        predict_seconds, prediction = _seconds_of(lambda: estimator.predict(X_test))
        if self.scoring is None:
            scores = nmse_of_targets(y_test, prediction, self.target_names)
        else:
            scores = _scorer_values(estimator, X_test, y_test, self.scoring)
        return {**scores, "fit_seconds": fit_seconds, "predict_seconds": predict_seconds}


def _seconds_of(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def nmse_of_targets(
    y_true: Any, y_pred: np.ndarray, target_names: Sequence[str]
) -> dict[str, float]:
    """Return the mean NMSE, and the NMSE of each target if there are several."""
    y_true = np.asarray(y_true)
    # Some regressors answer a y of one column with a 1-D prediction.
    y_pred = np.asarray(y_pred)
    y_pred = y_pred.reshape(y_true.shape) if y_pred.size == y_true.size else y_pred
    values = normalized_mean_squared_error(y_true, y_pred, multioutput="raw_values")
    mean = {"nmse": float(np.mean(values))}
    if not target_names:
        return mean
    values = np.broadcast_to(values, len(target_names))  # fewer than two rows give a single NaN
    names = nmse_columns(target_names)[1:]
    return {**mean, **dict(zip(names, values.tolist(), strict=True))}


def nmse_columns(target_names: Sequence[str]) -> list[str]:
    """Return the names of the columns that :func:`nmse_of_targets` fills."""
    return ["nmse", *(f"nmse_{name}" for name in target_names)]


def _scorer_values(estimator: BaseEstimator, X: Any, y: Any, scoring: Any) -> dict[str, float]:
    values = check_scoring(estimator, scoring=scoring)(estimator, X, y)
    if not isinstance(values, dict):
        values = {"score": values}
    return {f"{SCORER_PREFIX}{name}": float(value) for name, value in values.items()}
