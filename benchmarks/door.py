"""What it costs to come in: a float matrix through ModalityPreprocessor, vectors out of cells.

python -m benchmarks.door
python -m benchmarks.door --part vectors --rows 40000

The part `numbers` runs on older versions as well, to be compared with this one.
"""

import argparse
import statistics
import time
import tracemalloc

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from benchmarks._report import machine_line
from mofa_sklearn.preprocessing import ModalityPreprocessor

WIDTHS = {"image": 1024, "video": 768, "text": 1024}


def numbers_in_containers(n_rows):
    """Yield the names and containers of one float matrix."""
    X = np.random.default_rng(0).normal(size=(n_rows, sum(WIDTHS.values())))
    names = [f"{name}_{i}" for name, width in WIDTHS.items() for i in range(width)]
    for dtype in (np.float32, np.float64):
        yield f"array {dtype.__name__}", X.astype(dtype)
        yield f"DataFrame {dtype.__name__}", pd.DataFrame(X.astype(dtype), columns=names)


def vectors_in_containers(n_rows, width):
    """Yield the names and tables of one column of vectors."""
    import polars as pl
    import pyarrow as pa

    X = np.random.default_rng(0).normal(size=(n_rows, width)).astype(np.float32)
    for dtype in (np.float16, np.float32, np.float64):
        yield f"pandas, arrays {dtype.__name__}", _of_objects(list(X.astype(dtype)))
    yield "pandas, lists", _of_objects(X.tolist())
    yield "pandas, tuples", _of_objects([tuple(row) for row in X.tolist()])
    yield "polars Array", pl.DataFrame({"vector": X})
    yield "polars List", pl.DataFrame({"vector": pl.Series(X).arr.to_list()})
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), width)
    yield "pyarrow fixed-size list", pa.table({"vector": fixed})
    yield "pyarrow list", pa.table({"vector": fixed.cast(pa.list_(pa.float32()))})


def _of_objects(cells):
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return pd.DataFrame({"vector": column})


def seconds_and_peak(function, X, n_repeats):
    """Median of the CPU seconds of some calls, and the peak of what one allocates, in MiB."""
    times = []
    for _ in range(n_repeats):
        start = time.process_time()
        function(X)
        times.append(time.process_time() - start)
    tracemalloc.start()
    function(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return statistics.median(times), peak / 2**20


def show_numbers(n_rows, n_repeats):
    print(f"\n{n_rows} x {sum(WIDTHS.values())}, three modalities; median of {n_repeats}\n")
    print(f"{'X':20} {'transformer':14} {'method':14} {'CPU, s':>8} {'peak, MiB':>10}")
    for container, X in numbers_in_containers(n_rows):
        for default in ("passthrough", StandardScaler()):
            name = default if isinstance(default, str) else type(default).__name__
            preprocess = ModalityPreprocessor(default, modalities=WIDTHS).fit(X)
            for method in ("fit_transform", "transform"):
                seconds, peak = seconds_and_peak(getattr(preprocess, method), X, n_repeats)
                print(f"{container:20} {name:14} {method:14} {seconds:8.3f} {peak:10.0f}")


def show_vectors(n_rows, width, n_repeats):
    from mofa_sklearn.preprocessing import VectorColumns

    print(f"\n{n_rows} cells of {width} numbers; median of {n_repeats}\n")
    print(f"{'column':26} {'CPU, s':>8} {'peak, MiB':>10}")
    for container, X in vectors_in_containers(n_rows, width):
        seconds, peak = seconds_and_peak(VectorColumns().fit_transform, X, n_repeats)
        print(f"{container:26} {seconds:8.3f} {peak:10.0f}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=["numbers", "vectors", "all"], default="all")
    parser.add_argument("--rows", type=int, help="8000 of numbers, 40000 of vectors")
    parser.add_argument("--width", type=int, default=768, help="of the vectors")
    parser.add_argument("--repeats", type=int, default=9)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    print(machine_line("numpy", "pandas", "scikit-learn", "polars", "pyarrow"))
    if arguments.part in ("numbers", "all"):
        show_numbers(arguments.rows or 8000, arguments.repeats)
    if arguments.part in ("vectors", "all"):
        show_vectors(arguments.rows or 40000, arguments.width, arguments.repeats)


if __name__ == "__main__":
    main()
