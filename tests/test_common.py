"""scikit-learn's own checks for every public estimator."""

import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    ModalityPipeline,
    ModalityPreprocessor,
    MoFAClassifier,
    MoFARegressor,
    RankGaussTransformer,
)
from mofa_sklearn.baselines import BoostingClassifier, BoostingRegressor
from mofa_sklearn.estimators import (
    KernelPathRegressor,
    LogisticPathClassifier,
    RetrievalClassifier,
    RetrievalRegressor,
    RidgePathRegressor,
)
from mofa_sklearn.preprocessing import (
    BlockPCA,
    FloatColumns,
    GapFiller,
    RetrievalAugmenter,
    TokenPooling,
    VectorColumns,
)

from .sklearn_checks import parametrize_with_checks, run

_SMALL = {
    "hidden_dim": 16,
    "dropout": 0.0,
    "modality_dropout": 0.0,
    "learning_rate": 8e-2,
    "batch_size": 100,
    "max_epochs": 15,
}

ESTIMATORS = [
    RankGaussTransformer(n_quantiles=20),
    ModalityPreprocessor(),
    ModalityPreprocessor(PCA(1, random_state=0)),
    FloatColumns(),
    GapFiller(),
    VectorColumns(),
    ModalityPreprocessor(StandardScaler(), tokens={"x": 1}),
    TokenPooling(n_tokens=1),
    TokenPooling("none", n_tokens=1),
    BlockPCA(),
    BlockPCA(log_narrow=True),
    RetrievalAugmenter(n_neighbors=3, cv=2),
    RetrievalAugmenter(n_neighbors=3, metric="cosine", passthrough=False, cv=2),
    MoFARegressor(**_SMALL),
    MoFARegressor(fusion="late", loss="quantile", **{**_SMALL, "batch_size": 64}),
    MoFARegressor(tokens={"x": 1}, **_SMALL),
    KFoldEnsembleRegressor(MoFARegressor(**_SMALL), cv=2),
    RidgePathRegressor(),
    KernelPathRegressor(),
    BoostingRegressor(max_iter=30, min_samples_leaf=5, learning_rate=0.2),
    BoostingClassifier(max_iter=30, min_samples_leaf=5, learning_rate=0.2),
    RidgePathRegressor(n_components=8),
    RetrievalRegressor(n_neighbors=3),
    LogisticPathClassifier(),
    RetrievalClassifier(n_neighbors=3),
    KFoldEnsembleRegressor(Ridge(), cv=2, companions=[("lasso", Lasso(0.1))]),
    KFoldEnsembleRegressor(  # of sparse rows Ridge iterates, in one of two ways
        make_pipeline(FunctionTransformer(), Ridge(tol=1e-12)), validation="inner", cv=2
    ),
    MoFAClassifier(**_SMALL),
    MoFAClassifier(early_stopping=False, loss="focal", fusion="late", **_SMALL),
    KFoldEnsembleClassifier(MoFAClassifier(**_SMALL), cv=2),
    KFoldEnsembleClassifier(
        LogisticRegression(),
        cv=2,
        companions=[("strong", LogisticRegression(C=0.01))],
        calibrate="temperature",
    ),
    KFoldEnsembleClassifier(
        make_pipeline(FunctionTransformer(), LogisticRegression()), validation="inner", cv=2
    ),
    BlendRegressor([("ridge", Ridge()), ("lasso", Lasso(0.1))], cv=2),
    BlendRegressor(
        [
            ("ridges", KFoldEnsembleRegressor(Ridge(), cv=2)),
            ("lasso", Lasso(0.1)),
        ],
        weights="uniform",
        cv=2,
    ),
    ModalityPipeline([("scale", StandardScaler()), ("ridge", Ridge())]),
    ModalityPipeline([("ridge", Ridge())], target_transform=StandardScaler()),
    ModalityPipeline(
        [
            ("preprocess", ModalityPreprocessor()),
            ("ensemble", KFoldEnsembleRegressor(Ridge(), cv=2, random_state=0)),
        ]
    ),
    ModalityPipeline([("scale", StandardScaler()), ("classifier", LogisticRegression())]),
]


def expected_failures(estimator):
    """What scikit-learn expects to fail for its own stochastic learners, and why."""
    if isinstance(estimator, RetrievalAugmenter):
        reason = "fit_transform is cross-fitted: a training row does not see its own target"
        return dict.fromkeys(
            ["check_transformer_general", "check_transformer_data_not_an_array"], reason
        )
    paths = (KernelPathRegressor, LogisticPathClassifier, RidgePathRegressor)
    if isinstance(estimator, paths):
        return {
            "check_sample_weight_equivalence_on_dense_data": (
                "which rows penalties are chosen on depends on the number of rows"
            )
        }
    if isinstance(estimator, (BoostingClassifier, BoostingRegressor)):
        return {
            "check_sample_weight_equivalence_on_dense_data": (
                "which rows are held back, and where bins end, depends on the number of rows"
            )
        }
    if isinstance(estimator, ModalityPipeline):
        reason = "a pipeline fits the steps that it was given, as scikit-learn's does"
        failures = dict.fromkeys(
            ["check_estimators_overwrite_params", "check_dont_overwrite_parameters"], reason
        )
        if "ensemble" in estimator.named_steps:
            for kind in ("dense", "sparse"):
                failures[f"check_sample_weight_equivalence_on_{kind}_data"] = (
                    "a repeated row falls into several folds"
                )
        return failures
    inner = list(estimator.get_params().values())
    if any(isinstance(part, KFoldEnsembleRegressor) for part in inner):
        reason = "which rows the inner folds hold out depends on the number of rows"
        kinds = ["dense", "sparse"]
        return {f"check_sample_weight_equivalence_on_{kind}_data": reason for kind in kinds}
    parts = [estimator, *inner]
    if isinstance(estimator, KFoldEnsembleRegressor):
        # All rows of the check are in one batch, and a member stops on the fold held out.
        return {}
    if not any(isinstance(part, (MoFAClassifier, MoFARegressor)) for part in parts):
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "a repeated row and a row of weight two fall into other mini-batches"
        )
    }


@parametrize_with_checks(ESTIMATORS, expected_failures)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sklearn_checks(estimator, check):
    run(check, estimator)
