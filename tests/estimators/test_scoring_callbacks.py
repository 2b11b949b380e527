"""skorch's scoring callbacks score predictions and targets in the user's units."""

import numpy as np
import pytest
from sklearn.metrics import get_scorer, mean_absolute_error, r2_score
from skorch.callbacks import BatchScoring, EpochScoring

from mofa_sklearn import KFoldEnsembleRegressor, MoFAClassifier, make_mofa_pipeline

from ..helpers import WIDTHS, make_data, small_mofa


def classes_of(y, kind):
    thirds = np.digitize(y, np.quantile(y, [1 / 3, 2 / 3]))
    return {
        "two classes": np.where(y > 0, "high", "low"),
        "three classes": np.array(["low", "some", "high"])[thirds],
        "ordered classes": np.array(["low", "some", "high"])[thirds],
        "labels": np.stack([y > 0, y > 1, y < 0], axis=1).astype(int),
    }[kind]


def small_classifier(kind, **params):
    order = ["low", "some", "high"] if kind == "ordered classes" else False
    small = {"hidden_dim": 8, "max_epochs": 3, "n_iter_no_change": None, "device": "cpu"}
    return MoFAClassifier(WIDTHS, ordinal=order, random_state=0, **{**small, **params})


def best_epoch(model):
    return model.history_[model.best_iteration_ - 1]


@pytest.mark.parametrize("n_targets", [None, 1, 3])
@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("scoring", ["r2", "neg_mean_squared_error", "explained_variance"])
def test_an_epoch_s_score_is_that_of_its_predictions(scoring, use_caching, n_targets):
    X, y = make_data(150, n_targets)
    y = 100 * y + 7  # not what the network is trained on
    callback = EpochScoring(scoring, lower_is_better=False, use_caching=use_caching, name="own")
    model = small_mofa(callbacks=[callback])
    model.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    expected = get_scorer(scoring)(model, X[100:], y[100:])
    assert best_epoch(model)["own"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("scoring", "expected"),
    [
        (None, r2_score),  # the score of the model itself
        (mean_absolute_error, mean_absolute_error),
        (lambda net, X, y: np.abs(net.predict(X) - y).mean(), mean_absolute_error),
    ],
)
@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_scores_may_be_metrics_and_functions(scoring, expected, loss):
    X, y = make_data(150)
    model = small_mofa(callbacks=[EpochScoring(scoring, name="own")], loss=loss)
    model.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    score = expected(y[100:], model.predict(X[100:]))
    assert best_epoch(model)["own"] == pytest.approx(score, rel=1e-4)


def test_training_rows_are_scored_when_asked_for():
    X, y = make_data(100, None)
    callbacks = [
        EpochScoring("r2", on_train=True, use_caching=False, name="own"),
        EpochScoring("r2", on_train=True, name="cached"),
        BatchScoring("neg_mean_absolute_error", on_train=True, name="of_batches"),
    ]
    model = small_mofa(callbacks=callbacks, early_stopping=False).fit(X, y)
    last = model.history_[-1]
    assert last["own"] == pytest.approx(model.score(X, y), rel=1e-4)
    assert last["cached"] != last["own"]  # of the predictions on the way
    assert last["of_batches"] < 0


def test_a_batch_s_score_is_that_of_its_predictions():
    X, y = make_data(150)
    callback = BatchScoring("neg_mean_absolute_error", lower_is_better=False, name="own")
    model = small_mofa(callbacks=[callback])
    model.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])  # one batch of validation rows
    score = -mean_absolute_error(y[100:], model.predict(X[100:]))
    assert best_epoch(model)["own"] == pytest.approx(score, rel=1e-4)


@pytest.mark.parametrize(
    ("kind", "scoring"),
    [
        ("two classes", "accuracy"),
        ("two classes", "roc_auc"),
        ("two classes", "neg_log_loss"),
        ("three classes", "f1_macro"),
        ("three classes", "roc_auc_ovr"),
        ("ordered classes", "accuracy"),
        ("ordered classes", "neg_log_loss"),
        ("labels", "average_precision"),
        ("labels", "f1_macro"),
    ],
)
@pytest.mark.parametrize("use_caching", [True, False])
def test_classifiers_are_scored_by_classes_and_probabilities(kind, scoring, use_caching):
    X, y = make_data(150, None)
    y = classes_of(y, kind)
    callback = EpochScoring(scoring, lower_is_better=False, use_caching=use_caching, name="own")
    model = small_classifier(kind, callbacks=[callback], tune_thresholds=False)
    model.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    expected = get_scorer(scoring)(model, X[100:], y[100:])
    assert best_epoch(model)["own"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", ["two classes", "three classes", "ordered classes", "labels"])
def test_smoothed_classes_are_read_as_they_were(kind):
    X, y = make_data(100, None)
    y = classes_of(y, kind)
    seen = []

    def keep(net, X, y):
        seen.append(y)
        return 0.0

    callback = EpochScoring(keep, on_train=True, use_caching=False, name="own")
    model = small_classifier(
        kind, label_smoothing=0.3, early_stopping=False, max_epochs=1, callbacks=[callback]
    )
    model.fit(X, y)
    np.testing.assert_array_equal(seen[0], y)


def test_members_of_an_ensemble_are_scored():
    X, y = make_data()
    network = small_mofa(callbacks=[EpochScoring("r2", lower_is_better=False)])
    ensemble = KFoldEnsembleRegressor(network, cv=3, random_state=0).fit(X, y)
    scores = [best_epoch(member)["r2"] for member in ensemble.estimators_]
    np.testing.assert_allclose(scores, ensemble.fold_scores_.mean(axis=1), rtol=1e-4)


def test_the_network_of_a_pipeline_is_scored():
    X, y = make_data()
    pipeline = make_mofa_pipeline(WIDTHS, ensemble=False, random_state=0)
    callbacks = [EpochScoring("r2", lower_is_better=False)]
    pipeline.set_params(
        regressor__hidden_dim=8, regressor__max_epochs=2, regressor__callbacks=callbacks
    )
    pipeline.fit(X, y)
    assert all("r2" in epoch for epoch in pipeline[-1].history_)
