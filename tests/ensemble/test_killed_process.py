"""An ensemble whose process is ended from outside goes on with the members that are missing."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal

from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor
from mofa_sklearn.datasets import make_micro_videos

N_FOLDS = 6
N_ROWS = 300
WIDTHS = {"image": 6, "text": 5}


def make_ensemble(folder):
    """An ensemble of members that take long enough for a signal to come in between."""
    member = MoFARegressor(WIDTHS, hidden_dim=32, max_epochs=20, n_iter_no_change=None)
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


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return make_ensemble(tmp_path_factory.mktemp("undisturbed")).fit(*make_rows())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
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
