"""A worker that dies only delays a fit; an interrupt ends it, on the workers too."""

import os
import signal
import sys
import threading
import time

import joblib
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.evaluation import compare
from tests.distributed.estimators import Sleeper, kill, when_all_are_busy
from tests.helpers import make_data, small_mofa

pytestmark = pytest.mark.processes


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_an_interrupt_goes_up_and_ends_the_members(client):
    X, y = make_data(600)
    ensemble = KFoldEnsembleRegressor(small_mofa(), cv=4, engine="joblib", random_state=0)
    with joblib.parallel_config("dask", client=client):
        ensemble.fit(X, y)  # the workers have imported all they need
    ensemble.set_params(estimator__max_epochs=100_000)
    has_ended = threading.Event()

    def press():
        # Again and again: Python drops an interrupt that comes while it collects garbage.
        while not has_ended.is_set():
            os.kill(os.getpid(), signal.SIGINT)
            has_ended.wait(5)

    thread = when_all_are_busy(client, press)
    with pytest.raises(KeyboardInterrupt), joblib.parallel_config("dask", client=client):
        try:
            ensemble.fit(X, y)
        finally:
            has_ended.set()
    thread.join()
    deadline = time.monotonic() + 20
    while any(client.run(_n_running).values()):
        assert time.monotonic() < deadline, "members go on that nobody waits for"
        time.sleep(0.05)
    assert len(client.ncores()) == 2


def _n_running(dask_worker):
    return len(dask_worker.active_threads)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_killed_workers_change_nothing(mortal_client):
    X, y = make_data(600)
    ensemble = KFoldEnsembleRegressor(Sleeper(), cv=4, random_state=0)
    expected = ensemble.fit(X, y).predict(X)
    ensemble.set_params(estimator__seconds=0.5)
    doomed = sorted(set(mortal_client.run(os.getpid).values()))  # all: new ones must come
    thread = when_all_are_busy(mortal_client, lambda: kill(doomed))
    with joblib.parallel_config("dask", client=mortal_client):
        ensemble.fit(X, y)
    thread.join()
    assert_array_equal(ensemble.predict(X), expected)
    assert not set(doomed) & set(mortal_client.run(os.getpid).values())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_killed_worker_changes_no_score_of_a_comparison(mortal_client):
    X, y = make_data(200)
    ensemble = KFoldEnsembleRegressor(Sleeper(), cv=2, random_state=0)

    def scores():
        scores = compare({"ensemble": ensemble}, X, y, cv=2, verbose=0, random_state=0)
        return scores.filter(like="nmse")

    expected = scores()
    ensemble.set_params(estimator__seconds=0.5)
    doomed = sorted(set(mortal_client.run(os.getpid).values()))[:1]
    thread = when_all_are_busy(mortal_client, lambda: kill(doomed))
    with joblib.parallel_config("dask", client=mortal_client):
        assert_frame_equal(scores(), expected)
    thread.join()
    assert not set(doomed) & set(mortal_client.run(os.getpid).values())
