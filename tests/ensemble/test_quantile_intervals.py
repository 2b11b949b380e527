"""Members with a quantile loss: their quantiles, and conformalised intervals."""

import math
import pickle
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.networks.losses import Quantile
from mofa_sklearn.persistence import dump, load

from ..helpers import WIDTHS, make_data, small_mofa

LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


class KnowsTheNoise(RegressorMixin, BaseEstimator):
    """Least squares, and quantiles for a noise that grows with the first column.

    They are `off` times as far apart as they should be.
    """

    def __init__(self, off=1.0, levels=tuple(LEVELS)):
        self.off = off
        self.levels = levels

    def fit(self, X, y):
        self.line_ = LinearRegression().fit(X, y)
        self.quantile_levels_ = np.array(self.levels)
        return self

    def predict(self, X):
        return self.line_.predict(X)

    def predict_quantiles(self, X):
        median = self.line_.predict(X).reshape(len(X), -1)[..., None]
        noise = (0.2 + np.abs(X[:, 0]))[:, None, None]
        return median + self.off * noise * norm.ppf(self.quantile_levels_)


def make_rows(n_samples, seed=0, n_targets=2):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 3))
    noise = 0.2 + np.abs(X[:, 0])
    y = X @ rng.normal(size=(3, n_targets))
    return X, y + noise[:, None] * rng.normal(size=y.shape), noise


def fit(X, y, member=None, **arguments):
    member = KnowsTheNoise() if member is None else member
    return KFoldEnsembleRegressor(member, cv=KFold(5), random_state=0, **arguments).fit(X, y)


def network(**params):
    return small_mofa(loss="quantile", **params)


def holds(bounds, y):
    return (bounds[..., 0] <= y) & (y <= bounds[..., 1])


@pytest.mark.parametrize("off", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.97])
def test_they_hold_the_truth_however_wrong_the_quantiles_are(off, level):
    X, y, noise = make_rows(1400)
    model = fit(X[:400], y[:400], KnowsTheNoise(off))
    bounds = model.predict_interval(X[400:], level)
    inside = holds(bounds, y[400:])
    assert inside.mean() == pytest.approx(level, abs=0.04)
    assert inside[noise[400:] > 1.2].mean() == pytest.approx(level, abs=0.08)
    width = np.diff(bounds)[:, 0, 0]
    assert_allclose(np.corrcoef(width, noise[400:])[0, 1], 1, atol=0.05)


def test_joint_intervals_hold_all_targets():
    X, y, _ = make_rows(1400, n_targets=3)
    model = fit(X[:400], y[:400])
    inside = holds(model.predict_interval(X[400:], 0.8, joint=True), y[400:])
    assert inside.all(axis=1).mean() == pytest.approx(0.8, abs=0.04)


def test_for_normal_noise_they_are_those_of_the_definition():
    """The scores are |residual| / noise, where quantiles are those of a normal distribution."""
    X, y, noise = make_rows(60, n_targets=1)
    y, X_new = y[:, 0], make_rows(4, seed=1)[0]
    model = fit(X, y)
    low, high = [], []
    for (_, test), member in zip(KFold(5).split(X), model.estimators_, strict=True):
        for row in test:
            score = abs(y[row] - member.predict(X[[row]])[0]) / noise[row]
            out = score * (0.2 + np.abs(X_new[:, 0]))
            low.append(member.predict(X_new) - out)
            high.append(member.predict(X_new) + out)
    rank = math.ceil(0.8 * 61)
    expected = np.stack([-np.sort(-np.array(low), 0)[rank - 1], np.sort(high, 0)[rank - 1]], -1)
    assert_allclose(model.predict_interval(X_new, 0.8)[:, 0], expected, rtol=1e-2, atol=1e-2)


def test_they_are_nested_and_hold_the_prediction():
    X, y = make_data(120, noise=1.0)
    model = fit(X, y, network())
    intervals = [model.predict_interval(X, level) for level in (0.1, 0.3, 0.5, 0.8, 0.9, 0.97)]
    for narrow, wide in pairwise(intervals):
        assert (wide[..., 0] <= narrow[..., 0]).all()
        assert (wide[..., 1] >= narrow[..., 1]).all()
    assert holds(intervals[3], model.predict(X)).all()


@pytest.mark.parametrize("levels", [(0.1, 0.5), (0.5, 0.9), (0.2, 0.5, 0.6)])
def test_any_two_levels_will_do(levels):
    X, y, _ = make_rows(900)
    model = fit(X[:300], y[:300], KnowsTheNoise(2.0, levels))
    assert holds(model.predict_interval(X[300:]), y[300:]).mean() == pytest.approx(0.9, abs=0.04)


def test_a_median_alone_has_intervals_of_its_residuals():
    X, y = make_data(60)
    model = fit(X, y, small_mofa(loss=partial(Quantile, levels=(0.5,))))
    expected = model.predict_interval(X, adaptive=False)
    assert_array_equal(model.predict_interval(X), expected)
    assert model.predict_quantiles(X).shape == (60, 2, 1)


def test_false_is_one_width():
    X, y, _ = make_rows(300)
    width = np.diff(fit(X, y).predict_interval(X, adaptive=False))[..., 0]
    assert np.ptp(width) < 0.2 * width.min()


def test_quantiles_are_the_mean_of_the_members():
    X, y = make_data(60)
    model = fit(X, y, network())
    members = [member.predict_quantiles(X) for member in model.estimators_]
    assert_allclose(model.predict_quantiles(X), np.mean(members, axis=0))
    assert_allclose(model.predict_quantiles(X)[..., 2], model.predict(X))
    assert_array_equal(model.quantile_levels_, LEVELS)


def test_companions_move_the_quantiles_as_they_move_the_median():
    X, y, _ = make_rows(1200)
    model = fit(X[:300], y[:300] + X[:300, :1] ** 2, companions=[("ridge", Ridge(100.0))])
    alone = model._member_quantiles(X, np.zeros((5, 1200, 2))).mean(axis=0)
    quantiles = model.predict_quantiles(X)
    assert model.blend_weights_.loc["ridge"].max() > 0
    assert_allclose(quantiles[..., 2], model.predict(X))
    assert_allclose(np.diff(quantiles), np.diff(alone))
    inside = holds(model.predict_interval(X[300:]), y[300:] + X[300:, :1] ** 2)
    assert inside.mean() == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("kind", ["network", "in a pipeline", "with logarithms"])
def test_members_may_be_pipelines(kind):
    X, y = make_data(80, n_targets=None)
    y = np.exp(y / 3)
    member = network(modalities=None)
    if kind == "in a pipeline":
        member = make_pipeline(StandardScaler(), network())
    elif kind == "with logarithms":
        member = make_mofa_pipeline(
            WIDTHS, estimator=member, ensemble=False, target_transform="log1p"
        )
    model = fit(X, y, member)
    quantiles = model.predict_quantiles(X)
    assert quantiles.shape == (80, 1, 5)
    assert_allclose(quantiles[:, 0, 2], model.predict(X), rtol=1e-5)
    assert (np.diff(quantiles) >= 0).all()
    assert np.isfinite(model.predict_interval(X)).all()


def test_a_pipeline_transforms_them_back():
    X, y = make_data(90)
    X[:30, : WIDTHS["image"]] = np.nan  # a missing modality
    member = network(modalities=None)
    model = make_mofa_pipeline(
        WIDTHS, estimator=member, cv=3, target_transform="log1p", random_state=0
    )
    model.fit(X, np.exp(y / 3), sample_weight=np.linspace(0, 1, 90))
    logs, encoded = model[-1], model[:-1].transform(X)
    expected = np.maximum(np.expm1(logs.predict_interval(encoded, 0.8)), 0)
    assert_allclose(model.predict_interval(X, 0.8), expected)
    expected = np.maximum(np.expm1(logs.predict_quantiles(encoded)), 0)
    assert_allclose(model.predict_quantiles(X), expected)
    assert_array_equal(model.quantile_levels_, LEVELS)


def test_rows_of_weight_zero_do_not_count():
    class Weighted(KnowsTheNoise):
        def fit(self, X, y, sample_weight=None):
            counted = slice(None) if sample_weight is None else sample_weight > 0
            return super().fit(X[counted], y[counted])

    X, y, _ = make_rows(90)
    counted = np.arange(90) % 3 != 1
    y[~counted] += 1e4

    def bounds(rows):
        model = KFoldEnsembleRegressor(Weighted(), cv=4, random_state=0)
        weight = np.where(counted, 1 + np.arange(90) % 2, 0)[rows]
        model.fit(X[rows], y[rows], sample_weight=weight)
        return [model.predict_interval(X, 0.8, joint=joint) for joint in (False, True)]

    assert_allclose(bounds(np.arange(90)), bounds(np.flatnonzero(counted)), rtol=1e-3)


def test_too_few_rows_for_the_confidence_give_infinite_intervals():
    model = fit(*make_rows(30)[:2])
    assert np.isinf(model.predict_interval(np.zeros((2, 3)), 0.97)).all()
    assert np.isfinite(model.predict_interval(np.zeros((2, 3)), 0.96)).all()


def test_a_constant_target_is_held_exactly():
    X, y = make_data(60)
    y[:, 1] = 2.5
    bounds = fit(X, y, network()).predict_interval(X)
    assert_allclose(bounds[:, 1], 2.5)
    assert np.isfinite(bounds).all()


@pytest.mark.parametrize("keep", ["pickle", "persistence"])
def test_they_survive_a_file(keep, tmp_path):
    X, y = make_data(60)
    model = fit(X, y, network())
    if keep == "pickle":
        same = pickle.loads(pickle.dumps(model))
    else:
        dump(model, tmp_path / "model.mofa")
        same = load(tmp_path / "model.mofa")
    assert_array_equal(same.predict_interval(X, 0.8), model.predict_interval(X, 0.8))
    assert_array_equal(same.predict_quantiles(X), model.predict_quantiles(X))


def test_members_without_quantiles_have_none():
    X, y = make_data(30)
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=3)
    for model in (ensemble, ensemble.fit(X, y)):
        assert not hasattr(model, "predict_quantiles")
        with pytest.raises(AttributeError, match="predict_quantiles") as caught:
            model.predict_quantiles(X)
        assert "Ridge predicts no quantiles" in str(caught.value.__cause__)
    assert not hasattr(KFoldEnsembleRegressor(), "predict_quantiles")
    assert hasattr(KFoldEnsembleRegressor(network()), "predict_quantiles")
    assert hasattr(make_mofa_pipeline(WIDTHS, estimator=network()), "predict_quantiles")
