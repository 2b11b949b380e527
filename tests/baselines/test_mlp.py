"""scikit-learn's networks on validation rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mofa_sklearn.baselines import EarlyStoppingMLPClassifier, EarlyStoppingMLPRegressor

from ..classes import make_classes
from ..helpers import make_data

PARAMS = {"early_stopping": True, "max_iter": 300, "learning_rate_init": 0.01, "random_state": 0}


def rows(noise=2.0):
    X, y = make_data(120, noise=noise)
    return (X[:80], y[:80]), {"X_val": X[80:], "y_val": y[80:]}


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_without_validation_rows_it_is_its_base_class(early_stopping):
    (X, y), _ = rows()
    params = {**PARAMS, "early_stopping": early_stopping}
    ours = EarlyStoppingMLPRegressor(**params).fit(X, y)
    assert_array_equal(ours.predict(X), MLPRegressor(**params).fit(X, y).predict(X))


def test_the_best_epochs_weights_are_kept():
    train, held_out = rows()
    model = EarlyStoppingMLPRegressor(**PARAMS).fit(*train, **held_out)
    error = np.mean((model.predict(held_out["X_val"]) - held_out["y_val"]) ** 2)
    assert error == pytest.approx(min(model.validation_losses_))
    assert model.n_iter_ == len(model.validation_losses_) < 300


def test_it_ends_when_there_is_no_progress():
    train, held_out = rows()
    patient, hasty = (
        EarlyStoppingMLPRegressor(**PARAMS, n_iter_no_change=n).fit(*train, **held_out)
        for n in (20, 3)
    )
    assert hasty.n_iter_ < patient.n_iter_
    assert_array_equal(hasty.validation_losses_, patient.validation_losses_[: hasty.n_iter_])


def test_it_ends_at_max_iter():
    train, held_out = rows(noise=0.1)
    model = EarlyStoppingMLPRegressor(**{**PARAMS, "max_iter": 4}).fit(*train, **held_out)
    assert model.n_iter_ == 4


def test_rows_of_weight_zero_do_not_count():
    (X, y), held_out = rows()
    weight = np.r_[np.ones(20), np.zeros(20)]
    first = EarlyStoppingMLPRegressor(**PARAMS).fit(X, y, **held_out, sample_weight_val=weight)
    half = {key: part[:20] for key, part in held_out.items()}
    second = EarlyStoppingMLPRegressor(**PARAMS).fit(X, y, **half)
    assert_allclose(first.validation_losses_, second.validation_losses_)


def test_a_second_fit_starts_afresh():
    train, held_out = rows()
    model = EarlyStoppingMLPRegressor(**PARAMS).fit(*train, **held_out)
    prediction = model.predict(train[0])
    assert_array_equal(model.fit(*train, **held_out).predict(train[0]), prediction)
    assert model.get_params()["early_stopping"]


def test_one_target_gives_one_dimension():
    (X, y), held_out = rows()
    model = EarlyStoppingMLPRegressor(**PARAMS)
    model.fit(X, y[:, 0], X_val=held_out["X_val"], y_val=held_out["y_val"][:, 0])
    assert model.predict(X).shape == (80,)


# Classes


def classes(kind, n_learned=120):
    X, y = make_classes(kind, 200)
    return (X[:n_learned], y[:n_learned]), {"X_val": X[n_learned:], "y_val": y[n_learned:]}


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_without_validation_rows_the_classifier_is_its_base_class(kind):
    (X, y), _ = classes(kind)
    ours = EarlyStoppingMLPClassifier(**PARAMS).fit(X, y)
    assert_array_equal(ours.predict_proba(X), MLPClassifier(**PARAMS).fit(X, y).predict_proba(X))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_the_weights_of_the_lowest_log_loss_are_kept(kind):
    train, held_out = classes(kind)
    model = EarlyStoppingMLPClassifier(**PARAMS).fit(*train, **held_out)
    probabilities, truth = model.predict_proba(held_out["X_val"]), held_out["y_val"]
    if kind == "multilabel":
        columns = zip(truth.T, probabilities.T, strict=True)
        loss = np.mean([log_loss(label, column, labels=[0, 1]) for label, column in columns])
    else:
        loss = log_loss(truth, probabilities)
    assert loss == pytest.approx(min(model.validation_losses_), rel=1e-6)
    assert model.n_iter_ == len(model.validation_losses_) < 300


def test_validation_rows_may_lack_a_class():
    (X, y), held_out = classes("multiclass")
    kept = held_out["y_val"] != "a"
    held_out = {name: part[kept] for name, part in held_out.items()}
    model = EarlyStoppingMLPClassifier(**PARAMS).fit(X, y, **held_out)
    assert model.predict_proba(X).shape == (120, 4)
