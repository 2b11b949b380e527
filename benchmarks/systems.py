"""Systems: every recipe beside the default one, regression and classification, by new creators.

python -m benchmarks.systems --data FOLDER
"""

import argparse
import warnings
from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

from benchmarks._accuracy_data import load_folder, outer_folds
from benchmarks._report import machine_line, numbers, print_row, seconds_of
from mofa_sklearn import MoFAClassifier, make_mofa_pipeline
from mofa_sklearn.estimators._base import BaseMoFA
from mofa_sklearn.evaluation._fit_arguments import fit_arguments, rows_of
from mofa_sklearn.metrics import (
    concordance_correlation_coefficient,
    normalized_mean_squared_error,
)
from mofa_sklearn.networks.fusions import ConditionalQuery
from mofa_sklearn.preprocessing import EngagementBinner
from mofa_sklearn.recipes import list_recipes

PACKAGES = ["numpy", "scikit-learn", "torch", "catboost"]
N_CLASSES = 5
# What guides CHFEN: the first of these that there is, else the first modality.
GUIDES = ["title", "text"]
QUICK_ROWS, QUICK_EPOCHS, QUICK_TREES = 400, 2, 10
WIDTHS = [20, 9, 9, 9, 9, 9]

REGRESSION = {
    "NMSE": normalized_mean_squared_error,
    "CCC": concordance_correlation_coefficient,
}
CLASSES = {
    "accuracy": accuracy_score,
    "macro F1": partial(f1_score, average="macro", zero_division=0),
    "kappa": partial(cohen_kappa_score, weights="quadratic"),
}
LABELS = {
    "macro F1": partial(f1_score, average="macro", zero_division=0),
    "micro F1": partial(f1_score, average="micro", zero_division=0),
}


def numbers_of(train, test):
    """Targets as they are."""
    return train, test


def levels_of(train, test):
    """Five classes of the first target, by quantiles of the training rows."""
    binner = EngagementBinner(N_CLASSES).fit(train[:, 0])
    return binner.transform(train[:, 0]), binner.transform(test[:, 0])


def labels_of(train, test):
    """Of every target: is it above the median of the training rows?"""
    median = np.median(train, axis=0)
    return (train > median).astype(int), (test > median).astype(int)


def make_entries(data, arguments):
    """Return a table -> (targets' maker, scores, name -> model)."""
    make = partial(_make, data, arguments)
    recipes = list_recipes()
    ordered = {name: make(name) for name in ("pixelrec-catboost", "pixelrec-ordinal")}
    regression = [name for name in recipes.index if recipes.task[name] == "regression"]
    classifier = partial(make, "default", estimator=MoFAClassifier(random_state=arguments.seed))
    return {
        "regression": (
            numbers_of,
            REGRESSION,
            {"mean": DummyRegressor(), **{name: make(name) for name in regression}},
        ),
        "five classes of the first target": (
            levels_of,
            CLASSES,
            {"most frequent": DummyClassifier(), "default": classifier(), **ordered},
        ),
        "labels: each target above its median": (
            labels_of,
            LABELS,
            {
                "most frequent": DummyClassifier(),
                "default": classifier(),
                "mm-imdb": make("mm-imdb"),
            },
        ),
    }


def _make(data, arguments, recipe, **params):
    model = make_mofa_pipeline(
        data.modalities,
        recipe=recipe,
        cv=arguments.members,
        imputer=SimpleImputer(strategy="median"),
        random_state=arguments.seed,
        **params,
    )
    if recipe == "chfen":
        guide = next((name for name in GUIDES if name in data.modalities), 0)
        model[-1].estimator.set_params(fusion=partial(ConditionalQuery, query=guide))
    return _shortened(model) if arguments.quick else model


def _shortened(model):
    """Make everything short: to see that it runs."""
    for part in list(model.get_params().values()):
        if isinstance(part, BaseMoFA):
            part.set_params(max_epochs=QUICK_EPOCHS, hidden_dim=32)
        if hasattr(part, "max_iter"):
            part.set_params(max_iter=QUICK_TREES)
        if type(part).__module__.startswith("catboost."):
            part.set_params(iterations=QUICK_TREES)
    return model


def score_on_folds(model, data, splits, make_targets, metrics):
    """Fit and score on every fold: (n_folds, n_metrics), and the seconds a fold takes."""
    scores, seconds = [], []
    # By the names under which the parts take them: creators stay together inside, too.
    arguments = fit_arguments(model, None, data.groups)
    for train, test in splits:
        y, y_test = make_targets(data.y[train], data.y[test])
        own = rows_of(arguments, train, len(data.X))
        X, X_test = data.X[train], data.X[test]
        duration, prediction = seconds_of(partial(_fit_and_predict, model, X, y, own, X_test))
        scores.append([metric(y_test, prediction) for metric in metrics.values()])
        seconds.append(duration)
    return np.array(scores), np.mean(seconds)


def _fit_and_predict(model, X, y, arguments, X_test):
    return clone(model).fit(X, y, **arguments).predict(X_test)


def print_table(title, metrics, models, score):
    """Print a row for each model: mean scores, the first one's deviation over folds, seconds."""
    print(f"\n{title}")
    print_row(["", *metrics, "sd", "s/fold"], WIDTHS[: len(metrics) + 3])
    for name, model in models.items():
        scores, seconds = score(model)
        cells = [f"{value:.4f}" for value in (*scores.mean(axis=0), scores[:, 0].std())]
        print_row([name, *cells, f"{seconds:.1f}"], WIDTHS[: len(cells) + 2])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data", metavar="FOLDER", required=True, help="folder of .npy files")
    add("--kind", choices=["group", "shuffled"], default="group", help="of the outer folds")
    add("--folds", type=int, default=5, help="number of outer folds")
    add("--only-folds", type=numbers, help="some of the outer folds: 0,1")
    add("--members", type=int, default=10, help="of ensembles")
    add("--systems", type=lambda text: numbers(text, str), help="some of them: default,mvp")
    add("--rows", type=int, help="so many of the rows alone, drawn at random")
    add("--quick", action="store_true", help=f"a try: {QUICK_ROWS} rows, and hardly any training")
    add("--seed", type=int, default=0)
    return parser.parse_args()


def take_rows(data, n_rows, seed):
    """Keep some rows, in their order."""
    if n_rows is None or n_rows >= len(data.X):
        return
    kept = np.sort(np.random.default_rng(seed).permutation(len(data.X))[:n_rows])
    data.X, data.y = data.X[kept], data.y[kept]
    data.groups = None if data.groups is None else data.groups[kept]


def main():
    arguments = parse_arguments()
    warnings.simplefilter("ignore")
    known = [*list_recipes().index, "mean", "most frequent"]
    unknown = sorted(set(arguments.systems or ()) - set(known))
    if unknown:
        raise SystemExit(f"--systems: {unknown} unknown; choose from {known}")
    data = load_folder(arguments.data)
    take_rows(data, QUICK_ROWS if arguments.quick else arguments.rows, arguments.seed)
    splits = outer_folds(data, arguments.folds, arguments.kind, arguments.seed)
    if arguments.only_folds:
        splits = [splits[fold] for fold in arguments.only_folds]
    if arguments.kind == "shuffled":
        data.groups = None
    print(machine_line(*PACKAGES))
    print(f"{data.name}: {len(data.X):,} rows, {len(splits)} {arguments.kind} folds")
    for title, (make_targets, metrics, models) in make_entries(data, arguments).items():
        chosen = {
            name: model
            for name, model in models.items()
            if arguments.systems is None or name in arguments.systems
        }
        if chosen:
            score = partial(
                score_on_folds,
                data=data,
                splits=splits,
                make_targets=make_targets,
                metrics=metrics,
            )
            print_table(title, metrics, chosen, score)


if __name__ == "__main__":
    main()
