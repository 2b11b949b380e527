"""Boosted trees as a companion."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from mofa_sklearn.baselines import BoostingClassifier, BoostingRegressor
from mofa_sklearn.persistence import dump, load
from tests.classes import make_classes
from tests.helpers import make_data


def small(kind=BoostingRegressor, **params):
    return kind(
        **{"max_iter": 30, "min_samples_leaf": 5, "learning_rate": 0.2, "random_state": 0} | params
    )


def test_behind_it_is_boosting_of_scikit_learn_for_each_target():
    X, y = make_data(200)
    model = small().fit(X, y, X_val=X, y_val=y)
    assert [type(each) for each in model.estimators_] == [HistGradientBoostingRegressor] * 2
    parts = [each.predict(X) for each in model.estimators_]
    assert_allclose(model.predict(X), np.column_stack(parts) * y.std(axis=0) + y.mean(axis=0))


@pytest.mark.parametrize(("n_rows", "n_leaves"), [(100, 8), (4000, 16), (40_000, 31)])
def test_more_rows_have_larger_trees(n_rows, n_leaves):
    assert small()._template(n_rows).max_leaf_nodes == n_leaves
    assert small(max_leaf_nodes=5)._template(n_rows).max_leaf_nodes == 5


@pytest.mark.parametrize(
    ("n_rows", "n_classes", "n_leaves"),
    [(100, 2, 4), (8000, 5, 10), (8000, 2, 16), (90_000, 2, 31)],
)
def test_more_rows_of_each_class_have_larger_trees(n_rows, n_classes, n_leaves):
    model = small(BoostingClassifier)
    model.classes_ = np.arange(n_classes)
    assert model._template(n_rows).max_leaf_nodes == n_leaves


@pytest.mark.parametrize(
    ("kind", "n_models"), [("binary", 1), ("multiclass", 1), ("multilabel", 3)]
)
def test_behind_the_classifier_is_boosting_of_scikit_learn(kind, n_models):
    X, y = make_classes(kind)
    model = small(BoostingClassifier).fit(X, y, X_val=X, y_val=y)
    assert [type(each) for each in model.estimators_] == [
        HistGradientBoostingClassifier
    ] * n_models
    parts = [each.predict_proba(X) for each in model.estimators_]
    expected = parts[0] if n_models == 1 else np.stack([each[:, 1] for each in parts], axis=1)
    assert_allclose(model.predict_proba(X), expected)
    assert model.score(X, y) > 0.5


def test_targets_in_other_units_have_the_same_trees():
    X, y = make_data(200)
    expected = small().fit(X, y).predict(X)
    scaled = small().fit(X, y * 1000 + 7).predict(X)
    assert_allclose(scaled, expected * 1000 + 7, rtol=1e-6)


def test_a_missing_block_is_a_branch_of_its_own():
    X, y = make_data(300)
    missing = np.random.default_rng(0).random(300) < 0.4
    X[missing, :4] = np.nan
    y = np.where(missing, 5.0, 0.0)
    model = small(n_iter_no_change=30).fit(X, y)
    assert np.abs(model.predict(X) - y).max() < 0.1


def test_it_comes_back_from_a_file(tmp_path):
    X, y = make_data(120)
    model = small().fit(X, y)
    dump(model, tmp_path / "trees.mofa")
    assert_allclose(load(tmp_path / "trees.mofa").predict(X), model.predict(X), rtol=0)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_the_classifier_comes_back_from_a_file(kind, tmp_path):
    X, y = make_classes(kind)
    model = small(BoostingClassifier).fit(X, y)
    dump(model, tmp_path / "trees.mofa")
    assert_allclose(load(tmp_path / "trees.mofa").predict_proba(X), model.predict_proba(X), rtol=0)
