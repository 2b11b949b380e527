"""The models that are compared, every one of them for several targets and data with NaN.

A maker gets a :class:`Setting` and returns an unfitted regressor. It imports what it needs, so
that a library that is not installed costs only its own row. Single boosters and other people's
networks take no groups: the rows they stop early on are drawn from their training rows at random.
Ensembles of ours, and bags of boosters, have folds by creator where the outer folds are.
"""

import logging
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.baselines import make_baselines

RIDGE_ALPHAS = np.logspace(0, 6, 13)
N_COMPONENTS = 32
# Boosting: up to 1,000 small steps, ended by 10% of the training rows.
N_TREES, RATE, PATIENCE, VALIDATION_FRACTION = 1000, 0.05, 50, 0.1
# On more columns than this a tree, or a split, sees a tenth of them: else it takes hours.
MAX_BOOSTING_WIDTH = 1000


@dataclass
class Setting:
    """What a model may know before it is fitted.

    `max_epochs` and `max_trees` shorten everything for a try; None leaves it as it is.
    """

    modalities: dict
    n_members: int
    seed: int
    max_epochs: int | None = None
    max_trees: int | None = None

    @property
    def column_share(self):
        """Share of the columns that boosting looks at."""
        return 0.1 if sum(self.modalities.values()) > MAX_BOOSTING_WIDTH else 1.0

    @property
    def n_trees(self):
        return self.max_trees or N_TREES


class StopsEarly(RegressorMixin, BaseEstimator):
    """Fit a booster on a part of the rows, and let it stop on the others."""

    def __init__(self, booster, seed=0):
        self.booster = booster
        self.seed = seed

    def fit(self, X, y):
        """Fit on 90% of the rows."""
        X, X_val, y, y_val = train_test_split(
            X, y, test_size=VALIDATION_FRACTION, random_state=self.seed
        )
        verbose = {} if "LGBM" in type(self.booster).__name__ else {"verbose": False}
        self.booster_ = clone(self.booster).fit(X, y, eval_set=[(X_val, y_val)], **verbose)
        return self

    def predict(self, X):
        return self.booster_.predict(X)


def ridge(setting):
    return make_pipeline(
        SimpleImputer(strategy="median"),
        StandardScaler(),
        RidgeCV(RIDGE_ALPHAS, alpha_per_target=True),
    )


def pca_ridge(setting):
    """Ridge on the first components of every wide block, and on the columns of narrow ones."""
    ridge = RidgeCV(RIDGE_ALPHAS, alpha_per_target=True)
    return make_pipeline(_components(setting, N_COMPONENTS), ridge)


def on_components(maker):
    """Return the maker of a model on 30 principal components of each wide block.

    That is how MulTaBench (arXiv 2605.10616) hands embeddings to tabular models.
    """
    return lambda setting: make_pipeline(_components(setting, 30), maker(setting))


def _components(setting, n_components):
    """Standardise all columns, and take the first components of every wide block."""
    blocks, start = [], 0
    for name, width in setting.modalities.items():
        steps = [SimpleImputer(strategy="median"), StandardScaler()]
        if width > n_components:
            steps += [PCA(n_components, random_state=setting.seed), StandardScaler()]
        blocks.append((name, make_pipeline(*steps), slice(start, start + width)))
        start += width
    return ColumnTransformer(blocks)


def hist_gradient_boosting(setting):
    booster = HistGradientBoostingRegressor(
        learning_rate=RATE,
        max_iter=setting.n_trees,
        max_features=setting.column_share,
        early_stopping=True,
        validation_fraction=VALIDATION_FRACTION,
        n_iter_no_change=PATIENCE,
        random_state=setting.seed,
    )
    return MultiOutputRegressor(booster)


def xgboost(setting):
    from xgboost import XGBRegressor

    booster = XGBRegressor(
        learning_rate=RATE,
        n_estimators=setting.n_trees,
        colsample_bynode=setting.column_share,
        early_stopping_rounds=PATIENCE,
        random_state=setting.seed,
    )
    return MultiOutputRegressor(StopsEarly(booster, setting.seed))


def lightgbm(setting):
    from lightgbm import LGBMRegressor

    booster = LGBMRegressor(
        learning_rate=RATE,
        n_estimators=setting.n_trees,
        feature_fraction_bynode=setting.column_share,
        early_stopping_round=PATIENCE,
        random_state=setting.seed,
        verbose=-1,
    )
    return MultiOutputRegressor(StopsEarly(booster, setting.seed))


def catboost(setting):
    from catboost import CatBoostRegressor

    booster = CatBoostRegressor(
        learning_rate=RATE,
        iterations=setting.n_trees,
        rsm=setting.column_share,
        early_stopping_rounds=PATIENCE,
        random_state=setting.seed,
        allow_writing_files=False,
    )
    return MultiOutputRegressor(StopsEarly(booster, setting.seed))


def mlp(setting):
    network = MLPRegressor(
        early_stopping=True, max_iter=setting.max_epochs or 200, random_state=setting.seed
    )
    return make_pipeline(
        SimpleImputer(strategy="median"),
        StandardScaler(),
        TransformedTargetRegressor(network, transformer=StandardScaler()),
    )


def realmlp(setting):
    from pytabkit import RealMLP_TD_Regressor

    _quiet_lightning()
    network = RealMLP_TD_Regressor(
        device="cpu", random_state=setting.seed, n_epochs=setting.max_epochs
    )
    return make_pipeline(SimpleImputer(strategy="median"), network)


def tabm(setting):
    from pytabkit import TabM_D_Regressor

    network = TabM_D_Regressor(
        device="cpu", random_state=setting.seed, n_epochs=setting.max_epochs
    )
    return make_pipeline(SimpleImputer(strategy="median"), MultiOutputRegressor(network))


def _quiet_lightning():
    for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)


def mofa_lite(setting):
    return _mofa(setting, "mofa-lite")


def mofa(setting):
    return _mofa(setting, "default")


def best(setting):
    return _mofa(setting, "best")


def bag(name):
    """Return the maker of an ensemble of boosters, one for each fold, as ours has of networks."""
    return lambda setting: KFoldEnsembleRegressor(
        _booster(setting, name), cv=setting.n_members, random_state=setting.seed
    )


def bags(setting):
    """All three bags, blended by their out-of-fold errors."""
    boosters = [(name, _booster(setting, name)) for name in ("lightgbm", "xgboost", "catboost")]
    return BlendRegressor(boosters, cv=setting.n_members, random_state=setting.seed)


def _booster(setting, name):
    return make_baselines(names=name, random_state=setting.seed)[name]


def _mofa(setting, recipe):
    pipeline = make_mofa_pipeline(
        setting.modalities,
        recipe=recipe,
        cv=setting.n_members,
        imputer=SimpleImputer(strategy="median"),
        random_state=setting.seed,
    )
    pipeline[-1].estimator.set_params(device="cpu")
    if setting.max_epochs:
        pipeline[-1].estimator.set_params(max_epochs=setting.max_epochs)
    return pipeline


#: What takes groups: their members keep creators together as the outer folds do.
WITH_GROUPS = {"mofa", "mofa-lite", "mofa-best"} | {
    "lightgbm-bag",
    "xgboost-bag",
    "catboost-bag",
    "bags",
}
#: name -> maker, from quick to slow
MODELS = {
    "ridge": ridge,
    "pca-ridge": pca_ridge,
    "hist-gb": hist_gradient_boosting,
    "xgboost": xgboost,
    "lightgbm": lightgbm,
    "catboost": catboost,
    "mlp": mlp,
    "mofa": mofa,
    "mofa-lite": mofa_lite,
    "lightgbm-bag": bag("lightgbm"),
    "xgboost-bag": bag("xgboost"),
    "catboost-bag": bag("catboost"),
    "bags": bags,
    "mofa-best": best,
    "realmlp": realmlp,
    "tabm": tabm,
    "realmlp-pca": on_components(realmlp),
    "tabm-pca": on_components(tabm),
}
