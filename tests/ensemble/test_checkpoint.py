"""An interrupted ensemble goes on where it stopped."""

import _thread
import os
import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import ExtraTreeRegressor
from skorch.callbacks import Callback

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.ensemble._checkpoint import Checkpoint

from ..helpers import make_data, small_mofa

N_FOLDS = 4


class Interrupt(Callback):
    """Stands for Ctrl-C: interrupts the third member that begins, while switched on."""

    on = False
    n_started = 0
    lock = threading.Lock()

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        with self.lock:
            type(self).n_started += 1
            self.number_ = self.n_started

    def on_batch_begin(self, net, **kwargs):
        if self.on and self.number_ == 3:
            raise KeyboardInterrupt


@pytest.fixture
def interrupt(monkeypatch):
    monkeypatch.setattr(Interrupt, "on", True)
    monkeypatch.setattr(Interrupt, "n_started", 0)
    return Interrupt


def make_ensemble(folder, n_jobs=1, random_state=0):
    network = small_mofa(dropout=0.2, callbacks=[Interrupt()])
    return KFoldEnsembleRegressor(
        network, cv=N_FOLDS, n_jobs=n_jobs, checkpoint=folder, random_state=random_state
    )


def stored(folder):
    return sorted(path.name for path in folder.glob("member_*"))


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("random_state", [0, None])
def test_an_interrupted_fit_goes_on_with_the_folds_that_are_missing(
    n_jobs, random_state, interrupt, tmp_path
):
    X, y = make_data(40)
    with pytest.raises(KeyboardInterrupt):
        make_ensemble(tmp_path, n_jobs, random_state).fit(X, y)
    n_stored = len(stored(tmp_path))
    assert n_stored < N_FOLDS
    if n_jobs == 1:
        assert n_stored == 2
    interrupt.on, interrupt.n_started = False, 0
    resumed = make_ensemble(tmp_path, n_jobs, random_state).fit(X, y)
    assert interrupt.n_started == N_FOLDS - n_stored
    assert len(stored(tmp_path)) == N_FOLDS
    if random_state is None:
        return
    whole = make_ensemble(None).fit(X, y)
    assert_array_equal(resumed.oof_prediction_, whole.oof_prediction_)
    assert_array_equal(resumed.predict(X), whole.predict(X))
    assert_array_equal(resumed.fold_scores_, whole.fold_scores_)


class CtrlC(Callback):
    """Sends the main thread the interrupt that Ctrl-C sends, when the third member begins."""

    started = []

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.started.append(net)
        if len(self.started) == 3:
            _thread.interrupt_main()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_ends_members_in_threads_and_goes_up(n_jobs, tmp_path):
    CtrlC.started.clear()
    X, y = make_data(40)
    network = small_mofa(callbacks=[CtrlC()], max_epochs=30)
    ensemble = KFoldEnsembleRegressor(
        network, cv=KFold(8), n_jobs=n_jobs, checkpoint=tmp_path, random_state=0
    )
    with pytest.raises(KeyboardInterrupt):
        ensemble.fit(X, y)
    assert len(CtrlC.started) < 8
    assert len(stored(tmp_path)) < 8
    assert not hasattr(ensemble, "estimators_")


def test_a_finished_fit_is_read_back_without_training(tmp_path, monkeypatch):
    monkeypatch.setattr(Interrupt, "n_started", 0)
    X, y = make_data(40)
    first = make_ensemble(tmp_path).fit(X, y)
    assert Interrupt.n_started == N_FOLDS
    again = make_ensemble(tmp_path).fit(X, y)
    assert Interrupt.n_started == N_FOLDS
    assert_array_equal(again.predict(X), first.predict(X))
    assert_array_equal(again.oof_prediction_, first.oof_prediction_)


@pytest.mark.parametrize("engine", ["joblib", "stacked"])
def test_the_folder_does_not_change_the_result(engine, tmp_path):
    X, y = make_data(40)
    without, stored_first, read_back = (
        KFoldEnsembleRegressor(
            small_mofa(dropout=0.2), cv=3, engine=engine, checkpoint=folder, random_state=0
        ).fit(X, y)
        for folder in (None, tmp_path, tmp_path)
    )
    assert len(stored(tmp_path)) == 3
    for ensemble in (stored_first, read_back):
        assert_array_equal(ensemble.oof_prediction_, without.oof_prediction_)
        assert_array_equal(ensemble.predict(X), without.predict(X))


@pytest.mark.parametrize("engine", ["joblib", "stacked"])
def test_a_lost_member_is_fitted_again(engine, tmp_path):
    X, y = make_data(40)
    ensemble = KFoldEnsembleRegressor(
        small_mofa(), cv=3, engine=engine, checkpoint=tmp_path, random_state=0
    )
    before = ensemble.fit(X, y).oof_prediction_
    (tmp_path / "member_0001.joblib").unlink()
    assert_array_equal(ensemble.fit(X, y).oof_prediction_, before)


def test_without_a_random_state_the_stored_one_goes_on(tmp_path):
    X, y = make_data(40)
    first, second = (
        KFoldEnsembleRegressor(Ridge(), cv=4, checkpoint=tmp_path).fit(X, y) for _ in range(2)
    )
    assert_array_equal(first.oof_prediction_, second.oof_prediction_)


def fit_ridge(folder, alpha=1.0, shift=0.0, estimator=None, weight=None, **params):
    X, y = make_data(40)
    params = {"cv": 4, "random_state": 0, **params}
    ensemble = KFoldEnsembleRegressor(estimator or Ridge(alpha), checkpoint=folder, **params)
    return ensemble.fit(X + shift, y - shift, sample_weight=weight)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"alpha": 2.0}, "estimator__alpha"),
        ({"shift": 1.0}, "X, y"),
        ({"cv": 5}, "splits"),
        ({"cv": KFold(4)}, "splits"),
        ({"weight": np.ones(40)}, "fit_params"),
        ({"validation": "inner"}, "validation"),
        ({"random_state": 1}, "random_state"),
        ({"estimator": make_pipeline(StandardScaler(), Ridge())}, "estimator"),
    ],
)
def test_another_fit_is_refused_naming_what_differs(change, difference, tmp_path):
    fit_ridge(tmp_path)
    before = stored(tmp_path)
    with pytest.raises(ValueError, match=f"another fit: .*{difference}.* differ"):
        fit_ridge(tmp_path, **change)
    assert stored(tmp_path) == before


def test_another_engine_is_another_fit_where_it_rounds_otherwise(tmp_path):
    X, y = make_data(40)
    ensemble = KFoldEnsembleRegressor(small_mofa(), cv=2, checkpoint=tmp_path, random_state=0)
    before = ensemble.fit(X, y).oof_prediction_
    ensemble.set_params(engine="joblib").fit(X, y)
    assert_array_equal(ensemble.oof_prediction_, before)
    with pytest.raises(ValueError, match="another fit: engine differ"):
        ensemble.set_params(engine="stacked").fit(X, y)


def test_another_step_in_a_pipeline_is_another_fit(tmp_path):
    fit_ridge(tmp_path, estimator=make_pipeline(StandardScaler(), Ridge()))
    with pytest.raises(ValueError, match="another fit"):
        fit_ridge(tmp_path, estimator=make_pipeline(StandardScaler(with_std=False), Ridge()))


class SameParameters(Ridge):
    """Another estimator that has Ridge's parameters."""


def test_another_class_of_a_nested_step_is_another_fit(tmp_path):
    fit_ridge(tmp_path, estimator=make_pipeline(StandardScaler(), Ridge()))
    pipeline = make_pipeline(StandardScaler(), Ridge())
    pipeline.steps[-1] = ("ridge", SameParameters())
    with pytest.raises(ValueError, match=r"another fit: .*estimator__ridge\b"):
        fit_ridge(tmp_path, estimator=pipeline)


def test_what_does_not_change_the_result_may_change(tmp_path):
    first = fit_ridge(tmp_path)
    again = fit_ridge(tmp_path, n_jobs=2, verbose=1)
    assert_array_equal(again.oof_prediction_, first.oof_prediction_)


def test_a_memory_map_is_the_same_data_as_an_array(tmp_path):
    X, y = make_data(40)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    ensemble = KFoldEnsembleRegressor(
        Ridge(), cv=4, checkpoint=tmp_path / "members", random_state=0
    )
    first = ensemble.fit(X, y).oof_prediction_
    assert_array_equal(ensemble.fit(mapped, y).oof_prediction_, first)


def test_a_lambda_among_the_parameters_is_no_obstacle(tmp_path):
    X, y = make_data(40)
    network = small_mofa(modalities=lambda X: {"image": 4, "video": 3, "text": 5})
    with pytest.raises(Exception, match="pickle"):
        KFoldEnsembleRegressor(network, cv=2, checkpoint=tmp_path, random_state=0).fit(X, y)
    assert stored(tmp_path) == []


def test_a_damaged_member_is_named(tmp_path):
    fit_ridge(tmp_path)
    (tmp_path / "member_0001.joblib").write_bytes(b"no pickle")
    with pytest.raises(ValueError, match=r"member_0001.joblib.* cannot be read"):
        fit_ridge(tmp_path)


def test_a_member_of_another_fit_is_named(tmp_path):
    fit_ridge(tmp_path / "here")
    fit_ridge(tmp_path / "there", alpha=2.0)
    name = "member_0001.joblib"
    (tmp_path / "there" / name).replace(tmp_path / "here" / name)
    with pytest.raises(ValueError, match=r"member_0001.joblib' is of another fit"):
        fit_ridge(tmp_path / "here")


def test_two_fits_that_begin_at_once_never_mix_their_members(tmp_path, monkeypatch):
    # Both find an empty folder: the manifest of the second replaces that of the first.
    fit_ridge(tmp_path, alpha=2.0)
    monkeypatch.setattr(Checkpoint, "_manifest", lambda self: None)
    second = Checkpoint(tmp_path)
    second.open(0, {"X": "another"})
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"member_0000.joblib' is of another fit"):
        second.load(0)


@pytest.mark.parametrize("age", [0, 7200])
def test_what_a_killed_process_left_half_written_is_cleared_away_in_time(age, tmp_path):
    # A young one may be of a process that is still at it.
    leftover = tmp_path / ".member_0000.joblib.abc.unfinished"
    leftover.write_bytes(b"half")
    os.utime(leftover, (time.time() - age, time.time() - age))
    fit_ridge(tmp_path)
    assert leftover.exists() == (age == 0)
    assert len(stored(tmp_path)) == 4


def test_companions_end_as_without_an_interrupt(interrupt, tmp_path):
    X, y = make_data(40)
    params = {"companions": [("tree", ExtraTreeRegressor(max_depth=3))]}
    with pytest.raises(KeyboardInterrupt):
        make_ensemble(tmp_path).set_params(**params).fit(X, y)
    interrupt.on = False
    resumed = make_ensemble(tmp_path).set_params(**params).fit(X, y)
    whole = make_ensemble(None).set_params(**params).fit(X, y)
    assert_array_equal(resumed.predict(X), whole.predict(X))
    assert_array_equal(resumed.oof_prediction_, whole.oof_prediction_)
    assert_array_equal(resumed.blend_weights_, whole.blend_weights_)


@pytest.mark.parametrize("content", ["no json", "[]", "{}", '{"seed": 1}'])
def test_a_foreign_manifest_is_named(content, tmp_path):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match=r"manifest.json' is no manifest"):
        fit_ridge(tmp_path)


class WritesHalf(RegressorMixin, BaseEstimator):
    """Cannot be pickled to its end."""

    def fit(self, X, y):
        self.large_ = np.zeros(1000)
        self.zz_last_ = lambda: None
        return self

    def predict(self, X):
        return np.zeros((len(X), 2))


def test_a_file_that_could_not_be_written_is_not_there_in_part(tmp_path):
    X, y = make_data(40)
    with pytest.raises(Exception, match="pickle"):
        KFoldEnsembleRegressor(WritesHalf(), cv=2, checkpoint=tmp_path).fit(X, y)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_folders_are_made_and_paths_may_be_strings(tmp_path):
    folder = tmp_path / "a" / "b"
    fit_ridge(os.fspath(folder))
    assert len(stored(folder)) == 4
