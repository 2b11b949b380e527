"""Any classifier, for classes or several labels, stopping early on rows held back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._sklearn_private import HasMethods, _fit_context
from .._validation import validate_data
from ..ensemble._class_members import aligned_probabilities
from ..estimators._classes import check_classes, classes_of
from ..estimators._grouped import hold_back_groups
from ..estimators._stratified import stratified
from ..estimators._thresholds import chosen_classes
from ..modalities._numbers import numbers
from ._base_early_stopping import (
    ROW_CHECKS,
    BaseEarlyStopping,
    Rows,
    check_same_targets,
)


class EarlyStoppingClassifier(ClassifierMixin, BaseEarlyStopping):
    """Fit a classifier that stops early on rows that it does not learn from.

    It makes gradient boosting of any library, and networks, behave alike: the
    validation rows are those that `fit` is given
    (:class:`~mofa_sklearn.KFoldEnsembleClassifier` gives each member's held-out fold)
    or else a share of the rows, drawn at random, with the same part of every class;
    classes may be numbers or strings, two or more, or several labels; and all use the
    same number of threads.

    Parameters
    ----------
    estimator : classifier, default=None
        What is fitted: its `fit` takes ``X_val`` and ``y_val`` or ``eval_set``, and
        its own parameters say when to stop (``early_stopping_rounds``, ...). Others,
        and those that were told not to stop, are fitted on all rows. It is given the
        classes as integers from zero, in the order of `classes_`. None takes
        :class:`~sklearn.ensemble.HistGradientBoostingClassifier` with early
        stopping. Its random states and, where they are None, its numbers of threads
        (``n_jobs``, ``thread_count``) are set here.

    multi_output : {"per_target", "native"}, default="per_target"
        Whether, of several labels, a copy is fitted for each, stopping when it is
        best, or one for all of them, which must know several labels.

    validation_fraction : float, default=0.1
        Share of the rows, or of the groups, to stop early on where no rows are given.

    max_features : int, default=None
        Most columns that each split of a tree may look at, drawn at random, see
        :class:`EarlyStoppingRegressor`.

    n_jobs : int or None, default=None
        Number of threads, see :class:`EarlyStoppingRegressor`.

    random_state : int, RandomState instance or None, default=None
        Determines the validation rows and the estimator's random states.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes, sorted. Of several labels: ``[0, 1]`` for each.

    estimators_ : list of classifiers
        The fitted classifier, or one of each label. What has a single class is
        predicted without any.

    n_iter_ : ndarray of int of shape (n_estimators,)
        Number of rounds or epochs of each of them, see
        :class:`EarlyStoppingRegressor`; a round has a tree for each class, if there
        are more than two.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    make_classifier_baselines : Classifiers ready to be compared, these among them.

    Examples
    --------
    >>> from sklearn.ensemble import HistGradientBoostingClassifier
    >>> from mofa_sklearn import KFoldEnsembleClassifier
    >>> from mofa_sklearn.baselines import EarlyStoppingClassifier
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.preprocessing import EngagementBinner
    >>> X, y = make_micro_videos(200, modalities={"text": 6}, noise=0.5, random_state=0)
    >>> engagement = EngagementBinner(3).fit_transform(y[:, 0])
    >>> boosting = HistGradientBoostingClassifier(
    ...     max_iter=200, early_stopping=True, n_iter_no_change=5, max_depth=2
    ... )
    >>> model = EarlyStoppingClassifier(boosting, random_state=0).fit(X, engagement)
    >>> model.predict_proba(X).shape, bool(model.n_iter_[0] < 200)
    ((200, 3), True)
    >>> ensemble = KFoldEnsembleClassifier(model, cv=3, random_state=0)
    >>> ensemble.fit(X, engagement).oof_prediction_.shape
    (200, 3)
    """

    _parameter_constraints: dict = {
        **BaseEarlyStopping._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict", "predict_proba"]), None],
    }

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
    ) -> EarlyStoppingClassifier:
        """Fit the classifier, or one for each label.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows; NaN is left to the estimator.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their classes, or an indicator of labels, dense or sparse.

        sample_weight : array-like of shape (n_samples,), default=None
            Their non-negative weights, where the estimator takes weights.

        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, as their creators: where rows are held back, they are
            whole groups, none without which a class would not be learned; single rows
            where every group has a class of its own.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows to stop early on; none of `X` are held back then.

        y_val : array-like of shape (n_val,) or (n_val, n_labels), default=None
            Their classes, all of which `y` must have, or labels.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : EarlyStoppingClassifier

        Raises
        ------
        ValueError
            If `y` has no classes, if `y_val` has others, if one of `X_val` and `y_val` is
            lacking, if they are passed and the estimator does not stop early on rows, if
            it is frozen, or if there are too few rows or groups to hold some back.
        TypeError
            If there are weights, and the estimator takes none.
        """
        self._check_arguments(X_val, y_val, sample_weight_val)
        X, y = self._check_rows(X, y, "y", reset=True)
        rows, groups = self._rows_that_count(X, y, sample_weight, groups)
        classes = classes_of(rows.y)
        held_out = None
        if X_val is not None:
            X_val, y_val = self._check_rows(X_val, y_val, "y_val", reset=False)
            check_same_targets(y, y_val)
            weight = self._check_weight(
                sample_weight_val, X_val, "sample_weight_val", "stop early on"
            )
            held_out = Rows(X_val, _coded(y_val, classes, "y_val"), weight)
        random_state = check_random_state(self.random_state)
        rows = replace(rows, y=_coded(rows.y, classes, "y"))
        rows, held_out = self._divide(rows, held_out, groups, random_state)
        self.classes_ = classes
        # What to predict of a label that is always there, or never.
        self._always = rows.y.min(axis=0).astype(np.float64)
        self._fit_parts(rows, held_out, random_state)
        return self

    def predict(self, X) -> np.ndarray:
        """Predict the most probable class, or the labels that are there.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Classes; or zeros and ones, a label being there where its probability is
            above one half.
        """
        return chosen_classes(self.predict_proba(X), self.classes_)

    def predict_proba(self, X) -> np.ndarray:
        """Predict probabilities.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels), float64
            Of each class, in the order of `classes_`, rows summing to one; or of each
            label.
        """
        check_is_fitted(self, "estimators_")
        X = validate_data(self, numbers(X), **ROW_CHECKS, reset=False)
        if self.classes_.ndim == 2:
            return self._label_probabilities(X)
        if not self.estimators_:
            return np.ones((len(X), 1))
        codes = np.arange(len(self.classes_))
        probabilities = aligned_probabilities(self.estimators_[0], X, codes)
        # Some libraries' are float32.
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    def _label_probabilities(self, X: np.ndarray) -> np.ndarray:
        probabilities = np.tile(self._always, (len(X), 1))
        for columns, member in zip(self._parts(), self.estimators_, strict=True):
            if np.ndim(columns) == 0:
                own = aligned_probabilities(member, X, np.array([0, 1]))[:, 1]
            else:
                own = aligned_probabilities(member, X, self.classes_[columns])
            probabilities[:, columns] = own
        return probabilities

    def _default_estimator(self, n_samples: int | None = None) -> BaseEstimator:
        return HistGradientBoostingClassifier(early_stopping=True)

    def _check_rows(self, X: Any, y: Any, name: str, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, numbers(X), y, **ROW_CHECKS, multi_output=True, reset=reset)
        return X, check_classes(y, name)

    def _hold_back(
        self, rows: Rows, groups: Any, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """Divide rows at random; every class is among those to learn from."""
        if rows.y.shape[1] > 1:
            return super()._hold_back(rows, groups, random_state)
        classes = rows.y[:, 0]
        if groups is not None:
            train, test = hold_back_groups(groups, self.validation_fraction, random_state, classes)
            if len(test):
                return train, test
        train, test = super()._hold_back(rows, None, random_state)
        return stratified(classes, train, test, random_state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = self._template().__sklearn_tags__().classifier_tags
        tags.classifier_tags.multi_class = inner is None or inner.multi_class
        tags.classifier_tags.multi_label = True
        return tags


def _coded(y: np.ndarray, classes: np.ndarray, name: str) -> np.ndarray:
    """Return classes as integers from zero, of shape (n_samples, 1 or n_labels)."""
    if y.ndim == 2:
        return y.astype(np.int64)
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(
            f"{name} has class(es) {unknown.tolist()} that are none of those to learn, "
            f"{classes.tolist()}."
        )
    return np.searchsorted(classes, y)[:, np.newaxis]
