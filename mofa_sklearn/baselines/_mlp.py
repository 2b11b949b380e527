"""scikit-learn's networks, stopping early on rows that they are given."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils import check_consistent_length
from sklearn.utils.multiclass import unique_labels

from .._requests import RequestsItsArguments
from .._sklearn_private import _fit_context, _safe_indexing
from ..ensemble._validation_rows import check_used
from ._base_early_stopping import check_validation_pair


def _that_count(X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Leave out the rows of weight zero, which would change the mini-batches of the others."""
    if sample_weight is None:
        return X, y, {}
    weight = np.asarray(sample_weight)
    counted = np.flatnonzero(weight)
    if 0 < len(counted) < len(weight):
        check_consistent_length(X, y, weight)
        X, y, sample_weight = (_safe_indexing(part, counted) for part in (X, y, sample_weight))
    return X, y, {"sample_weight": sample_weight}


class _StopsOnGivenRows(RequestsItsArguments):
    """Adds validation rows to the `fit` of one of scikit-learn's networks."""

    _network: type  # the network without them

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets; of a classifier their classes, or an indicator of labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Their weights; takes scikit-learn 1.7 or newer.

        X_val : array-like of shape (n_val, n_features), default=None
            Rows to stop early on.

        y_val : array-like of shape (n_val,) or (n_val, n_targets), default=None
            Their targets, or classes that `y` has.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : estimator
            The fitted network.

        Raises
        ------
        ValueError
            If one of `X_val` and `y_val` is lacking, or if they are passed with
            ``early_stopping=False`` or ``solver="lbfgs"``.
        """
        check_validation_pair(X_val, y_val, sample_weight_val)
        X, y, weights = _that_count(X, y, sample_weight)
        if X_val is None:
            return super().fit(X, y, **weights)
        check_used([self], {})
        if self.solver == "lbfgs":
            raise ValueError(
                "X_val was passed, but solver='lbfgs' has no epochs to stop after: take "
                "solver='adam' or 'sgd', or pass no validation rows."
            )
        check_consistent_length(X_val, y_val, sample_weight_val)
        # partial_fit refuses early_stopping=True, and goes on where a fit ended.
        network = self._network(**{**self.get_params(), "early_stopping": False})
        if self.warm_start and hasattr(self, "coefs_"):
            learned = vars(self).keys() - self.get_params().keys() - {"_optimizer"}
            vars(network).update(copy.deepcopy({name: vars(self)[name] for name in learned}))
        first_step = self._arguments_of_first_step(y)
        losses: list[float] = []
        best, n_idle = np.inf, 0
        best_weights: tuple = ()
        while len(losses) < self.max_iter and n_idle < self.n_iter_no_change:
            network.partial_fit(X, y, **({} if losses else first_step), **weights)
            losses.append(self._loss(network, X_val, y_val, sample_weight_val))
            n_idle = 0 if losses[-1] < best - self.tol else n_idle + 1
            if losses[-1] < best or not best_weights:
                best = losses[-1]
                best_weights = copy.deepcopy((network.coefs_, network.intercepts_))
        network.coefs_, network.intercepts_ = best_weights
        for name in vars(network).keys() - self.get_params().keys():
            setattr(self, name, getattr(network, name))
        self.n_iter_, self.validation_losses_ = len(losses), losses
        return self

    def _arguments_of_first_step(self, y: Any) -> dict[str, Any]:
        return {}


class EarlyStoppingMLPRegressor(_StopsOnGivenRows, MLPRegressor):
    """:class:`~sklearn.neural_network.MLPRegressor` that may be given validation rows.

    It has the same parameters and attributes. With ``early_stopping=True`` and
    validation rows, the network is trained epoch by epoch until the squared error on
    these rows has not got better by `tol` for `n_iter_no_change` epochs, and the best
    epoch's weights are kept. Without them it does what its base class does.

    Attributes
    ----------
    validation_losses_ : list of float
        The mean squared error on the validation rows after each epoch, where such
        rows were given.

    See Also
    --------
    EarlyStoppingRegressor : Scales targets, and holds rows back where none are given.

    Examples
    --------
    >>> from mofa_sklearn.baselines import EarlyStoppingMLPRegressor
    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(120, 5, noise=1.0, random_state=0)
    >>> y = y / y.std()
    >>> network = EarlyStoppingMLPRegressor(
    ...     early_stopping=True, max_iter=500, learning_rate_init=0.01, random_state=0
    ... )
    >>> _ = network.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    >>> network.n_iter_ < 500
    True
    """

    _network = MLPRegressor

    @staticmethod
    def _loss(network: MLPRegressor, X: Any, y: Any, sample_weight: Any) -> float:
        errors = (network.predict(X) - y) ** 2
        return float(np.mean(np.average(errors, axis=0, weights=sample_weight)))


class EarlyStoppingMLPClassifier(_StopsOnGivenRows, MLPClassifier):
    """:class:`~sklearn.neural_network.MLPClassifier` that may be given validation rows.

    It has the same parameters and attributes. With ``early_stopping=True`` and
    validation rows, the network is trained epoch by epoch until the log loss on these
    rows (of several labels: the mean over the labels) has not got better by `tol` for
    `n_iter_no_change` epochs, and the best epoch's weights are kept. Without them it
    does what its base class does.

    Attributes
    ----------
    validation_losses_ : list of float
        The log loss on the validation rows after each epoch, where such rows were
        given.

    See Also
    --------
    EarlyStoppingClassifier : Holds rows back where none are given.

    Examples
    --------
    >>> from mofa_sklearn.baselines import EarlyStoppingMLPClassifier
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(200, random_state=0)
    >>> network = EarlyStoppingMLPClassifier(
    ...     early_stopping=True, max_iter=500, learning_rate_init=0.01, random_state=0
    ... )
    >>> _ = network.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    >>> network.n_iter_ < 500
    True
    """

    _network = MLPClassifier

    def _arguments_of_first_step(self, y: Any) -> dict[str, Any]:
        return {"classes": unique_labels(y)}

    @staticmethod
    def _loss(network: MLPClassifier, X: Any, y: Any, sample_weight: Any) -> float:
        probabilities = network.predict_proba(X)
        y = np.asarray(y)
        if y.ndim == 1 or y.shape[1] == 1:
            labels = network.classes_
            return log_loss(y, probabilities, sample_weight=sample_weight, labels=labels)
        smallest = np.finfo(probabilities.dtype).eps
        right = np.where(y == 1, probabilities, 1 - probabilities)
        losses = -np.log(np.maximum(right, smallest))
        return float(np.mean(np.average(losses, axis=0, weights=sample_weight)))
