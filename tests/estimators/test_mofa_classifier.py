"""MoFAClassifier: what it learns of each kind of classes, and what it says of them."""

import pickle
from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.metrics import f1_score, make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score

from mofa_sklearn.estimators._thresholds import tune_thresholds
from mofa_sklearn.networks.losses import (
    BinaryFocal,
    CumulativeLink,
    Focal,
    SquaredError,
    ordered_logits,
)

from ..classes import KINDS, make_classes, small_classifier, small_classifier_of

every_kind = pytest.mark.parametrize("kind", KINDS)
IMAGE = slice(0, 4)


# What it learns


def learned(kind, n_samples=600, **params):
    """Train on most of the videos; return the truth and the prediction of the others."""
    X, y = make_classes(kind, n_samples)
    train, test = slice(0, 7 * n_samples // 10), slice(7 * n_samples // 10, None)
    long = {"max_epochs": 12, "batch_size": 32, "schedule": "cosine", "early_stopping": False}
    model = small_classifier_of(kind, **{**long, "learning_rate": 2e-2, **params})
    return y[test], model.fit(X[train], y[train]).predict(X[test])


@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_classes_are_learned(kind, loss):
    y, prediction = learned(kind, loss=loss)
    n_classes = len(np.unique(y))
    assert (prediction == y).mean() > 1 / n_classes + 0.25


@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
def test_labels_are_learned(loss):
    y, prediction = learned("multilabel", 900, loss=loss, max_epochs=14, learning_rate=1e-2)
    guess = f1_score(y, np.ones_like(y), average="macro")
    assert f1_score(y, prediction, average="macro") > guess + 0.15


def test_ordered_classes_are_learned_and_mistaken_for_their_neighbours_at_most():
    y, prediction = learned("ordinal")
    assert (prediction == y).mean() > 0.5
    assert np.abs(prediction - y).mean() < 0.6  # by chance it is 1.25


# What it says


@every_kind
def test_shapes_and_types_are_scikit_learn_s(kind):
    X, y = make_classes(kind)
    model = small_classifier_of(kind).fit(X, y)
    prediction, probabilities = model.predict(X[:9]), model.predict_proba(X[:9])
    decision = model.decision_function(X[:9])
    assert prediction.shape == y[:9].shape
    assert prediction.dtype == y.dtype
    n_columns = y.shape[1] if y.ndim == 2 else len(np.unique(y))
    assert probabilities.shape == (9, n_columns)
    assert decision.shape == ((9,) if kind == "binary" else (9, n_columns))
    assert probabilities.dtype == decision.dtype == np.float64


@pytest.mark.parametrize("kind", ["binary", "multiclass", "ordinal"])
def test_probabilities_sum_to_one_and_the_highest_is_predicted(kind):
    X, y = make_classes(kind)
    model = small_classifier_of(kind).fit(X, y)
    probabilities = model.predict_proba(X)
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-9)
    assert (probabilities >= 0).all()
    assert_array_equal(model.classes_, np.unique(y))
    assert_array_equal(model.predict(X), model.classes_[probabilities.argmax(axis=1)])


@pytest.mark.parametrize("kind", ["multiclass", "ordinal"])
def test_decisions_are_log_probabilities(kind):
    X, y = make_classes(kind)
    model = small_classifier_of(kind).fit(X, y)
    assert_allclose(np.exp(model.decision_function(X)), model.predict_proba(X), rtol=1e-6)


@pytest.mark.parametrize("ordinal", [False, True])
def test_of_two_classes_the_decision_is_the_log_odds_of_the_second(ordinal):
    X, y = make_classes("binary")
    model = small_classifier(ordinal=["a", "b"] if ordinal else False).fit(X, y)
    probabilities = model.predict_proba(X)
    log_odds = np.log(probabilities[:, 1] / probabilities[:, 0])
    assert_allclose(model.decision_function(X), log_odds, rtol=1e-5, atol=1e-6)


def test_labels_are_there_above_their_thresholds():
    X, y = make_classes("multilabel")
    model = small_classifier().fit(X, y)
    there = model.predict_proba(X) > model.thresholds_
    assert_array_equal(model.predict(X), there)
    decision = model.decision_function(X)
    assert_allclose(1 / (1 + np.exp(-decision)), model.predict_proba(X), rtol=1e-6)


def test_the_labels_of_a_sparse_indicator_are_those_of_a_dense_one():
    X, y = make_classes("multilabel")
    dense, sparse = small_classifier().fit(X, y), small_classifier().fit(X, csr_matrix(y))
    assert_array_equal(sparse.predict_proba(X), dense.predict_proba(X))


def test_other_names_of_the_classes_change_nothing_else():
    X, y = make_classes("multiclass")
    numbers = np.searchsorted(["a", "b", "c", "d"], y) * 10
    named, numbered = small_classifier().fit(X, y), small_classifier().fit(X, numbers)
    assert_array_equal(named.predict_proba(X), numbered.predict_proba(X))
    assert_array_equal(numbered.predict(X), 10 * np.searchsorted(named.classes_, named.predict(X)))


def test_one_class_is_predicted_for_every_row():
    X, _ = make_classes("binary", 40)
    for ordinal in (False, True):
        model = small_classifier(ordinal=ordinal).fit(X, np.full(40, 3))
        assert_array_equal(model.predict(X), 3)
        assert_array_equal(model.predict_proba(X), 1)


# Ordered classes


def test_ordered_logits_never_rise():
    outputs = 20 * torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    logits = ordered_logits(outputs)
    assert (logits.diff(dim=1) <= 0).all()
    assert_array_equal(logits[:, 0], outputs[:, 0])


def test_the_ordinal_loss_is_the_cross_entropy_of_the_answers():
    outputs, target = torch.tensor([[0.5, 1.0]]), torch.tensor([[1.0, 0.0]])
    second = 0.5 - np.log1p(np.e)
    expected = [np.log1p(np.exp(-0.5)), np.log1p(np.exp(second))]
    assert_allclose(CumulativeLink()(outputs, target)[0], expected, rtol=1e-6)


def test_a_list_gives_the_order_of_classes():
    """Columns are sorted all the same; the network is that of the ranks."""
    X, ranks = make_classes("ordinal")
    names = np.array(["little", "fair", "much", "huge"])
    numbered = small_classifier(ordinal=True, early_stopping=False).fit(X, ranks)
    named = small_classifier(ordinal=names, early_stopping=False).fit(X, names[ranks])
    assert named.classes_.tolist() == ["fair", "huge", "little", "much"]
    columns = np.searchsorted(named.classes_, names)
    assert_array_equal(named.predict_proba(X)[:, columns], numbered.predict_proba(X))
    assert_array_equal(named.predict(X), names[numbered.predict(X)])


def test_classes_of_the_order_may_be_absent():
    X, ranks = make_classes("ordinal")
    names = np.array(["none", "little", "fair", "much", "huge"])
    model = small_classifier(ordinal=names).fit(X, names[ranks + 1])
    assert "none" not in model.classes_


# Weights, smoothing, thresholds


def share_of(model, X, label):
    return (model.predict(X) == label).mean()


def test_a_class_of_more_weight_is_predicted_more_often():
    X, y = make_classes("multiclass")
    shares = [
        share_of(
            small_classifier(class_weight={"b": weight}, max_epochs=12, batch_size=64).fit(X, y),
            X,
            "b",
        )
        for weight in (0.05, 1, 20)
    ]
    assert shares[0] < shares[1] < shares[2]


@every_kind
def test_balanced_weights_make_rare_classes_more_probable(kind):
    X, y = make_classes(kind)
    if y.ndim == 1:
        rare = y == np.unique(y)[-1]
        keep = ~rare | (np.cumsum(rare) % 5 == 0)
        X, y = X[keep], y[keep]
    plain, balanced = (
        small_classifier_of(kind, class_weight=weight, average_epochs=None, batch_size=32)
        .fit(X, y)
        .predict_proba(X)[:, -1]
        .mean()
        for weight in (None, "balanced")
    )
    assert balanced > 1.3 * plain


def test_balanced_weights_are_those_of_the_training_rows_written_out():
    X, y = make_classes("multiclass", 100)
    y[10:] = "a"
    assert len(np.unique(y)) == 4
    weight = {label: len(y) / (4 * (y == label).sum()) for label in np.unique(y)}
    by_hand = small_classifier(class_weight=weight, early_stopping=False).fit(X, y)
    balanced = small_classifier(class_weight="balanced", early_stopping=False).fit(X, y)
    assert_allclose(balanced.predict_proba(X), by_hand.predict_proba(X), rtol=1e-5)


def test_class_weights_are_row_weights():
    X, y = make_classes("binary")
    by_class = small_classifier(class_weight={"a": 3.0}).fit(X, y)
    by_row = small_classifier().fit(X, y, sample_weight=np.where(y == "a", 3.0, 1.0))
    both = small_classifier(class_weight={"a": 1.5}).fit(X, y, np.where(y == "a", 2.0, 1.0))
    assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X), rtol=1e-5)
    assert_allclose(by_class.predict_proba(X), both.predict_proba(X), rtol=1e-5)


@every_kind
def test_rows_of_weight_zero_do_not_matter(kind):
    X, y = make_classes(kind, 60)
    weight = np.ones(60)
    weight[40:] = 0
    other = y.copy()
    other[40:] = y[:20]
    full_batch = {"batch_size": 60, "early_stopping": False}
    first = small_classifier_of(kind, **full_batch).fit(X, y, weight)
    second = small_classifier_of(kind, **full_batch).fit(X, other, weight)
    assert_allclose(first.predict_proba(X), second.predict_proba(X), rtol=1e-4, atol=1e-6)


@every_kind
def test_smoothed_labels_keep_probabilities_from_the_ends(kind):
    X, y = make_classes(kind, 100)
    extremes = [
        small_classifier_of(kind, label_smoothing=amount, early_stopping=False, max_epochs=15)
        .fit(X, y)
        .predict_proba(X)
        .max()
        for amount in (0.0, 0.3)
    ]
    assert extremes[1] < extremes[0]


def test_gamma_zero_is_the_cross_entropy():
    X, y = make_classes("multiclass")
    plain = small_classifier().fit(X, y).predict_proba(X)
    focal = small_classifier(loss=partial(Focal, gamma=0)).fit(X, y).predict_proba(X)
    assert_allclose(focal, plain, rtol=1e-3)


def test_the_focal_loss_is_that_of_the_paper():
    """Lin et al. 2017, equation 5."""
    logit = torch.tensor([[1.5, -0.5]])
    p = logit.sigmoid()
    expected = (
        -0.25 * (1 - p[0, 0]) ** 2 * p[0, 0].log(),
        -0.75 * p[0, 1] ** 2 * (1 - p[0, 1]).log(),
    )
    assert_allclose(BinaryFocal()(logit, torch.tensor([[1.0, 0.0]]))[0], expected, rtol=1e-6)
    two = torch.stack([torch.zeros(1), logit[:, 0]], dim=1)
    assert_allclose(Focal()(two, torch.tensor([[0.0, 1.0]])), 4 * expected[0:1][0], rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("weighted", [False, True])
def test_tuned_thresholds_have_the_highest_f1_of_all(seed, weighted):
    rng = np.random.default_rng(seed)
    probabilities = rng.integers(0, 12, size=(30, 4)) / 11  # with ties
    y = (rng.random((30, 4)) < 0.5 * probabilities).astype(int)
    weight = rng.integers(0, 3, size=30) if weighted else None

    def f1(thresholds):
        chosen = probabilities > thresholds
        return f1_score(y, chosen, average=None, sample_weight=weight, zero_division=0)

    tried = np.array([f1(threshold) for threshold in np.linspace(0, 1, 36, endpoint=False)])
    assert_allclose(f1(tune_thresholds(y, probabilities, weight)), tried.max(axis=0))


def test_thresholds_stay_where_no_other_is_better():
    y = np.array([[0, 1], [0, 1], [0, 0]])
    probabilities = np.array([[0.9, 0.8], [0.2, 0.7], [0.4, 0.1]])
    assert_array_equal(tune_thresholds(y, probabilities), 0.5)


def test_tuned_thresholds_are_no_worse_on_the_validation_rows():
    X, y = make_classes("multilabel")
    sets = {"X_val": X[:80], "y_val": y[:80]}
    fixed = small_classifier(tune_thresholds=False).fit(X[80:], y[80:], **sets)
    tuned = small_classifier().fit(X[80:], y[80:], **sets)
    assert_array_equal(fixed.thresholds_, 0.5)
    assert_array_equal(fixed.predict_proba(X), tuned.predict_proba(X))
    before, after = (f1_score(y[:80], m.predict(X[:80]), average="macro") for m in (fixed, tuned))
    assert after > before


def test_without_validation_rows_thresholds_stay():
    X, y = make_classes("multilabel")
    assert_array_equal(small_classifier(early_stopping=False).fit(X, y).thresholds_, 0.5)


# Validation rows


def test_every_class_has_its_part_of_the_validation_rows():
    X, y = make_classes("multiclass", 200)
    y[:] = "a"
    y[::10] = "b"
    model = small_classifier(validation_fraction=0.2)
    for seed in range(5):
        training = model.set_params(random_state=seed)._prepare(X, y)
        targets = training.valid_rows.take(slice(None))[1][0]
        assert targets.sum(dim=0).tolist() == [36, 4]
        assert len(training.train_rows) == 160


def test_the_one_row_of_a_class_is_learned_from():
    X, y = make_classes("binary", 60)
    y[7] = "z"
    for seed in range(5):
        training = small_classifier(label_smoothing=0.0, random_state=seed)._prepare(X, y)
        targets = training.train_rows.take(slice(None))[1][0]
        assert targets[:, -1].sum() == 1


@every_kind
def test_given_validation_rows_are_what_is_stopped_on(kind):
    X, y = make_classes(kind)
    model = small_classifier_of(kind).fit(X[60:], y[60:], X_val=X[:60], y_val=y[:60])
    weighted = small_classifier_of(kind).fit(
        X[60:], y[60:], X_val=X[:60], y_val=y[:60], sample_weight_val=np.arange(60.0)
    )
    losses = [m.history_[:, "valid_loss"] for m in (model, weighted)]
    assert not np.allclose(*losses)


# What it takes and keeps


@every_kind
def test_a_missing_modality_is_learned_from_and_other_rows_predict_the_same(kind):
    X, y = make_classes(kind)
    X[::3, IMAGE] = np.nan
    model = small_classifier_of(kind, modality_dropout=0.2).fit(X, y)
    before = model.predict_proba(X)
    assert np.isfinite(before).all()
    X[1, 4:7] = np.nan
    others = np.arange(len(X)) != 1
    assert_allclose(model.predict_proba(X)[others], before[others], rtol=1e-5, atol=1e-6)
    assert model.modality_attention(X).iloc[1, 1] == 0


@every_kind
def test_a_pickle_predicts_the_same(kind):
    X, y = make_classes(kind)
    model = small_classifier_of(kind).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert_array_equal(again.predict(X), model.predict(X))
    assert_array_equal(np.array(again.classes_), np.array(model.classes_))


@every_kind
def test_a_warm_start_goes_on(kind):
    X, y = make_classes(kind)
    model = small_classifier_of(kind, warm_start=True, early_stopping=False).fit(X, y)
    first = model.history_[-1, "train_loss"]
    model.fit(X, y)
    assert model.n_iter_ == 6
    assert model.history_[-1, "train_loss"] < first


def test_a_second_fit_forgets_the_thresholds_of_labels():
    X, y = make_classes("multilabel")
    model = small_classifier().fit(X, y)
    model.fit(X, y[:, 0])
    assert not hasattr(model, "thresholds_")
    assert model.predict(X).shape == (len(X),)


@pytest.mark.parametrize("fusion", ["concat", "late", "conditional_query", "product_of_experts"])
def test_other_fusions_classify(fusion):
    X, y = make_classes("ordinal")
    model = small_classifier(ordinal=True, fusion=fusion).fit(X, y)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize("loss", [torch.nn.CrossEntropyLoss, torch.nn.BCEWithLogitsLoss])
def test_losses_of_torch_are_taken(loss):
    X, y = make_classes("multiclass")
    model = small_classifier(loss=loss, max_epochs=20, batch_size=64).fit(X, y)
    assert model.score(X, y) > 0.5


def test_the_cross_entropy_is_torch_s():
    X, y = make_classes("multiclass")
    torch_s = small_classifier(loss=torch.nn.CrossEntropyLoss).fit(X, y)
    assert_allclose(
        torch_s.predict_proba(X), small_classifier().fit(X, y).predict_proba(X), rtol=1e-3
    )


@every_kind
def test_scikit_learn_s_searches_and_scorers_take_it(kind):
    X, y = make_classes(kind, 150)
    model = small_classifier_of(kind)
    search = GridSearchCV(clone(model), {"hidden_dim": [4, 8]}, cv=2).fit(X, y)
    assert search.best_params_["hidden_dim"] in (4, 8)
    probabilities = cross_val_predict(model, X, y, cv=2, method="predict_proba")
    assert probabilities.shape[0] == len(X)
    scorer = make_scorer(roc_auc_score, response_method="predict_proba", multi_class="ovr")
    assert (cross_val_score(model, X, y, cv=2, scoring=scorer) > 0).all()


def test_two_labels_are_scored_each():
    X, y = make_classes("multilabel")
    y = y[:, :2]
    model = small_classifier().fit(X, y)
    scorer = make_scorer(roc_auc_score, response_method="predict_proba")
    assert scorer(model, X, y) == roc_auc_score(y, model.predict_proba(X))


# What it refuses


@pytest.mark.parametrize(
    ("params", "kind", "message"),
    [
        ({"ordinal": True}, "multiclass", r"ordinal=True takes numbers.*pass them as ordinal=\["),
        ({"ordinal": ["a", "b", "c"]}, "multiclass", "ordinal must name each class of y once"),
        ({"ordinal": list("abcda")}, "multiclass", "ordinal must name each class of y once"),
        ({"ordinal": True}, "multilabel", "a 1-D y; got indicators of 3 labels"),
        ({"ordinal": True, "loss": "focal"}, "ordinal", "loss='focal' is not for ordered"),
        ({"class_weight": {"e": 2.0}}, "multiclass", r"The classes, .* are not in class_weight"),
        ({"class_weight": {7: 2.0}}, "multilabel", r"label\(s\) \[7\], but y has columns 0 to 2"),
        ({"class_weight": dict.fromkeys("abcd", 0.0)}, "multiclass", "are zero for every row"),
    ],
)
def test_parameters_that_do_not_go_with_the_classes_are_told(params, kind, message):
    X, y = make_classes(kind)
    with pytest.raises(ValueError, match=message):
        small_classifier(**params).fit(X, y)


def test_class_weights_of_labels_need_a_loss_that_tells_them_apart():
    X, y = make_classes("multilabel")

    class OfRows(SquaredError):
        def forward(self, prediction, target):
            return super().forward(prediction, target).mean(dim=-1)

    with pytest.raises(ValueError, match="OfRows returned a tensor of shape"):
        small_classifier(loss=OfRows, class_weight="balanced").fit(X, y)


@pytest.mark.parametrize("levels", [[0, 3], [0, 1, 2]])
@pytest.mark.parametrize("where", ["y", "y_val"])
def test_several_columns_of_classes_are_refused(where, levels):
    X, y = make_classes("multilabel")
    bad = np.resize(levels, y.shape)
    with pytest.raises(ValueError, match=f"A {where} of .* must be an indicator of labels, zeros"):
        small_classifier().fit(X, bad if where == "y" else y, X_val=X, y_val=bad)


def test_numbers_that_are_no_classes_are_refused():
    X, _ = make_classes("binary")
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        small_classifier().fit(X, X[:, 0])


@pytest.mark.parametrize(
    ("y_val", "message"),
    [
        (["a", "z"], r"y_val has class\(es\) \['z'\] that are none of those to learn"),
        (["a"], "X_val has 2 rows and y_val 1"),
    ],
)
def test_validation_rows_of_other_classes_are_refused(y_val, message):
    X, y = make_classes("binary")
    with pytest.raises(ValueError, match=message):
        small_classifier().fit(X, y, X_val=X[:2], y_val=y_val)


def test_validation_rows_of_another_number_of_labels_are_refused():
    X, y = make_classes("multilabel")
    with pytest.raises(ValueError, match="y_val must have 3 columns of labels"):
        small_classifier().fit(X, y, X_val=X, y_val=y[:, :2])


def test_a_warm_start_with_other_classes_is_refused():
    X, y = make_classes("binary")
    model = small_classifier(warm_start=True).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="none of those to learn"):
        model.fit(X, np.where(y == "a", "z", y))
    with pytest.raises(ValueError, match=r"classes of the last fit, \['a', 'b'\].* has 3 labels"):
        model.fit(X, make_classes("multilabel")[1])
    assert_array_equal(model.predict_proba(X), before)
