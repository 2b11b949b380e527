"""KFoldEnsembleRegressor: its members, their seeds, threads and workers."""

import threading
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RepeatedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, EarlyStopping

from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor

from ..helpers import WIDTHS, make_data, small_mofa


class FailsOnDemand(RegressorMixin, BaseEstimator):
    """Predicts zero, or raises in the fit that sees a certain row."""

    def __init__(self, forbidden=None, error=ValueError):
        self.forbidden = forbidden
        self.error = error

    def fit(self, X, y):
        if self.forbidden is not None and self.forbidden in X[:, 0]:
            raise self.error("seen the forbidden row")
        self.n_threads_ = torch.get_num_threads()
        return self

    def predict(self, X):
        return np.zeros(len(X))


class FailsInThreads(FailsOnDemand):
    _fits_well_on_one_thread = True


class Counting(FailsInThreads):
    """Counts the fits that begin, and waits a little in each."""

    started = 0
    lock = threading.Lock()

    def fit(self, X, y):
        with self.lock:
            type(self).started += 1
        threading.Event().wait(0.05)
        return super().fit(X, y)


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


# Members and their mean


@pytest.mark.parametrize("n_targets", [None, 1, 2])
@pytest.mark.parametrize("estimator", [Ridge(), ExtraTreesRegressor(n_estimators=2)], ids=repr)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_predictions_are_the_members_mean_and_their_standard_deviation(estimator, n_targets):
    X, y = make_data(60, n_targets)
    ensemble = KFoldEnsembleRegressor(estimator, cv=4, random_state=0).fit(X, y)
    members = np.stack([member.predict(X).reshape(y.shape) for member in ensemble.estimators_])
    mean, std = ensemble.predict(X, return_std=True)
    assert mean.shape == std.shape == ensemble.oof_prediction_.shape == y.shape
    assert_allclose(mean, members.mean(axis=0))
    assert_allclose(std, members.std(axis=0))
    assert_array_equal(ensemble.predict(X), mean)


@pytest.mark.parametrize("n_targets", [None, 1, 2])
def test_mofa_members_predict_in_the_shape_of_y(n_targets):
    X, y = make_data(60, n_targets)
    ensemble = KFoldEnsembleRegressor(small_mofa(), cv=2, random_state=0).fit(X, y)
    mean, std = ensemble.predict(X, return_std=True)
    assert mean.shape == std.shape == ensemble.oof_prediction_.shape == y.shape


def test_an_ensemble_beats_its_members():
    X, y = make_data(200, noise=2.0)
    ensemble = KFoldEnsembleRegressor(small_mofa(max_epochs=15), cv=4, random_state=0)
    ensemble.fit(X[:100], y[:100])
    scores = [member.score(X[100:], y[100:]) for member in ensemble.estimators_]
    assert ensemble.score(X[100:], y[100:]) > np.mean(scores)


def test_without_an_estimator_members_are_mofa_regressors():
    X, y = make_data(40)
    ensemble = KFoldEnsembleRegressor(cv=2, random_state=0).fit(X, y)
    assert [type(member) for member in ensemble.estimators_] == [MoFARegressor] * 2
    assert ensemble.estimator is None
    assert ensemble.predict(X).shape == y.shape


def test_the_estimator_passed_is_not_fitted():
    X, y = make_data(40)
    ridge = Ridge()
    KFoldEnsembleRegressor(ridge, cv=2).fit(X, y)
    assert not hasattr(ridge, "coef_")


def test_members_get_frames_as_frames():
    X, y = make_data(40)
    frame = pd.DataFrame(X, columns=[f"image_{i}" for i in range(X.shape[1])])
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=2).fit(frame, y)
    assert_array_equal(ensemble.feature_names_in_, frame.columns)
    assert_array_equal(ensemble.estimators_[0].feature_names_in_, frame.columns)
    with pytest.raises(ValueError, match="same order"):
        ensemble.predict(frame[frame.columns[::-1]])


@pytest.mark.parametrize("scaler_in_pipeline", [0, 1], ids=["one step", "nested"])
def test_a_pipeline_is_fitted_as_a_whole_on_each_fold(scaler_in_pipeline):
    X, y = make_data(60)
    pipeline = make_pipeline(StandardScaler(), Ridge())
    if scaler_in_pipeline:
        pipeline = make_pipeline(StandardScaler(with_std=False), pipeline)
    splitter = KFold(3)
    ensemble = KFoldEnsembleRegressor(pipeline, cv=splitter).fit(X, y)
    for (train, _), member in zip(splitter.split(X), ensemble.estimators_, strict=True):
        assert_allclose(member[0].mean_, X[train].mean(axis=0), atol=1e-6)


# Seeds


def test_members_have_seeds_of_their_own_that_the_random_state_determines():
    X, y = make_data(40)

    def seeds(random_state):
        ensemble = KFoldEnsembleRegressor(
            make_pipeline(StandardScaler(), small_mofa(max_epochs=1)),
            cv=4,
            random_state=random_state,
        ).fit(X, y)
        return [member[-1].random_state for member in ensemble.estimators_]

    first = seeds(0)
    assert len(set(first)) == 4
    assert seeds(0) == first
    assert not set(seeds(1)) & set(first)


def test_members_on_the_same_rows_differ_in_their_initial_weights():
    X, y = make_data(40)
    rows = np.arange(40)
    splits = [(rows[:30], rows[30:])] * 2
    ensemble = KFoldEnsembleRegressor(small_mofa(), cv=splits, random_state=0).fit(X, y)
    first, second = (member.predict(X) for member in ensemble.estimators_)
    assert not np.allclose(first, second)


def test_a_random_state_determines_splits_and_members():
    X, y = make_data(60)

    def oof(random_state):
        forest = RandomForestRegressor(n_estimators=3)
        ensemble = KFoldEnsembleRegressor(forest, cv=3, random_state=random_state)
        return ensemble.fit(X, y).oof_prediction_

    assert_array_equal(oof(0), oof(0))
    assert_array_equal(oof(np.random.RandomState(3)), oof(np.random.RandomState(3)))
    assert not np.allclose(oof(0), oof(1))


def test_global_generators_are_left_alone():
    X, y = make_data(40)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    KFoldEnsembleRegressor(small_mofa(dropout=0.2), cv=2, random_state=0).fit(X, y)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


# Threads and workers


def fit_mofa_ensemble(n_jobs, engine="joblib"):
    X, y = make_data(60)
    network = small_mofa(dropout=0.2, modality_dropout=0.1, hidden_dim=32)
    ensemble = KFoldEnsembleRegressor(
        network, cv=3, n_jobs=n_jobs, engine=engine, random_state=0
    ).fit(X, y)
    return ensemble.oof_prediction_, ensemble.predict(X)


@cache
def fit_one_by_one(engine):
    return fit_mofa_ensemble(1, engine)[0]


@pytest.mark.parametrize("engine", ["joblib", "auto"])  # "auto" stacks these
@pytest.mark.parametrize(("n_jobs", "n_torch_threads"), [(None, 2), (2, 2), (-1, 1)])
def test_the_bits_do_not_depend_on_n_jobs_and_threads(n_jobs, n_torch_threads, engine):
    before = torch.get_num_threads()
    reference = fit_one_by_one(engine)
    torch.set_num_threads(n_torch_threads)
    try:
        oof, _ = fit_mofa_ensemble(n_jobs, engine)
    finally:
        torch.set_num_threads(before)
    assert_array_equal(oof, reference)


@pytest.mark.parametrize("estimator", [FailsOnDemand(), FailsInThreads()])
@pytest.mark.parametrize("n_jobs", [None, 1])
def test_members_have_one_torch_thread_and_the_caller_all_of_them(
    estimator, n_jobs, three_threads
):
    X, y = make_data(30, None)
    ensemble = KFoldEnsembleRegressor(estimator, cv=3, n_jobs=n_jobs).fit(X, y)
    assert [member.n_threads_ for member in ensemble.estimators_] == [1, 1, 1]
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("cls", [FailsOnDemand, FailsInThreads])
@pytest.mark.parametrize("n_jobs", [None, 1])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_of_a_member_goes_up_and_threads_are_given_back(
    cls, n_jobs, error, three_threads
):
    X, y = make_data(30, None)
    ensemble = KFoldEnsembleRegressor(cls(X[4, 0], error), cv=KFold(3), n_jobs=n_jobs)
    with pytest.raises(error, match="forbidden row"):
        ensemble.fit(X, y)
    assert torch.get_num_threads() == 3
    assert not hasattr(ensemble, "estimators_")


def test_an_error_cancels_the_members_that_have_not_begun():
    X, y = make_data(60, None)
    # The first fold's member fails at once: the row is in its training rows.
    Counting.started = 0
    ensemble = KFoldEnsembleRegressor(Counting(X[59, 0]), cv=KFold(20), n_jobs=2)
    with pytest.raises(ValueError, match="forbidden row"):
        ensemble.fit(X, y)
    assert Counting.started < 20


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_interrupt_in_a_network_s_training_goes_up(n_jobs):
    class Interrupt(Callback):
        def on_batch_begin(self, net, **kwargs):
            raise KeyboardInterrupt

    X, y = make_data(40)
    network = small_mofa(callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        KFoldEnsembleRegressor(network, cv=3, n_jobs=n_jobs).fit(X, y)


def test_callbacks_are_not_shared_between_members():
    """Each member gets a copy, so that EarlyStopping's counter is its own."""
    X, y = make_data(60, noise=3.0)
    stopping = EarlyStopping(patience=2, threshold=100.0, sink=lambda _: None)
    network = small_mofa(callbacks=[stopping], max_epochs=8)
    ensemble = KFoldEnsembleRegressor(network, cv=3, n_jobs=1, random_state=0).fit(X, y)
    assert [member.n_iter_ for member in ensemble.estimators_] == [3, 3, 3]


# The scikit-learn interface


def test_verbose_shows_a_progress_bar_over_members(capsys):
    X, y = make_data(30)
    KFoldEnsembleRegressor(Ridge(), cv=3, verbose=1).fit(X, y)
    assert "3/3" in capsys.readouterr().err


def test_grid_search_over_the_members_parameters():
    X, y = make_data(60)
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0)
    search = GridSearchCV(ensemble, {"estimator__alpha": [0.1, 1e5]}, cv=2).fit(X, y)
    assert search.best_params_ == {"estimator__alpha": 0.1}
    assert search.best_estimator_.estimators_[0].alpha == 0.1


@pytest.mark.parametrize("cv", [3, GroupKFold(3), RepeatedKFold(n_splits=2, n_repeats=2)])
def test_cross_val_score_runs(cv):
    X, y = make_data(60)
    groups = np.arange(60) % 10 if isinstance(cv, GroupKFold) else None
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0)
    scores = cross_val_score(ensemble, X, y, cv=cv, groups=groups, error_score="raise")
    assert (scores > 0.8).all()


def test_parameters_survive_a_clone():
    ensemble = KFoldEnsembleRegressor(
        small_mofa(), cv=KFold(3), validation="inner", n_jobs=2, checkpoint="folder"
    )
    copy = clone(ensemble)
    assert copy.get_params(deep=False).keys() == ensemble.get_params(deep=False).keys()
    assert copy.estimator is not ensemble.estimator
    assert copy.estimator.get_params() == ensemble.estimator.get_params()
    assert copy.validation == "inner"


def test_an_ensemble_of_ensembles_can_be_fitted():
    X, y = make_data(60)
    inner = KFoldEnsembleRegressor(small_mofa(max_epochs=1), cv=2)
    outer = KFoldEnsembleRegressor(inner, cv=2, random_state=0).fit(X, y)
    assert outer.predict(X).shape == y.shape
    assert len({m.random_state for e in outer.estimators_ for m in e.estimators_}) == 4


def test_members_know_the_modalities():
    X, y = make_data(40)
    ensemble = KFoldEnsembleRegressor(small_mofa(), cv=2, random_state=0).fit(X, y)
    for member in ensemble.estimators_:
        assert {name: len(block) for name, block in member.modalities_.items()} == WIDTHS
