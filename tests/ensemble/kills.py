"""Ensembles whose process is killed, again and again, until one fit ends.

Run as ``python -m tests.ensemble.kills FOLDER``: prints what was stored after each kill, and
leaves each way's predictions in the folder.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import Ridge

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.ensemble import _checkpoint

from ..helpers import make_data, small_mofa

N_FOLDS = 5
WAYS = {
    "one": {"n_jobs": 1},
    "two": {"n_jobs": 2},
    "stacked": {"engine": "stacked"},
    "companions": {"n_jobs": 1, "companions": [("ridge", Ridge())]},
}
# In the order of their place in the writing of one file.
MOMENTS = ["fsync", "replace", "replaced"]
N_RANDOM_KILLS = 3


def make_ensemble(way, folder):
    member = small_mofa(dropout=0.2)
    return KFoldEnsembleRegressor(
        member, cv=N_FOLDS, checkpoint=folder, random_state=0, **WAYS[way]
    )


def result_of(ensemble):
    X, _ = make_data(60)
    return {"predict": ensemble.predict(X), "oof": ensemble.oof_prediction_}


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


def stored(folder):
    return sorted(path.name for path in Path(folder).glob("member_*"))


def fit(way, folder, moment=None, n_files=0):
    if moment is not None:
        die_at(moment, n_files)
    ensemble = make_ensemble(way, folder).fit(*make_data(60))
    np.savez(folder.with_suffix(".npz"), **result_of(ensemble))


def kill_while_writing(way, folder, n_files):
    """Kill at every moment of a file's writing: the manifest's, or the next member's."""
    for moment in MOMENTS:
        code = in_a_child(lambda m=moment: fit(way, folder, m, n_files))
        print(way, moment, n_files, code, len(stored(folder)), flush=True)


def kill_at_random(way, folder, at_most, rng):
    """Kill after random times of up to that of a whole fit."""
    for _ in range(N_RANDOM_KILLS):
        code = in_a_child(lambda: fit(way, folder), rng.uniform(0, at_most))
        print(way, "random", 0, code, len(stored(folder)), flush=True)


def main(top):
    torch.set_num_threads(1)  # a process whose OpenMP has begun to work cannot be copied
    rng = random.Random(0)
    for way in WAYS:
        make_ensemble(way, None).set_params(n_jobs=1).fit(*make_data(60))  # loads what it needs
    start = time.perf_counter()
    in_a_child(lambda: fit("one", top / "time"))
    seconds = time.perf_counter() - start
    for way in WAYS:
        folder = top / way
        if way == "one":
            kill_while_writing(way, folder, 0)
        kill_while_writing(way, folder, 1)
        kill_at_random(way, folder, seconds, rng)
        print(way, "last", 0, in_a_child(lambda w=way: fit(w, top / w)), N_FOLDS, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
