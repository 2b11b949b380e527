"""LogisticPathClassifier is scikit-learn's logistic regression at the penalty it chooses."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from mofa_sklearn.estimators import LogisticPathClassifier
from tests.classes import make_classes

KINDS = ["binary", "multiclass", "multilabel"]


def noisy(n_classes=3, n_samples=300):
    return make_classification(
        n_samples,
        20,
        n_informative=4,
        n_redundant=0,
        n_classes=n_classes,
        flip_y=0.4,
        n_clusters_per_class=1,
        random_state=0,
    )


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("standardize", [True, False])
def test_at_one_penalty_it_is_scikit_learns(n_classes, standardize):
    X, y = noisy(n_classes)
    model = LogisticPathClassifier([0.1], standardize=standardize, tol=1e-8).fit(X, y)
    scaled = StandardScaler(with_std=standardize).fit_transform(X)
    other = LogisticRegression(C=0.1, tol=1e-8).fit(scaled, y)
    assert_allclose(model.predict_proba(X), other.predict_proba(scaled), rtol=1e-4, atol=1e-6)
    assert_allclose(model.decision_function(X), other.decision_function(scaled), atol=1e-4)
    assert_array_equal(model.predict(X), other.predict(scaled))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_chooses_the_penalty_of_the_least_loss_on_validation_rows(n_classes):
    X, y = noisy(n_classes)
    Cs = np.logspace(-4, 1, 6)
    model = LogisticPathClassifier(Cs, tol=1e-6).fit(
        X[:150], y[:150], X_val=X[150:], y_val=y[150:]
    )
    scaler = StandardScaler().fit(X[:150])
    losses = [
        log_loss(
            y[150:],
            LogisticRegression(C=C)
            .fit(scaler.transform(X[:150]), y[:150])
            .predict_proba(scaler.transform(X[150:])),
        )
        for C in Cs
    ]
    assert Cs[np.argmin(losses)] == model.C_
    assert Cs[0] < model.C_ < Cs[-1]


def test_without_validation_rows_it_learns_from_all_in_the_end():
    X, y = noisy()
    model = LogisticPathClassifier(random_state=0, tol=1e-8).fit(X, y)
    scaled = StandardScaler().fit_transform(X)
    other = LogisticRegression(C=model.C_[0], tol=1e-8).fit(scaled, y)
    assert_allclose(model.predict_proba(X), other.predict_proba(scaled), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_repetitions(kind):
    X, y = make_classes(kind, 90)
    X = X.astype(float)
    weight = np.random.default_rng(0).integers(0, 3, 90)
    rows = np.repeat(np.arange(90), weight)
    given = {"X_val": X[:30], "y_val": y[:30]}
    model = LogisticPathClassifier(tol=1e-7)
    weighted = model.fit(X, y, sample_weight=weight, **given).predict_proba(X)
    assert_allclose(weighted, model.fit(X[rows], y[rows], **given).predict_proba(X), atol=1e-4)


def test_a_class_of_no_weight_is_none():
    X, y = noisy()
    model = LogisticPathClassifier().fit(X, y, sample_weight=(y != 1).astype(float))
    assert model.classes_.tolist() == [0, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_balanced_classes_weigh_the_same(kind):
    X, y = make_classes(kind)
    common = LogisticPathClassifier([0.1]).fit(X, y).predict_proba(X).mean(axis=0)
    model = LogisticPathClassifier([0.1], class_weight="balanced").fit(X, y)
    shares = model.predict_proba(X).mean(axis=0)
    if kind == "multilabel":
        assert shares[-1] > common[-1] + 0.1  # that of the rare one
    else:
        assert_allclose(shares, 1 / len(shares), atol=0.05)


def test_class_weights_are_weights_of_rows():
    X, y = noisy()
    model = LogisticPathClassifier(class_weight={0: 3.0}, random_state=0).fit(X, y)
    other = LogisticPathClassifier(random_state=0)
    other.fit(X, y, sample_weight=np.where(y == 0, 3.0, 1.0))
    assert_allclose(model.predict_proba(X), other.predict_proba(X), atol=1e-2)


def test_labels_are_problems_of_their_own():
    X, y = make_classes("multilabel")
    model = LogisticPathClassifier(random_state=0).fit(X, y)
    given = {"X_val": X[:100], "y_val": y[:100]}
    model.fit(X, y, **given)
    for label in range(y.shape[1]):
        alone = LogisticPathClassifier().fit(X, y[:, label], X_val=X[:100], y_val=y[:100, label])
        assert_allclose(model.predict_proba(X)[:, label], alone.predict_proba(X)[:, 1], rtol=1e-6)
        assert model.C_[label] == alone.C_[0]


def test_a_label_that_is_always_there_or_never_is_nearly_certain():
    X, y = make_classes("multilabel", 60)
    y[:, 0], y[:, 1] = 0, 1
    shares = LogisticPathClassifier().fit(X, y).predict_proba(X)
    assert_allclose(shares[:, :2], [[1 / 122, 121 / 122]] * 60, rtol=0.02)


def test_one_class_is_certain():
    X, _ = noisy()
    model = LogisticPathClassifier().fit(X, np.full(len(X), "a"))
    assert_array_equal(model.predict_proba(X), np.ones((len(X), 1)))
    assert set(model.predict(X)) == {"a"}


def test_gaps_are_means():
    X, y = noisy()
    model = LogisticPathClassifier(random_state=0).fit(X, y)
    holes, means = X.copy(), X.copy()
    holes[:, 3], means[:, 3] = np.nan, X[:, 3].mean()
    assert_allclose(model.predict_proba(holes), model.predict_proba(means), rtol=1e-6)


def test_groups_are_held_back_whole():
    """A column that tells the group is of use for rows of known groups alone."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 5)
    X, y = np.eye(60)[groups], rng.integers(0, 2, 60)[groups]
    free = LogisticPathClassifier(standardize=False, random_state=0).fit(X, y)
    kept = LogisticPathClassifier(standardize=False, random_state=0).fit(X, y, groups=groups)
    assert kept.C_ < free.C_


@pytest.mark.parametrize("n_samples", [2, 3, 5, 8])
def test_few_rows_are_enough(n_samples):
    X, _ = noisy()
    y = np.arange(n_samples) % 2
    assert LogisticPathClassifier().fit(X[:n_samples], y).predict(X).shape == (300,)


def test_a_class_of_one_row_is_learned():
    X, y = noisy()
    y[7] = 9
    assert LogisticPathClassifier(random_state=0).fit(X, y).predict_proba(X).shape == (300, 4)


def test_penalties_can_be_searched_for():
    X, y = noisy()
    search = GridSearchCV(LogisticPathClassifier(), {"Cs": [[1e-6], [1e-2]]}, cv=2).fit(X, y)
    assert search.best_params_ == {"Cs": [1e-2]}


@pytest.mark.parametrize("Cs", [[], [0.0, 1.0], [[1.0]], [-1.0]])
def test_wrong_penalties_are_refused(Cs):
    with pytest.raises(ValueError, match="Cs must be a list of numbers > 0"):
        LogisticPathClassifier(Cs).fit(*noisy())


def test_unknown_classes_of_validation_rows_are_refused():
    X, y = noisy()
    with pytest.raises(ValueError, match=r"y_val has class\(es\) \[7\]"):
        LogisticPathClassifier().fit(X, y, X_val=X, y_val=np.full(len(X), 7))
