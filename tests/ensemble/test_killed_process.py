"""An ensemble whose process is ended from outside goes on with the members that are missing."""

import signal
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from joblib import parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge

from mofa_sklearn import KFoldEnsembleRegressor

from ..helpers import make_data
from ..processes import in_fresh_process
from . import kills

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Have processes killed at every moment: their folders, and what was stored after each."""
    folder = tmp_path_factory.mktemp("killed")
    return folder, in_fresh_process(kills.main, folder)


@posix_only
@pytest.mark.parametrize("way", kills.WAYS)
def test_a_fit_killed_at_any_moment_ends_as_if_nothing_had_happened(way, killed):
    folder, runs = killed
    runs = [(moment, code, stored) for of, moment, code, stored in runs if of == way]
    for moment, code, _ in runs:
        assert code == -signal.SIGKILL or (code == 0 and moment == "random")

    X, y = make_data(60)
    resumed = kills.fit(way, folder / way)
    # No kill costs a member, and no member is fitted twice, unless all train together.
    storeds = [stored for *_, stored in runs] + [kills.stored(folder / way)]
    for before, after in pairwise(storeds):
        assert before.keys() <= after.keys()
        assert before.items() <= after.items() or way == "stacked"
    assert len(storeds[-1]) == kills.N_FOLDS

    whole = kills.make_ensemble(way, None)
    if way != "stacked":  # with a folder, "auto" fits members one by one
        whole.set_params(engine="joblib")
    whole.fit(X, y)
    assert_array_equal(resumed.predict(X), whole.predict(X))
    assert_array_equal(resumed.oof_prediction_, whole.oof_prediction_)


class KillsItsWorker(Ridge):
    """Ends the process that fits it, as the system does where memory runs out."""

    def __init__(self, alpha=1.0, flag=None):
        super().__init__(alpha)
        self.flag = flag

    def fit(self, X, y):
        if self.flag is not None and Path(self.flag).exists():
            kills.kill()
        return super().fit(X, y)


@posix_only
def test_a_killed_worker_process_is_an_error_and_the_next_fit_goes_on(tmp_path):
    X, y = make_data(40)
    folder, flag = tmp_path / "members", tmp_path / "flag"
    ensemble = KFoldEnsembleRegressor(
        KillsItsWorker(flag=str(flag)), cv=3, checkpoint=folder, random_state=0
    )
    whole = ensemble.fit(X, y).predict(X)
    (folder / "member_0001.joblib").unlink()
    (folder / "member_0002.joblib").unlink()
    flag.touch()
    with parallel_config("loky", n_jobs=2), pytest.raises(TerminatedWorkerError):
        ensemble.fit(X, y)
    assert list(kills.stored(folder)) == ["member_0000.joblib"]
    flag.unlink()
    assert_array_equal(ensemble.fit(X, y).predict(X), whole)
