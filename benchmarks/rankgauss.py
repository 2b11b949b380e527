"""RankGaussTransformer against scikit-learn's QuantileTransformer: seconds, memory, difference.

python -m benchmarks.rankgauss --rows 8000 --columns 2816 --n-jobs 2
"""

import argparse
import tracemalloc
from functools import partial

import numpy as np
from sklearn.preprocessing import QuantileTransformer

from benchmarks._report import machine_line, median_seconds
from mofa_sklearn.preprocessing._rank_gauss import RankGaussTransformer

METHODS = ["fit", "transform", "fit_transform", "inverse_transform"]


def make_data(n_rows, n_columns, random_state=0):
    """Heavy-tailed float32 columns; every eighth has only a few values, and so many ties."""
    rng = np.random.default_rng(random_state)
    X = np.empty((n_rows, n_columns), dtype=np.float32)
    for column in range(n_columns):
        X[:, column] = rng.standard_t(2, size=n_rows)
    X[:, ::8] = X[:, ::8].round()
    return X


def make_transformers(n_jobs):
    """The two that are compared, the reference first."""
    return {
        "QuantileTransformer": QuantileTransformer(subsample=None, output_distribution="normal"),
        "RankGaussTransformer": RankGaussTransformer(n_jobs=n_jobs),
    }


def measure_memory(function, X):
    """Peak of what `function(X)` allocates, its result included, in multiples of the size of X."""
    tracemalloc.start()
    function(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / X.nbytes


def learned(transformer, method, X):
    """What a method gives; for `fit`, the quantiles."""
    result = getattr(transformer, method)(X)
    return result.quantiles_ if method == "fit" else result


def measure_difference(reference, other, method, X):
    """Largest absolute difference between the results of the two."""
    difference = learned(other, method, X) - learned(reference, method, X)
    return float(np.nanmax(np.abs(difference)))


def compare(X, n_repeats, n_jobs):
    """Yield one row of the table for every method."""
    reference, ours = make_transformers(n_jobs).values()
    scores = reference.fit_transform(X)
    ours.fit(X)
    for method in METHODS:
        data = scores if method == "inverse_transform" else X
        functions = [getattr(transformer, method) for transformer in (reference, ours)]
        calls = {function: partial(function, data) for function in functions}
        seconds = median_seconds(calls, n_repeats).values()
        memory = [measure_memory(function, data) for function in functions]
        yield method, *seconds, *memory, measure_difference(reference, ours, method, data)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--columns", type=int, default=2816)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--n-jobs", type=int, default=2)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    X = make_data(arguments.rows, arguments.columns)
    print(f"{machine_line('numpy', 'scipy', 'scikit-learn')}; n_jobs={arguments.n_jobs}")
    print(
        f"{X.shape[0]} x {X.shape[1]} {X.dtype}, {X.nbytes / 2**20:.0f} MiB; "
        f"median of {arguments.repeats}; peak memory beyond the input, in multiples of it"
    )
    names = "/".join(make_transformers(None))
    print(f"columns: {names}\n")
    print(f"{'method':18} {'seconds':>15} {'ratio':>6} {'peak memory':>13} {'max difference':>15}")
    for method, slow, fast, memory_slow, memory_fast, difference in compare(
        X, arguments.repeats, arguments.n_jobs
    ):
        print(
            f"{method:18} {slow:7.2f}/{fast:7.3f} {slow / fast:5.1f}x "
            f"{memory_slow:6.2f}/{memory_fast:6.2f} {difference:15.1e}"
        )


if __name__ == "__main__":
    main()
