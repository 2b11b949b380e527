"""Logistic regression on validation rows."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from mofa_sklearn.baselines import EarlyStoppingLogisticRegression

from ..classes import make_classes


def parts(kind="multiclass"):
    X, y = make_classes(kind, 240)
    return (X[:120], y[:120]), {"X_val": X[120:], "y_val": y[120:]}


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_without_validation_rows_it_is_its_base_class(kind):
    (X, y), _ = parts(kind)
    ours = EarlyStoppingLogisticRegression(C=0.1).fit(X, y)
    plain = LogisticRegression(C=0.1).fit(X, y)
    assert_array_equal(ours.predict_proba(X), plain.predict_proba(X))


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_the_penalty_is_the_best_on_the_validation_rows(kind):
    train, held_out = parts(kind)
    model = EarlyStoppingLogisticRegression(C=100.0).fit(*train, **held_out)
    loss = log_loss(held_out["y_val"], model.predict_proba(held_out["X_val"]))
    assert loss == pytest.approx(min(model.validation_losses_))
    position = int(np.argmin(model.validation_losses_))
    assert_allclose(model.C_, 100.0 * 10 ** (-6 + position / 2))
    plain = LogisticRegression(C=model.C_, max_iter=1000).fit(*train)
    assert_allclose(model.coef_, plain.coef_, atol=0.02)


def test_the_path_is_left_where_the_loss_rises():
    (X, y), held_out = parts()
    shuffled = np.random.default_rng(0).permutation(y)
    model = EarlyStoppingLogisticRegression(C=100.0).fit(X, shuffled, **held_out)
    assert len(model.validation_losses_) < 13
    assert model.C_ < 1


def test_weights_of_validation_rows_count():
    train, held_out = parts()
    half = np.r_[np.ones(60), np.zeros(60)]
    weighted = EarlyStoppingLogisticRegression().fit(*train, **held_out, sample_weight_val=half)
    first = {name: part[:60] for name, part in held_out.items()}
    plain = EarlyStoppingLogisticRegression().fit(*train, **first)
    assert_allclose(weighted.validation_losses_, plain.validation_losses_, rtol=1e-5)


def test_parameters_stay_as_they_were_and_nothing_is_warned_of():
    train, held_out = parts()
    model = EarlyStoppingLogisticRegression(C=1e6, max_iter=3)
    before = model.get_params()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(*train, **held_out)
    assert model.get_params() == before


def test_a_second_fit_starts_afresh():
    train, held_out = parts()
    model = EarlyStoppingLogisticRegression()
    first = model.fit(*train, **held_out).coef_
    assert_array_equal(model.fit(*train, **held_out).coef_, first)
