"""Which rows a member may stop early on."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.ensemble._validation_sets import fit_with_validation, stops_early_on_rows

from ..helpers import make_data, small_mofa


class Recorder(RegressorMixin, BaseEstimator):
    """Keeps what its fit was given."""

    def __init__(self, early_stopping=True):
        self.early_stopping = early_stopping

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        self.X_, self.y_, self.weight_ = X, y, sample_weight
        self.X_val_, self.y_val_, self.weight_val_ = X_val, y_val, sample_weight_val
        return self

    def predict(self, X):
        return np.zeros(len(X))


class EvalSetRecorder(Recorder):
    """The same with the interface of gradient-boosting libraries."""

    def __init__(self, early_stopping_rounds=5):
        self.early_stopping_rounds = early_stopping_rounds

    def fit(
        self, X, y, sample_weight=None, eval_set=None, sample_weight_eval_set=None, verbose=True
    ):
        self.X_, self.y_, self.weight_ = X, y, sample_weight
        self.verbose_ = verbose
        (self.X_val_, self.y_val_), *_ = eval_set or [(None, None)]
        (self.weight_val_,) = sample_weight_eval_set or (None,)
        return self


def fitted(estimator, validation="fold", **params):
    """Return data, splits and fitted members on four consecutive folds."""
    X, y = make_data(40, None)
    ensemble = KFoldEnsembleRegressor(estimator, cv=KFold(4), validation=validation)
    ensemble.fit(X, y, **params)
    return X, y, zip(KFold(4).split(X), ensemble.estimators_, strict=True)


@pytest.mark.parametrize("estimator", [Recorder(), EvalSetRecorder()], ids=["X_val", "eval_set"])
def test_fold_hands_the_rows_held_out_and_their_weights_over(estimator):
    weight = np.arange(1.0, 41.0)
    X, y, members = fitted(estimator, sample_weight=weight)
    for (train, test), member in members:
        assert_allclose(member.X_, X[train])
        assert_allclose(member.y_, y[train])
        assert_allclose(member.weight_, weight[train])
        assert_allclose(member.X_val_, X[test])
        assert_allclose(member.y_val_, y[test])
        assert_allclose(member.weight_val_, weight[test])


@pytest.mark.parametrize("estimator", [Recorder(), EvalSetRecorder()], ids=["X_val", "eval_set"])
def test_weights_that_are_zero_for_a_whole_fold_are_passed_over(estimator):
    X, y = make_data(40, None)
    member = clone(estimator)
    fit_with_validation(member, X[10:], y[10:], {}, X[:10], y[:10], np.zeros(10))
    assert_allclose(member.X_val_, X[:10])
    assert member.weight_val_ is None


def test_an_eval_set_is_not_printed():
    _, _, members = fitted(EvalSetRecorder())
    assert not any(member.verbose_ for _, member in members)


@pytest.mark.parametrize("estimator", [Recorder(), EvalSetRecorder()], ids=["X_val", "eval_set"])
def test_inner_never_shows_a_row_held_out(estimator):
    X, _, members = fitted(estimator, validation="inner", sample_weight=np.arange(1.0, 41.0))
    for (train, _), member in members:
        assert_allclose(member.X_, X[train])
        assert member.X_val_ is None
        assert member.y_val_ is None
        assert member.weight_val_ is None


@pytest.mark.parametrize(
    "estimator", [Recorder(early_stopping=False), EvalSetRecorder(early_stopping_rounds=None)]
)
def test_who_does_not_stop_early_is_handed_nothing(estimator):
    _, _, members = fitted(estimator)
    assert all(member.X_val_ is None for _, member in members)


@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("nested", [False, True])
def test_earlier_steps_of_a_pipeline_transform_the_rows_held_out(memory, nested, tmp_path):
    memory = str(tmp_path) if memory else None
    steps = [("scale", StandardScaler()), ("pca", PCA(2, random_state=0))]
    pipeline = Pipeline([*steps, ("last", Recorder())], memory=memory)
    if nested:
        last = Pipeline([*steps[1:], ("last", Recorder())], memory=memory)
        pipeline = Pipeline([*steps[:1], ("rest", last)])
    X, _, members = fitted(pipeline)
    for (train, test), member in members:
        scaler = StandardScaler().fit(X[train])
        pca = PCA(2, random_state=0).fit(scaler.transform(X[train]))
        last = member[-1][-1] if nested else member[-1]
        assert_allclose(last.X_val_, pca.transform(scaler.transform(X[test])), atol=1e-4)
        assert_allclose(last.X_, pca.transform(scaler.transform(X[train])), atol=1e-4)
        assert member.predict(X[test]).shape == (len(test),)


def test_a_passthrough_step_is_no_obstacle():
    pipeline = Pipeline([("skip", "passthrough"), ("none", None), ("last", Recorder())])
    X, _, members = fitted(pipeline)
    for (_, test), member in members:
        assert_allclose(member[-1].X_val_, X[test])


def test_a_pipeline_of_one_step_hands_over_too():
    X, _, members = fitted(make_pipeline(Recorder()))
    for (_, test), member in members:
        assert_allclose(member[-1].X_val_, X[test])


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (Recorder(), True),
        (Recorder(early_stopping=False), False),
        (make_pipeline(StandardScaler(), EvalSetRecorder()), True),
        (make_pipeline(StandardScaler(), EvalSetRecorder(early_stopping_rounds=None)), False),
        (PCA(), False),
    ],
)
def test_who_stops_early_is_told(estimator, expected):
    assert stops_early_on_rows(estimator) is expected


def boosting(early_stopping):
    return HistGradientBoostingRegressor(max_iter=5, early_stopping=early_stopping, max_depth=2)


@pytest.mark.parametrize("in_pipeline", [False, True])
@pytest.mark.parametrize("validation", ["fold", "inner"])
def test_boosting_stops_early_if_it_may(in_pipeline, validation):
    def members(early_stopping):
        estimator = boosting(early_stopping)
        if in_pipeline:
            estimator = make_pipeline(StandardScaler(), estimator)
        return [m[-1] if in_pipeline else m for _, m in fitted(estimator, validation)[2]]

    assert all(len(member.validation_score_) > 0 for member in members(True))
    assert not any(len(member.validation_score_) > 0 for member in members(False))


def make_xgboost(**params):
    library = pytest.importorskip("xgboost")
    return library.XGBRegressor(n_estimators=200, early_stopping_rounds=5, n_jobs=1, **params)


def make_lightgbm(**params):
    library = pytest.importorskip("lightgbm")
    return library.LGBMRegressor(
        n_estimators=200,
        early_stopping_round=5,
        min_child_samples=5,
        n_jobs=1,
        verbose=-1,
        **params,
    )


def make_catboost(**params):
    library = pytest.importorskip("catboost")
    return library.CatBoostRegressor(
        iterations=200,
        early_stopping_rounds=5,
        depth=2,
        thread_count=1,
        allow_writing_files=False,
        **params,
    )


def best_iteration(booster):
    """Return the number of trees kept."""
    if hasattr(booster, "tree_count_"):
        return booster.tree_count_
    return booster.n_iter_ if hasattr(booster, "n_iter_") else booster.best_iteration + 1


boosters = pytest.mark.parametrize("make", [make_xgboost, make_lightgbm, make_catboost])


@boosters
@pytest.mark.parametrize("in_pipeline", [False, True])
@pytest.mark.filterwarnings("error")
def test_other_libraries_stop_early_on_the_rows_held_out(make, in_pipeline, capfd):
    estimator = make(learning_rate=0.3)
    if in_pipeline:
        estimator = make_pipeline(StandardScaler(), estimator)
    _, _, members = fitted(estimator, sample_weight=np.ones(40))
    for _, member in members:
        assert best_iteration(member[-1] if in_pipeline else member) < 200
    assert capfd.readouterr().out == ""  # nothing is printed


@boosters
def test_other_libraries_weigh_the_rows_held_out(make):
    """Rows of weight zero do not count: half the rows have targets turned around."""
    X, y = make_data(120, None)
    X_val, y_val = X[60:], y[60:].copy()
    y_val[30:] *= -1
    weight = np.r_[np.ones(30), np.zeros(30)]
    kept = []
    for rows, weights in ((slice(0, 60), None), (slice(0, 60), weight), (slice(0, 30), None)):
        member = make(learning_rate=0.1)
        fit_with_validation(member, X[:60], y[:60], {}, X_val[rows], y_val[rows], weights)
        kept.append(best_iteration(member))
    assert kept[1] == kept[2] != kept[0]


@pytest.mark.parametrize("engine", ["joblib", "stacked"])
def test_a_network_stops_on_the_rows_held_out(engine):
    """Its best validation loss is the error of its out-of-fold prediction."""
    X, y = make_data(60, noise=2.0)
    ensemble = KFoldEnsembleRegressor(
        small_mofa(max_epochs=8), cv=KFold(3), engine=engine, random_state=0
    ).fit(X, y)
    for (_, test), member in zip(KFold(3).split(X), ensemble.estimators_, strict=True):
        error = (ensemble.oof_prediction_[test] - y[test]) / member.target_scale_
        best = min(member.history_[:, "valid_loss"])
        assert np.mean(error**2) == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize("engine", ["joblib", "stacked"])
def test_an_inner_network_does_not_depend_on_the_rows_held_out(engine):
    X, y = make_data(60)
    y_other = y.copy()
    train, test = np.arange(20, 60), np.arange(20)
    y_other[test] += 100
    predictions = {}
    for validation in ("fold", "inner"):
        predictions[validation] = [
            KFoldEnsembleRegressor(
                small_mofa(max_epochs=8, learning_rate=0.03),
                cv=[(train, test)],
                validation=validation,
                engine=engine,
                random_state=0,
            )
            .fit(X, targets)
            .predict(X)
            for targets in (y, y_other)
        ]
    assert np.array_equal(*predictions["inner"])
    assert not np.array_equal(*predictions["fold"])
