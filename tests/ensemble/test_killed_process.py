"""An ensemble whose process is ended from outside goes on with the members that are missing."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge

from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor
from mofa_sklearn.datasets import make_micro_videos

from ..helpers import make_data
from . import kills

N_FOLDS = 6
N_ROWS = 300
WIDTHS = {"image": 6, "text": 5}


def make_ensemble(folder):
    """An ensemble of members that take long enough for a signal to come in between."""
    member = MoFARegressor(WIDTHS, hidden_dim=32, max_epochs=10, n_iter_no_change=None)
    return KFoldEnsembleRegressor(member, cv=N_FOLDS, n_jobs=1, checkpoint=folder, random_state=0)


def make_rows():
    return make_micro_videos(N_ROWS, modalities=WIDTHS, noise=0.2, random_state=0)


def members_in(folder):
    return sorted(path.name for path in folder.glob("member_*.joblib"))


def end_during_fit(folder, number):
    """Fit in another process, send it a signal once two members are stored; its exit code."""
    code = (
        "import sys\n"
        "from tests.ensemble.test_killed_process import make_ensemble, make_rows\n"
        "make_ensemble(sys.argv[1]).fit(*make_rows())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(members_in(folder)) < 2 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return make_ensemble(tmp_path_factory.mktemp("undisturbed")).fit(*make_rows())


@posix_only
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["SIGKILL", "SIGINT"])
def test_a_second_fit_ends_as_if_nothing_had_happened(number, tmp_path, undisturbed):
    folder = tmp_path / "checkpoint"
    return_code, errors = end_during_fit(folder, number)
    assert return_code != 0
    if number == signal.SIGINT:
        assert "KeyboardInterrupt" in errors
    stored = members_in(folder)
    assert 2 <= len(stored) < N_FOLDS

    X, y = make_rows()
    before = {name: (folder / name).stat().st_mtime_ns for name in stored}
    resumed = make_ensemble(folder).fit(X, y)
    assert {name: (folder / name).stat().st_mtime_ns for name in stored} == before
    assert_array_equal(resumed.predict(X), undisturbed.predict(X))
    assert_array_equal(resumed.oof_prediction_, undisturbed.oof_prediction_)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Have processes killed at every moment; what was stored after each, and the results."""
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-m", "tests.ensemble.kills", str(folder)]
    root = Path(__file__).parents[2]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert "error" not in result.stdout, result.stdout
    return folder, [line.split() for line in result.stdout.splitlines()]


@posix_only
@pytest.mark.parametrize("way", kills.WAYS)
def test_a_fit_killed_at_any_moment_ends_as_if_nothing_had_happened(way, killed):
    folder, runs = killed
    runs = [run for run in runs if run[0] == way]
    n_stored = [int(run[4]) for run in runs]
    assert n_stored == sorted(n_stored)  # no kill costs a member
    for _, moment, _, code, _ in runs[:-1]:
        assert int(code) == -signal.SIGKILL or moment == "random"
    assert int(runs[-1][3]) == 0
    ensemble = kills.make_ensemble(way, None)
    if way != "stacked":  # with a folder, "auto" fits members one by one
        ensemble.set_params(engine="joblib")
    expected = kills.result_of(ensemble.fit(*make_data(60)))
    with np.load(folder / f"{way}.npz") as result:
        for name, values in expected.items():
            assert_array_equal(result[name], values)


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
    flag = tmp_path / "flag"
    ensemble = KFoldEnsembleRegressor(
        KillsItsWorker(flag=str(flag)), cv=3, checkpoint=tmp_path / "members", random_state=0
    )
    whole = ensemble.fit(X, y).predict(X)
    (tmp_path / "members" / "member_0001.joblib").unlink()
    (tmp_path / "members" / "member_0002.joblib").unlink()
    flag.touch()
    with parallel_config("loky", n_jobs=2), pytest.raises(TerminatedWorkerError):
        ensemble.fit(X, y)
    assert members_in(tmp_path / "members") == ["member_0000.joblib"]
    flag.unlink()
    assert_array_equal(ensemble.fit(X, y).predict(X), whole)
