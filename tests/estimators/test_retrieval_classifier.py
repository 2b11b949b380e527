"""RetrievalClassifier remembers the classes of rows, and knows how far to trust its memory."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss

from mofa_sklearn.estimators import RetrievalClassifier
from tests.classes import make_classes
from tests.helpers import WIDTHS

from .test_retrieval_regressor import creators


def classes_of_creators(seed=0):
    X, y, groups = creators(seed=seed)
    return X, np.array(["low", "mid", "top"])[np.digitize(y[:, 0], [-0.4, 0.4])], groups


def test_it_remembers_creators():
    X, y, _ = classes_of_creators()
    known = np.arange(len(X)) % 5 > 0
    model = RetrievalClassifier(WIDTHS, random_state=0).fit(X[known], y[known])
    assert model.score(X[~known], y[~known]) > 0.9
    assert model.classes_.tolist() == ["low", "mid", "top"]


def test_with_groups_it_does_not_trust_what_it_remembers():
    X, y, groups = classes_of_creators()
    new_X, new_y, _ = classes_of_creators(seed=1)
    careful = RetrievalClassifier(WIDTHS, random_state=0).fit(X, y, groups=groups)
    trusting = RetrievalClassifier(WIDTHS, random_state=0).fit(X, y)
    losses = [log_loss(new_y, model.predict_proba(new_X)) for model in (careful, trusting)]
    assert losses[0] < losses[1]
    assert losses[0] < np.log(3) + 0.1  # about what the classes' shares say


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_every_kind_of_classes(kind):
    X, y = make_classes(kind)
    model = RetrievalClassifier(random_state=0).fit(X, y)
    probabilities = model.predict_proba(X)
    if kind == "multilabel":
        assert_array_equal(model.predict(X), probabilities > 0.5)
        assert probabilities.shape == y.shape
    else:
        assert_allclose(probabilities.sum(axis=1), 1)
        assert_array_equal(model.predict(X), model.classes_[probabilities.argmax(axis=1)])


def test_a_missing_modality_counts_as_its_mean():
    X, y, _ = classes_of_creators()
    model = RetrievalClassifier(WIDTHS, random_state=0).fit(X, y)
    lacking, filled = X.copy(), X.copy()
    lacking[:, :4], filled[:, :4] = np.nan, X[:, :4].mean(axis=0)
    shares = [model.predict_proba(rows) for rows in (lacking, filled)]
    assert_allclose(*shares, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("n_samples", [2, 9])
def test_few_rows_predict_their_shares(n_samples):
    X, _, _ = classes_of_creators()
    y = np.arange(n_samples) % 2
    model = RetrievalClassifier(WIDTHS).fit(X[:n_samples], y)
    assert model.augmenter_ is None
    assert_allclose(model.predict_proba(X[:1]), [[(y == 0).mean(), y.mean()]], atol=1e-3)


def test_balanced_classes_weigh_the_same():
    X, y = make_classes("binary")
    rare = y == "a"
    X, y = np.concatenate([X[rare][:30], X[~rare]]), np.concatenate([y[rare][:30], y[~rare]])
    shares = [
        RetrievalClassifier(class_weight=weight, random_state=0).fit(X, y).predict_proba(X)
        for weight in (None, "balanced")
    ]
    assert shares[1][:, 0].mean() > shares[0][:, 0].mean() + 0.1
