"""Accuracy: NMSE of linear models, boosting, networks and ours on the same outer folds.

python -m benchmarks.accuracy --data FOLDER --kind group
python -m benchmarks.accuracy --grid --rows 1000,8000 --models ridge,lightgbm,mofa
"""

import argparse
import csv
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.base import clone

from benchmarks._accuracy_data import BLOCKS, data_sets, outer_folds
from benchmarks._accuracy_models import MODELS, WITH_GROUPS, Setting
from benchmarks._report import machine_line, numbers, print_row, seconds_of
from mofa_sklearn.metrics import normalized_mean_squared_error

PACKAGES = ["numpy", "scikit-learn", "torch", "xgboost", "lightgbm", "catboost", "pytabkit"]
CSV_HEADER = ["data", "kind", "seed", "members", "model", "fold", "nmse", "nmse_of_targets"]
CSV_HEADER += ["fit_seconds", "cpu_seconds", "predict_seconds", "error"]


@dataclass
class Result:
    """What one model reached, a list entry for every outer fold."""

    model: str
    folds: list = field(default_factory=list)
    nmse: list = field(default_factory=list)  # of (n_targets,)
    fit_seconds: list = field(default_factory=list)
    cpu_seconds: list = field(default_factory=list)  # of the fit
    predict_seconds: list = field(default_factory=list)
    error: str = ""

    @property
    def means(self):
        """Mean NMSE over the targets, for every fold."""
        return np.mean(self.nmse, axis=1)


def evaluate(name, data, splits, setting, kind):
    """Fit and score one model on every outer fold; an exception ends up in the result."""
    result = Result(name)
    try:
        model = MODELS[name](setting)
        for fold, (train, test) in splits.items():
            _evaluate_fold(clone(model), data, train, test, kind, result)
            result.folds.append(fold)
    except ModuleNotFoundError as error:
        result.error = f"skipped: {error.name} is not installed"
    except Exception as error:
        result.error = f"failed: {type(error).__name__}: {error}".splitlines()[0]
    return result


def _evaluate_fold(model, data, train, test, kind, result):
    groups = kind == "group" and result.model in WITH_GROUPS
    params = {"groups": data.groups[train]} if groups else {}
    X, y, X_test = data.X[train], data.y[train], data.X[test]
    start = time.process_time()
    fit_seconds, _ = seconds_of(lambda: model.fit(X, y, **params))
    result.cpu_seconds.append(time.process_time() - start)
    predict_seconds, prediction = seconds_of(lambda: model.predict(X_test))
    nmse = normalized_mean_squared_error(
        data.y[test], prediction.reshape(len(test), -1), multioutput="raw_values"
    )
    result.nmse.append(nmse)
    result.fit_seconds.append(fit_seconds)
    result.predict_seconds.append(predict_seconds)


def best_possible(data, splits):
    """The error of the true mean of generated targets."""
    result = Result("(best possible)")
    for fold, (_, test) in splits.items():
        truth, mean = data.y[test], data.conditional_mean[test]
        result.nmse.append(normalized_mean_squared_error(truth, mean, multioutput="raw_values"))
        result.folds.append(fold)
        result.fit_seconds.append(0.0)
        result.cpu_seconds.append(0.0)
        result.predict_seconds.append(0.0)
    return result


def print_header(data):
    widths = _widths(data)
    print_row(["model", *data.target_names, "mean", "std", "fit s", "cpu s", "predict s"], widths)


def print_result(data, result):
    """One row: means over the folds, and the standard deviation of the folds' means."""
    if result.error:
        print(f"{result.model:16}  {result.error}", flush=True)
    if not result.nmse:
        return
    name = result.model + (f" ({len(result.folds)} folds only)" if result.error else "")
    cells = [f"{value:.4f}" for value in np.mean(result.nmse, axis=0)]
    cells += [f"{result.means.mean():.4f}", f"{result.means.std():.4f}"]
    cells += [f"{np.mean(each):.1f}" for each in (result.fit_seconds, result.cpu_seconds)]
    cells += [f"{np.mean(result.predict_seconds):.2f}"]
    print_row([name, *cells], _widths(data))


def _widths(data):
    return [16, *(max(len(name), 7) for name in data.target_names), 7, 7, 8, 8, 9]


def append_csv(path, data, result, arguments):
    """Append a row for every fold, and one for an error; a new file gets a header."""
    is_new = not Path(path).exists()
    key = [data.name, arguments.kind, arguments.seed, arguments.members, result.model]
    with open(path, "a", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(CSV_HEADER)
        seconds_of_folds = (result.fit_seconds, result.cpu_seconds, result.predict_seconds)
        for fold, nmse, *seconds in zip(result.folds, result.nmse, *seconds_of_folds, strict=True):
            targets = zip(data.target_names, nmse, strict=True)
            of_targets = "; ".join(f"{name}={value:.6f}" for name, value in targets)
            rounded = [f"{value:.3f}" for value in seconds]
            writer.writerow([*key, fold, f"{np.mean(nmse):.6f}", of_targets, *rounded, ""])
        if result.error:
            writer.writerow([*key, *[""] * 6, result.error])


def compare(data, arguments):
    """Print the models' rows as they come, then sorted by their error."""
    splits = dict(
        enumerate(outer_folds(data, arguments.outer_folds, arguments.kind, arguments.seed))
    )
    if arguments.only_folds:
        splits = {fold: splits[fold] for fold in arguments.only_folds}
    setting = Setting(
        data.modalities,
        n_members=arguments.members,
        seed=arguments.seed,
        max_epochs=arguments.max_epochs,
        max_trees=arguments.max_trees,
    )
    blocks = ", ".join(f"{name} {width}" for name, width in data.modalities.items())
    kind = "sets" if data.splits else f"{arguments.kind} folds"
    print(f"\n{data.name}: {len(data.X):,} rows; {blocks}; {kind} {list(splits)}")
    print_header(data)
    results = [] if data.conditional_mean is None else [best_possible(data, splits)]
    for name in arguments.models:
        results.append(evaluate(name, data, splits, setting, arguments.kind))
        print_result(data, results[-1])
        if arguments.csv:
            append_csv(arguments.csv, data, results[-1], arguments)
    print("\nsorted by the mean:")
    print_header(data)
    complete = [result for result in results if len(result.folds) == len(splits)]
    for result in sorted(complete, key=lambda result: result.means.mean()):
        print_result(data, result)


def parse_arguments():
    def names(text):
        return numbers(text, str)

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data", metavar="FOLDER", help="folder of .npy files; without it, generated data")
    add("--grid", action="store_true", help="generated data, also besides --data")
    add("--rows", type=numbers, default=[1000, 8000], help="of generated data: 1000,8000")
    add("--blocks", type=names, default=list(BLOCKS), help="of generated data: narrow,wide")
    add("--noise", type=lambda text: numbers(text, float), default=[0.85, 0.05])
    add("--models", type=names, default=list(MODELS), help=",".join(MODELS))
    add("--kind", choices=["group", "shuffled"], default="shuffled", help="of the outer folds")
    add("--outer-folds", type=int, default=5)
    add("--only-folds", type=numbers, help="some of the outer folds: 0,1")
    add("--members", type=int, default=10, help="of our ensembles")
    add("--seed", type=int, default=0, help="of folds and models, and of the first generated set")
    add("--sets", type=int, default=3, help="generated sets of each kind, where shuffled")
    add("--test-rows", type=int, default=4000, help="of each, to predict, beside --rows")
    add("--max-epochs", type=int, help="of all networks, for a try")
    add("--max-trees", type=int, help="of all boosters, for a try")
    add("--csv", metavar="FILE", help="append a row for every model and fold")
    arguments = parser.parse_args()
    for option, known in (("models", MODELS), ("blocks", BLOCKS)):
        unknown = set(getattr(arguments, option)) - set(known)
        if unknown:
            parser.error(f"--{option}: {sorted(unknown)} unknown; choose from {list(known)}")
    return arguments


def main():
    arguments = parse_arguments()
    warnings.simplefilter("ignore")
    print(machine_line(*PACKAGES))
    print(
        f"{arguments.members} members in an ensemble; seed {arguments.seed}; seconds of one fold"
    )
    for data in data_sets(arguments):
        compare(data, arguments)


if __name__ == "__main__":
    main()
