"""What does a Dask cluster cost on top of threads and processes of one machine?

    python -m benchmarks.clusters
    python -m benchmarks.clusters --rows 20000 --members 20 --workers 4

All on this machine, so that only the overhead differs: a cluster of several machines sends the
same bytes over a network. Needs `distributed` and, for the bytes, Linux.
"""

import argparse
import logging
from contextlib import contextmanager
from statistics import median

import dask.array as da
import joblib
import numpy as np
import psutil
from distributed import Client, LocalCluster

from benchmarks._report import machine_line, megabytes, print_row, seconds_of
from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor
from mofa_sklearn.dask import predict
from mofa_sklearn.datasets import make_micro_videos

WIDTHS = {"image": 256, "video": 192, "text": 256}
COLUMNS = (30, 10, 14, 12)


def bytes_sent():
    """Bytes that went over this machine's own network so far; those of others count too."""
    counters = psutil.net_io_counters(pernic=True)
    return counters["lo"].bytes_sent if "lo" in counters else 0


@contextmanager
def threads(n_workers):
    """As it is without a block: threads of this process."""
    yield


@contextmanager
def processes(n_workers):
    """Processes of this machine, which map one copy of the rows."""
    with joblib.parallel_config("loky", n_jobs=n_workers):
        yield


@contextmanager
def cluster(n_workers):
    """Workers of a cluster that is there already."""
    with joblib.parallel_config("dask"):
        yield


WAYS = {"threads, n_jobs": threads, "loky": processes, "dask": cluster}


def measure(make, X, y, arguments):
    """Fit by each way in turn; return median seconds and bytes, and check the predictions."""
    seconds, sent, predictions = {name: [] for name in WAYS}, {name: [] for name in WAYS}, {}
    for turn in range(arguments.repeats + 1):
        for name, way in WAYS.items():
            before = bytes_sent()
            with way(arguments.workers):
                elapsed, fitted = seconds_of(lambda: make().fit(X, y))
            predictions[name] = fitted.predict(X)
            if turn > 0:  # in the first turn, workers start and import
                seconds[name].append(elapsed)
                sent[name].append(bytes_sent() - before)
    first = next(iter(predictions.values()))
    equal = all(np.array_equal(first, other) for other in predictions.values())
    return (
        {name: median(values) for name, values in seconds.items()},
        {name: median(values) for name, values in sent.items()},
        equal,
        fitted,
    )


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--hidden-dim", type=int, default=128)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    logging.getLogger("distributed").setLevel(logging.ERROR)
    X, y = make_micro_videos(arguments.rows, modalities=WIDTHS, random_state=0)

    def make():
        member = MoFARegressor(
            WIDTHS,
            hidden_dim=arguments.hidden_dim,
            max_epochs=arguments.epochs,
            n_iter_no_change=None,
        )
        return KFoldEnsembleRegressor(
            member,
            cv=arguments.members,
            n_jobs=arguments.workers,
            engine="joblib",
            random_state=0,
        )

    print(machine_line("scikit-learn", "torch", "joblib", "dask", "distributed"))
    print(
        f"{arguments.rows:,} rows of {X.shape[1]} columns ({megabytes(X.nbytes)}), "
        f"{arguments.members} members of {arguments.epochs} epochs, {arguments.workers} workers "
        f"of one thread; median of {arguments.repeats}, by turns\n"
    )
    local = LocalCluster(
        n_workers=arguments.workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
    )
    with local, Client(local):
        seconds, sent, equal, fitted = measure(make, X, y, arguments)
        print_row(["fit", "seconds", "network", "times X"], COLUMNS)
        for name in WAYS:
            print_row(
                [
                    name,
                    f"{seconds[name]:.2f}",
                    megabytes(sent[name]),
                    f"{sent[name] / X.nbytes:.1f}",
                ],
                COLUMNS,
            )
        print(f"\nsame predictions, bit for bit: {equal}")
        rows = da.from_array(np.tile(X, (10, 1)), chunks=(arguments.rows // 2, -1))
        plain, _ = seconds_of(lambda: fitted.predict(np.tile(X, (10, 1))))
        before = bytes_sent()
        spread, _ = seconds_of(predict(fitted, rows).compute)
        print(
            f"predict {len(rows):,} rows: {plain:.2f} s at once, {spread:.2f} s in "
            f"{rows.numblocks[0]} partitions, {megabytes(bytes_sent() - before)} over the "
            f"network for {megabytes(rows.nbytes)} of rows"
        )


if __name__ == "__main__":
    main()
