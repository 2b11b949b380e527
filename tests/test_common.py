"""scikit-learn's own checks for every public estimator."""

import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
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
    KFoldEnsembleRegressor(make_pipeline(StandardScaler(), Ridge()), cv=3, validation="inner"),
]

# What scikit-learn expects to fail for its own learners of the same kind, and why.
_MINI_BATCHES = "a repeated row and a row of weight two fall into other mini-batches"
_FOLDS = "a repeated row and a row of weight two fall into other folds"
EXPECTED_FAILURES = {
    MoFARegressor: {
        "check_sample_weight_equivalence_on_dense_data": _MINI_BATCHES,
    },
    KFoldEnsembleRegressor: {
        "check_sample_weight_equivalence_on_dense_data": _FOLDS,
        "check_sample_weight_equivalence_on_sparse_data": _FOLDS,
    },
}


@parametrize_with_checks(
    ESTIMATORS,
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES.get(type(estimator), {}),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sklearn_checks(estimator, check):
    check(estimator)
