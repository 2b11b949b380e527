"""Ensembles whose process is killed, again and again: `main`, for a process of its own."""

import os
import random
import signal
import time
from functools import partial

from sklearn.linear_model import Ridge

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.ensemble import _checkpoint

from ..helpers import make_data, small_mofa

N_FOLDS = 4
WAYS = {
    "one": {"n_jobs": 1},
    "two": {"n_jobs": 2},
    "stacked": {"engine": "stacked"},
    "companions": {"n_jobs": 1, "companions": [("ridge", Ridge())]},
}
# In the order of their place in the writing of one file.
MOMENTS = ["fsync", "replace", "replaced"]
N_RANDOM_KILLS = 2


def make_ensemble(way, folder):
    member = small_mofa(dropout=0.2, max_epochs=2)
    return KFoldEnsembleRegressor(
        member, cv=N_FOLDS, checkpoint=folder, random_state=0, **WAYS[way]
    )


def fit(way, folder):
    return make_ensemble(way, folder).fit(*make_data(60))


def stored(folder):
    """The members in a folder, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob("member_*"))}


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(moment, n_files):
    """Have this process killed while it writes its file number `n_files`."""
    fsync, replace = os.fsync, os.replace
    written = []

    def own_fsync(handle):
        if moment == "fsync" and len(written) >= n_files:
            kill()  # before all of it has left Python's and the system's buffers
        fsync(handle)

    def own_replace(*paths):
        if moment == "replace" and len(written) >= n_files:
            kill()  # written in full, but not under its own name yet
        replace(*paths)
        if moment == "replaced" and len(written) >= n_files:
            kill()
        written.append(paths)

    _checkpoint.os.fsync, _checkpoint.os.replace = own_fsync, own_replace


def in_a_child(work, seconds=None):
    """Run something in a copy of this process; kill it after some seconds; tell its end."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            print("error:", repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fit_and_die(way, folder, moment, n_files):
    die_at(moment, n_files)
    fit(way, folder)


def main(top):
    """Kill fits of every way, and return what became of each: way, moment, exit code, members.

    At every moment of the writing of a file, the manifest's or the next member's, and at random.
    """
    rng = random.Random(0)
    for way in WAYS:
        fit(way, None)  # loads what it needs
    start = time.perf_counter()
    in_a_child(lambda: fit("one", top / "time"))
    seconds = time.perf_counter() - start
    kills = []
    for way in WAYS:
        folder = top / way
        files = [0, 1] if way == "one" else [1]
        ends = [(m, partial(fit_and_die, way, folder, m, n), None) for n in files for m in MOMENTS]
        ends += [
            ("random", partial(fit, way, folder), rng.uniform(0, seconds))
            for _ in range(N_RANDOM_KILLS)
        ]
        for moment, work, after in ends:
            kills.append((way, moment, in_a_child(work, after), stored(folder)))
    return kills
