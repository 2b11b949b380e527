"""Weights count everywhere: rows of weight zero are as good as removed."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    MoFARegressor,
)
from mofa_sklearn.baselines import EarlyStoppingRegressor
from mofa_sklearn.ensemble._intervals import cv_plus_interval
from mofa_sklearn.estimators import RetrievalRegressor

from ..classes import make_classes, small_classifier
from ..helpers import WIDTHS, make_data, small_mofa


def spoiled(n_samples=60, n_targets=2):
    """Return rows, every third of weight zero and with absurd targets, and the others."""
    X, y = make_data(n_samples, n_targets, noise=1.0)
    counted = np.arange(n_samples) % 3 != 1
    y[~counted] += 1e4
    X[~counted] *= 50
    weight = np.random.default_rng(0).uniform(0.5, 2, n_samples) * counted
    return X, y, weight, counted


def ensemble(estimator, **params):
    return KFoldEnsembleRegressor(estimator, cv=3, random_state=0, **params)


NETWORK = {"dropout": 0.2, "batch_size": "auto"}
MODELS = {
    "ridge": lambda: ensemble(Ridge()),
    "scaled ridge": lambda: ensemble(make_pipeline(StandardScaler(), Ridge())),
    "network": lambda: ensemble(small_mofa(**NETWORK), engine="joblib"),
    "stacked networks": lambda: ensemble(small_mofa(**NETWORK), engine="stacked"),
    "inner networks": lambda: ensemble(small_mofa(**NETWORK), validation="inner"),
    "boosting": lambda: ensemble(
        EarlyStoppingRegressor(HistGradientBoostingRegressor(max_iter=10, early_stopping=True))
    ),
    "companions": lambda: ensemble(
        small_mofa(**NETWORK),
        companions=[
            ("ridge", make_pipeline(StandardScaler(), Ridge())),
            ("neighbors", KNeighborsRegressor()),  # which takes no weights
            ("memory", RetrievalRegressor(WIDTHS, n_neighbors=3)),
        ],
    ),
    "blend": lambda: BlendRegressor(
        [("network", small_mofa(**NETWORK)), ("ridge", make_pipeline(StandardScaler(), Ridge()))],
        cv=3,
        random_state=0,
    ),
    "blend of ensembles": lambda: BlendRegressor(
        [("one", ensemble(Ridge())), ("other", ensemble(Ridge(100.0)))], cv=3, random_state=0
    ),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("n_targets", [None, 2], ids=["1-D", "2-D"])
def test_they_are_as_good_as_removed(model, n_targets):
    X, y, weight, counted = spoiled(n_targets=n_targets)
    with_them = MODELS[model]().fit(X, y, sample_weight=weight)
    without = MODELS[model]().fit(X[counted], y[counted], sample_weight=weight[counted])
    X_new = make_data(10, seed=1)[0]
    assert_allclose(with_them.predict(X_new), without.predict(X_new), rtol=1e-6)
    for joint in (False, True):
        intervals = [m.predict_interval(X_new, 0.8, joint=joint) for m in (with_them, without)]
        assert_allclose(*intervals, rtol=1e-6)
    assert_allclose(with_them.oof_prediction_[counted], without.oof_prediction_, rtol=1e-6)
    assert_allclose(with_them.oof_nmse_, without.oof_nmse_)
    assert with_them.oof_score_ == pytest.approx(without.oof_score_)
    for name in ("fold_scores_", "blend_weights_", "weights_"):
        if hasattr(without, name):
            assert_allclose(getattr(with_them, name), getattr(without, name), rtol=1e-6)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("network", [False, True])
def test_classifiers_do_without_them_too(kind, network):
    X, y = make_classes(kind, 90)
    counted = np.arange(90) % 3 != 1
    X[~counted] *= 50
    if kind != "multilabel":
        y = y.astype("U3")
        y[1] = "new"  # a class that is nobody else's
    if not network and kind == "multilabel":
        pytest.skip("logistic regression knows no labels")
    member = small_classifier() if network else LogisticRegression()

    def fit(rows):
        model = KFoldEnsembleClassifier(member, cv=3, random_state=0)
        return model.fit(X[rows], y[rows], sample_weight=counted[rows].astype(float))

    with_them, without = fit(np.arange(90)), fit(np.flatnonzero(counted))
    assert_array_equal(with_them.classes_, without.classes_)
    assert_allclose(with_them.predict_proba(X), without.predict_proba(X), rtol=1e-6)
    assert_allclose(with_them.fold_scores_, without.fold_scores_)
    assert with_them.oof_score_ == pytest.approx(without.oof_score_)
    if kind == "multilabel":
        assert_allclose(with_them.thresholds_, without.thresholds_)


def test_companions_that_do_not_weigh_all_do_without_them_whatever_the_splits():
    X, y, weight, counted = spoiled()
    companions = [("ridge", make_pipeline(StandardScaler(), Ridge()))]
    model = KFoldEnsembleRegressor(Ridge(1e9), cv=KFold(3), companions=companions)
    model.fit(X, y, sample_weight=weight)
    for (train, _), member in zip(KFold(3).split(X), model.companions_["ridge"], strict=True):
        expected = X[train[counted[train]]].mean(axis=0)
        assert_allclose(member[0].mean_, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("part", ["member", "part of a blend"])
def test_so_do_members_with_splits_of_the_user(part):
    X, y, weight, counted = spoiled()
    member, splits = make_pipeline(StandardScaler(), Ridge()), list(KFold(3).split(X))
    if part == "member":
        model = KFoldEnsembleRegressor(member, cv=splits)
    else:
        model = BlendRegressor([("ridge", member)], cv=splits)
    model.fit(X, y, sample_weight=weight)
    fitted = model if part == "member" else model.estimators_[0]
    for (train, _), each in zip(splits, fitted.estimators_, strict=True):
        expected = X[train[counted[train]]].mean(axis=0)
        assert_allclose(each[0].mean_, expected, rtol=1e-4, atol=1e-5)


def test_they_have_an_out_of_fold_prediction_all_the_same():
    X, y, weight, _ = spoiled()
    model = ensemble(Ridge()).fit(X, y, sample_weight=weight)
    assert np.isfinite(model.oof_prediction_).all()


def test_nobody_stops_on_them():
    X, y, weight, _ = spoiled(n_targets=None)
    network = {"max_epochs": 8, "learning_rate": 0.05}
    splits = list(KFold(3).split(X))
    results = []
    for shift in (0, 1e3):
        targets = y + shift * (weight == 0)
        model = KFoldEnsembleRegressor(small_mofa(**network), cv=splits, random_state=0)
        results.append(model.fit(X, targets, sample_weight=weight).predict(X))
    assert_array_equal(*results)


def test_a_fold_of_them_alone_is_no_fold_to_stop_on():
    X, y = make_data(60, None)
    weight = np.r_[np.zeros(20), np.ones(40)]
    network = small_mofa(max_epochs=8, learning_rate=0.05)
    splits = [(np.arange(20, 60), np.arange(20))]
    held_out = KFoldEnsembleRegressor(network, cv=splits, random_state=0)
    inner = KFoldEnsembleRegressor(network, cv=splits, validation="inner", random_state=0)
    predictions = [model.fit(X, y, sample_weight=weight).predict(X) for model in (held_out, inner)]
    assert_array_equal(*predictions)


@pytest.mark.parametrize("kind", [KFoldEnsembleRegressor, BlendRegressor])
def test_weights_of_zero_alone_are_refused(kind):
    X, y = make_data(30)
    model = kind(Ridge()) if kind is KFoldEnsembleRegressor else kind([("a", Ridge())])
    with pytest.raises(ValueError, match=r"zero"):
        model.fit(X, y, sample_weight=np.zeros(30))


def test_fewer_rows_that_count_than_folds_are_told():
    X, y = make_data(30)
    with pytest.raises(ValueError, match="zero for every row but 2: cv=3"):
        ensemble(Ridge()).fit(X, y, sample_weight=np.r_[np.ones(2), np.zeros(28)])


def test_weights_are_not_taken_twice():
    X, y = make_data(30)
    pipeline = make_pipeline(StandardScaler(), Ridge())
    with pytest.raises(ValueError, match="passed twice, as sample_weight and as ridge__sample"):
        weight = np.ones(30)
        ensemble(pipeline).fit(X, y, sample_weight=weight, ridge__sample_weight=weight)


# The quantiles of intervals


def residuals_of(n_members=3, n_rows=7, n_targets=2, seed=0):
    rng = np.random.default_rng(seed)
    predictions = rng.normal(size=(n_members, 5, n_targets))
    return predictions, [np.abs(rng.normal(size=(n_rows, n_targets))) for _ in range(n_members)]


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("unit", [1.0, 1e-3, 7.0])
def test_equal_weights_of_any_unit_are_none(joint, unit):
    predictions, residuals = residuals_of()
    weights = [np.full(len(r), unit) for r in residuals]
    plain, weighted = (
        cv_plus_interval(predictions, residuals, 0.8, joint, given) for given in (None, weights)
    )
    assert_allclose(weighted, plain, rtol=1e-12)


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_whole_weights_are_repetitions_but_for_the_new_row(joint, level):
    """One row more is worth as much as a row drawn by the weights."""
    predictions, residuals = residuals_of(n_rows=30)
    rng = np.random.default_rng(1)
    weights = [rng.integers(0, 4, size=30) for _ in residuals]
    repeated = [np.repeat(r, w, axis=0) for r, w in zip(residuals, weights, strict=True)]
    weighted = cv_plus_interval(predictions, residuals, level, joint, weights)
    total = sum(map(np.sum, weights))
    one_more = sum(np.sum(w**2) for w in weights) / total
    # Repetitions count the new row once: their level is moved to the same rank.
    same_rank = level * (total + one_more) / (total + 1)
    if same_rank >= 1:
        assert np.isinf(weighted).all()
        return
    assert_allclose(weighted, cv_plus_interval(predictions, repeated, same_rank, joint))


def test_a_weight_that_vanishes_is_one_that_is_not_there():
    predictions, residuals = residuals_of()
    almost = [np.where(np.arange(7) < 5, 1.0, 1e-12) for _ in residuals]
    gone = [np.where(np.arange(7) < 5, 1.0, 0.0) for _ in residuals]
    intervals = [cv_plus_interval(predictions, residuals, 0.8, weights=w) for w in (almost, gone)]
    assert_allclose(*intervals)


def test_without_a_row_that_counts_there_is_no_bound():
    X, y = make_data(30)
    weight = np.r_[np.ones(20), np.zeros(10)]
    model = KFoldEnsembleRegressor(Ridge(), cv=[(np.arange(20), np.arange(20, 30))])
    interval = model.fit(X, y, sample_weight=weight).predict_interval(X[:2], joint=True)
    assert_array_equal(interval, np.broadcast_to([-np.inf, np.inf], (2, 2, 2)))
    assert np.isnan(model.fold_scores_).all()


def test_heavy_rows_have_more_to_say():
    predictions, residuals = residuals_of(n_targets=1)
    larger = [r > np.median(np.concatenate(residuals)) for r in residuals]
    up, down = (
        [np.where(of_fold[:, 0], high, low) for of_fold in larger]
        for high, low in ((2.0, 1.0), (1.0, 2.0))
    )
    wide, narrow = (
        np.diff(cv_plus_interval(predictions, residuals, 0.7, weights=w)) for w in (up, down)
    )
    assert (wide > narrow).all()


def test_coverage_is_that_of_the_weighted_rows():
    """Half of the rows are noisy; new rows are drawn by the weights."""
    rng = np.random.default_rng(0)
    coverages = []
    for _ in range(20):
        X = rng.normal(size=(500, 3))
        noisy = rng.uniform(size=500) < 0.5
        y = X.sum(axis=1) + np.where(noisy, 5.0, 0.5) * rng.normal(size=500)
        weight = np.where(noisy, 4.0, 1.0)
        new = rng.choice(np.arange(200, 500), 300, p=weight[200:] / weight[200:].sum())
        model = ensemble(Ridge()).fit(X[:200], y[:200], sample_weight=weight[:200])
        low, high = model.predict_interval(X[new], 0.8)[:, 0].T
        coverages.append(((low <= y[new]) & (y[new] <= high)).mean())
    assert np.mean(coverages) == pytest.approx(0.8, abs=0.03)


def test_the_example_of_a_network():
    """Rows of weight zero far away leave the interval where it is without them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4)).astype("f4")
    y = X[:, 0] + 0.1 * rng.normal(size=120)
    network = MoFARegressor({"a": 2, "b": 2}, hidden_dim=4, max_epochs=2, random_state=0)
    weight = np.r_[np.ones(80), np.zeros(40)]
    far = np.r_[y[:80], y[80:] + 1e4]
    model = KFoldEnsembleRegressor(network, cv=2, random_state=0)
    interval = model.fit(X, far, sample_weight=weight).predict_interval(X[:1])
    assert_allclose(interval, model.fit(X[:80], y[:80]).predict_interval(X[:1]), rtol=1e-6)
