"""Prediction: an ensemble of ten members against ten plain skorch nets, time and memory.

python -m benchmarks.predict --rows 100000 --memory-map
"""

import argparse
import copy
import tempfile
import warnings
from pathlib import Path

import numpy as np
from skorch import NeuralNetRegressor

from benchmarks._report import PeakMemory, machine_line, median_seconds, megabytes, print_row
from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor

MODALITIES = {"image": 1024, "video": 768, "text": 1024}
N_TARGETS = 3
TRAINING_ROWS = 500
CHUNK_ROWS = 4096
WIDTHS = [30, 9, 14, 12, 16]


class PlainNets:
    """The same networks in plain skorch nets with their default DataLoader, averaged."""

    def __init__(self, ensemble):
        self.members = ensemble.estimators_
        self.nets = [
            NeuralNetRegressor(member.module_, device="cpu").initialize()
            for member in self.members
        ]

    def predict(self, X):
        """Average of the members' predictions, on the scale of the targets."""
        predictions = [
            net.predict(X) * member.target_scale_ + member.target_mean_
            for net, member in zip(self.nets, self.members, strict=True)
        ]
        return np.mean(predictions, axis=0)


def fit_ensemble(n_members):
    """Members of full size after one epoch on a few rows: enough for a prediction's cost."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((TRAINING_ROWS, sum(MODALITIES.values())), dtype=np.float32)
    y = rng.standard_normal((TRAINING_ROWS, N_TARGETS), dtype=np.float32)
    member = MoFARegressor(MODALITIES, max_epochs=1, device="cpu")
    return KFoldEnsembleRegressor(member, cv=n_members, random_state=0).fit(X, y)


def in_bfloat16(ensemble):
    """The same ensemble with members that predict in bfloat16."""
    reduced = copy.copy(ensemble)
    reduced.estimators_ = [
        copy.copy(member).set_params(precision="bfloat16") for member in ensemble.estimators_
    ]
    return reduced


def make_rows(n_rows, path=None):
    """Random rows, in memory or, with a path, in a file that is mapped read-only."""
    shape = n_rows, sum(MODALITIES.values())
    if path is None:
        X = np.empty(shape, dtype=np.float32)
    else:
        X = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    rng = np.random.default_rng(1)
    for start in range(0, n_rows, CHUNK_ROWS):
        chunk = X[start : start + CHUNK_ROWS]
        chunk[:] = rng.standard_normal(chunk.shape, dtype=np.float32)
    return X if path is None else np.load(path, mmap_mode="r")


def peak_memory(function):
    """Memory that a call adds to the process, in bytes."""
    with PeakMemory() as memory:
        function()
    return memory.peak


def compare(arguments, X):
    """Print one row for each way of predicting."""
    ensemble = fit_ensemble(arguments.members)
    plain = PlainNets(ensemble)
    reduced = in_bfloat16(ensemble)
    functions = {
        f"{arguments.members} skorch nets, averaged": lambda: plain.predict(X),
        "KFoldEnsembleRegressor": lambda: ensemble.predict(X),
        'with precision="bfloat16"': lambda: reduced.predict(X),
    }
    ensemble.predict(X[:CHUNK_ROWS])  # what the first call loads is not the prediction's
    memory = {name: peak_memory(function) for name, function in functions.items()}
    seconds = median_seconds(functions, arguments.repeats)
    n_few = min(len(X), 1000)
    expected = plain.predict(X[:n_few])
    print_row(["", "seconds", "us per row", "ratio", "peak memory"], WIDTHS)
    first = next(iter(seconds.values()))
    for name, value in seconds.items():
        microseconds = value / len(X) * 1e6
        cells = [f"{value:.2f}", f"{microseconds:.1f}", f"{first / value:.2f}"]
        print_row([name, *cells, megabytes(memory[name])], WIDTHS)
    print(f"\nof {n_few:,} predictions, in standard deviations of them:")
    for name, model in (("KFoldEnsembleRegressor", ensemble), ("bfloat16", reduced)):
        difference = np.abs(model.predict(X[:n_few]) - expected) / expected.std(axis=0)
        print(f"{name}: largest difference {difference.max():.1e}, mean {difference.mean():.1e}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--memory-map", action="store_true", help="rows in a temporary file instead of in memory"
    )
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    # The DataLoader warns of rows that cannot be written to.
    warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
    with tempfile.TemporaryDirectory() as folder:
        X = make_rows(arguments.rows, Path(folder, "X.npy") if arguments.memory_map else None)
        print(machine_line("numpy", "scikit-learn", "skorch", "torch"))
        print(
            f"{X.shape[0]:,} x {X.shape[1]} {X.dtype}, {megabytes(X.nbytes)}, "
            f"{'memory-mapped' if arguments.memory_map else 'in memory'}; median of "
            f"{arguments.repeats}, by turns\n"
            "peak memory: highest resident anonymous memory (RssAnon, sampled) during one "
            "prediction,\nless that before it; the input and the page cache do not count\n"
        )
        compare(arguments, X)


if __name__ == "__main__":
    main()
