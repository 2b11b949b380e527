"""Estimators: one network as a scikit-learn estimator."""

from ._regressor import MoFARegressor

__all__ = ["MoFARegressor"]
