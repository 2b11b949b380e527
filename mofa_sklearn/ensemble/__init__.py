"""Ensembles of estimators, one member for each fold of a cross-validation."""

from ._blend import BlendRegressor
from ._kfold_classifier import KFoldEnsembleClassifier
from ._kfold_regressor import KFoldEnsembleRegressor

__all__ = ["BlendRegressor", "KFoldEnsembleClassifier", "KFoldEnsembleRegressor"]
