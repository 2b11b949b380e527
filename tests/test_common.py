"""scikit-learn's own checks for every public estimator."""

import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from mofa_sklearn import (
    KFoldEnsembleRegressor,
    ModalityPreprocessor,
    MoFARegressor,
    RankGaussTransformer,
)

_SMALL = {"hidden_dim": 16, "dropout": 0.0, "modality_dropout": 0.0, "learning_rate": 1e-2}

ESTIMATORS = [
    RankGaussTransformer(n_quantiles=20),
    ModalityPreprocessor(),
    ModalityPreprocessor(StandardScaler()),
    ModalityPreprocessor(PCA(1, random_state=0)),
    MoFARegressor(max_epochs=40, **_SMALL),
    MoFARegressor(max_epochs=40, early_stopping=False, **_SMALL),
    KFoldEnsembleRegressor(MoFARegressor(max_epochs=40, **_SMALL), cv=2),
    KFoldEnsembleRegressor(Ridge(), cv=3),
    KFoldEnsembleRegressor(make_pipeline(FunctionTransformer(), Ridge()), validation="inner"),
]


def expected_failures(estimator):
    """What scikit-learn expects to fail for its own stochastic learners, and why."""
    member = getattr(estimator, "estimator", estimator)
    if not isinstance(member, MoFARegressor):
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "a repeated row and a row of weight two fall into other mini-batches"
        )
    }


@parametrize_with_checks(
    ESTIMATORS,
    expected_failed_checks=expected_failures,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sklearn_checks(estimator, check):
    check(estimator)
