"""Companions stand beside classifiers, and count as much as they make the log loss smaller."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mofa_sklearn import KFoldEnsembleClassifier
from mofa_sklearn.ensemble._class_blend import log_loss_weights
from mofa_sklearn.estimators import LogisticPathClassifier, RetrievalClassifier
from tests.classes import make_classes, small_classifier

KINDS = ["binary", "multiclass", "multilabel"]
PATH = ("path", LogisticPathClassifier([1e-3, 1e-2, 0.1], random_state=0))
MEMORY = ("memory", RetrievalClassifier(n_neighbors=5, random_state=0))
COMPANIONS = [PATH, MEMORY]
LR = ("logistic", make_pipeline(StandardScaler(), LogisticRegression()))


def fitted(estimator, companions, X, y, *, cv=3, calibrate=None, **arguments):
    ensemble = KFoldEnsembleClassifier(
        estimator, cv=cv, companions=companions, calibrate=calibrate, random_state=0
    )
    return ensemble.fit(X, y, **arguments)


@cache
def with_both(kind):
    """Return a network with both companions, which several tests look at."""
    return fitted(small_classifier(), COMPANIONS, *make_classes(kind))


def loss_of(ensemble, y):
    probabilities = ensemble.oof_prediction_
    if y.ndim == 1:
        return log_loss(y, probabilities)
    truth = np.where(y > 0, probabilities, 1 - probabilities)
    return -np.log(np.maximum(truth, 1e-12)).mean()


@pytest.mark.parametrize("kind", KINDS)
def test_out_of_fold_it_is_no_worse_than_any_part(kind):
    X, y = make_classes(kind)
    together = with_both(kind)
    for part in (small_classifier(), PATH[1], MEMORY[1]):
        assert loss_of(together, y) <= loss_of(fitted(part, None, X, y), y) + 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_weights_sum_to_one_and_are_told_by_name(kind):
    weights = with_both(kind).blend_weights_
    assert weights.index.tolist() == ["estimator", "path", "memory"]
    assert weights.shape == (3, 3 if kind == "multilabel" else 1)
    assert_allclose(weights.sum(axis=0), 1)
    assert (weights >= 0).all(axis=None)


@pytest.mark.parametrize("kind", KINDS)
def test_the_probabilities_are_the_weighted_mean(kind):
    X, y = make_classes(kind)
    ensemble = fitted(small_classifier(), [PATH], X, y)
    parts = [ensemble.estimators_, ensemble.companions_["path"]]
    means = [np.mean([member.predict_proba(X) for member in part], axis=0) for part in parts]
    expected = sum(w * m for w, m in zip(ensemble.blend_weights_.to_numpy(), means, strict=True))
    assert_allclose(ensemble.predict_proba(X), expected, rtol=1e-5)
    if kind != "multilabel":
        assert_allclose(ensemble.predict_proba(X).sum(axis=1), 1)


def test_weights_are_those_of_the_least_log_loss():
    rng = np.random.default_rng(0)
    truth, weight = rng.uniform(0.05, 1, (3, 200)), rng.uniform(0.5, 2, 200)
    found = log_loss_weights(truth, weight)
    least = -np.log(found @ truth) @ weight
    for other in rng.dirichlet(np.ones(3), 500):
        assert least <= -np.log(other @ truth) @ weight + 1e-6


def test_weights_of_rows_are_repetitions():
    rng = np.random.default_rng(0)
    truth, times = rng.uniform(0.05, 1, (3, 50)), rng.integers(1, 4, 50)
    repeated = log_loss_weights(np.repeat(truth, times, axis=1), np.ones(times.sum()))
    assert_allclose(log_loss_weights(truth, times.astype(float)), repeated, atol=1e-4)


def test_a_part_that_is_certain_and_wrong_once_has_little_weight():
    bold, shy = np.ones(100), np.full(100, 0.9)
    bold[3] = 0.0
    weights = log_loss_weights(np.stack([bold, shy]), np.ones(100))
    assert 0.01 < weights[1] < 1


def test_a_companion_of_no_weight_is_let_go():
    class Contrary(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X)[:, ::-1]

    X, y = make_classes("binary")
    shy = LogisticRegression(C=1e-3)
    ensemble = fitted(shy, [("contrary", Contrary(C=1e-3))], X, y, cv=4)
    assert ensemble.companions_ == {}
    assert_array_equal(ensemble.predict_proba(X), fitted(shy, None, X, y, cv=4).predict_proba(X))


def test_without_companions_the_members_have_all_the_weight():
    X, y = make_classes("binary")
    ensemble = fitted(LogisticRegression(), None, X, y)
    assert ensemble.companions_ == {}
    assert ensemble.blend_weights_.to_numpy().tolist() == [[1.0]]


@pytest.mark.parametrize("routing", [False, True])
def test_weights_and_groups_reach_companions(routing):
    class Spy(LogisticPathClassifier):
        def fit(self, X, y, sample_weight=None, *, groups=None):
            self.weights_, self.groups_ = sample_weight, groups
            return super().fit(X, y, sample_weight, groups=groups)

    X, y = make_classes("binary")
    groups, weight = np.arange(len(X)) // 4, 1.0 + np.arange(len(X)) % 2
    with config_context(enable_metadata_routing=routing):
        member = small_classifier(max_epochs=1)
        ensemble = fitted(member, [("spy", Spy())], X, y, groups=groups, sample_weight=weight)
        for companion in ensemble.companions_["spy"]:
            assert set(companion.groups_) < set(groups)
            assert set(companion.weights_) == {1.0, 2.0}


def test_companions_stop_early_on_the_rows_held_out():
    X, y = make_classes("multiclass")
    splits = list(KFold(3, shuffle=True, random_state=0).split(X))
    ensemble = fitted(DummyClassifier(), [PATH], X, y, cv=splits)
    for (train, test), member in zip(splits, ensemble.companions_["path"], strict=True):
        alone = clone(PATH[1]).fit(X[train], y[train], X_val=X[test], y_val=y[test])
        assert_allclose(member.predict_proba(X), alone.predict_proba(X), rtol=1e-6)


def test_weighted_rows_count_in_the_blend():
    X, y = make_classes("binary", 120)
    weight = np.random.default_rng(0).integers(0, 2, 120).astype(float)
    counted = weight > 0

    def fit(rows):
        return fitted(LR[1], COMPANIONS, X[rows], y[rows], sample_weight=weight[rows])

    every, some = fit(np.arange(120)), fit(np.flatnonzero(counted))
    assert_allclose(every.blend_weights_, some.blend_weights_, atol=1e-6)
    assert_allclose(every.predict_proba(X), some.predict_proba(X), rtol=1e-5)


def test_a_fold_that_lacks_a_class_is_blended_all_the_same():
    X, _ = make_classes("binary", 60)
    y = np.repeat(["a", "b", "c"], [28, 28, 4])
    splits = [(np.arange(56), np.arange(56, 60)), (np.arange(4, 60), np.arange(4))]
    ensemble = fitted(LogisticRegression(), COMPANIONS, X, y, cv=splits)
    assert ensemble.predict_proba(X).shape == (60, 3)
    assert_allclose(ensemble.predict_proba(X).sum(axis=1), 1)


def test_companions_of_xgboost_know_strings():
    xgboost = pytest.importorskip("xgboost")
    X, y = make_classes("multiclass")
    trees = xgboost.XGBClassifier(n_estimators=5, early_stopping_rounds=2, n_jobs=1)
    ensemble = fitted(DummyClassifier(strategy="prior"), [("trees", trees)], X, y)
    assert ensemble.score(X, y) > 0.6


def test_boosting_stops_on_the_rows_held_out():
    X, y = make_classes("binary")
    boosting = HistGradientBoostingClassifier(
        max_iter=50, early_stopping=True, n_iter_no_change=2, learning_rate=0.5
    )
    ensemble = fitted(DummyClassifier(), [("boosting", boosting)], X, y)
    assert all(member.n_iter_ < 50 for member in ensemble.companions_["boosting"])


def test_columns_of_weights_have_the_names_of_y():
    pd = pytest.importorskip("pandas")
    X, y = make_classes("multilabel")
    labels = pd.DataFrame(y, columns=["funny", "loud", "rare"])
    assert fitted(PATH[1], [MEMORY], X, labels).blend_weights_.columns.tolist() == [*labels]


def test_parameters_of_companions_can_be_searched_for():
    X, y = make_classes("binary", 120)
    ensemble = KFoldEnsembleClassifier(GaussianNB(), cv=2, companions=COMPANIONS, random_state=0)
    few, many = [("path", LogisticPathClassifier([c])) for c in (1e-6, 0.1)]
    search = GridSearchCV(ensemble, {"companions": [[few], [many]]}, cv=2).fit(X, y)
    assert search.best_params_["companions"][0] in (few, many)
    scores = cross_validate(ensemble, X, y, cv=2, scoring="neg_log_loss")["test_score"]
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    ("companions", "error", "message"),
    [
        ([GaussianNB()], TypeError, "must be a list of \\(name, classifier\\), got GaussianNB"),
        ([("a", Ridge())], TypeError, "'a', Ridge, has no predict_proba"),
        ([("a", SVC())], TypeError, "'a', SVC, has no predict_proba"),
        ([LR, LR], ValueError, "more than once: \\['logistic'\\]"),
        ([("estimator", GaussianNB())], ValueError, "No companion can be called 'estimator'"),
    ],
)
def test_wrong_companions_are_refused(companions, error, message):
    with pytest.raises(error, match=message):
        fitted(KNeighborsClassifier(), companions, *make_classes("binary", 60))
