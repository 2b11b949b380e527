"""Linear models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn import linear_model
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    LogisticRegressionCV,
    PoissonRegressor,
    TweedieRegressor,
)
from sklearn.svm import LinearSVR
from torch import Tensor, nn

from ..baselines import EarlyStoppingLogisticRegression
from ..estimators import LogisticPathClassifier, RidgePathRegressor
from ._convert import converts, no_export
from ._members import converts_members

# Those of scikit-learn that predict what `coef_` and `intercept_` say.
_LINEAR = (
    linear_model.ARDRegression,
    linear_model.BayesianRidge,
    linear_model.ElasticNet,
    linear_model.ElasticNetCV,
    linear_model.HuberRegressor,
    linear_model.Lars,
    linear_model.LarsCV,
    linear_model.Lasso,
    linear_model.LassoCV,
    linear_model.LassoLars,
    linear_model.LassoLarsCV,
    linear_model.LassoLarsIC,
    linear_model.LinearRegression,
    linear_model.MultiTaskElasticNet,
    linear_model.MultiTaskElasticNetCV,
    linear_model.MultiTaskLasso,
    linear_model.MultiTaskLassoCV,
    linear_model.OrthogonalMatchingPursuit,
    linear_model.OrthogonalMatchingPursuitCV,
    linear_model.QuantileRegressor,
    linear_model.Ridge,
    linear_model.RidgeCV,
    linear_model.SGDRegressor,
    linear_model.TheilSenRegressor,
    LinearSVR,
)


class Linear(nn.Module):
    """Linear models that count NaN as a column's mean.

    Parameters
    ----------
    coef : ndarray of shape (n_members, n_targets, n_features)
    intercept : ndarray of shape (n_members, n_targets)
    column_mean : ndarray of shape (n_members, n_features), or None
        What NaN counts as; None: there is none.
    """

    def __init__(
        self, coef: np.ndarray, intercept: np.ndarray, column_mean: np.ndarray | None = None
    ) -> None:
        super().__init__()
        self.coef: Tensor
        self.intercept: Tensor
        self.of_missing: Tensor | None
        self.n_targets = coef.shape[1]
        flat = np.asarray(coef, dtype=np.float64).reshape(-1, coef.shape[2])
        self.register_buffer("coef", torch.from_numpy(flat.T.copy()))
        self.register_buffer("intercept", torch.from_numpy(np.float64(intercept).reshape(-1)))
        if column_mean is None:
            self.register_buffer("of_missing", None)
        else:
            means = np.repeat(np.asarray(column_mean, dtype=np.float64), self.n_targets, axis=0)
            self.register_buffer("of_missing", torch.from_numpy((flat * means).T.copy()))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_members, n_samples, n_targets)."""
        x = x.to(torch.float64)
        if self.of_missing is None:
            product = x @ self.coef
        else:
            missing = x.isnan()
            product = torch.where(missing, 0.0, x) @ self.coef
            product = product + missing.to(torch.float64) @ self.of_missing
        product = product + self.intercept
        return product.unflatten(-1, (-1, self.n_targets)).transpose(0, 1)


@converts_members(RidgePathRegressor)
def _ridge_paths(estimators: Sequence[RidgePathRegressor], place: str, rows: Any) -> nn.Module:
    return Linear(
        np.stack([np.atleast_2d(each.coef_) for each in estimators]),
        np.stack([np.atleast_1d(each.intercept_) for each in estimators]),
        np.stack([each.column_mean_ for each in estimators]),
    )


@converts_members(*_LINEAR)
def _linear_models(estimators: Sequence[Any], place: str, rows: Any) -> nn.Module:
    coef = np.stack([np.atleast_2d(each.coef_) for each in estimators])
    intercepts = [
        np.broadcast_to(np.atleast_1d(each.intercept_), coef.shape[1]) for each in estimators
    ]
    return Linear(coef, np.stack(intercepts))


class Exponential(nn.Module):
    """``exp(x)``: means of which a model says the logarithm."""

    def forward(self, x: Tensor) -> Tensor:
        return x.exp()


@converts_members(PoissonRegressor, GammaRegressor, TweedieRegressor)
def _generalized_linear_models(estimators: Sequence[Any], place: str, rows: Any) -> nn.Module:
    linear, first = _linear_models(estimators, place, rows), estimators[0]
    link = getattr(first, "link", "log")
    if link == "auto":
        link = "identity" if first.power <= 0 else "log"
    return linear if link == "identity" else nn.Sequential(linear, Exponential())


def probabilities_of(scores: Tensor) -> Tensor:
    """Map scores of shape (..., n_scores) to (..., n_classes).

    Of two classes there is one score, the second one's log-odds.
    """
    if scores.shape[-1] == 1:
        scores = torch.cat([torch.zeros_like(scores), scores], dim=-1)
    return scores.softmax(dim=-1)


class Logistic(nn.Module):
    """Probabilities of a linear model's scores."""

    def __init__(self, linear: nn.Module) -> None:
        super().__init__()
        self.linear = linear

    def forward(self, x: Tensor) -> Tensor:
        return probabilities_of(self.linear(x)[0])


@converts(LogisticRegression, LogisticRegressionCV, EarlyStoppingLogisticRegression)
def _logistic(estimator: LogisticRegression, place: str) -> nn.Module:
    one_each = estimator.solver == "liblinear" or getattr(estimator, "multi_class", "") == "ovr"
    if one_each and len(estimator.classes_) > 2:  # before scikit-learn 1.8
        raise no_export(place, "it has a model for each class against the others")
    return Logistic(Linear(estimator.coef_[None], estimator.intercept_[None]))


class Probabilities(nn.Module):
    """Probabilities of several members' scores.

    Parameters
    ----------
    scores : nn.Module
        Maps (n_samples, n_features) to (n_members, n_samples, n_scores).
    classes : ndarray of shape (n_classes,) or (n_labels, 2)
        Of labels there is a score each; what knows one class only is sure of it.
    """

    def __init__(self, scores: nn.Module, classes: np.ndarray) -> None:
        super().__init__()
        self.scores = scores
        self.are_labels, self.is_one = classes.ndim == 2, len(classes) == 1

    def forward(self, x: Tensor) -> Tensor:
        scores = self.scores(x)
        if self.are_labels:
            return scores.sigmoid()
        return torch.ones_like(scores) if self.is_one else probabilities_of(scores)


@converts_members(LogisticPathClassifier)
def _logistic_paths(
    estimators: Sequence[LogisticPathClassifier], place: str, rows: Any
) -> nn.Module:
    linear = Linear(
        np.stack([each.coef_ for each in estimators]),
        np.stack([each.intercept_ for each in estimators]),
        np.stack([each.column_mean_ for each in estimators]),
    )
    return Probabilities(linear, estimators[0].classes_)
