"""Other people's regressors and classifiers, and systems', ready to be compared."""

from ._boosting import BoostingClassifier, BoostingRegressor
from ._early_stopping import EarlyStoppingRegressor
from ._early_stopping_classifier import EarlyStoppingClassifier
from ._logistic import EarlyStoppingLogisticRegression
from ._make_baselines import make_baselines
from ._make_classifier_baselines import make_classifier_baselines
from ._mlp import EarlyStoppingMLPClassifier, EarlyStoppingMLPRegressor

__all__ = [
    "BoostingClassifier",
    "BoostingRegressor",
    "EarlyStoppingClassifier",
    "EarlyStoppingLogisticRegression",
    "EarlyStoppingMLPClassifier",
    "EarlyStoppingMLPRegressor",
    "EarlyStoppingRegressor",
    "make_baselines",
    "make_classifier_baselines",
]
