"""Members that are classifiers: their probabilities, one column for each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._sklearn_private import _safe_indexing
from ..estimators._classes import classes_of
from ._members import Fold, Member, MemberTask, Watched
from ._validation_sets import is_of_library, last_step


@dataclass
class ClassifierTask(MemberTask):
    """All that is needed to fit a classifier on any of the folds.

    A fold's training rows may lack a class. Its member then stops early on rows of
    the classes that it knows, and gives the others a probability of zero.
    """

    def fit_stacked(self, folds: Sequence[Fold]) -> list[Member]:
        """Fit a member on each fold, all of them together where all know the same classes."""
        if any(self._lacks_a_class(fold) for fold in folds):
            return [self.fit(fold) for fold in folds]
        return super().fit_stacked(folds)

    def _lacks_a_class(self, fold: Fold) -> bool:
        if self.y.ndim == 2:
            return False
        counted = self._counted(np.arange(len(self.y)))
        return len(np.unique(self.y[fold.train])) < len(np.unique(self.y[counted]))

    def _rows_to_watch(self, fold: Fold) -> Watched | None:
        watched = super()._rows_to_watch(fold)
        if watched is None or self.y.ndim == 2:
            return watched
        X, y, weight = watched
        known = np.flatnonzero(np.isin(y, self.y[fold.train]))
        if len(known) == len(y):
            return watched
        if len(known) == 0:
            return None
        weight = None if weight is None else weight[known]
        return _safe_indexing(X, known), y[known], weight

    def _learn(
        self,
        member: BaseEstimator,
        X: Any,
        y: np.ndarray,
        fit_params: dict[str, Any],
        watched: Watched | None,
    ) -> np.ndarray | None:
        if y.ndim == 2 or not is_of_library(last_step(member), "xgboost"):
            return super()._learn(member, X, y, fit_params, watched)
        # XGBoost knows no classes but 0, 1 and so on, without a gap.
        classes, codes = np.unique(y, return_inverse=True)
        if watched is not None:
            watched = (watched[0], np.searchsorted(classes, watched[1]), watched[2])
        super()._learn(member, X, codes, fit_params, watched)
        return classes

    def _finished(
        self, member: BaseEstimator, fold: Fold, classes: np.ndarray | None = None
    ) -> Member:
        X_test = _safe_indexing(self.X, fold.test)
        known = classes_of(self.y[self._counted(np.arange(len(self.y)))])
        return Member(member, aligned_probabilities(member, X_test, known, classes), classes)


def aligned_probabilities(
    member: BaseEstimator, X: Any, classes: np.ndarray, own: np.ndarray | None = None
) -> np.ndarray:
    """Return a classifier's probabilities, with a column for each class of an ensemble.

    Parameters
    ----------
    member : classifier
        Fitted, maybe without some of the classes.
    X : array-like or DataFrame of shape (n_samples, n_features)
        The rows.
    classes : ndarray of shape (n_classes,) or (n_labels, 2)
        The ensemble's.
    own : ndarray of shape (n_own,), default=None
        The member's, where it knows their positions alone; None takes its ``classes_``.

    Returns
    -------
    ndarray of shape (n_samples, n_classes) or (n_samples, n_labels), float64
    """
    probabilities = member.predict_proba(X)
    if classes.ndim == 2:
        return _of_labels(member, probabilities, len(classes))
    own = member.classes_ if own is None else own
    return _of_classes(own, np.asarray(probabilities, dtype=np.float64), classes)


def _of_classes(own: Any, probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    if np.array_equal(own, classes):
        return probabilities
    aligned = np.zeros((len(probabilities), len(classes)))
    aligned[:, np.searchsorted(classes, own)] = probabilities
    return aligned


def _of_labels(member: BaseEstimator, probabilities: Any, n_labels: int) -> np.ndarray:
    """Return each label's probability of being there."""
    if isinstance(probabilities, list):
        # One array for each label, as forests and neighbours give them.
        pairs = zip(member.classes_, probabilities, strict=True)
        columns = [_of_classes(own, given, np.array([0, 1]))[:, 1] for own, given in pairs]
        probabilities = np.stack(columns, axis=1)
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.ndim != 2 or probabilities.shape[1] != n_labels:
        raise ValueError(
            f"The members predict probabilities of shape {probabilities.shape} for "
            f"{n_labels} labels."
        )
    return probabilities
