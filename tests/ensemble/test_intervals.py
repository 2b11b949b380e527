"""Prediction intervals: CV+."""

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold
from sklearn.utils._param_validation import InvalidParameterError

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.ensemble._intervals import cv_plus_interval


def make_noisy(n_samples, n_targets, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 3))
    y = X @ np.arange(3 * n_targets).reshape(3, n_targets)
    scale = 10.0 ** np.arange(n_targets)
    return X, y + scale * rng.standard_t(4, size=y.shape)


def fit(n_samples=100, n_targets=2, n_folds=5, seed=0):
    X, y = make_noisy(n_samples, n_targets, seed)
    ensemble = KFoldEnsembleRegressor(LinearRegression(), cv=n_folds, random_state=0)
    return ensemble.fit(X, y)


def naive_cv_plus(ensemble, X, y, splits, x_new, level):
    """CV+ as its definition reads, for one new row and one target."""
    n = len(y)
    lower, upper = [], []
    for (_, test), member in zip(splits, ensemble.estimators_, strict=True):
        centre = member.predict(x_new[None])[0]
        for i in test:
            residual = abs(y[i] - member.predict(X[i][None])[0])
            lower.append(centre - residual)
            upper.append(centre + residual)
    # round: 0.8 * 15 and the like are whole numbers.
    rank = math.ceil(round(level * (n + 1), 9))
    if rank > n:
        return -math.inf, math.inf
    return sorted(lower, reverse=True)[rank - 1], sorted(upper)[rank - 1]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("n_samples", [9, 14, 19])
def test_intervals_are_those_of_the_definition(level, n_samples):
    X, y = make_noisy(n_samples, 1, 0)
    y = y[:, 0]
    ensemble = KFoldEnsembleRegressor(LinearRegression(), cv=KFold(3)).fit(X, y)
    X_new = make_noisy(4, 1, 1)[0]
    splits = list(KFold(3).split(X))
    expected = [naive_cv_plus(ensemble, X, y, splits, row, level) for row in X_new]
    interval = ensemble.predict_interval(X_new, confidence_level=level)
    assert interval.shape == (4, 1, 2)
    assert_allclose(interval[:, 0], expected)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_coverage_is_about_the_level(n_targets):
    """Averaged over training sets: the mean coverage's standard error is below 0.01."""
    coverages = {(level, joint): [] for level in (0.5, 0.9) for joint in (False, True)}
    for seed in range(15):
        ensemble = fit(200, n_targets, seed=seed)
        X, y = make_noisy(300, n_targets, seed + 1000)
        for (level, joint), covered in coverages.items():
            low, high = np.moveaxis(ensemble.predict_interval(X, level, joint=joint), -1, 0)
            inside = (low <= y) & (y <= high)
            covered.append(inside.all(axis=1).mean() if joint else inside.mean())
    for (level, joint), covered in coverages.items():
        assert np.mean(covered) == pytest.approx(level, abs=0.04), (level, joint)


def test_joint_intervals_are_wider_than_single_ones():
    ensemble, (X, _) = fit(), make_noisy(20, 2, 1)
    single, joint = (ensemble.predict_interval(X, 0.8, joint=joint) for joint in (False, True))
    assert (joint[..., 0] < single[..., 0]).all()
    assert (joint[..., 1] > single[..., 1]).all()


def test_for_one_target_joint_is_the_same():
    ensemble, (X, _) = fit(n_targets=1), make_noisy(20, 1, 1)
    single, joint = (ensemble.predict_interval(X, 0.8, joint=joint) for joint in (False, True))
    assert_allclose(joint, single)


def test_joint_intervals_are_in_units_of_each_target():
    ensemble, (X, _) = fit(), make_noisy(20, 2, 1)
    width = np.diff(ensemble.predict_interval(X, 0.8, joint=True), axis=-1)[..., 0]
    assert 5 < np.median(width[:, 1] / width[:, 0]) < 20


@pytest.mark.parametrize("joint", [False, True])
def test_a_permutation_of_the_targets_permutes_the_intervals(joint):
    X, y = make_noisy(60, 3, 0)
    order = [2, 0, 1]
    intervals = [
        KFoldEnsembleRegressor(LinearRegression(), cv=KFold(4))
        .fit(X, targets)
        .predict_interval(X[:10], 0.8, joint=joint)
        for targets in (y, y[:, order])
    ]
    assert_allclose(intervals[1], intervals[0][:, order])


def test_intervals_are_nested_and_hold_most_of_the_members():
    ensemble, (X, _) = fit(), make_noisy(20, 2, 1)
    intervals = [ensemble.predict_interval(X, level) for level in (0.5, 0.8, 0.95)]
    for narrow, wide in pairwise(intervals):
        assert (wide[..., 0] <= narrow[..., 0]).all()
        assert (wide[..., 1] >= narrow[..., 1]).all()
    prediction = ensemble.predict(X)
    assert (intervals[-1][..., 0] < prediction).all()
    assert (intervals[-1][..., 1] > prediction).all()


@pytest.mark.parametrize(
    ("n_samples", "level", "finite"),
    [(9, 0.9, True), (8, 0.9, False), (19, 0.95, True), (18, 0.95, False), (4, 0.8, True)],
)
def test_too_few_rows_for_the_confidence_give_infinite_intervals(n_samples, level, finite):
    ensemble = fit(n_samples, n_folds=2)
    assert np.isfinite(ensemble.predict_interval(np.zeros((3, 3)), level)).all() == finite


def test_the_chunks_of_the_computation_do_not_show(monkeypatch):
    rng = np.random.default_rng(0)
    predictions = rng.normal(size=(3, 50, 2))
    residuals = [np.abs(rng.normal(size=(n, 2))) for n in (4, 5, 6)]
    expected = cv_plus_interval(predictions, residuals, 0.8)
    monkeypatch.setattr("mofa_sklearn.ensemble._intervals._CHUNK_VALUES", 100)
    assert_allclose(cv_plus_interval(predictions, residuals, 0.8), expected)


@pytest.mark.parametrize("level", [0, 1, -0.1, 90, "high"])
def test_the_level_is_a_part_of_one(level):
    with pytest.raises(InvalidParameterError, match="confidence_level"):
        fit().predict_interval(np.zeros((1, 3)), confidence_level=level)


def test_an_ensemble_has_to_be_fitted_first():
    with pytest.raises(NotFittedError):
        KFoldEnsembleRegressor(LinearRegression()).predict_interval(np.zeros((1, 3)))
