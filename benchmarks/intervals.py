"""Intervals: how often they hold the truth of rows held out, and how wide they are.

python -m benchmarks.intervals --data FOLDER
python -m benchmarks.intervals --data FOLDER --models ridge,mvp,mofa --only-folds 0,1
"""

import argparse
import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer

from benchmarks._accuracy_data import data_sets, outer_folds
from benchmarks._report import machine_line, numbers, print_row, seconds_of
from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.baselines import make_baselines

WIDTHS = [10, 10, 5]


def make_part(name: str, data, seed: int) -> BaseEstimator:
    if name == "mofa":
        imputer = SimpleImputer(strategy="median")
        return make_mofa_pipeline(data.modalities, ensemble=False, imputer=imputer)
    return make_baselines(data.modalities, names=name, random_state=seed)[name]


def fit_models(data, rows, validation, arguments):
    """Yield a name, a fitted model and its seconds: every part, and last their blend."""
    X, y = data.X[rows], data.y[rows]
    groups = data.groups[rows] if arguments.kind == "group" else None
    parts = []
    for name in arguments.models:
        ensemble = KFoldEnsembleRegressor(
            make_part(name, data, arguments.seed),
            cv=arguments.members,
            validation=validation,
            random_state=arguments.seed,  # the same splits for all
        )
        seconds, _ = seconds_of(lambda e=ensemble: e.fit(X, y, groups=groups))
        parts.append((name, ensemble))
        yield name, ensemble, seconds
    fitted = BlendRegressor(parts, cv="prefit")
    seconds, _ = seconds_of(lambda: fitted.fit(X, y))
    yield "blend", fitted, seconds


def measure(model, data, test, level, joint):
    """Coverage of every target and of all at once, and the mean widths."""
    low, high = np.moveaxis(model.predict_interval(data.X[test], level, joint), -1, 0)
    inside = (low <= data.y[test]) & (data.y[test] <= high)
    return np.array([*inside.mean(axis=0), inside.all(axis=1).mean(), *(high - low).mean(axis=0)])


def print_table(data, splits, arguments):
    """A row for every model, kind of validation and kind of interval: means over the folds."""
    names = [f"target {i}" for i in range(data.y.shape[1])]
    widths = [*WIDTHS, *[9] * len(names), 9, *[9] * len(names), 7]
    print_row(
        ["model", "validation", "joint", *names, "all", *["width"] * len(names), "fit s"], widths
    )
    for validation in arguments.validation:
        figures: dict = {}
        for train, test in splits:
            for name, model, seconds in fit_models(data, train, validation, arguments):
                for joint in (False, True):
                    row = measure(model, data, test, arguments.level, joint)
                    figures.setdefault((name, joint), []).append([*row, seconds])
        for (name, joint), rows in figures.items():
            *values, seconds = np.mean(rows, axis=0)
            coverages, spans = values[: len(names) + 1], values[len(names) + 1 :]
            cells = [f"{100 * value:.1f}%" for value in coverages]
            cells += [f"{value:.2f}" for value in spans]
            kind = "yes" if joint else "no"
            print_row([name, validation, kind, *cells, f"{seconds:.1f}"], widths)


def parse_arguments():
    def names(text):
        return numbers(text, str)

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data", metavar="FOLDER", help="folder of .npy files; without it, generated data")
    add("--models", type=names, default=["ridge", "mvp"], help="baselines, or mofa")
    add("--validation", type=names, default=["fold", "inner"], help="fold,inner")
    add("--kind", choices=["group", "shuffled"], default="group", help="of the folds")
    add("--outer-folds", type=int, default=5)
    add("--only-folds", type=numbers, default=None, help="some of the outer folds: 0,1")
    add("--members", type=int, default=10, help="of every ensemble")
    add("--level", type=float, default=0.9, help="confidence level")
    add("--seed", type=int, default=0)
    arguments = parser.parse_args()
    # Generated data without --data: one small set.
    arguments.grid, arguments.rows, arguments.blocks, arguments.noise = (
        False,
        [2000],
        ["narrow"],
        [0.85],
    )
    return arguments


def main():
    arguments = parse_arguments()
    warnings.simplefilter("ignore")
    print(machine_line("numpy", "scikit-learn", "torch"))
    for data in data_sets(arguments):
        splits = outer_folds(data, arguments.outer_folds, arguments.kind, arguments.seed)
        kept = range(len(splits)) if arguments.only_folds is None else arguments.only_folds
        print(
            f"\n{data.name}: {len(data.X):,} rows; {arguments.kind} folds {list(kept)}; "
            f"{arguments.members} members; intervals of {100 * arguments.level:g}%"
        )
        print_table(data, [splits[fold] for fold in kept], arguments)


if __name__ == "__main__":
    main()
