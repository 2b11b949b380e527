"""Logistic regression whose penalty is chosen on rows that it is given."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.utils import check_consistent_length, indexable

from .._requests import RequestsItsArguments
from .._sklearn_private import _fit_context, _safe_indexing
from ._base_early_stopping import check_validation_pair

# From the strongest penalty to the weakest, as parts of C: halves of orders of magnitude.
_PATH = np.logspace(-6, 0, 13)
# Steps without a lower loss after which the path is left.
_PATIENCE = 3


class EarlyStoppingLogisticRegression(RequestsItsArguments, LogisticRegression):
    """:class:`~sklearn.linear_model.LogisticRegression` that may be given validation rows.

    It has the same parameters and attributes. With validation rows it is fitted again
    and again, each time from where it was, with a penalty that gets weaker and weaker:
    from a millionth of `C` to `C`, in thirteen steps. It stops when the log loss on
    these rows has not got better for three steps, and keeps the best. Without them it
    does what its base class does, but for rows of weight zero: of a class that only they
    have it does not know.

    Attributes
    ----------
    C_ : float
        The inverse penalty that was chosen, where validation rows were given.

    validation_losses_ : list of float
        The log loss on the validation rows for each penalty tried, where such rows were
        given.

    See Also
    --------
    sklearn.linear_model.LogisticRegressionCV : Chooses by folds, every penalty on each.

    References
    ----------
    .. [1] Friedman, Hastie and Tibshirani, "Regularization Paths for Generalized Linear
       Models via Coordinate Descent", Journal of Statistical Software 33, 2010 (the
       path with warm starts).

    Examples
    --------
    >>> from mofa_sklearn.baselines import EarlyStoppingLogisticRegression
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(200, random_state=0)
    >>> model = EarlyStoppingLogisticRegression()
    >>> _ = model.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    >>> 1e-6 < model.C_ < 1
    True
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None
    ) -> EarlyStoppingLogisticRegression:
        """Fit the model, and choose its penalty.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,)
            Their classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Their weights.

        X_val : array-like of shape (n_val, n_features), default=None
            Rows to choose the penalty on.

        y_val : array-like of shape (n_val,), default=None
            Their classes, which `y` must have.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : EarlyStoppingLogisticRegression

        Raises
        ------
        ValueError
            If one of `X_val` and `y_val` is lacking.
        """
        check_validation_pair(X_val, y_val, sample_weight_val)
        X, y, sample_weight = _that_count(X, y, sample_weight)
        if X_val is None:
            return super().fit(X, y, sample_weight)
        check_consistent_length(X_val, y_val, sample_weight_val)
        model = LogisticRegression(**{**self.get_params(), "warm_start": True})
        if self.warm_start and hasattr(self, "coef_"):
            model.coef_, model.intercept_ = self.coef_, self.intercept_
        losses: list[float] = []
        best: dict = {}
        for C in self.C * _PATH:
            model.set_params(C=C)
            with warnings.catch_warnings():
                # A weak penalty's solution not quite reached is one of a stronger penalty.
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(X, y, sample_weight)
            probabilities = model.predict_proba(X_val)
            losses.append(
                log_loss(
                    y_val, probabilities, sample_weight=sample_weight_val, labels=model.classes_
                )
            )
            n_idle = len(losses) - 1 - int(np.argmin(losses))
            if n_idle == 0:
                learned = vars(model).keys() - self.get_params().keys()
                best = {name: getattr(model, name) for name in learned} | {"C_": float(C)}
            if n_idle == _PATIENCE:
                break
        for name, value in best.items():
            setattr(self, name, value)
        self.validation_losses_ = losses
        return self


def _that_count(X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """Leave out rows of weight zero, which tell nothing, not even which classes there are."""
    counted = np.asarray(1 if sample_weight is None else sample_weight) != 0
    # What is wrong with the arguments is told by scikit-learn.
    if counted.all() or not counted.any() or counted.shape != np.shape(y):
        return X, y, sample_weight
    check_consistent_length(X, y, sample_weight)
    rows = np.flatnonzero(counted)
    return tuple(_safe_indexing(indexable(each)[0], rows) for each in (X, y, sample_weight))
