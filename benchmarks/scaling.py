"""Scaling: time and memory of an ensemble's fit and prediction as rows and members grow.

python -m benchmarks.scaling --rows 1000,10000,100000,1000000 --members 1,5,20

The rows come from a memory-mapped float32 file. Every configuration is fitted in a process of its
own, so that its peak is its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit

from benchmarks._report import (
    PeakMemory,
    machine_line,
    megabytes,
    numbers,
    print_row,
    seconds_of,
)
from mofa_sklearn import make_mofa_pipeline

MODALITIES = {"image": 192, "video": 128, "text": 192}
N_TARGETS = 3
NOISE = 0.8
TEST_SIZE = 0.1
CHUNK_ROWS = 8192
WARM_UP_ROWS = 200
HEADER = ["rows", "members", "fit s", "s/epoch", "us/row", "input", "fit peak"]
HEADER += ["predict s", "predict peak"]
WIDTHS = [11, 7, 9, 9, 8, 11, 12, 9, 12]


def write_data(folder, n_rows):
    """Write X.npy and y.npy: normal columns, targets from a linear readout and noise."""
    rng = np.random.default_rng(0)
    width = sum(MODALITIES.values())
    X = np.lib.format.open_memmap(
        folder / "X.npy", mode="w+", dtype=np.float32, shape=(n_rows, width)
    )
    y = np.empty((n_rows, N_TARGETS), dtype=np.float32)
    readout = rng.standard_normal((width, N_TARGETS)) / np.sqrt(width)
    for start in range(0, n_rows, CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        X[rows] = rng.standard_normal(X[rows].shape, dtype=np.float32)
        noise = rng.standard_normal(y[rows].shape)
        y[rows] = np.sqrt(1 - NOISE) * (X[rows] @ readout) + np.sqrt(NOISE) * noise
    X.flush()
    np.save(folder / "y.npy", y)


def measure(folder, n_rows, n_members, arguments):
    """Fit one configuration in this process, predict all rows; return seconds and peaks."""
    X = np.load(folder / "X.npy", mmap_mode="r")[:n_rows]
    y = np.load(folder / "y.npy")[:n_rows]
    fitted = make_model(n_members, arguments)
    # What the first fit of a process loads is not this fit's.
    clone(fitted).fit(X[:WARM_UP_ROWS], y[:WARM_UP_ROWS])
    with PeakMemory() as memory:
        seconds, _ = seconds_of(lambda: fitted.fit(X, y))
    with PeakMemory() as predict_memory:
        predict_seconds, _ = seconds_of(lambda: fitted.predict(X))
    return {
        "seconds": seconds,
        "peak": memory.peak,
        "predict_seconds": predict_seconds,
        "predict_peak": predict_memory.peak,
        "input": X.nbytes,
    }


def make_model(n_members, arguments):
    """An ensemble of networks alone that train for as many epochs, or the whole pipeline."""
    splits = ShuffleSplit(n_members, test_size=TEST_SIZE, random_state=0)
    pipeline = make_mofa_pipeline(MODALITIES, cv=splits, random_state=0)
    ensemble = pipeline[-1]
    ensemble.set_params(engine=arguments.engine)
    ensemble.estimator.set_params(
        max_epochs=arguments.epochs, n_iter_no_change=None, device=arguments.device
    )
    if arguments.model == "pipeline":
        return pipeline
    ensemble.estimator.set_params(modalities=MODALITIES)
    return ensemble.set_params(companions=None)


def measure_apart(folder, n_rows, n_members, arguments):
    """Run `measure` in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.scaling", "--only-measure", str(folder)]
    command += ["--rows", str(n_rows), "--members", str(n_members)]
    command += ["--epochs", str(arguments.epochs), "--model", arguments.model]
    command += ["--engine", arguments.engine, "--device", arguments.device]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        return None
    return json.loads(done.stdout.splitlines()[-1])


def print_table(folder, arguments):
    """Print a row for each configuration as it is ready."""
    print_row(HEADER, WIDTHS)
    for n_rows in arguments.rows:
        for n_members in arguments.members:
            figures = measure_apart(folder, n_rows, n_members, arguments)
            if figures is None:
                print_row([f"{n_rows:,}", n_members, "failed"], WIDTHS[:3])
                continue
            print_row([f"{n_rows:,}", n_members, *cells(figures, n_members, arguments)], WIDTHS)


def cells(figures, n_members, arguments):
    """The figures of one row, as text."""
    n_rows = figures["input"] / (4 * sum(MODALITIES.values()))
    epoch = figures["seconds"] / (n_members * arguments.epochs)
    return [
        f"{figures['seconds']:.2f}",
        f"{epoch:.3f}",
        f"{epoch / n_rows * 1e6:.1f}",
        megabytes(figures["input"]),
        megabytes(figures["peak"]),
        f"{figures['predict_seconds']:.2f}",
        megabytes(figures["predict_peak"]),
    ]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=numbers, default=[1000, 10_000, 100_000])
    parser.add_argument("--members", type=numbers, default=[1, 5])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument(
        "--model",
        choices=["ensemble", "pipeline"],
        default="ensemble",
        help="networks on the mapped rows, or the pipeline with preprocessing and companions",
    )
    parser.add_argument("--engine", default="auto", help="of the ensemble")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--only-measure", metavar="FOLDER", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.only_measure:
        folder = Path(arguments.only_measure)
        (n_rows,), (n_members,) = arguments.rows, arguments.members
        print(json.dumps(measure(folder, n_rows, n_members, arguments)))
        return
    print(machine_line("numpy", "scikit-learn", "skorch", "torch"))
    print(
        f"{arguments.model}, {sum(MODALITIES.values())} columns, {arguments.epochs} epoch(s), "
        f"{1 - TEST_SIZE:.0%} of the rows to each member; s/epoch: of one member, members that "
        "train side by\nside counted together; us/row: per epoch and member; peak: resident "
        "anonymous memory that was added (RssAnon,\nsampled), pages of the mapped input not "
        "counted\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder), max(arguments.rows))
        print_table(Path(folder), arguments)


if __name__ == "__main__":
    main()
