"""Weights, groups and other metadata on their way to the parts of a blend."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor

from ..helpers import make_data

WEIGHT = np.arange(1.0, 41.0)
GROUPS = np.arange(40) % 8


class Recorder(RegressorMixin, BaseEstimator):
    def fit(self, X, y, sample_weight=None, creators=None):
        self.X_, self.weight_, self.creators_ = X, sample_weight, creators
        return self

    def predict(self, X):
        return np.zeros(len(X))


@pytest.fixture(autouse=True)
def _routing():
    with config_context(enable_metadata_routing=True):
        yield


def members(parts, cv=None, **params):
    X, y = make_data(40, None)
    named = [(f"part{i}", part) for i, part in enumerate(parts)]
    blend = BlendRegressor(named, cv=KFold(4) if cv is None else cv, random_state=0)
    blend.fit(X, y, **params)
    return [
        (part[-1] if hasattr(part, "steps") else part).estimators_ for part in blend.estimators_
    ]


def groups_stay_together(fitted):
    group_of = dict(zip(make_data(40, None)[0][:, 0].tolist(), GROUPS.tolist(), strict=True))
    for member in fitted:
        seen = [group_of[value] for value in member.X_[:, 0].tolist()]
        assert all(seen.count(group) == 5 for group in set(seen))
        assert len(set(seen)) < 8


def test_each_part_gets_what_it_requested():
    asks = Recorder().set_fit_request(sample_weight=True, creators=True)
    pipeline = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=False),
        Recorder().set_fit_request(sample_weight=True, creators=False),
    )
    declines = Recorder().set_fit_request(sample_weight=False, creators=False)
    first, second, third = members(
        [asks, pipeline, declines], sample_weight=WEIGHT, creators=GROUPS
    )
    for i, (train, _) in enumerate(KFold(4).split(WEIGHT)):
        assert_array_equal(first[i].weight_, WEIGHT[train])
        assert_array_equal(first[i].creators_, GROUPS[train])
        assert_array_equal(second[i][-1].weight_, WEIGHT[train])
        assert second[i][-1].creators_ is None
        assert third[i].weight_ is None


def test_what_nobody_asked_for_is_refused():
    with pytest.raises(ValueError, match="sample_weight"):
        members([Recorder()], sample_weight=WEIGHT)
    with pytest.raises(TypeError, match="colour"):
        members([Recorder()], colour=WEIGHT)


@pytest.mark.parametrize("cv", [GroupKFold(4), 4], ids=["GroupKFold", "int"])
def test_groups_reach_the_splitter(cv):
    groups_stay_together(members([Recorder()], cv, groups=GROUPS)[0])


@pytest.mark.parametrize("cv", [GroupKFold(4), 4], ids=["GroupKFold", "int"])
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_groups_reach_the_ensembles_that_ask_for_them(cv, in_pipeline):
    ensemble = KFoldEnsembleRegressor(Recorder(), cv=3).set_fit_request(groups=True)
    part = make_pipeline("passthrough", ensemble) if in_pipeline else ensemble
    plain, own = members([Recorder(), part], cv, groups=GROUPS)
    groups_stay_together(plain)
    groups_stay_together(own)


def test_a_part_called_as_an_argument_of_the_router_is_refused():
    X, y = make_data(20, None)
    with pytest.raises(ValueError, match="conflict with constructor arguments"):
        BlendRegressor([("cv", Recorder())], cv=2).fit(X, y)
