"""Exported trees say what scikit-learn's do, to the last digit."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mofa_sklearn import KFoldEnsembleClassifier, KFoldEnsembleRegressor, RankGaussTransformer
from mofa_sklearn.baselines import (
    BoostingClassifier,
    BoostingRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingRegressor,
)
from mofa_sklearn.export import to_module
from mofa_sklearn.export._convert import convert

FEW = {"max_iter": 5, "random_state": 0}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5)).astype(np.float32)
    X[:, 1] = np.round(3 * X[:, 1])
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, :3]) @ rng.normal(size=(3, 3)) + np.isnan(X[:, [0]])
    return X, y


def exact(model, X):
    module = convert(model, "")
    return module(torch.from_numpy(X)).numpy()


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "gamma", "quantile"])
def test_boosted_trees_are_exact_also_at_their_thresholds(rows, loss):
    X, y = rows
    quantile = 0.3 if loss == "quantile" else None
    model = HistGradientBoostingRegressor(loss=loss, quantile=quantile, min_samples_leaf=2, **FEW)
    model.fit(X, np.exp(y[:, 0]))
    nodes = np.concatenate([tree[0].nodes for tree in model._predictors])
    inner = nodes[nodes["is_leaf"] == 0]
    at = np.resize(X, (3 * len(inner), 5))
    for i, node in enumerate(inner):
        below = np.float32(node["num_threshold"])
        values = (
            np.nextafter(below, np.float32(-np.inf)),
            below,
            np.nextafter(below, np.float32(9)),
        )
        at[3 * i : 3 * i + 3, node["feature_idx"]] = values
    for some in (X, at, 1e30 * X):
        np.testing.assert_allclose(exact(model, some)[:, 0], model.predict(some), rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_boosted_trees_give_probabilities(rows, n_classes):
    X, y = rows
    codes = np.digitize(y[:, 0], np.quantile(y[:, 0], [0.3, 0.6][: n_classes - 1]))
    model = HistGradientBoostingClassifier(**FEW).fit(X, np.array(["a", "b", "c"])[codes])
    np.testing.assert_allclose(exact(model, X), model.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize(
    "model",
    [DecisionTreeRegressor(max_depth=4), RandomForestRegressor(5), DecisionTreeRegressor()],
)
def test_trees_and_forests_predict_several_targets(rows, model):
    X, y = rows
    model.set_params(random_state=0).fit(X, y)
    np.testing.assert_allclose(exact(model, X), model.predict(X), rtol=1e-12)
    assert to_module(model)(torch.from_numpy(X)).shape == (200, 3)


@pytest.mark.parametrize("model", [DecisionTreeClassifier(max_depth=3), ExtraTreesClassifier(5)])
def test_trees_and_forests_give_probabilities(rows, model):
    X, y = np.nan_to_num(rows[0]), np.digitize(rows[1][:, 0], [-1, 1])
    model.set_params(random_state=0).fit(X, y)
    np.testing.assert_allclose(exact(model, X), model.predict_proba(X), rtol=1e-12)


def test_a_companion_of_trees_is_exported_with_all_members(rows):
    X, y = rows
    y = np.column_stack([y, np.full(len(y), 7.0)])  # one target is constant
    boosting = BoostingRegressor(max_iter=5, min_samples_leaf=5)
    model = KFoldEnsembleRegressor(boosting, cv=3, random_state=0).fit(X, y)
    with torch.inference_mode():
        got = to_module(model)(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(got, model.predict(X), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["binary", "classes", "labels"])
def test_a_companion_of_trees_for_classes_is_exported_with_all_members(rows, kind):
    X, y = rows
    classes = {
        "binary": y[:, 0] > 0,
        "classes": np.digitize(y[:, 0], [-1, 1]),
        "labels": (y > 0).astype(int),
    }
    boosting = BoostingClassifier(max_iter=5, min_samples_leaf=5)
    model = KFoldEnsembleClassifier(boosting, cv=3, random_state=0).fit(X, classes[kind])
    with torch.inference_mode():
        got = to_module(model)(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(got, model.predict_proba(X), rtol=1e-5, atol=1e-5)


def test_rows_at_a_threshold_do_not_change_sides_for_steps_before(rows):
    X, y = np.nan_to_num(rows[0]), rows[1]
    X[:, 3] = np.round(4 * X[:, 3])  # thresholds are among such values
    steps = make_pipeline(
        RankGaussTransformer(), StandardScaler(), BoostingRegressor(max_iter=9, min_samples_leaf=5)
    )
    steps.fit(X, y + X[:, [3]])
    with torch.inference_mode():
        got = to_module(steps)(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(got, steps.predict(X), atol=1e-5)


@pytest.mark.parametrize("kind", ["native", "constant", "one", "classes", "labels"])
def test_estimators_that_stop_early_are_exported(rows, kind):
    X, y = rows
    boosting = HistGradientBoostingClassifier(**FEW)
    level = np.digitize(y[:, 0], [-0.5, 0.5])
    labels = np.column_stack([(y > 0).astype(int), np.ones(len(y), dtype=int)])
    forest = EarlyStoppingRegressor(DecisionTreeRegressor(max_depth=3), multi_output="native")
    model, target = {
        "native": (forest, y),
        "constant": (BoostingRegressor(max_iter=3), np.ones((len(y), 2))),
        "one": (BoostingRegressor(max_iter=3), y[:, 0]),
        "classes": (EarlyStoppingClassifier(boosting), level),
        "labels": (EarlyStoppingClassifier(boosting), labels),
    }[kind]
    model.fit(X, target)
    expected = getattr(model, "predict_proba", model.predict)(X)
    with torch.inference_mode():
        got = to_module(model)(torch.from_numpy(X)).numpy()
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_trees_that_split_categories_are_refused(rows):
    X, y = rows
    categorical = [False, True, False, False, False]
    model = HistGradientBoostingRegressor(categorical_features=categorical, **FEW)
    X = np.where(np.arange(5) == 1, np.abs(np.nan_to_num(X)), X)
    with pytest.raises(TypeError, match="split categories"):
        to_module(model.fit(X, y[:, 0]))
