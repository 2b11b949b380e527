"""Members, companions and folds in joblib's own processes.

These take seconds to start, and stay for a while: the tests of this file share them, and it is the
last one that kills them.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from joblib import cpu_count, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.linear_model import Ridge

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.baselines import BoostingRegressor
from mofa_sklearn.estimators import RetrievalRegressor
from mofa_sklearn.evaluation import compare

from .distributed.estimators import RowsWitness
from .ensemble.kills import kill, stored
from .helpers import WIDTHS, make_data, small_mofa
from .probes import Probe, assert_given_back, several_threads

pytestmark = pytest.mark.processes


@pytest.fixture(autouse=True)
def _in_processes():
    with parallel_config("loky", n_jobs=2):
        yield


@pytest.mark.parametrize("companions", [None, [("memory", RetrievalRegressor(WIDTHS))]])
def test_the_bits_are_those_of_members_fitted_one_by_one(companions):
    X, y = make_data(60)
    ensemble = KFoldEnsembleRegressor(
        small_mofa(dropout=0.2, modality_dropout=0.1),
        cv=3,
        companions=companions,
        engine="joblib",
        random_state=0,
    )
    in_processes = ensemble.fit(X, y).predict(X), ensemble.oof_prediction_
    one_by_one = ensemble.set_params(n_jobs=1).fit(X, y).predict(X), ensemble.oof_prediction_
    assert_array_equal(in_processes, one_by_one)


def test_a_companion_on_trial_gets_the_same_verdict():
    X, _ = make_data(120)
    y = (X[:, 0] > 0.3) * (X[:, 1] > -0.5) * 2.0 + (np.abs(X[:, 2]) > 1)  # no line knows it
    trees = BoostingRegressor(max_iter=10, learning_rate=0.3, min_samples_leaf=5)
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=4, companions=[("trees", trees)], random_state=0)
    in_processes = ensemble.fit(X, y).predict(X)
    assert len(ensemble.companions_["trees"]) == 4
    one_by_one = ensemble.set_params(n_jobs=1).fit(X, y).predict(X)
    assert_allclose(in_processes, one_by_one, rtol=1e-12)


def test_they_share_one_copy_of_the_rows():
    X = np.zeros((2000, 200))  # joblib maps what is larger than 1 MB
    ensemble = KFoldEnsembleRegressor(RowsWitness(), cv=4, random_state=0)
    ensemble.fit(X, np.arange(2000.0))
    assert {member.kind_of_rows_ for member in ensemble.estimators_} == {"memmap"}


def test_a_comparison_is_that_of_one_process():
    models = {"flat": Ridge(1e3), "ridge": Ridge()}
    one, two = (
        compare(models, *make_data(60), cv=2, n_jobs=n_jobs, verbose=0, random_state=0)
        for n_jobs in (1, 2)
    )
    columns = ["estimator", "fold", "nmse", "nmse_0", "nmse_1"]
    assert_frame_equal(one[columns], two[columns])


def test_they_have_no_more_threads_than_there_are_processors():
    X, y = make_data(40)
    with several_threads():
        ensemble = KFoldEnsembleRegressor(Probe(), cv=4).fit(X, y)
        assert_given_back()
    for probe in ensemble.estimators_:
        assert probe.n_torch_ == 1
        assert 2 * probe.n_blas_ <= max(cpu_count(), 2)


class KillsItsWorker(Ridge):
    """Ends the process that fits it, as the system does where memory runs out."""

    def __init__(self, alpha=1.0, flag=None):
        super().__init__(alpha)
        self.flag = flag

    def fit(self, X, y):
        if self.flag is not None and Path(self.flag).exists():
            kill()
        return super().fit(X, y)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_killed_one_is_an_error_and_the_next_fit_goes_on(tmp_path):
    X, y = make_data(40)
    folder, flag = tmp_path / "members", tmp_path / "flag"
    ensemble = KFoldEnsembleRegressor(
        KillsItsWorker(flag=str(flag)), cv=3, n_jobs=1, checkpoint=folder, random_state=0
    )
    whole = ensemble.fit(X, y).predict(X)
    (folder / "member_0001.joblib").unlink()
    (folder / "member_0002.joblib").unlink()
    flag.touch()
    with several_threads():
        with pytest.raises(TerminatedWorkerError):
            ensemble.set_params(n_jobs=None).fit(X, y)
        assert_given_back()
    assert list(stored(folder)) == ["member_0000.joblib"]
    flag.unlink()
    assert_array_equal(ensemble.set_params(n_jobs=1).fit(X, y).predict(X), whole)
