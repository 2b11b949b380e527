"""Classes: the default, bags of boosters and logistic regression on the same folds.

    python -m benchmarks.classification
    python -m benchmarks.classification --numbers 10 --rows 3750 --noise 0.6 --classes 5
    python -m benchmarks.classification --data FOLDER --kind group --target 0 --classes 5

Rows are generated: four blocks that are noisy views of the same hidden causes, and 15 classes
drawn from scores that are partly linear in these; with `--numbers`, so many raw numbers (counts,
flags, shares), and a target that depends on thresholds in them. That target, or one of a folder of
arrays with `--data`, is cut into classes at quantiles of the training rows. A bag is a
KFoldEnsembleClassifier of ten boosters on the default's own folds; each stops early on the rows
that it does not learn from. Seconds are of one processor (`time.process_time`).
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from benchmarks._accuracy_data import load_folder
from benchmarks._report import machine_line, numbers, print_row
from mofa_sklearn import KFoldEnsembleClassifier, MoFAClassifier, make_mofa_pipeline
from mofa_sklearn.baselines import make_classifier_baselines
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.preprocessing import EngagementBinner, GapFiller

N_FOLDS = 5
BOOSTERS = ["lightgbm", "xgboost", "catboost", "hist-gb"]
MODELS = ["default", "best", *[f"bag of {name}" for name in BOOSTERS], "logistic"]
WIDTHS = [14, 7, 8, 12, 9, 9]
# Of generated rows: hidden causes, hidden units, and how much of a score is not linear.
N_CAUSES, N_UNITS, BENT = 14, 40, 0.5
BLOCKS = {"image": 64, "text": 32, "sound": 16, "numbers": 7}


def generate(n_samples: int, n_classes: int, scale: float, noise: float, seed: int) -> Bunch:
    """Generate rows; the larger `scale`, the more certain is a row's class, given its causes."""
    rng = np.random.default_rng(seed)
    causes = rng.normal(size=(n_samples, N_CAUSES))
    linear = causes @ rng.normal(size=(N_CAUSES, n_classes))
    units = np.tanh(1.5 * causes @ rng.normal(size=(N_CAUSES, N_UNITS)) / np.sqrt(N_CAUSES))
    bent = units @ rng.normal(size=(N_UNITS, n_classes))
    scores = (1 - BENT) * linear / linear.std() + BENT * bent / bent.std()
    scores = scale * scores / scores.std() + 0.5 * rng.normal(size=n_classes)
    y = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
    blocks = []
    for width in BLOCKS.values():
        straight, curved = rng.normal(size=(2, N_CAUSES, width)) / np.sqrt(N_CAUSES)
        block = causes @ straight * rng.uniform(0.5, 1.5, width) + 0.5 * np.tanh(
            2 * causes @ curved
        )
        blocks.append(block + noise * block.std(axis=0) * rng.normal(size=block.shape))
    name = f"generated, {n_samples:,} rows, {n_classes} classes, scale {scale:g}, noise {noise:g}"
    X = np.concatenate(blocks, axis=1).astype(np.float32)
    return Bunch(name=name, X=X, y=y, modalities=BLOCKS, groups=None, binned=False)


def generate_numbers(n_samples: int, n_columns: int, noise: float, seed: int) -> Bunch:
    """Generate raw numbers, and a target that depends on thresholds in them."""
    widths = {"numbers": n_columns}
    X, y = make_micro_videos(
        n_samples,
        modalities=widths,
        numeric_modalities=["numbers"],
        n_targets=1,
        noise=noise,
        random_state=seed,
    )
    name = f"generated, {n_samples:,} rows, {n_columns} raw numbers, noise {noise:g}"
    return Bunch(name=name, X=X, y=y, modalities=widths, groups=None, binned=True)


def make_model(name: str, data: Bunch, n_members: int, seed: int):
    """Make a model; the rows may have gaps."""
    if name in ("default", "best"):
        return make_mofa_pipeline(
            data.modalities,
            recipe=name,
            estimator=MoFAClassifier(),
            cv=n_members,
            random_state=seed,
        )
    if name == "logistic":
        search = LogisticRegressionCV(Cs=np.logspace(-4, 1, 6), cv=5, scoring="neg_log_loss")
        return make_pipeline(GapFiller(), StandardScaler(), search.set_params(max_iter=1000))
    booster = name.removeprefix("bag of ")
    member = make_classifier_baselines(names=booster, n_jobs=1, random_state=seed)[booster]
    return KFoldEnsembleClassifier(member, cv=n_members, n_jobs=1, random_state=seed)


def splits_of(data: Bunch, kind: str, n_folds: int, seed: int) -> list:
    if kind == "group":
        folds = GroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    elif not data.binned:
        folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    else:
        folds = KFold(N_FOLDS, shuffle=True, random_state=seed)
    return list(folds.split(data.X, data.y, data.groups if kind == "group" else None))[:n_folds]


def evaluate(name: str, data: Bunch, splits: list, arguments) -> list[float]:
    """Return the means over the folds: accuracy, log loss, calibration error, seconds."""
    results = []
    for train, test in splits:
        y_train, y_test = data.y[train], data.y[test]
        if data.binned:
            binner = EngagementBinner(arguments.classes).fit(y_train)
            y_train, y_test = binner.transform(y_train), binner.transform(y_test)
        model = make_model(name, data, arguments.members, arguments.seed)
        groups = arguments.kind == "group" and name != "logistic"
        params = {"groups": data.groups[train]} if groups else {}
        start = time.process_time()
        model.fit(data.X[train], y_train, **params)
        fitted = time.process_time()
        probabilities = model.predict_proba(data.X[test])
        seconds = [fitted - start, time.process_time() - fitted]
        chosen = model.classes_[probabilities.argmax(axis=1)]
        scores = [
            accuracy_score(y_test, chosen),
            log_loss(y_test, probabilities, labels=model.classes_),
            calibration_error(chosen == y_test, probabilities.max(axis=1)),
        ]
        results.append([*scores, *seconds])
    return np.mean(results, axis=0).tolist()


def calibration_error(right: np.ndarray, said: np.ndarray, n_bins: int = 10) -> float:
    """Return how far accuracy is from what was said, on average over equal parts of the rows."""
    parts = np.array_split(np.argsort(said), n_bins)
    return sum(len(part) * abs(right[part].mean() - said[part].mean()) for part in parts) / len(
        right
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--data", metavar="FOLDER", help="folder of .npy files; without it, generated rows")
    add("--target", type=int, default=0, help="of the folder: which column is cut into classes")
    add("--classes", type=int, default=15)
    add("--numbers", type=int, help="generate so many raw numbers in place of four blocks")
    add("--rows", type=int, default=4485, help="of generated data; four fifths are learned from")
    add("--scale", type=float, default=20.0, help="of generated scores: how certain a class is")
    add("--noise", type=float, default=0.2, help="of generated columns, beside their signal")
    add("--kind", choices=["group", "shuffled"], default="shuffled", help="of the outer folds")
    add("--folds", type=int, default=N_FOLDS, help=f"how many of {N_FOLDS} to run")
    add("--members", type=int, default=10)
    add("--models", type=lambda text: numbers(text, str), default=MODELS, help=",".join(MODELS))
    add("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(machine_line("scikit-learn", "torch", "lightgbm", "xgboost", "catboost"))
    if arguments.data:
        data = load_folder(arguments.data)
        data.y, data.name = data.y[:, arguments.target], Path(arguments.data).name
        data.binned = True
    elif arguments.numbers:
        data = generate_numbers(arguments.rows, arguments.numbers, arguments.noise, arguments.seed)
    else:
        settings = (arguments.rows, arguments.classes, arguments.scale, arguments.noise)
        data = generate(*settings, arguments.seed)
    splits = splits_of(data, arguments.kind, arguments.folds, arguments.seed)
    print(f"{data.name}; {len(splits)} {arguments.kind} fold(s), {arguments.classes} classes")
    print_row(["model", "acc.", "log loss", "calibration", "fit s", "predict s"], WIDTHS)
    for name in arguments.models:
        *scores, fit, predict = evaluate(name, data, splits, arguments)
        cells = [f"{score:.4f}" for score in scores]
        print_row([name, *cells, f"{fit:.1f}", f"{predict:.2f}"], WIDTHS)


if __name__ == "__main__":
    main()
