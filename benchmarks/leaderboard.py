"""Leaderboard: every baseline, the network ensemble and blends, on the same outer folds.

python -m benchmarks.leaderboard --data FOLDER --kind group
"""

import argparse
import warnings

from sklearn.base import clone
from sklearn.impute import SimpleImputer

from benchmarks._accuracy_data import load_folder, outer_folds
from benchmarks._report import machine_line, numbers
from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor, make_mofa_pipeline
from mofa_sklearn.baselines import make_baselines
from mofa_sklearn.evaluation import compare

PACKAGES = ["numpy", "scikit-learn", "torch", "xgboost", "lightgbm", "catboost"]


def make_entries(data, arguments):
    """Return name -> estimator: baselines, the ensemble, and blends of it with boosting."""
    seed, n_members = arguments.seed, arguments.members
    entries = dict(make_baselines(data.modalities, random_state=seed))
    mofa = make_mofa_pipeline(
        data.modalities,
        cv=n_members,
        imputer=SimpleImputer(strategy="median"),
        random_state=seed,
    )
    entries["mofa"] = mofa
    parts = [("mofa", mofa)]
    for name in ("mvp", "catboost"):
        if name in entries:
            ensemble = KFoldEnsembleRegressor(entries[name], cv=n_members, random_state=seed)
            parts.append((name, ensemble))
    # Without a seed of their own, blends keep those of the parts: their `mofa` is the entry.
    entries["average"] = BlendRegressor(
        [(name, clone(part)) for name, part in parts[:2]], weights="uniform"
    )
    entries["blend"] = BlendRegressor([(name, clone(part)) for name, part in parts])
    unknown = set(arguments.entries or ()) - set(entries)
    if unknown:
        raise SystemExit(f"--entries: {sorted(unknown)} unknown; choose from {list(entries)}")
    return {
        name: entry
        for name, entry in entries.items()
        if arguments.entries is None or name in arguments.entries
    }


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data", metavar="FOLDER", required=True, help="folder of .npy files")
    add("--kind", choices=["group", "shuffled"], default="group", help="of the outer folds")
    add("--outer-folds", type=int, default=5)
    add("--only-folds", type=numbers, help="some of the outer folds: 0,1")
    add("--members", type=int, default=10, help="of ensembles")
    add("--entries", type=lambda text: numbers(text, str), help="some of them: ridge,mofa,blend")
    add("--seed", type=int, default=0)
    add("--csv", metavar="FILE", help="write the scores of every fold")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    warnings.simplefilter("ignore")
    print(machine_line(*PACKAGES))
    data = load_folder(arguments.data)
    splits = outer_folds(data, arguments.outer_folds, arguments.kind, arguments.seed)
    if arguments.only_folds:
        splits = [splits[fold] for fold in arguments.only_folds]
    print(f"{data.name}: {len(data.X):,} rows, {arguments.kind} folds")
    scores = compare(
        make_entries(data, arguments),
        data.X,
        data.y,
        cv=splits,
        groups=data.groups if arguments.kind == "group" else None,
        target_names=data.target_names,
    )
    if arguments.csv:
        scores.to_csv(arguments.csv, index=False)


if __name__ == "__main__":
    main()
