"""Intervals: how often they hold the truth of rows held out, how wide they are, and their score.

Those of one width, adaptive ones, and those of MAPIE's CrossConformalRegressor around the same
model, which takes one target at a time (pip install mapie).

python -m benchmarks.intervals --data FOLDER
python -m benchmarks.intervals --data FOLDER --models default --only-folds 0,1 --no-mapie
"""

import argparse
import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import GroupKFold, KFold

from benchmarks._accuracy_data import data_sets, outer_folds
from benchmarks._report import machine_line, numbers, print_row, seconds_of
from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.baselines import make_baselines

WIDTHS = [8, 7, 10, 6]


def make_part(name: str, data, seed: int) -> BaseEstimator:
    return make_baselines(data.modalities, names=name, random_state=seed)[name]


def fit_models(data, rows, arguments):
    """Yield a name, a fitted model and its seconds: every part, and last their blend."""
    X, y = data.X[rows], data.y[rows]
    groups = groups_of(data, rows, arguments)
    parts = []
    for name in arguments.models:
        settings = {
            "cv": arguments.members,
            "validation": arguments.validation,
            "random_state": arguments.seed,  # the same splits for all
        }
        if name == "default":
            model = make_mofa_pipeline(data.modalities, **settings)
        else:
            model = KFoldEnsembleRegressor(make_part(name, data, arguments.seed), **settings)
        seconds, _ = seconds_of(lambda each=model: each.fit(X, y, groups=groups))
        parts.append((name, model))
        yield name, model, seconds
    if len(parts) > 1:
        fitted = BlendRegressor(parts, cv="prefit")
        seconds, _ = seconds_of(lambda: fitted.fit(X, y))
        yield "blend", fitted, seconds


def groups_of(data, rows, arguments):
    return data.groups[rows] if arguments.kind == "group" else None


def of_mapie(name, data, train, test, arguments):
    """Return MAPIE's intervals of every target, (n_samples, n_targets, 2)."""
    from mapie.regression import CrossConformalRegressor

    kind = GroupKFold if arguments.kind == "group" else KFold
    intervals = []
    for target in range(data.y.shape[1]):
        model = CrossConformalRegressor(
            make_part(name, data, arguments.seed),
            confidence_level=arguments.level,
            cv=kind(arguments.members, shuffle=True, random_state=arguments.seed),
        )
        groups = groups_of(data, train, arguments)
        model.fit_conformalize(data.X[train], data.y[train, target], groups=groups)
        intervals.append(model.predict_interval(data.X[test])[1][..., 0])
    return np.stack(intervals, axis=1)


def measure(interval, y, level):
    """Coverage of every target and of all at once, the mean widths, and the interval scores."""
    low, high = np.moveaxis(interval, -1, 0)
    inside = (low <= y) & (y <= high)
    missed_by = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    scores = high - low + 2 / (1 - level) * missed_by
    coverage = [*inside.mean(axis=0), inside.all(axis=1).mean()]
    return np.array([*coverage, *(high - low).mean(axis=0), *scores.mean(axis=0)])


def intervals_of(name, model, data, train, test, arguments):
    """Yield each kind of intervals: what they are called, whether joint, and they."""
    for joint in (False, True):
        for kind, adaptive in (("one width", False), ("adaptive", True)):
            params = {"joint": joint, "adaptive": adaptive}
            yield kind, joint, model.predict_interval(data.X[test], arguments.level, **params)
    if arguments.mapie and name not in ("blend", "default"):
        yield "MAPIE", False, of_mapie(name, data, train, test, arguments)


def print_table(data, splits, arguments):
    """A row for every model and kind of interval: means over the folds."""
    names = [f"target {i}" for i in range(data.y.shape[1])]
    n_targets = len(names)
    widths = [*WIDTHS, *[9] * (n_targets + 1), *[6] * n_targets, *[6] * n_targets]
    titles = ["width"] * n_targets + ["score"] * n_targets
    print_row(["model", "fit s", "intervals", "joint", *names, "all", *titles], widths)
    figures: dict = {}
    for train, test in splits:
        for name, model, seconds in fit_models(data, train, arguments):
            for kind, joint, interval in intervals_of(name, model, data, train, test, arguments):
                row = measure(interval, data.y[test], arguments.level)
                figures.setdefault((name, joint, kind), []).append([seconds, *row])
    for (name, joint, kind), rows in sorted(figures.items()):
        seconds, *values = np.mean(rows, axis=0)
        cells = [f"{100 * value:.1f}%" for value in values[: n_targets + 1]]
        cells += [f"{value:.2f}" for value in values[n_targets + 1 :]]
        print_row([name, f"{seconds:.1f}", kind, "yes" if joint else "no", *cells], widths)


def parse_arguments():
    def names(text):
        return numbers(text, str)

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data", metavar="FOLDER", help="folder of .npy files; without it, generated data")
    add("--models", type=names, default=["ridge", "mvp"], help="baselines, or default")
    add("--validation", default="inner", choices=["fold", "inner"])
    add("--kind", choices=["group", "shuffled"], default="group", help="of the folds")
    add("--outer-folds", type=int, default=5)
    add("--only-folds", type=numbers, default=None, help="some of the outer folds: 0,1")
    add("--members", type=int, default=5, help="of every ensemble")
    add("--level", type=float, default=0.9, help="confidence level")
    add("--mapie", action=argparse.BooleanOptionalAction, default=True)
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
