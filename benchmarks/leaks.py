"""What is left behind after many fits: memory, open files, threads, processes.

python -m benchmarks.leaks --fits 200
"""

import argparse
import gc
import tempfile
from itertools import cycle
from pathlib import Path

import psutil
from sklearn.linear_model import Ridge

from benchmarks._report import (
    _give_back_free_memory,
    machine_line,
    megabytes,
    numbers,
    print_row,
    resident_bytes,
)
from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor, make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos

MODALITIES = {"image": 32, "text": 32}
WIDTHS = [6, 10, 12, 8, 10, 16]


def network():
    return MoFARegressor(MODALITIES, hidden_dim=32, max_epochs=3)


def one_network(folder):
    return network()


def in_threads(folder):
    return KFoldEnsembleRegressor(network(), cv=3, n_jobs=2, engine="joblib")


def stacked(folder):
    return KFoldEnsembleRegressor(network(), cv=3, engine="stacked")


def in_processes(folder):
    return KFoldEnsembleRegressor(Ridge(), cv=3, n_jobs=2)


def with_checkpoint(folder):
    return KFoldEnsembleRegressor(network(), cv=3, n_jobs=2, checkpoint=folder)


def whole_pipeline(folder):
    pipeline = make_mofa_pipeline(MODALITIES, cv=3, n_jobs=1)
    return pipeline.set_params(
        regressor__estimator__hidden_dim=32, regressor__estimator__max_epochs=3
    )


KINDS = {
    "one": one_network,
    "threads": in_threads,
    "stacked": stacked,
    "processes": in_processes,
    "checkpoint": with_checkpoint,
    "pipeline": whole_pipeline,
}


def fit_and_predict(make, X, y):
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "members").fit(X, y).predict(X)


def what_is_there():
    """Memory, open files, threads, child processes and their memory, of this process."""
    gc.collect()
    _give_back_free_memory()
    process = psutil.Process()
    children = process.children(recursive=True)
    of_children = sum(child.memory_info().rss for child in children)
    return [
        megabytes(resident_bytes()),
        process.num_fds(),
        process.num_threads(),
        len(children),
        megabytes(of_children),
    ]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=200)
    parser.add_argument("--at", type=numbers, default=[20, 100, 200], help="when to look")
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--kinds", default=",".join(KINDS), help="which fits, by turns")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    kinds = [KINDS[name] for name in arguments.kinds.split(",")]
    print(machine_line("scikit-learn", "skorch", "torch", "joblib"))
    print(f"{arguments.rows} rows; fits by turns: {arguments.kinds}\n")
    X, y = make_micro_videos(arguments.rows, modalities=MODALITIES, random_state=0)
    print_row(["fits", "memory", "open files", "threads", "processes", "their memory"], WIDTHS)
    for n_fits, make in zip(range(1, arguments.fits + 1), cycle(kinds), strict=False):
        fit_and_predict(make, X, y)
        if n_fits in arguments.at:
            print_row([n_fits, *what_is_there()], WIDTHS)


if __name__ == "__main__":
    main()
