"""scikit-learn's own checks for what the baselines are made of."""

from importlib.util import find_spec

import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.utils.validation import has_fit_parameter

from mofa_sklearn.baselines import (
    EarlyStoppingClassifier,
    EarlyStoppingLogisticRegression,
    EarlyStoppingMLPClassifier,
    EarlyStoppingMLPRegressor,
    EarlyStoppingRegressor,
)
from mofa_sklearn.baselines._block_statistics import BlockStatistics

from ..sklearn_checks import parametrize_with_checks, run

_WEIGHT_CHECKS = [
    "check_sample_weights_pandas_series",
    "check_sample_weights_not_an_array",
    "check_sample_weights_list",
    "check_sample_weights_shape",
    "check_sample_weights_not_overwritten",
    "check_sample_weight_equivalence_on_dense_data",
]


def estimators():
    boosting = {
        "max_iter": 12,
        "learning_rate": 0.3,
        "min_samples_leaf": 5,
        "early_stopping": True,
    }
    yield EarlyStoppingMLPRegressor(max_iter=100)
    yield EarlyStoppingRegressor(HistGradientBoostingRegressor(**boosting))
    yield EarlyStoppingRegressor(Ridge(), n_jobs=1)
    yield EarlyStoppingMLPClassifier(max_iter=50)
    yield EarlyStoppingLogisticRegression()
    yield EarlyStoppingClassifier(HistGradientBoostingClassifier(**boosting))
    yield EarlyStoppingClassifier(LogisticRegression(), n_jobs=1)
    network = EarlyStoppingMLPClassifier(
        (20,), early_stopping=True, learning_rate_init=0.05, max_iter=15
    )
    yield EarlyStoppingClassifier(network, multi_output="native")
    yield BlockStatistics()
    if find_spec("xgboost"):
        from xgboost import XGBClassifier, XGBRegressor

        trees = {"n_estimators": 12, "early_stopping_rounds": 5}
        yield EarlyStoppingRegressor(XGBRegressor(**trees), multi_output="native")
        yield EarlyStoppingClassifier(XGBClassifier(**trees))
    if find_spec("lightgbm"):
        from lightgbm import LGBMClassifier, LGBMRegressor

        trees = {
            "n_estimators": 12,
            "learning_rate": 0.3,
            "early_stopping_round": 5,
            "min_child_samples": 5,
            "verbose": -1,
        }
        yield EarlyStoppingRegressor(LGBMRegressor(**trees))
        yield EarlyStoppingClassifier(LGBMClassifier(**trees))
    if find_spec("catboost"):
        from catboost import CatBoostClassifier, CatBoostRegressor

        trees = {
            "iterations": 12,
            "learning_rate": 0.3,
            "early_stopping_rounds": 5,
            "allow_writing_files": False,
            "random_state": 0,
        }
        several = CatBoostRegressor(loss_function="MultiRMSE", **trees)
        yield EarlyStoppingRegressor(several, multi_output="native")
        yield EarlyStoppingClassifier(CatBoostClassifier(**trees))


def expected_failures(estimator):
    """What scikit-learn expects to fail for its own early-stopping learners, and why."""
    networks = (EarlyStoppingMLPClassifier, EarlyStoppingMLPRegressor)
    inner = getattr(estimator, "estimator", None)
    if isinstance(estimator, networks) and not has_fit_parameter(MLPRegressor, "sample_weight"):
        return dict.fromkeys(_WEIGHT_CHECKS, "scikit-learn's network takes weights since 1.7")
    if inner is None or isinstance(inner, Ridge) or type(inner) is LogisticRegression:
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "which rows are held back to stop on depends on how many rows there are"
        )
    }


@parametrize_with_checks(list(estimators()), expected_failures)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sklearn_checks(estimator, check):
    run(check, estimator)
