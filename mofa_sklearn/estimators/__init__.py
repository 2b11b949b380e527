"""Estimators: one network as a scikit-learn estimator, and quick ones to put beside it."""

from ._classifier import MoFAClassifier
from ._kernel_path import KernelPathRegressor
from ._logistic_path import LogisticPathClassifier
from ._regressor import MoFARegressor
from ._retrieval_classifier import RetrievalClassifier
from ._retrieval_regressor import RetrievalRegressor
from ._ridge_path import RidgePathRegressor

__all__ = [
    "KernelPathRegressor",
    "LogisticPathClassifier",
    "MoFAClassifier",
    "MoFARegressor",
    "RetrievalClassifier",
    "RetrievalRegressor",
    "RidgePathRegressor",
]
