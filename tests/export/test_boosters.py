"""Exported trees of other libraries say what theirs do."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import KFoldEnsembleClassifier, KFoldEnsembleRegressor, RankGaussTransformer
from mofa_sklearn.baselines import make_baselines, make_classifier_baselines
from mofa_sklearn.export import to_module

from .conftest import WIDTHS, assert_same

KINDS = {
    "xgboost": ("XGBRegressor", "XGBClassifier", {"n_estimators": 8, "max_depth": 3}),
    "lightgbm": ("LGBMRegressor", "LGBMClassifier", {"n_estimators": 8, "verbose": -1}),
    "catboost": (
        "CatBoostRegressor",
        "CatBoostClassifier",
        {"iterations": 8, "depth": 3, "verbose": 0, "allow_writing_files": False},
    ),
}
LIBRARIES = pytest.mark.parametrize("library", KINDS)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 4)).astype(np.float32)
    X[:, 3] = rng.integers(0, 4, len(X))
    y = X[:, 0] + X[:, 3] + rng.normal(size=len(X))
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


def made(library, of_classes=False, **params):
    regressor, classifier, few = KINDS[library]
    module = pytest.importorskip(library)
    return getattr(module, classifier if of_classes else regressor)(**(few | params))


@LIBRARIES
def test_numbers_are_predicted_the_same_where_values_are_missing(library, rows):
    X, y = rows
    assert_same(made(library).fit(X, y), X)
    # Trees that saw nothing missing have their own way with what is.
    assert_same(made(library).fit(np.nan_to_num(X), y), X)


@pytest.mark.parametrize(
    ("library", "params"),
    [
        ("xgboost", {"objective": "count:poisson"}),
        ("xgboost", {"objective": "reg:gamma"}),
        ("xgboost", {"objective": "reg:tweedie"}),
        ("lightgbm", {"objective": "poisson"}),
        ("lightgbm", {"objective": "tweedie"}),
        ("lightgbm", {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}),
        ("lightgbm", {"boosting_type": "dart"}),
        ("catboost", {"loss_function": "Poisson"}),
        ("catboost", {"nan_mode": "Max"}),
    ],
)
def test_other_objectives_and_options_are_known(library, params, rows):
    X, y = rows
    assert_same(made(library, **params).fit(X, np.round(np.abs(y)) + 1), X)


@LIBRARIES
@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_the_same(library, n_classes, rows):
    X, y = rows
    codes = np.digitize(y, np.quantile(y, [0.3, 0.6][: n_classes - 1]))
    assert_same(made(library, of_classes=True).fit(X, codes), X)


@pytest.mark.parametrize(
    ("library", "params"), [("xgboost", {}), ("catboost", {"loss_function": "MultiRMSE"})]
)
def test_several_targets_are_a_matrix(library, params, rows):
    X, y = rows
    assert_same(made(library, **params).fit(X, np.column_stack([y, -y])), X)


@LIBRARIES
@pytest.mark.filterwarnings("ignore:The argument 'eval_set'")
def test_only_the_trees_up_to_the_best_count(library, rows):
    X, y = rows
    noise = np.random.default_rng(1).normal(size=50)
    stopping = {} if library == "lightgbm" else {"early_stopping_rounds": 3}
    fit = {"callbacks": []} if library == "lightgbm" else {"verbose": False}
    if library == "lightgbm":
        fit["callbacks"].append(pytest.importorskip(library).early_stopping(3, verbose=False))
    model = made(library, **stopping).set_params(learning_rate=1.0)
    assert_same(model.fit(X, y, eval_set=[(X[:50], y[:50] + 3 * noise)], **fit), X)


@LIBRARIES
def test_the_baselines_and_ensembles_of_them_are_exported(library, rows):
    X, y = rows
    pytest.importorskip(library)
    few = "iterations" if library == "catboost" else "n_estimators"
    baseline = make_baselines(names=[library], random_state=0)[library]
    baseline.set_params(**{f"estimator__{few}": 20})
    ensemble = KFoldEnsembleRegressor(baseline, cv=2, random_state=0)
    assert_same(ensemble.fit(X, np.column_stack([y, y**2])), X)
    baseline = make_classifier_baselines(names=[library], random_state=0)[library]
    baseline.set_params(**{f"estimator__{few}": 20})
    ensemble = KFoldEnsembleClassifier(baseline, cv=2, random_state=0)
    assert_same(ensemble.fit(X, np.digitize(y, np.quantile(y, [0.3, 0.6]))), X)


@pytest.mark.parametrize(
    ("library", "params", "reason"),
    [
        ("xgboost", {"objective": "reg:logistic"}, "objective is 'reg:logistic'"),
        ("xgboost", {"objective": lambda y, p: (p - y, np.ones_like(y))}, "a function"),
        ("xgboost", {"booster": "dart"}, "booster is 'dart'"),
        ("xgboost", {"missing": 0.0}, "takes 0.0 for missing"),
        ("xgboost", {"booster": "gblinear", "max_depth": None}, "booster is 'gblinear'"),
        ("lightgbm", {"objective": "cross_entropy"}, "objective is 'cross_entropy'"),
        ("lightgbm", {"reg_sqrt": True}, "objective is 'regression sqrt'"),
        ("lightgbm", {"zero_as_missing": True}, "zeros for missing"),
        ("lightgbm", {"linear_tree": True}, "linear models"),
        ("catboost", {"grow_policy": "Depthwise"}, "grow_policy"),
        ("catboost", {"loss_function": "RMSEWithUncertainty"}, "loss is 'RMSEWith"),
    ],
)
def test_what_has_no_counterpart_is_told(library, params, reason, rows):
    X, y = np.nan_to_num(rows[0]), rows[1]
    with pytest.raises(TypeError, match=f"cannot be exported: .*{reason}"):
        to_module(made(library, **params).fit(X, (y > 0).astype(float)))


def test_categories_and_several_labels_are_told(rows):
    X, y = np.nan_to_num(rows[0]), rows[1]
    model = made("lightgbm", min_data_per_group=5, max_cat_to_onehot=1, cat_smooth=1.0)
    model.fit(X, y, categorical_feature=[3])
    with pytest.raises(TypeError, match="split categories"):
        to_module(model)
    model = made("xgboost", of_classes=True).fit(X, np.column_stack([y > 0, y > 1]).astype(int))
    with pytest.raises(TypeError, match="several labels"):
        to_module(model)


@LIBRARIES
def test_values_at_thresholds_stay_on_their_side_behind_steps_that_round(library, rows):
    X, y = rows
    steps = make_pipeline(RankGaussTransformer(), StandardScaler(), made(library))
    assert_same(steps.fit(X, y), X)


@pytest.mark.parametrize("name", ["ridge", "pca-ridge", "hist-gb", "mlp", "mvp", "afew-va"])
def test_baselines_are_exported(name, videos):
    X, y = videos
    model = make_baselines(WIDTHS, names=[name], random_state=0)[name]
    few = {"max_iter": 5, "max_epochs": 2}
    few = {k: few[k.split("__")[-1]] for k in model.get_params() if k.split("__")[-1] in few}
    assert_same(model.set_params(**few).fit(X, y), X)


def test_the_logistic_baseline_is_exported(videos):
    X, y = videos
    model = make_classifier_baselines(WIDTHS, names=["logistic"], random_state=0)["logistic"]
    assert_same(model.fit(X, y[:, 0] > np.median(y[:, 0])), X)


def test_a_row_without_any_value_is_predicted_where_the_model_does():
    pytest.importorskip("xgboost")
    X, y = np.array([[0.0, 1.0], [1.0, np.nan]] * 20, dtype=np.float32), np.arange(40.0)
    model = made("xgboost").fit(X, y)
    assert_same(model, np.full((2, 2), np.nan, dtype=np.float32))
