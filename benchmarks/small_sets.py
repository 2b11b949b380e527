"""A small set with a strong signal: where the seconds of the default recipe go, and its error.

python -m benchmarks.small_sets
python -m benchmarks.small_sets --noise 0.8 --seeds 302,303
"""

import argparse
import time

import numpy as np
from sklearn.base import clone

from benchmarks._report import machine_line, numbers, print_row
from mofa_sklearn import KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.metrics import normalized_mean_squared_error

MODALITIES = {"image": 384, "title": 200, "sound": 40, "social": 12, "duration": 7}
N_TARGETS, N_TEST = 6, 4000
WIDTHS = [24, 9, 9, 10]


def measure(arguments, seed):
    """Return for each part the seconds of all processors, those of the clock, and the NMSE."""
    X, y = make_micro_videos(
        arguments.rows + N_TEST,
        modalities=MODALITIES,
        n_targets=N_TARGETS,
        noise=arguments.noise,
        random_state=seed,
    )
    X, X_test, y, y_test = X[N_TEST:], X[:N_TEST], y[N_TEST:], y[:N_TEST]
    pipeline = make_mofa_pipeline(MODALITIES, cv=arguments.members, random_state=seed)
    preprocess, ensemble = pipeline[0], pipeline[-1]
    figures = {}
    figures["whole pipeline"] = _fitted(pipeline, X, y, X_test, y_test)
    figures["preprocessing"] = [*_seconds(lambda: preprocess.fit(X, y)), np.nan]
    rows = (preprocess.transform(X), y, preprocess.transform(X_test), y_test)
    networks = clone(ensemble).set_params(companions=None)
    figures["networks alone"] = _fitted(networks, *rows)
    for name, companion in ensemble.companions:
        alone = KFoldEnsembleRegressor(companion, cv=arguments.members, random_state=seed)
        figures[f"{name} alone"] = _fitted(alone, *rows)
    return {name: np.array(row) for name, row in figures.items()}


def _fitted(model, X, y, X_test, y_test):
    seconds = _seconds(lambda: model.fit(X, y))
    return [*seconds, normalized_mean_squared_error(y_test, model.predict(X_test))]


def _seconds(function):
    processors, clock = time.process_time(), time.perf_counter()
    function()
    return time.process_time() - processors, time.perf_counter() - clock


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1600, help="training rows")
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--noise", type=float, default=0.05, help="share of noise in the targets")
    parser.add_argument("--seeds", type=numbers, default=[301], help="data sets, such as 301,302")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    print(machine_line("numpy", "scikit-learn", "torch"))
    print(
        f"{arguments.rows:,} x {sum(MODALITIES.values())} training rows, {N_TARGETS} targets, "
        f"noise {arguments.noise}; {arguments.members} members; NMSE on {N_TEST:,} other rows;\n"
        f"medians of the sets with the seeds {arguments.seeds}. A companion alone is fitted on "
        "all folds;\nin the pipeline, on two where it adds nothing.\n"
    )
    print_row(["part", "cpu s", "clock s", "NMSE"], WIDTHS)
    sets = [measure(arguments, seed) for seed in arguments.seeds]
    for name in sets[0]:
        cpu, clock, nmse = np.median([figures[name] for figures in sets], axis=0)
        print_row(
            [name, f"{cpu:.1f}", f"{clock:.1f}", "" if np.isnan(nmse) else f"{nmse:.4f}"], WIDTHS
        )


if __name__ == "__main__":
    main()
