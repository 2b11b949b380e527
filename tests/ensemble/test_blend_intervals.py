"""Prediction intervals of blends."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold, RepeatedKFold, TimeSeriesSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor

FOLDED = make_pipeline(FunctionTransformer(np.abs), Ridge())


def make_noisy(n_samples, n_targets=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 3))
    y = X @ np.arange(3 * n_targets).reshape(3, n_targets) + 2 * np.abs(X[:, :1])
    scale = 10.0 ** np.arange(n_targets)
    return X, y + scale * rng.standard_t(4, size=y.shape)


def make_parts(first_cv=None, second_cv=None):
    """Two parts; with splits they are ensembles."""
    parts = [LinearRegression(), FOLDED]
    cvs = [first_cv, second_cv]
    return [
        (name, part if cv is None else KFoldEnsembleRegressor(part, cv=cv))
        for name, part, cv in zip(["linear", "folded"], parts, cvs, strict=True)
    ]


def naive_interval(model, X, y, x_new, level):
    """The definition: for every row, blend those members that did not learn from it.

    For one target and parts that are bare K-fold ensembles.
    """
    lower, upper = [], []
    for i in range(len(y)):
        centre = own = 0.0
        for weight, part in zip(model.weights_[:, 0], model.estimators_, strict=True):
            splits = part.cv.split(X)
            members = [
                member for (_, test), member in zip(splits, part.estimators_, strict=True)
                if i in test
            ]  # fmt: skip
            centre += weight * np.mean([member.predict(x_new[None])[0] for member in members])
            own += weight * np.mean([member.predict(X[i][None])[0] for member in members])
        lower.append(centre - abs(y[i] - own))
        upper.append(centre + abs(y[i] - own))
    rank = math.ceil(round(level * (len(y) + 1), 9))
    return sorted(lower, reverse=True)[rank - 1], sorted(upper)[rank - 1]


SPLITS = {
    "wrapped": (make_parts(), KFold(3)),
    "same": (make_parts(KFold(3), KFold(3)), 2),
    "different": (make_parts(KFold(3), KFold(5)), 2),
    "one wrapped": (make_parts(None, KFold(4)), KFold(3)),
    "repeated": (make_parts(), RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)),
}


@pytest.mark.parametrize("kind", SPLITS)
@pytest.mark.parametrize("level", [0.5, 0.8])
def test_intervals_are_those_of_the_definition(kind, level):
    X, y = make_noisy(25, 1)
    y, X_new = y[:, 0], make_noisy(4, 1, seed=1)[0]
    parts, cv = SPLITS[kind]
    model = BlendRegressor(parts, cv=cv).fit(X, y)
    assert model.weights_.min() > 0.05
    expected = [naive_interval(model, X, y, row, level) for row in X_new]
    assert_allclose(model.predict_interval(X_new, level)[:, 0], expected)


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_a_blend_of_one_ensemble_has_its_intervals(joint, in_pipeline):
    (X, y), X_new = make_noisy(60), make_noisy(9, seed=1)[0]
    part = KFoldEnsembleRegressor(LinearRegression(), cv=KFold(4))
    expected = part.fit(StandardScaler().fit_transform(X) if in_pipeline else X, y)
    if in_pipeline:
        part = make_pipeline(make_pipeline(StandardScaler()), make_pipeline(part))
    model = BlendRegressor([("a", part)]).fit(X, y)
    rows = StandardScaler().fit(X).transform(X_new) if in_pipeline else X_new
    assert_allclose(
        model.predict_interval(X_new, 0.8, joint=joint),
        expected.predict_interval(rows, 0.8, joint=joint),
    )


@pytest.mark.parametrize("kind", ["wrapped", "different"])
def test_coverage_is_about_the_level(kind):
    """Averaged over training sets: the mean coverage's standard error is about 0.01."""
    coverages = {(level, joint): [] for level in (0.5, 0.9) for joint in (False, True)}
    parts, cv = SPLITS[kind]
    for seed in range(8):
        model = BlendRegressor(parts, cv=cv).fit(*make_noisy(200, seed=seed))
        X, y = make_noisy(300, seed=seed + 1000)
        for (level, joint), covered in coverages.items():
            low, high = np.moveaxis(model.predict_interval(X, level, joint=joint), -1, 0)
            inside = (low <= y) & (y <= high)
            covered.append(inside.all(axis=1).mean() if joint else inside.mean())
    for (level, joint), covered in coverages.items():
        assert np.mean(covered) == pytest.approx(level, abs=0.04), (level, joint)


def test_a_fitted_part_without_folds_stands_for_itself():
    X, y = make_noisy(60)
    X_new = make_noisy(9, seed=1)[0]
    part = LinearRegression().fit(X, y)
    part.oof_prediction_ = cross_val_predict(LinearRegression(), X, y, cv=4)
    interval = BlendRegressor([("a", part)], cv="prefit").fit(X, y).predict_interval(X_new, 0.8)
    spread = np.sort(np.abs(y - part.oof_prediction_), axis=0)[math.ceil(0.8 * 61) - 1]
    expected = np.stack([part.predict(X_new) - spread, part.predict(X_new) + spread], axis=-1)
    assert_allclose(interval, expected)


def test_rows_that_are_never_held_out_are_left_out():
    (X, y), X_new = make_noisy(40), make_noisy(5, seed=1)[0]
    model = BlendRegressor(make_parts(), cv=TimeSeriesSplit(4)).fit(X, y)
    assert sum(len(rows) for rows in model._intervals.residuals) == 32
    assert np.isfinite(model.predict_interval(X_new, 0.8)).all()


def test_too_few_rows_for_the_confidence_give_infinite_intervals():
    model = BlendRegressor(make_parts(), cv=3).fit(*make_noisy(8))
    assert np.isinf(model.predict_interval(np.zeros((3, 3)))).all()
    assert np.isfinite(model.predict_interval(np.zeros((3, 3)), 0.8)).all()


def test_the_chunks_of_the_computation_do_not_show(monkeypatch):
    model = BlendRegressor(make_parts(KFold(3), KFold(5))).fit(*make_noisy(40))
    X = make_noisy(30, seed=1)[0]
    expected = model.predict_interval(X, 0.8)
    monkeypatch.setattr("mofa_sklearn.ensemble._blend_intervals._CHUNK_VALUES", 100)
    assert_allclose(model.predict_interval(X, 0.8), expected)


@pytest.mark.parametrize("level", [0, 1, "high"])
def test_the_level_is_a_part_of_one(level):
    model = BlendRegressor(make_parts(), cv=3).fit(*make_noisy(20))
    with pytest.raises(InvalidParameterError, match="confidence_level"):
        model.predict_interval(np.zeros((1, 3)), confidence_level=level)


def test_a_blend_has_to_be_fitted_first():
    with pytest.raises(NotFittedError):
        BlendRegressor(make_parts()).predict_interval(np.zeros((1, 3)))
