"""MoFARegressor with each loss: what it learns, quantiles, weights of rows and targets."""

import pickle
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_squared_error, r2_score
from torch import nn

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.metrics import concordance_correlation_coefficient
from mofa_sklearn.networks.losses import LOSSES, Quantile

from ..helpers import make_data, small_mofa

every_loss = pytest.mark.parametrize("loss", LOSSES)
CLOSE = {"rtol": 1e-3, "atol": 1e-3}


def learner(**params):
    """Make a regressor that learns small sets in 8 epochs."""
    fast = {"max_epochs": 8, "schedule": "cosine", "learning_rate": 4e-2, "batch_size": 50}
    return small_mofa(**{"hidden_dim": 24, **fast, **params})


def with_outliers(n_samples=300):
    """Make rows whose targets are now and then far off, to one side."""
    X, y = make_data(n_samples, 1)
    clean = y[:, 0].copy()
    y = clean.copy()
    y[::8] += 40
    return X, y, clean


@every_loss
def test_it_learns(loss):
    X, y = make_data(350)
    model = learner(loss=loss).fit(X[:250], y[:250])
    assert model.score(X[250:], y[250:]) > 0.4


@pytest.mark.parametrize("loss", ["huber", "absolute_error", "quantile"])
def test_robust_losses_stand_outliers_better_than_the_squared_error(loss):
    X, y, clean = with_outliers()
    errors = {}
    for name in (loss, "squared_error"):
        model = learner(loss=name).fit(X[:200], y[:200])
        errors[name] = mean_absolute_error(clean[200:], model.predict(X[200:]))
    assert errors[loss] < 0.8 * errors["squared_error"]


def test_the_hybrid_loss_is_between_its_parts():
    X, y, clean = with_outliers()
    bias = {}
    for name in ("huber", "hybrid", "squared_error"):
        model = learner(loss=name).fit(X[:200], y[:200])
        bias[name] = np.mean(model.predict(X[200:]) - clean[200:])
    assert bias["huber"] < bias["hybrid"] < bias["squared_error"]


def test_ccc_keeps_the_spread_that_the_squared_error_shrinks():
    X, y = make_data(400, None, noise=4.0)
    concordance = {}
    for loss in ("ccc", "squared_error"):
        prediction = learner(loss=loss, weight_decay=0.1).fit(X[:300], y[:300]).predict(X[300:])
        concordance[loss] = concordance_correlation_coefficient(y[300:], prediction)
    assert concordance["ccc"] > concordance["squared_error"] > 0.2


# Early stopping


@pytest.mark.parametrize("weighted", [False, True])
@every_loss
def test_the_validation_loss_is_of_all_validation_rows_together(loss, weighted):
    X, y = make_data(1400)
    X_val, y_val = X[100:], y[100:]  # more than are computed at a time
    weight = np.random.default_rng(0).uniform(size=len(X_val)) if weighted else None
    model = small_mofa(loss=loss, max_epochs=1)
    model.fit(X[:100], y[:100], X_val=X_val, y_val=y_val, sample_weight_val=weight)
    prediction = (model.predict(X_val) - model.target_mean_) / model.target_scale_
    truth = (y_val - model.target_mean_) / model.target_scale_
    error = prediction - truth
    if loss == "ccc":
        expected = 1 - concordance_correlation_coefficient(truth, prediction, sample_weight=weight)
    elif loss == "quantile":
        scale = model.target_scale_[:, np.newaxis]
        quantiles = (model.predict_quantiles(X_val) - model.target_mean_[:, np.newaxis]) / scale
        expected = np.mean(
            [
                mean_pinball_loss(truth, quantiles[..., i], alpha=level, sample_weight=weight)
                for i, level in enumerate(model.quantile_levels_)
            ]
        )
    else:
        absolute = np.abs(error)
        huber = np.where(absolute < 1, error**2 / 2, absolute - 0.5)
        rows = {
            "squared_error": error**2,
            "absolute_error": absolute,
            "huber": huber,
            "hybrid": error**2 + huber,
        }[loss]
        expected = np.average(rows.mean(axis=1), weights=weight)
    assert model.history_[0, "valid_loss"] == pytest.approx(expected, abs=2e-4)


@every_loss
def test_the_best_epoch_is_that_of_the_lowest_loss(loss):
    X, y = make_data(noise=3.0)
    model = small_mofa(loss=loss, max_epochs=12, learning_rate=0.03).fit(X, y)
    assert model.best_iteration_ == np.argmin(model.history_[:, "valid_loss"]) + 1


# Quantiles


def make_skewed(n_samples=600):
    """Make one target with skewed noise, ten times as much where the first block is positive."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(n_samples, 12)).astype(np.float32)
    X[:, :4] = np.sign(X[:, :1])
    return X, X[:, 5] + np.where(X[:, 0] > 0, 2, 0.2) * rng.exponential(size=n_samples)


def test_quantiles_cover_what_they_say_and_follow_the_noise():
    X, y = make_skewed()
    model = learner(loss="quantile").fit(X[:400], y[:400])
    quantiles = model.predict_quantiles(X[400:])
    assert quantiles.shape == (200, 1, 5)
    covered = (y[400:, np.newaxis, np.newaxis] <= quantiles).mean(axis=(0, 1))
    assert_allclose(covered, model.quantile_levels_, atol=0.15)
    width = quantiles[:, 0, -1] - quantiles[:, 0, 0]
    is_noisy = X[400:, 0] > 0
    assert width[is_noisy].mean() > 2 * width[~is_noisy].mean()


@pytest.mark.parametrize("n_targets", [None, 1, 3])
def test_quantiles_do_not_cross_and_predict_is_the_median(n_targets):
    X, y = make_data(60, n_targets)
    model = small_mofa(loss="quantile", max_epochs=1).fit(X, 100 * y + 7)
    quantiles = model.predict_quantiles(X)
    assert quantiles.shape == (60, n_targets or 1, 5)
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    assert_array_equal(quantiles[..., 2].reshape(y.shape), model.predict(X))


def test_levels_can_be_chosen():
    X, y = make_data(60)
    loss = partial(Quantile, levels=(0.1, 0.2, 0.5))
    model = clone(small_mofa(loss=loss, max_epochs=1)).fit(X, y)
    assert_array_equal(model.quantile_levels_, [0.1, 0.2, 0.5])
    quantiles = model.predict_quantiles(X)
    assert quantiles.shape == (60, 2, 3)
    assert_array_equal(quantiles[..., 2], model.predict(X))
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict_quantiles(X), quantiles)


def test_levels_without_the_median_are_refused():
    X, y = make_data(40)
    with pytest.raises(ValueError, match=r"levels must ascend .* 0\.5"):
        small_mofa(loss=partial(Quantile, levels=(0.1, 0.9))).fit(X, y)


def test_other_losses_predict_no_quantiles():
    X, y = make_data(40)
    model = small_mofa(max_epochs=1).fit(X, y)
    assert not hasattr(model, "predict_quantiles")
    assert not hasattr(model, "quantile_levels_")
    with pytest.raises(AttributeError, match="predict_quantiles") as caught:
        model.predict_quantiles(X)
    assert "loss='quantile'" in str(caught.value.__cause__)


# Weights of rows and targets


@every_loss
def test_rows_of_weight_zero_do_not_matter(loss):
    X, y = make_data(80)
    weight = np.ones(80)
    weight[40:] = 0
    y_other = y.copy()
    y_other[40:] += 100

    def fitted(targets):
        model = small_mofa(loss=loss, early_stopping=False, batch_size=100, max_epochs=2)
        return model.set_params(standardize_target=False).fit(X, targets, weight)

    assert_allclose(fitted(y).predict(X), fitted(y_other).predict(X), rtol=1e-5, atol=1e-6)


@every_loss
def test_weight_two_is_a_row_twice(loss):
    X, y = make_data(40)
    repeats = np.arange(40) % 3

    def fitted(*arguments):
        # One batch an epoch: a repeated row cannot fall into another one.
        model = small_mofa(loss=loss, early_stopping=False, batch_size=100, max_epochs=3)
        return model.fit(*arguments).predict(X)

    weighted = fitted(X, y, repeats)
    repeated = fitted(np.repeat(X, repeats, axis=0), np.repeat(y, repeats, axis=0))
    assert_allclose(weighted, repeated, rtol=5e-3, atol=5e-3)


@every_loss
def test_a_target_of_weight_zero_is_not_learned(loss):
    X, y = make_data(200)
    model = learner(loss=loss, target_weight=[3, 0]).fit(X, y)
    scores = r2_score(y, model.predict(X), multioutput="raw_values")
    assert scores[0] > 0.5
    assert scores[1] < 0.2


def test_equal_target_weights_change_nothing():
    X, y = make_data(80)
    weighted = small_mofa(target_weight=[1, 1]).fit(X, y).predict(X)
    assert_allclose(weighted, small_mofa().fit(X, y).predict(X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("weight", [[1], [1, 2, 3], [1, -1], [0, 0], [[1, 2]]], ids=str)
def test_target_weights_must_fit_the_targets(weight):
    X, y = make_data(40)
    with pytest.raises(ValueError, match=r"non-negative weight for each of the 2 target"):
        small_mofa(target_weight=weight).fit(X, y)


def test_target_weights_that_are_no_numbers_are_refused():
    X, y = make_data(40)
    with pytest.raises(ValueError, match="target_weight contains NaN"):
        small_mofa(target_weight=[1, np.nan]).fit(X, y)


# Ensembles, copies, and losses from elsewhere


@pytest.mark.parametrize("target_weight", [None, [1, 3]])
@every_loss
def test_members_trained_together_agree_with_one_by_one(loss, target_weight):
    X, y = make_data(81)
    weight = np.random.default_rng(0).uniform(0, 2, len(X))
    member = small_mofa(loss=loss, target_weight=target_weight, max_epochs=2)
    together, alone = (
        KFoldEnsembleRegressor(member, cv=2, engine=engine, random_state=0).fit(X, y, weight)
        for engine in ("stacked", "joblib")
    )
    assert_allclose(together.oof_prediction_, alone.oof_prediction_, **CLOSE)
    for ours, theirs in zip(together.estimators_, alone.estimators_, strict=True):
        losses = [model.history_[:, "valid_loss"] for model in (ours, theirs)]
        assert_allclose(*losses, rtol=1e-3)


@every_loss
def test_it_survives_a_pickle_and_a_clone(loss):
    X, y = make_data(60)
    model = small_mofa(loss=loss, max_epochs=1).fit(X, y)
    prediction = model.predict(X)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), prediction)
    assert_array_equal(clone(model).fit(X, y).predict(X), prediction)


def test_a_loss_of_torch_is_ours():
    X, y = make_data(80)
    weight = np.random.default_rng(0).uniform(0, 2, len(X))
    ours, theirs = (
        small_mofa(loss=loss).fit(X, y, weight).predict(X) for loss in ("huber", nn.SmoothL1Loss)
    )
    assert_allclose(theirs, ours, rtol=1e-4, atol=1e-4)


class Unreduced(nn.Module):
    def forward(self, prediction, target):
        return (prediction - target).abs().mean()


def test_a_loss_that_takes_the_mean_itself_is_refused():
    X, y = make_data(40)
    with pytest.raises(ValueError, match=r"Unreduced returned .* leave the mean over rows"):
        small_mofa(loss=Unreduced).fit(X, y)


def test_a_constant_target_is_predicted_by_every_loss():
    X, y = make_data(60)
    y[:, 1] = 5.0
    for loss in LOSSES:
        prediction = small_mofa(loss=loss, max_epochs=10).fit(X, y).predict(X)
        assert mean_squared_error(y[:, 1], prediction[:, 1]) < 0.3, loss
