"""Everything public that is fitted, made small, and the kinds of them.

A maker takes `modalities`, and the parameters of a network, where there are any.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    ModalityPreprocessor,
    RankGaussTransformer,
    make_mofa_pipeline,
)
from mofa_sklearn.baselines import BoostingClassifier, BoostingRegressor, make_baselines
from mofa_sklearn.estimators import (
    KernelPathRegressor,
    LogisticPathClassifier,
    RetrievalClassifier,
    RetrievalRegressor,
    RidgePathRegressor,
)
from mofa_sklearn.preprocessing import (
    BlockPCA,
    EngagementBinner,
    FloatColumns,
    GapFiller,
    RetrievalAugmenter,
    VectorColumns,
)

from .classes import small_classifier
from .helpers import WIDTHS, make_data, small_mofa, with_quick_companions

N_ROWS = 40
N_FOLDS = 2


def make_pipeline(network, modalities=WIDTHS, **params):
    # The names of the pipeline's columns tell its network the modalities.
    estimator = network(modalities=None, **params)
    return with_quick_companions(
        make_mofa_pipeline(modalities, estimator=estimator, cv=KFold(N_FOLDS), random_state=0)
    )


def make_default_pipeline(modalities=WIDTHS, **params):
    pipeline = make_mofa_pipeline(modalities, cv=KFold(N_FOLDS), random_state=0)
    params = {"hidden_dim": 8, "max_epochs": 3, "precision": "float32", **params}
    prefix = "regressor__estimator__"
    pipeline.set_params(**{prefix + name: value for name, value in params.items()})
    return with_quick_companions(pipeline)


def make_ensemble(kind, network, **params):
    return kind(network(**params), cv=KFold(N_FOLDS), random_state=0)


def make_blend(modalities=WIDTHS, **params):
    parts = [
        ("network", small_mofa(modalities=modalities, **params)),
        ("ridge", RidgePathRegressor(random_state=0)),
    ]
    return BlendRegressor(parts, cv=KFold(N_FOLDS), random_state=0)


def make_baseline(name, modalities=WIDTHS, **params):
    if name == "afew-va":
        params = {"hidden_dim": 8, "max_epochs": 3, **params}
    if name == "mlp":
        params = {"estimator__max_iter": 10, **params}
    baseline = make_baselines(modalities, names=[name], random_state=0)[name]
    return baseline.set_params(**{f"regressor__{key}": value for key, value in params.items()})


COLUMNS: dict[str, Callable] = {
    "MoFARegressor": small_mofa,
    "MoFAClassifier": small_classifier,
    "KFoldEnsembleRegressor": partial(make_ensemble, KFoldEnsembleRegressor, small_mofa),
    "KFoldEnsembleClassifier": partial(make_ensemble, KFoldEnsembleClassifier, small_classifier),
    "BlendRegressor": make_blend,
    "make_mofa_pipeline": partial(make_pipeline, small_mofa),
    "make_mofa_pipeline, classifier": partial(make_pipeline, small_classifier),
    "make_mofa_pipeline, default": make_default_pipeline,
    "RidgePathRegressor": lambda: RidgePathRegressor(random_state=0),
    "RidgePathRegressor, components": lambda modalities=WIDTHS: RidgePathRegressor(
        3, modalities=modalities, random_state=0
    ),
    "RetrievalRegressor": lambda modalities=WIDTHS: RetrievalRegressor(
        modalities, n_neighbors=5, random_state=0
    ),
    "KernelPathRegressor": lambda: KernelPathRegressor(random_state=0),
    "LogisticPathClassifier": lambda: LogisticPathClassifier(random_state=0),
    "RetrievalClassifier": lambda modalities=WIDTHS: RetrievalClassifier(
        modalities, n_neighbors=5, random_state=0
    ),
    "BoostingRegressor": lambda: BoostingRegressor(max_iter=5, min_samples_leaf=5, random_state=0),
    "BoostingClassifier": lambda: BoostingClassifier(
        max_iter=5, min_samples_leaf=5, random_state=0
    ),
    "RankGaussTransformer": RankGaussTransformer,
    "ModalityPreprocessor": lambda modalities=WIDTHS: ModalityPreprocessor(
        StandardScaler(), modalities=modalities
    ),
    "BlockPCA": lambda: BlockPCA(3),
    "FloatColumns": FloatColumns,
    "GapFiller": GapFiller,
    "VectorColumns": VectorColumns,
    "RetrievalAugmenter": lambda modalities=WIDTHS: RetrievalAugmenter(
        modalities, n_neighbors=5, passthrough=False, random_state=0
    ),
    "EngagementBinner": EngagementBinner,
    **{
        f"baseline {name}": partial(make_baseline, name)
        for name in ["dummy", "ridge", "pca-ridge", "knn", "mlp", "hist-gb", "mvp", "afew-va"]
    },
}
EVERYTHING = set(COLUMNS)
CLASSIFIERS = {name for name in COLUMNS if "lassifier" in name}
# What trains networks that know the blocks, alone or several of them.
ONE_NETWORK = {"MoFARegressor", "MoFAClassifier"}
SEVERAL = {name for name in COLUMNS if name.startswith(("KFold", "Blend", "make_mofa"))}
NETWORKS = ONE_NETWORK | SEVERAL
PIPELINES = {name for name in COLUMNS if name.startswith("make_mofa")}
# What makes columns floats, and hands on what they hold.
OPENERS = {"FloatColumns", "VectorColumns"}
RETRIEVAL = {"RetrievalRegressor", "RetrievalClassifier", "RetrievalAugmenter"}
# Its steps see one block at a time, single NaN are theirs to fill.
IN_BLOCKS = {"baseline pca-ridge", "baseline mvp", "baseline afew-va"}
BOOSTING = {"BoostingClassifier", "BoostingRegressor", "baseline hist-gb"}
ON_COLUMNS = {"baseline ridge", "baseline knn", "baseline mlp", *BOOSTING}
# Linear models, for which NaN is a column's mean.
RIDGES = {
    "KernelPathRegressor",
    "LogisticPathClassifier",
    "RidgePathRegressor",
    "RidgePathRegressor, components",
}
ONE_BLOCK = {"RankGaussTransformer", "BlockPCA", "GapFiller", *OPENERS}
NO_X = {"EngagementBinner", "baseline dummy"}
NO_Y = {"ModalityPreprocessor", *ONE_BLOCK}


def data_for(column, n_rows=N_ROWS):
    X, y = make_data(n_rows)
    if column in CLASSIFIERS:
        return X, np.array(["a", "b"])[(y[:, 0] > 0).astype(int)]
    return X, y[:, 0] if column == "EngagementBinner" else y


def fit(model, X, y):
    return model.fit(y) if isinstance(model, EngagementBinner) else model.fit(X, y)


def use(model, X):
    if isinstance(model, EngagementBinner):
        X = make_data(N_ROWS)[1][:, 0]
    return np.asarray(model.predict(X) if hasattr(model, "predict") else model.transform(X))
