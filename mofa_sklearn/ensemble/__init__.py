"""Ensembles of estimators, one member for each fold of a cross-validation."""

from ._kfold_regressor import KFoldEnsembleRegressor

__all__ = ["KFoldEnsembleRegressor"]
