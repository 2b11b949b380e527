"""Weights, groups and other metadata on their way to members and splitter."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.model_selection import GroupKFold, KFold, cross_validate
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import KFoldEnsembleRegressor

from ..helpers import make_data, small_mofa

WEIGHT = np.arange(1.0, 41.0)
GROUPS = np.arange(40) % 8


class Recorder(RegressorMixin, BaseEstimator):
    def fit(self, X, y, sample_weight=None, label=None, creators=None):
        self.X_, self.weight_, self.label_, self.creators_ = X, sample_weight, label, creators
        return self

    def predict(self, X):
        return np.zeros(len(X))


class StoppingRecorder(Recorder):
    def fit(
        self, X, y, sample_weight=None, creators=None, X_val=None, y_val=None,
        sample_weight_val=None,
    ):  # fmt: skip
        self.weight_val_ = sample_weight_val
        return super().fit(X, y, sample_weight, creators=creators)


class RecordingScaler(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None, sample_weight=None):
        self.weight_ = sample_weight
        return self

    def transform(self, X):
        return X


def members(estimator, cv=None, **params):
    X, y = make_data(40, None)
    ensemble = KFoldEnsembleRegressor(estimator, cv=KFold(4) if cv is None else cv, random_state=0)
    return ensemble.fit(X, y, **params).estimators_


def train_rows():
    return [train for train, _ in KFold(4).split(WEIGHT)]


@pytest.mark.parametrize("cls", [Recorder, StoppingRecorder])
@pytest.mark.parametrize("depth", [0, 1, 2], ids=["estimator", "pipeline", "nested pipeline"])
def test_weights_reach_the_estimator_that_predicts(cls, depth):
    estimator = cls()
    for _ in range(depth):
        estimator = make_pipeline(RecordingScaler(), estimator)
    for train, member in zip(train_rows(), members(estimator, sample_weight=WEIGHT), strict=True):
        for _ in range(depth):
            assert member[0].weight_ is None
            member = member[-1]
        assert_array_equal(member.weight_, WEIGHT[train])


@pytest.mark.parametrize(
    "estimator",
    [KNeighborsRegressor(), make_pipeline(StandardScaler(), KNeighborsRegressor())],
    ids=["estimator", "pipeline"],
)
def test_weights_that_a_member_does_not_take_are_refused(estimator):
    with pytest.raises(TypeError, match="KNeighborsRegressor does not support sample weights"):
        members(estimator, sample_weight=WEIGHT)


@pytest.mark.parametrize("bad", [-WEIGHT, WEIGHT[:3], np.full(40, np.nan)])
def test_bad_weights_are_refused(bad):
    with pytest.raises(ValueError, match=r"sample_weight|inconsistent"):
        members(Recorder(), sample_weight=bad)


@pytest.mark.parametrize(
    "creators", [GROUPS, GROUPS.tolist(), GROUPS[:, None], np.array(list("ab" * 20))]
)
def test_arguments_with_a_value_for_each_row_are_cut_to_the_fold(creators):
    for train, member in zip(train_rows(), members(Recorder(), creators=creators), strict=True):
        assert_array_equal(member.creators_, np.asarray(creators)[train])


@pytest.mark.parametrize("label", ["a string", 3, None, {"a": 1}, [1, 2], "x" * 40])
def test_other_arguments_are_handed_over_as_they_are(label):
    assert [member.label_ for member in members(Recorder(), label=label)] == [label] * 4


@pytest.mark.parametrize("last", [Recorder(), StoppingRecorder()])
def test_arguments_of_a_pipeline_s_steps_are_cut_and_handed_to_the_step(last):
    pipeline = make_pipeline(RecordingScaler(), last)
    name = pipeline.steps[-1][0]
    fitted = members(
        pipeline, **{"recordingscaler__sample_weight": WEIGHT, f"{name}__creators": GROUPS}
    )
    for train, member in zip(train_rows(), fitted, strict=True):
        assert_array_equal(member[0].weight_, WEIGHT[train])
        assert_array_equal(member[-1].creators_, GROUPS[train])


def test_unknown_arguments_are_refused():
    with pytest.raises(TypeError, match="creatorz"):
        members(Recorder(), creatorz=GROUPS)


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


def test_routing_hands_over_what_was_requested(routing):
    estimator = Recorder().set_fit_request(sample_weight=True, creators=True)
    fitted = members(estimator, sample_weight=WEIGHT, creators=GROUPS)
    for train, member in zip(train_rows(), fitted, strict=True):
        assert_array_equal(member.weight_, WEIGHT[train])
        assert_array_equal(member.creators_, GROUPS[train])


def test_routing_withholds_what_was_declined(routing):
    estimator = Recorder().set_fit_request(sample_weight=False)
    assert all(member.weight_ is None for member in members(estimator, sample_weight=WEIGHT))


def test_routing_refuses_what_nobody_asked_for(routing):
    with pytest.raises(ValueError, match="sample_weight"):
        members(Recorder(), sample_weight=WEIGHT)


@pytest.mark.parametrize("cv", [GroupKFold(4), 4], ids=["GroupKFold", "int"])
def test_routing_hands_groups_to_the_splitter(routing, cv):
    for member in members(Recorder(), cv, groups=GROUPS):
        groups_of = {row[0]: group for row, group in zip(make_data(40)[0], GROUPS, strict=True)}
        seen = [groups_of[value] for value in member.X_[:, 0]]
        # A group is seen as a whole or not at all.
        assert all(seen.count(group) == 5 for group in set(seen))
        assert len(set(seen)) < 8


def test_routing_in_a_pipeline(routing):
    estimator = make_pipeline(
        RecordingScaler().set_fit_request(sample_weight=True),
        StoppingRecorder().set_fit_request(sample_weight=True),
    )
    fitted = members(estimator, sample_weight=WEIGHT)
    for (train, test), member in zip(KFold(4).split(WEIGHT), fitted, strict=True):
        assert_array_equal(member[0].weight_, WEIGHT[train])
        assert_array_equal(member[-1].weight_, WEIGHT[train])
        assert_array_equal(member[-1].weight_val_, WEIGHT[test])


def test_routing_in_a_pipeline_whose_first_step_declines(routing):
    estimator = make_pipeline(
        RecordingScaler().set_fit_request(sample_weight=False),
        StoppingRecorder().set_fit_request(sample_weight=True),
    )
    for train, member in zip(train_rows(), members(estimator, sample_weight=WEIGHT), strict=True):
        assert member[0].weight_ is None
        assert_array_equal(member[-1].weight_, WEIGHT[train])


def test_routing_through_cross_validate(routing):
    X, y = make_data(40)
    network = small_mofa().set_fit_request(sample_weight=True)
    ensemble = KFoldEnsembleRegressor(network, cv=GroupKFold(2), random_state=0)
    ensemble.set_fit_request(sample_weight=True, groups=True)
    ensemble.set_score_request(sample_weight=False)
    result = cross_validate(
        ensemble,
        X,
        y,
        cv=GroupKFold(2),
        params={"sample_weight": WEIGHT, "groups": GROUPS},
        return_estimator=True,
        error_score="raise",
    )
    assert np.isfinite(result["test_score"]).all()
    assert len(result["estimator"][0].estimators_) == 2


def test_routing_with_the_default_estimator(routing):
    X, y = make_data(30)
    ensemble = KFoldEnsembleRegressor(cv=2, random_state=0).fit(X, y, sample_weight=WEIGHT[:30])
    assert ensemble.predict(X).shape == y.shape
