"""Other people's regressors, and systems', ready to be compared."""

from ._early_stopping import EarlyStoppingRegressor
from ._make_baselines import make_baselines
from ._mlp import EarlyStoppingMLPRegressor

__all__ = [
    "EarlyStoppingMLPRegressor",
    "EarlyStoppingRegressor",
    "make_baselines",
]
