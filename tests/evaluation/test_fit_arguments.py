"""Groups and other arguments reach the `fit` of whoever takes them, cut to the fold."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.evaluation import compare

from ..helpers import WIDTHS, make_data, small_mofa

GROUPS = np.arange(40) % 8
WEIGHT = np.arange(1.0, 41.0)
CV = GroupKFold(2)


class Recorder(RegressorMixin, BaseEstimator):
    calls: list = []

    def fit(self, X, y, sample_weight=None, groups=None, label=None):
        self.calls.append({"sample_weight": sample_weight, "groups": groups, "label": label})
        self.mean_ = np.mean(y, axis=0)
        return self

    def predict(self, X):
        return np.tile(self.mean_, (len(X), 1))


class GroupedScaler(TransformerMixin, BaseEstimator):
    calls: list = []

    def fit(self, X, y=None, groups=None):
        self.calls.append(groups)
        return self

    def transform(self, X):
        return X


@pytest.fixture(autouse=True)
def _forget():
    Recorder.calls.clear()
    GroupedScaler.calls.clear()


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


def run(estimator, **params):
    X, y = make_data(40)
    given = {"cv": CV, "groups": GROUPS, "verbose": 0, "error_score": "raise", **params}
    return compare({"it": estimator}, X, y, **given)


def train_rows():
    return [train for train, _ in CV.split(WEIGHT, groups=GROUPS)]


def pipelines(estimator):
    return [
        estimator,
        make_pipeline(StandardScaler(), estimator),
        make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), estimator)),
    ]


@pytest.mark.parametrize("depth", [0, 1, 2], ids=["estimator", "pipeline", "nested pipeline"])
def test_groups_reach_who_takes_them(depth):
    run(pipelines(Recorder())[depth])
    for call, train in zip(Recorder.calls, train_rows(), strict=True):
        assert_array_equal(call["groups"], GROUPS[train])
        assert call["sample_weight"] is None


def test_groups_reach_every_step_that_takes_them():
    run(make_pipeline(GroupedScaler(), Ridge()))
    for groups, train in zip(GroupedScaler.calls, train_rows(), strict=True):
        assert_array_equal(groups, GROUPS[train])


def test_groups_can_be_kept_for_the_splitter():
    run(Recorder(), pass_groups=False)
    assert [call["groups"] for call in Recorder.calls] == [None, None]


@pytest.mark.parametrize("depth", [0, 1], ids=["estimator", "pipeline"])
def test_an_ensemble_s_own_folds_keep_groups_together(depth):
    ensemble = KFoldEnsembleRegressor(Recorder(), cv=GroupKFold(2))
    run(pipelines(ensemble)[depth])  # GroupKFold without groups is an error
    assert len(Recorder.calls) == 4


def test_the_whole_pipeline_gets_its_groups():
    pipeline = make_mofa_pipeline(WIDTHS, cv=GroupKFold(2), estimator=small_mofa(modalities=None))
    assert run(pipeline)["nmse"].notna().all()


def test_a_search_gets_groups_for_its_folds_and_for_its_estimator():
    search = GridSearchCV(make_pipeline(StandardScaler(), Recorder()), {}, cv=GroupKFold(2))
    run(search)
    assert [len(call["groups"]) for call in Recorder.calls] == [10, 10, 20] * 2


@pytest.mark.parametrize("depth", [0, 1, 2], ids=["estimator", "pipeline", "nested pipeline"])
def test_params_go_to_the_last_step_cut_to_the_fold(depth):
    run(pipelines(Recorder())[depth], params={"sample_weight": WEIGHT, "label": "all"})
    for call, train in zip(Recorder.calls, train_rows(), strict=True):
        assert_array_equal(call["sample_weight"], WEIGHT[train])
        assert call["label"] == "all"


def test_params_may_name_their_step():
    run(pipelines(Recorder())[1], params={"recorder__sample_weight": WEIGHT})
    assert len(Recorder.calls[0]["sample_weight"]) == 20


def test_params_that_an_estimator_does_not_take_are_its_error():
    X, y = make_data(40)
    models = {"ridge": Ridge(), "knn": KNeighborsRegressor()}
    scores = compare(models, X, y, cv=KFold(2), params={"sample_weight": WEIGHT}, verbose=0)
    assert scores["error"].isna().tolist() == [True, True, False, False]
    assert "sample_weight" in scores["error"].iloc[2]


@pytest.mark.parametrize("depth", [0, 1], ids=["ensemble", "pipeline"])
def test_routing_hands_groups_to_those_that_request_them(routing, depth):
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=GroupKFold(2)).set_fit_request(groups=True)
    assert run(pipelines(ensemble)[depth])["nmse"].notna().all()


def test_routing_withholds_groups_from_those_that_do_not(routing):
    run(make_pipeline(StandardScaler(), Recorder().set_fit_request(groups=False)))
    assert [call["groups"] for call in Recorder.calls] == [None, None]


def test_routing_hands_params_over_as_they_are(routing):
    pipeline = make_pipeline(StandardScaler(), Recorder().set_fit_request(sample_weight=True))
    run(pipeline.set_params(standardscaler=GroupedScaler()), params={"sample_weight": WEIGHT})
    for call, train in zip(Recorder.calls, train_rows(), strict=True):
        assert_array_equal(call["sample_weight"], WEIGHT[train])
