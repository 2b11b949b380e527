"""
Predict popularity from precomputed embeddings
==============================================

Trains an ensemble on micro-videos, compares it with simpler regressors on videos that none of
them has seen, and saves the pipeline, its predictions and three pictures.

Without ``--data``, the videos are generated, and the lowest error that any model can reach is
known. With ``--data FOLDER``, they are read from ``<modality>_features.npy`` and
``popularity_counts.npy``. With ``--data FILE --target views,likes``, they are read from an
``.npz`` archive, or from a ``.parquet`` or ``.csv`` table with columns of any kind. Targets are
counts, of which the logarithm is learned. Where there are ``creator_ids``, or what ``--groups``
names, no creator is on both sides of any split. With ``--cross-validate N``, the comparison is
repeated on N outer folds and averaged.
"""

import argparse
import time
from pathlib import Path

import joblib
import matplotlib
import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, KFold, ShuffleSplit
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.datasets import load_modalities, make_micro_videos
from mofa_sklearn.inspection import (
    ModalityAttentionDisplay,
    PredictedVsTrueDisplay,
    TrainingCurvesDisplay,
)
from mofa_sklearn.metrics import normalized_mean_squared_error
from mofa_sklearn.modalities import resolve_modalities
from mofa_sklearn.preprocessing import FloatColumns, ModalityPreprocessor

TEST_SIZE = 0.2
# What creators are called, where nothing else is said.
CREATORS = ["creator_ids", "creator_id"]
# A narrow block holds numbers rather than an embedding.
MAX_NARROW_WIDTH = 32
# A column of a narrow block is a count where it is never negative and gets as large as this.
MIN_COUNT_MAXIMUM = 1000
RIDGE_ALPHAS = np.logspace(0, 6, 13)
# On more columns than this, boosting looks at a part of them per split and stops early: it takes
# minutes otherwise, and overfits.
MAX_BOOSTING_WIDTH = 2000


def main():
    args = parse_arguments()
    data = load(args)
    describe(data)

    train, test = hold_out(data, args.random_state)
    ensemble, scores = compare(data, train, test, args)
    print_table(scores, f"NMSE on {len(test):,} held-out rows (lower is better)")

    save(ensemble, data, test, Path(args.output))
    if args.cross_validate:
        scores = cross_validate(data, args)
        print_table(scores, f"NMSE, mean of {args.cross_validate} outer folds")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument(
        "--data", metavar="PATH", help="folder or file to read (default: generate)"
    )
    parser.add_argument(
        "--target",
        metavar="NAMES",
        default="popularity_counts",
        help="arrays or columns to predict, separated by commas",
    )
    parser.add_argument("--groups", metavar="NAME", help="array or column of creators")
    parser.add_argument("--output", metavar="FOLDER", default="demo_output")
    parser.add_argument("--folds", type=int, default=10, help="members of the ensemble")
    parser.add_argument("--n-samples", type=int, default=5000, help="rows to generate")
    parser.add_argument(
        "--max-epochs", type=int, help="epochs of a member (default: the recipe's)"
    )
    parser.add_argument("--random-state", type=int, default=0)
    parser.add_argument("--cross-validate", type=int, metavar="N", help="also compare on N folds")
    return parser.parse_args()


# Data


def load(args):
    """Return a Bunch with X, y, modalities, groups, target_names and conditional_mean."""
    if args.data is None:
        data = make_micro_videos(args.n_samples, return_bunch=True, random_state=args.random_state)
        groups = data.get("creator_ids")
    else:
        data, groups = read(args)
    y = np.asarray(data.target).reshape(len(data.data), -1)
    return Bunch(
        X=data.data if args.data is None else log1p_counts(data.data, data.modalities),
        y=y,
        modalities=data.modalities,
        groups=groups,
        target_names=data.get("target_names") or [f"target {i}" for i in range(y.shape[1])],
        conditional_mean=data.get("conditional_mean"),
    )


def read(args):
    """Return the data in a folder or a file, and the creators if they are known."""
    names = args.target.split(",")
    settings = {"target": names if len(names) > 1 else names[0], "log1p_target": True}
    metadata = [args.groups] if args.groups else []
    data = load_modalities(args.data, metadata=metadata, **settings)
    name = args.groups or next((each for each in CREATORS if each in data.feature_names), None)
    if name in data.feature_names:  # creators are no feature
        data = load_modalities(args.data, metadata=[name], **settings)
    return data, data.get(name or CREATORS[0])


def log1p_counts(X, modalities):
    """Take log(1 + x) of the columns that are counts; NaN stays.

    Counts are looked for among a table's numbers, and in narrow blocks of a matrix. A column's
    kind is all that is read from the rows, no statistic of them is put into the result.
    """
    if hasattr(X, "columns"):
        numbers = X.select_dtypes("number")
        counts = numbers.columns[(numbers.min() >= 0) & (numbers.max() > MIN_COUNT_MAXIMUM)]
        return X.assign(**np.log1p(X[counts]))
    X = np.array(X, dtype=np.float32)
    for columns in resolve_modalities(X, modalities).values():
        if len(columns) > MAX_NARROW_WIDTH:
            continue
        block = X[:, columns]
        smallest, largest = np.nanmin(block, axis=0), np.nanmax(block, axis=0)
        counts = columns[(smallest >= 0) & (largest > MIN_COUNT_MAXIMUM)]
        X[:, counts] = np.log1p(X[:, counts])
    return X


def describe(data):
    blocks = resolve_modalities(data.X, data.modalities)
    widths = ", ".join(f"{name} {len(columns)}" for name, columns in blocks.items())
    print(f"{len(data.X):,} videos; modalities: {widths}; targets: {', '.join(data.target_names)}")
    if data.groups is not None:
        n_creators = len(np.unique(data.groups))
        print(f"{n_creators:,} creators, each on one side of every split only")


# Splits


def take(X, rows):
    """Return some rows of a matrix or a table."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def hold_out(data, random_state):
    """Return the row numbers to train on and to test on."""
    splitter = ShuffleSplit if data.groups is None else GroupShuffleSplit
    splitter = splitter(1, test_size=TEST_SIZE, random_state=random_state)
    return next(splitter.split(data.X, data.y, data.groups))


def folds(data, n_splits, random_state):
    """Return a shuffled splitter that keeps creators together where they are known."""
    splitter = KFold if data.groups is None else GroupKFold
    return splitter(n_splits, shuffle=True, random_state=random_state)


# Models


def make_ensemble(data, args):
    """The pipeline to be shown: preprocessing per modality, then an ensemble over folds."""
    pipeline = make_mofa_pipeline(
        data.modalities,
        cv=folds(data, args.folds, args.random_state),
        random_state=args.random_state,
        verbose=1,
    )
    if args.max_epochs is not None:
        pipeline.set_params(regressor__estimator__max_epochs=args.max_epochs)
    return pipeline


def make_baselines(data, random_state):
    """Simpler regressors on all columns side by side, made numbers as the ensemble's are."""
    wide = data.X.shape[1] > MAX_BOOSTING_WIDTH
    settings = {"max_features": 0.1, "early_stopping": True} if wide else {}
    boosting = HistGradientBoostingRegressor(random_state=random_state, **settings)
    to_numbers = ModalityPreprocessor(FloatColumns(random_state=0), modalities=data.modalities)
    return {
        "Ridge": make_pipeline(
            to_numbers,
            SimpleImputer(strategy="median"),
            StandardScaler(),
            RidgeCV(RIDGE_ALPHAS, alpha_per_target=True),
        ),
        "gradient boosting": make_pipeline(to_numbers, MultiOutputRegressor(boosting, n_jobs=-1)),
        "training mean": DummyRegressor(),
    }


def member_predictions(ensemble, X):
    """Predict with every member alone; a list of arrays of y's shape."""
    encoded = ensemble[:-1].transform(X)
    return [member.predict(encoded) for member in ensemble.estimators_]


# Comparison


def compare(data, train, test, args):
    """Fit everything on the training rows, score it on the test rows.

    Returns the fitted ensemble and a table with one row per model: the NMSE of each target, their
    mean, and the seconds that fitting took.
    """
    X, y, X_test, y_test = take(data.X, train), data.y[train], take(data.X, test), data.y[test]
    groups = None if data.groups is None else data.groups[train]

    ensemble = make_ensemble(data, args)
    start = time.perf_counter()
    ensemble.fit(X, y, groups=groups)
    seconds = time.perf_counter() - start
    members = [nmse(y_test, prediction) for prediction in member_predictions(ensemble, X_test)]
    rows = {
        f"ensemble of {len(members)}": [*nmse(y_test, ensemble.predict(X_test)), seconds],
        "one member, on average": [*np.mean(members, axis=0), seconds / len(members)],
    }
    for name, model in make_baselines(data, args.random_state).items():
        start = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - start
        rows[name] = [*nmse(y_test, model.predict(X_test)), seconds]
    if data.conditional_mean is not None:
        rows["best possible"] = [*nmse(y_test, data.conditional_mean[test]), np.nan]
    return ensemble, to_table(rows, data.target_names)


def nmse(y_true, y_pred):
    """Normalized mean squared error of each target, shape (n_targets,)."""
    return normalized_mean_squared_error(y_true, y_pred, multioutput="raw_values")


def to_table(rows, target_names):
    table = pd.DataFrame.from_dict(rows, orient="index", columns=[*target_names, "seconds"])
    table.insert(len(target_names), "mean", table[target_names].mean(axis=1))
    return table


def cross_validate(data, args):
    """Average the comparison over outer folds."""
    outer = folds(data, args.cross_validate, args.random_state)
    splits = outer.split(data.X, data.y, data.groups)
    return sum(compare(data, *split, args)[1] for split in splits) / args.cross_validate


# Results


def print_table(table, title):
    formats = dict.fromkeys(table.columns, "{:.4f}".format) | {"seconds": "{:.1f}".format}
    print(f"\n{title}")
    print(table.to_string(formatters=formats, na_rep=""))


def save(ensemble, data, test, folder):
    """Save the pipeline, its predictions of the test rows, and pictures of both."""
    folder.mkdir(parents=True, exist_ok=True)
    X, y = take(data.X, test), data.y[test]
    y_pred = ensemble.predict(X)
    joblib.dump(ensemble, folder / "pipeline.joblib")
    np.save(folder / "predictions.npy", y_pred)

    matplotlib.use("Agg")
    displays = {
        "predicted_vs_true": PredictedVsTrueDisplay.from_predictions(
            y, y_pred, target_names=data.target_names
        ),
        "attention": ModalityAttentionDisplay.from_estimator(ensemble, X),
        "training_curves": TrainingCurvesDisplay.from_estimator(ensemble),
    }
    for name, display in displays.items():
        display.figure_.savefig(folder / f"{name}.png", dpi=150)
    print(f"\nSaved in {folder}:", ", ".join(sorted(path.name for path in folder.iterdir())))


if __name__ == "__main__":
    main()
