"""Logistic regression whose penalty is chosen on rows that it does not learn from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._requests import RequestsItsArguments
from .._sklearn_private import Interval, StrOptions, _fit_context
from .._validation import check_weight, validate_data
from ..modalities._numbers import numbers
from ..modalities._range import in_enough_digits, quiet_range
from ._classes import check_classes
from ._columns import filled, mean_and_scale
from ._grouped import check_groups, hold_back_groups
from ._labels import Coding, LabelSet, learn_coding
from ._stratified import stratified
from ._thresholds import chosen_classes

# From the strongest penalty to the weakest: halves of orders of magnitude.
_DEFAULT_CS = np.logspace(-5, 1, 13)
# Steps without a lower loss after which the path is left.
_PATIENCE = 2


class LogisticPathClassifier(ClassifierMixin, RequestsItsArguments, BaseEstimator):
    """Logistic regression whose penalty is chosen on held-out rows.

    It is fitted again and again with a penalty that gets weaker and weaker, each time from
    where it was ([1]_), and the path is left once the log loss on the held-out rows rises.
    So a choice among many penalties takes little more time than one fit.

    Parameters
    ----------
    Cs : array-like of shape (n_Cs,), default=None
        Inverse penalties to choose from, tried from the smallest to the largest, in the
        units of scikit-learn's :class:`~sklearn.linear_model.LogisticRegression`. None:
        thirteen, from 1e-5 to 10.

    standardize : bool, default=True
        Whether columns are brought to variance one first. With False they count by
        their variance: for columns that have been standardised already, or for
        principal components.

    class_weight : dict, "balanced" or None, default=None
        How much the rows of a class count: class -> weight. ``"balanced"`` lets all
        classes count the same. Of several labels: column of ``y`` -> weight of its ones.

    max_iter : int, default=100
        Steps of L-BFGS for each penalty, at most. A weak penalty whose solution is not
        quite reached regularises as a stronger one would.

    tol : float, default=1e-3
        The steps end when no component of the gradient is larger.

    validation_fraction : float, default=0.1
        Part of the rows, in (0, 1), on which the penalty is chosen where no `X_val` is
        passed; all rows are learned from in the end.

    random_state : int, RandomState instance or None, default=None
        Determines these rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes, sorted. Of several labels: ``[0, 1]`` for each.

    C_ : ndarray of shape (1,) or (n_labels,)
        The inverse penalty chosen, of several labels for each of them.

    coef_ : ndarray of shape (1, n_features), (n_classes, n_features) or (n_labels, n_features)
        The weights of the columns; of two classes those of the second one.

    intercept_ : ndarray of shape (1,), (n_classes,) or (n_labels,)
        The constants.

    column_mean_ : ndarray of shape (n_features,)
        What stands in for NaN.

    n_iter_ : ndarray of int of shape (1,) or (n_labels,)
        Number of steps made for the final solution.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    RidgePathRegressor : The same for numbers.
    sklearn.linear_model.LogisticRegressionCV : Chooses by folds, every penalty on each.

    References
    ----------
    .. [1] Friedman, Hastie and Tibshirani, "Regularization Paths for Generalized Linear
       Models via Coordinate Descent", Journal of Statistical Software 33, 2010.

    Examples
    --------
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.estimators import LogisticPathClassifier
    >>> X, y = make_micro_videos(
    ...     300, modalities={"image": 8, "text": 8}, noise=0.1, random_state=0
    ... )
    >>> popular = y[:, 0] > 5
    >>> model = LogisticPathClassifier(random_state=0).fit(X[:200], popular[:200])
    >>> model.predict_proba(X[200:]).shape
    (100, 2)
    """

    # An ensemble may fit several at a time, in threads, with one BLAS thread each.
    _fits_well_on_one_thread = True

    _parameter_constraints: dict = {
        "Cs": ["array-like", None],
        "standardize": ["boolean"],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        Cs=None,
        *,
        standardize=True,
        class_weight=None,
        max_iter=100,
        tol=1e-3,
        validation_fraction=0.1,
        random_state=None,
    ):
        self.Cs = Cs
        self.standardize = standardize
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
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
    ) -> LogisticPathClassifier:
        """Choose the penalty, and find the weights.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows; NaN counts as the column's mean.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The classes, or an indicator of labels (dense or sparse).

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows.

        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, as their creators: where rows are held back, they are whole
            groups.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows to choose the penalty on.

        y_val : array-like of shape (n_val,) or (n_val, n_labels), default=None
            Their classes, all of which `y` has, or labels.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : LogisticPathClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If `y` has no classes, if `y_val` has others, if only one of `X_val` and `y_val`
            is passed, or if an inverse penalty is not above zero.
        """
        if (X_val is None) != (y_val is None):
            raise ValueError("Pass both X_val and y_val, or none of them.")
        if X_val is None and sample_weight_val is not None:
            raise ValueError("sample_weight_val was passed without X_val and y_val.")
        path = self._path()
        X, y, weight, groups = self._check_training_rows(X, y, sample_weight, groups)
        coding = learn_coding(y)
        self._learn_columns(X, weight)
        importance = self._class_weights(coding, y, weight)
        rows = _Rows(self._scaled(X), _coded(coding, y), weight)
        if X_val is None:
            train, test = self._hold_back(y, groups)
            known, held_out = rows.take(train), rows.take(test)
        else:
            known, held_out = rows, self._held_out(coding, X_val, y_val, sample_weight_val)
        problems = []
        for i, own in enumerate(importance):
            final = rows.of(i)
            first = final if known is rows else known.of(i)
            problem = _fit_problem(
                final, first, held_out.of(i), own, path, self.max_iter, self.tol
            )
            problems.append(problem)
        self.classes_ = coding.classes
        self.C_ = np.array([problem.C for problem in problems])
        self.n_iter_ = np.array([problem.n_iter for problem in problems])
        self.coef_ = np.concatenate([problem.coef for problem in problems]) / self._scale
        intercept = np.concatenate([problem.intercept for problem in problems])
        self.intercept_ = intercept - self.coef_ @ self.column_mean_
        return self

    def predict(self, X) -> np.ndarray:
        """Predict the most probable class, or the labels that are there.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit; NaN counts as the mean of the training
            rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Classes; or zeros and ones, a label being there where its probability is above
            one half.
        """
        return chosen_classes(self.predict_proba(X), self.classes_)

    def predict_proba(self, X) -> np.ndarray:
        """Predict probabilities.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit; NaN counts as the mean of the training
            rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels), float64
            Of each class, in the order of `classes_`, rows summing to one; or of each
            label.
        """
        return self._predict_stacked([self], X)[0]

    @staticmethod
    def _predict_stacked(
        estimators: Sequence[LogisticPathClassifier], X, method: str = "predict_proba"
    ) -> np.ndarray:
        """Predict probabilities with every estimator; the rows are checked once for all."""
        check_is_fitted(estimators[0], "coef_")
        X = in_enough_digits(estimators[0]._check_rows(X))
        return np.stack([each._probabilities(X) for each in estimators])

    def _probabilities(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities of checked rows."""
        scores = self._scores(X)
        if self.classes_.ndim == 2:
            return expit(scores)
        if len(self.classes_) == 2:
            scores = np.hstack([np.zeros_like(scores), scores])
        return softmax(scores, axis=1)

    def decision_function(self, X) -> np.ndarray:
        """Predict the classes' scores, which are linear in the columns.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows, with the columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            Of two classes the log-odds of the second; of more, logarithms of the
            probabilities up to a constant of the row; of each label its log-odds.
        """
        check_is_fitted(self, "coef_")
        scores = self._scores(in_enough_digits(self._check_rows(X)))
        return scores[:, 0] if self.classes_.ndim == 1 and scores.shape[1] == 1 else scores

    def _scores(self, X: np.ndarray) -> np.ndarray:
        product = filled(X, self.column_mean_) @ self.coef_.T.astype(X.dtype)
        return product.astype(float) + self.intercept_

    def _path(self) -> np.ndarray:
        """Return the inverse penalties, ascending."""
        Cs = _DEFAULT_CS if self.Cs is None else np.asarray(self.Cs, dtype=float)
        if Cs.ndim != 1 or len(Cs) == 0 or not (Cs > 0).all():
            raise ValueError(f"Cs must be a list of numbers > 0, got {self.Cs!r}.")
        return np.sort(Cs)

    def _check_training_rows(self, X, y, sample_weight, groups):
        """Return the rows that count: features, classes, weights, groups."""
        with quiet_range():
            X, y = validate_data(
                self,
                numbers(X),
                y,
                dtype=(np.float32, np.float64),
                ensure_all_finite="allow-nan",
                multi_output=True,
            )
        y = check_classes(y)
        weight = check_weight("sample_weight", sample_weight, X)
        weight = np.ones(len(X)) if weight is None else weight.astype(float)
        groups = check_groups(groups, X)
        X = in_enough_digits(X)
        if weight.all():
            return X, y, weight, groups
        # Rows of weight zero tell nothing, not even which classes there are.
        counted = np.flatnonzero(weight)
        groups = None if groups is None else groups[counted]
        return X[counted], y[counted], weight[counted], groups

    def _check_rows(self, X) -> np.ndarray:
        checks = {"dtype": (np.float32, np.float64), "ensure_all_finite": "allow-nan"}
        with quiet_range():
            return validate_data(self, numbers(X), reset=False, **checks)

    def _held_out(self, coding: Coding, X_val, y_val, sample_weight_val) -> _Rows:
        X_val = in_enough_digits(self._check_rows(X_val))
        y_val = check_classes(y_val, "y_val")
        if len(y_val) != len(X_val):
            raise ValueError(
                f"X_val has {len(X_val)} rows and y_val {len(y_val)}: they must be the same."
            )
        weight = check_weight("sample_weight_val", sample_weight_val, X_val)
        weight = np.ones(len(X_val)) if weight is None else weight.astype(float)
        return _Rows(self._scaled(X_val), _coded(coding, y_val, "y_val"), weight)

    def _learn_columns(self, X: np.ndarray, weight: np.ndarray) -> None:
        self.column_mean_, self._scale = mean_and_scale(X, weight / weight.mean())
        if not self.standardize:
            self._scale = np.ones_like(self._scale)

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        """Return centred and scaled columns, of the type of X."""
        mean, scale = self.column_mean_.astype(X.dtype), self._scale.astype(X.dtype)
        return (filled(X, self.column_mean_) - mean) / scale

    def _class_weights(self, coding: Coding, y: np.ndarray, weight: np.ndarray) -> list:
        """Return, for each problem, how much rows of its classes count."""
        if isinstance(coding, LabelSet):
            ones = np.ones(coding.n_outputs)
            if self.class_weight is not None:
                ones = coding.class_weights(y, weight, self.class_weight)
            return [np.array([1.0, one]) for one in ones]
        if self.class_weight is None:
            return [np.ones(coding.n_outputs)]
        return [coding.class_weights(y, weight, self.class_weight)]

    def _hold_back(self, y: np.ndarray, groups) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows to choose the penalty on, of every class the same part if possible."""
        random_state = check_random_state(self.random_state)
        classes = None if y.ndim == 2 else y
        if groups is not None and len(np.unique(groups)) > 1:
            train, test = hold_back_groups(groups, self.validation_fraction, random_state, classes)
            if len(test):
                return train, test
        if len(y) < 4:  # too few to hold some back
            return np.arange(len(y)), np.arange(len(y))
        split = ShuffleSplit(1, test_size=self.validation_fraction, random_state=random_state)
        train, test = next(split.split(y))
        if classes is None:
            return train, test
        return stratified(classes, np.sort(train), np.sort(test), random_state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_label = True
        return tags


@dataclass
class _Rows:
    """Scaled features, positions of classes, and weights of some rows."""

    X: np.ndarray
    y: np.ndarray  # (n_rows, n_problems)
    weight: np.ndarray

    def take(self, index: np.ndarray) -> _Rows:
        return _Rows(self.X[index], self.y[index], self.weight[index])

    def of(self, problem: int) -> _Rows:
        return _Rows(self.X, self.y[:, problem], self.weight)


@dataclass
class _Solution:
    """Weights of scaled columns, and how they were found."""

    C: float
    coef: np.ndarray
    intercept: np.ndarray
    n_iter: int


def _coded(coding: Coding, y: np.ndarray, name: str = "y") -> np.ndarray:
    """Return the positions of classes, a column for each problem."""
    if isinstance(coding, LabelSet):
        return coding.encode(y, name).astype(int)
    return coding.positions(y, name)[:, np.newaxis]


def _fit_problem(
    rows: _Rows,
    known: _Rows,
    held_out: _Rows,
    importance: np.ndarray,
    path: np.ndarray,
    max_iter: int,
    tol: float,
) -> _Solution:
    """Fit one set of classes, or one label.

    `known` are the rows to learn from while the penalty is chosen on `held_out`, and `rows`
    those to learn from in the end.
    """
    if np.ptp(rows.y) == 0:
        return _constant(rows, len(importance))
    # What a path on fewer classes would say of the others is no loss to go by.
    shared = np.isin(held_out.y, known.y)
    if np.ptp(known.y) == 0 or not (held_out.weight[shared] > 0).any():
        known = held_out = rows
    else:
        held_out = held_out.take(np.flatnonzero(shared))
    model = LogisticRegression(max_iter=max_iter, tol=tol, warm_start=True)
    _learn(model, known, importance, path[0])
    best, least, n_idle = _solution(model), _loss(model, held_out, importance), 0
    for C in path[1:]:
        _learn(model, known, importance, C)
        loss = _loss(model, held_out, importance)
        n_idle += 1
        if loss < least:
            best, least, n_idle = _solution(model), loss, 0
        if n_idle == _PATIENCE:
            break
    if known is rows:
        return best
    model.coef_, model.intercept_ = best.coef, best.intercept
    if len(np.unique(known.y)) < len(np.unique(rows.y)):
        model = LogisticRegression(max_iter=max_iter, tol=tol)
    _learn(model, rows, importance, best.C)
    return _solution(model)


def _solution(model: LogisticRegression) -> _Solution:
    n_iter = int(np.max(model.n_iter_))
    return _Solution(float(model.C), model.coef_, model.intercept_, n_iter)


def _learn(model: LogisticRegression, rows: _Rows, importance: np.ndarray, C: float) -> None:
    with warnings.catch_warnings():
        # A solution not quite reached is one of a stronger penalty.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(C=C).fit(rows.X, rows.y, rows.weight * importance[rows.y])


def _loss(model: LogisticRegression, rows: _Rows, importance: np.ndarray) -> float:
    weight = rows.weight * importance[rows.y]
    if not weight.any():
        weight = rows.weight
    # scikit-learn's `log_loss` takes longer to look at a few rows than the fit does.
    position = np.searchsorted(model.classes_, rows.y)
    likelihood = model.predict_proba(rows.X)[np.arange(len(position)), position]
    likelihood = np.maximum(likelihood, np.finfo(likelihood.dtype).eps)
    return float(-np.average(np.log(likelihood), weights=weight))


def _constant(rows: _Rows, n_classes: int) -> _Solution:
    """Predict the only class that there is; of a label nearly for certain, as Laplace would."""
    n_features, n_rows = rows.X.shape[1], len(rows.y)
    intercept = 0.0
    if n_classes == 2:
        intercept = np.log(2 * n_rows + 1) * (1 if rows.y[0] else -1)
    return _Solution(0.0, np.zeros((1, n_features)), np.array([intercept]), 0)
