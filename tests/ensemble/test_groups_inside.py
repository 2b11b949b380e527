"""Every split inside a member, a companion or a part keeps groups together."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    MoFAClassifier,
    MoFARegressor,
)
from mofa_sklearn.baselines import EarlyStoppingRegressor
from mofa_sklearn.estimators import RetrievalRegressor, RidgePathRegressor
from mofa_sklearn.estimators._grouped import hold_back_groups
from mofa_sklearn.preprocessing import RetrievalAugmenter

from ..classes import small_classifier
from ..helpers import WIDTHS, make_data, small_mofa

X, Y = make_data(60)
GROUPS = np.repeat(np.arange(12), 5)


@pytest.fixture
def splits(monkeypatch):
    """Return what networks, ridges and augmenters divide their rows into, as they do it."""
    seen = []
    network, path = MoFARegressor._split, RidgePathRegressor._hold_back
    retrieve = RetrievalAugmenter.fit_transform

    def split(self, y, weight, random_state, groups=None):
        assert groups is not None
        train, valid = network(self, y, weight, random_state, groups)
        seen.append((set(groups[train]), set(groups[valid])))
        return train, valid

    def hold_back(self, rows, random_state):
        groups = rows.groups
        assert groups is not None
        train, valid = path(self, rows, random_state)
        seen.append((set(groups[train]), set(groups[valid])))
        return train, valid

    def fit_transform(self, X, y, groups=None):
        assert groups is not None
        seen.append((set(groups), set()))
        return retrieve(self, X, y, groups)

    monkeypatch.setattr(MoFARegressor, "_split", split)
    monkeypatch.setattr(MoFAClassifier, "_split", split)
    monkeypatch.setattr(RidgePathRegressor, "_hold_back", hold_back)
    monkeypatch.setattr(RetrievalAugmenter, "fit_transform", fit_transform)
    return seen


def inner(estimator, **params):
    return KFoldEnsembleRegressor(
        estimator, cv=2, validation="inner", **{"random_state": 0, **params}
    )


AUGMENTED = make_pipeline(
    RetrievalAugmenter(WIDTHS, n_neighbors=3, cv=2, passthrough=False), Ridge()
)
MODELS = {
    "one by one": inner(small_mofa(), engine="joblib"),
    "together": inner(small_mofa(), engine="stacked"),
    "in a pipeline": inner(make_pipeline(StandardScaler(), small_mofa())),
    "ridge path": inner(RidgePathRegressor()),
    "ridge path as companion": inner(Ridge(), companions=[("ridge", RidgePathRegressor())]),
    "augmenter": inner(AUGMENTED),
    "augmenter as companion": inner(Ridge(), companions=[("memory", AUGMENTED)]),
    "retrieval as companion": inner(
        Ridge(), companions=[("memory", make_pipeline(RetrievalRegressor(WIDTHS)))]
    ),
    "an ensemble of ensembles": inner(inner(small_mofa())),
    "parts of a blend": BlendRegressor(
        [("network", small_mofa()), ("memory", AUGMENTED)], cv=2, validation="inner"
    ),
    "ensembles in a blend": BlendRegressor(
        [("a", inner(small_mofa())), ("b", make_pipeline(StandardScaler(), inner(small_mofa())))],
        cv=2,
    ),
}


@pytest.mark.parametrize("model", MODELS)
def test_no_group_is_on_both_sides(model, splits):
    MODELS[model].fit(X, Y, groups=GROUPS)
    assert splits
    for train, valid in splits:
        assert train
        assert not train & valid


def test_classifiers_hold_groups_back(splits):
    y = (GROUPS % 3 + np.arange(60) % 2 > 1).astype(int)
    ensemble = KFoldEnsembleClassifier(small_classifier(), cv=2, validation="inner")
    ensemble.fit(X, y, groups=GROUPS)
    assert len(splits) == 2
    assert all(valid and not train & valid for train, valid in splits)


def test_rows_in_place_and_copies_of_them_are_divided_alike():
    ensemble = inner(small_mofa(), engine="joblib", random_state=0)
    in_place = ensemble.fit(X, Y, groups=GROUPS).predict(X)
    copied = ensemble.fit(X.astype(float), Y, groups=GROUPS).predict(X)
    np.testing.assert_allclose(in_place, copied, rtol=1e-5)


@pytest.mark.parametrize("cv", [2, GroupKFold(2)], ids=["int", "splitter"])
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_with_metadata_routing_they_are_obeyed_too(cv, in_pipeline, splits):
    with config_context(enable_metadata_routing=True):
        member = make_pipeline(StandardScaler(), small_mofa()) if in_pipeline else small_mofa()
        companions = [("memory", AUGMENTED), ("ridge", RidgePathRegressor())]
        model = inner(member, companions=companions).set_params(cv=cv)
        model.fit(X, Y, groups=GROUPS)
        blend = BlendRegressor([("it", member)], cv=cv, validation="inner")
        blend.fit(X, Y, groups=GROUPS)
    assert len(splits) == 8
    assert not any(train & valid for train, valid in splits)


class Asking(RegressorMixin, BaseEstimator):
    """Takes groups, and keeps them."""

    def fit(self, X, y, groups=None):
        self.groups_ = groups
        return self

    def predict(self, X):
        return np.zeros((len(X), 2))


class AskingStep(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None, groups=None):
        self.groups_ = groups
        return self

    def transform(self, X):
        return X


def test_whoever_takes_groups_gets_those_of_the_fold():
    pipeline = make_pipeline(AskingStep(), Asking())
    ensemble = KFoldEnsembleRegressor(
        pipeline, cv=3, companions=[("it", pipeline), ("bare", Asking())]
    )
    ensemble.fit(X, Y, groups=GROUPS)
    for member, rows in zip(ensemble.estimators_, ensemble._held_out, strict=True):
        for step in member.named_steps.values():
            np.testing.assert_array_equal(step.groups_, np.delete(GROUPS, rows))


def test_a_search_gets_them_for_its_own_splits():
    search = GridSearchCV(Ridge(), {"alpha": [1.0, 10.0]}, cv=GroupKFold(2))
    ensemble = KFoldEnsembleRegressor(search, cv=2).fit(X, Y, groups=GROUPS)
    assert all(hasattr(member, "best_params_") for member in ensemble.estimators_)


def test_groups_of_the_user_for_a_step_are_kept():
    other = GROUPS[::-1].copy()
    pipeline = make_pipeline(StandardScaler(), Asking())
    ensemble = KFoldEnsembleRegressor(pipeline, cv=2)
    ensemble.fit(X, Y, groups=GROUPS, asking__groups=other)
    for member, rows in zip(ensemble.estimators_, ensemble._held_out, strict=True):
        np.testing.assert_array_equal(member[-1].groups_, np.delete(other, rows))


@pytest.mark.parametrize("estimator", [small_mofa(), RidgePathRegressor()])
def test_groups_have_one_entry_for_each_row(estimator):
    with pytest.raises(ValueError, match="inconsistent"):
        estimator.fit(X, Y, groups=GROUPS[1:])


def test_one_group_leaves_nothing_to_learn_from():
    for estimator in (small_mofa(), EarlyStoppingRegressor()):
        with pytest.raises(ValueError, match="all 60 rows are of one group"):
            estimator.fit(X, Y[:, 0], groups=np.zeros(60))


# The draw


@pytest.mark.parametrize("fraction", [0.05, 0.5, 0.99])
@pytest.mark.parametrize("names", [np.arange(12), np.array(list("abcdefghijkl"))])
def test_whole_groups_are_drawn(fraction, names):
    groups = names[GROUPS]
    train, valid = hold_back_groups(groups, fraction, np.random.RandomState(0))
    assert not set(groups[train]) & set(groups[valid])
    np.testing.assert_array_equal(np.sort(np.r_[train, valid]), np.arange(60))
    assert len(set(groups[valid])) == min(max(1, np.ceil(12 * fraction)), 11)


@pytest.mark.parametrize("seed", range(5))
def test_every_class_is_learned(seed):
    classes = np.where(GROUPS < 10, GROUPS % 2, 2 + (GROUPS == 11))  # two have a group each
    train, valid = hold_back_groups(GROUPS, 0.5, np.random.RandomState(seed), classes)
    assert set(classes[train]) == {0, 1, 2, 3}
    assert len(valid)
    assert not set(GROUPS[train]) & set(GROUPS[valid])


def test_where_every_group_has_a_class_of_its_own_none_is_held_back():
    _, valid = hold_back_groups(GROUPS, 0.5, np.random.RandomState(0), GROUPS)
    assert len(valid) == 0
