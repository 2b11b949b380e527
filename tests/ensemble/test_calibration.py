"""Calibrated probabilities are as frequent as they say."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB

from mofa_sklearn import KFoldEnsembleClassifier
from mofa_sklearn.ensemble._calibration import CALIBRATORS, fit_calibrator
from tests.classes import make_classes, small_classifier

METHODS = list(CALIBRATORS)
KINDS = ["binary", "multiclass", "multilabel"]


def truth_and_what_is_said(n_classes, power, n_samples=4000, seed=0):
    """Draw classes from probabilities, and say these to some power."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.ones(n_classes), n_samples)
    y = (rng.random((n_samples, 1)) > true.cumsum(axis=1)).sum(axis=1)
    said = true**power
    return y, true, said / said.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("power", [0.5, 2.0])
def test_the_temperature_is_found(n_classes, power):
    y, true, said = truth_and_what_is_said(n_classes, power)
    found = fit_calibrator("temperature", said, y, np.arange(n_classes), np.ones(len(y)))
    assert_allclose(found.temperature, [power], rtol=0.05)
    assert_allclose(found.transform(said, False), true, atol=0.03)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_too_certain_ones_are_mended(method, n_classes):
    y, _, said = truth_and_what_is_said(n_classes, 3.0)
    found = fit_calibrator(method, said, y, np.arange(n_classes), np.ones(len(y)))
    new_y, new_true, new_said = truth_and_what_is_said(n_classes, 3.0, seed=1)
    calibrated = found.transform(new_said, False)
    assert_allclose(calibrated.sum(axis=1), 1)
    best = log_loss(new_y, new_true)
    assert log_loss(new_y, calibrated) - best < 0.2 * (log_loss(new_y, new_said) - best)


@pytest.mark.parametrize("method", METHODS)
def test_weights_are_repetitions(method):
    y, _, said = truth_and_what_is_said(3, 2.0, n_samples=300)
    weight = np.random.default_rng(0).integers(1, 4, 300)
    classes = np.arange(3)
    rows = np.repeat(np.arange(300), weight)
    weighted = fit_calibrator(method, said, y, classes, weight.astype(float))
    repeated = fit_calibrator(method, said[rows], y[rows], classes, np.ones(len(rows)))
    transformed = [found.transform(said, False) for found in (weighted, repeated)]
    assert_allclose(*transformed, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_rows_without_a_mistake_give_no_certainty(method):
    y = np.arange(30) % 2
    said = np.where(np.arange(2) == y[:, None], 0.9, 0.1)
    calibrated = fit_calibrator(method, said, y, np.arange(2), np.ones(30)).transform(said, False)
    assert 1e-4 < calibrated.min() < 0.1


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_of_zero_and_one_pass(method):
    y, _, said = truth_and_what_is_said(3, 2.0, n_samples=300)
    said = np.where(said > 0.5, 1.0, 0.0) + 1e-300
    said[said.max(axis=1) < 0.5] = 1 / 3
    said /= said.sum(axis=1, keepdims=True)
    found = fit_calibrator(method, said, y, np.arange(3), np.ones(300))
    calibrated = found.transform(said, False)
    assert np.isfinite(calibrated).all()
    assert_allclose(calibrated.sum(axis=1), 1)


@cache
def blended(kind, method):
    companions = [("network", small_classifier())]
    return KFoldEnsembleClassifier(
        small_classifier(max_epochs=1),
        cv=2,
        companions=companions,
        calibrate=method,
        random_state=0,
    ).fit(*make_classes(kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_ensembles_calibrate_what_they_blend(kind, method):
    X, _ = make_classes(kind)
    plain, model = blended(kind, None), blended(kind, method)
    labels = kind == "multilabel"
    expected = model.calibrator_.transform(plain.predict_proba(X), labels)
    assert_allclose(model.predict_proba(X), expected, rtol=1e-6)
    expected = model.calibrator_.transform(plain.oof_prediction_, labels)
    assert_allclose(model.oof_prediction_, expected, rtol=1e-6)
    assert plain.calibrator_ is None


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_a_temperature_leaves_the_classes_alone(kind):
    X, y = make_classes(kind)
    X = X.astype(float)
    models = [
        KFoldEnsembleClassifier(GaussianNB(), cv=3, calibrate=method, random_state=0).fit(X, y)
        for method in (None, "temperature")
    ]
    assert_array_equal(*[model.predict(X) for model in models])
    assert models[0].oof_score_ == models[1].oof_score_
    assert_array_equal(*[model.fold_scores_ for model in models])
    losses = [log_loss(y, model.oof_prediction_) for model in models]
    assert losses[1] < losses[0]  # naive Bayes is too certain
    assert models[1].calibrator_.temperature > 1


def test_thresholds_of_labels_are_of_calibrated_probabilities():
    X, y = make_classes("multilabel")
    model = KFoldEnsembleClassifier(small_classifier(), cv=3, calibrate="temperature")
    model.set_params(random_state=0).fit(X, y)
    assert_array_equal(model.predict(X), model.predict_proba(X) > model.thresholds_)


def test_rows_of_weight_zero_do_not_count():
    X, y = make_classes("binary", 120)
    weight = (np.arange(120) % 3 > 0).astype(float)

    def fit(rows):
        model = KFoldEnsembleClassifier(LogisticRegression(), cv=3, calibrate="temperature")
        model.set_params(random_state=0)
        return model.fit(X[rows], y[rows], sample_weight=weight[rows])

    every, some = fit(np.arange(120)), fit(np.flatnonzero(weight))
    assert_allclose(every.calibrator_.temperature, some.calibrator_.temperature, rtol=1e-6)


def test_other_methods_are_refused():
    with pytest.raises(ValueError, match="The 'calibrate' parameter"):
        KFoldEnsembleClassifier(calibrate="beta").fit(*make_classes("binary", 60))
