"""Retrieval: ridge regression, boosting and networks with and without similar rows' targets.

python -m benchmarks.retrieval --data FOLDER --kind shuffled
"""

import argparse
import warnings

from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from benchmarks._accuracy_data import load_folder, outer_folds
from benchmarks._report import machine_line, numbers
from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor, make_mofa_pipeline
from mofa_sklearn.baselines import make_baselines
from mofa_sklearn.estimators import RidgePathRegressor
from mofa_sklearn.evaluation import compare
from mofa_sklearn.preprocessing import RetrievalAugmenter


def make_entries(data, arguments):
    """Return name -> pipeline, each regressor without and with the retrieved columns."""
    seed = arguments.seed
    boosting = make_baselines(data.modalities, names=["hist-gb"], random_state=seed)["hist-gb"]
    # The augmenter gets groups from the comparison: it stands before the ensemble.
    network = KFoldEnsembleRegressor(
        MoFARegressor(hidden_dim=128), cv=arguments.members, random_state=seed
    )
    regressors = {"ridge": RidgePathRegressor(), "boosting": boosting, "network": network}
    entries = {}
    for name, regressor in regressors.items():
        entries[name] = _pipeline(data, regressor)
        augment = RetrievalAugmenter(random_state=seed).set_output(transform="pandas")
        entries[f"{name} + retrieval"] = _pipeline(data, regressor, augment)
    alone = RetrievalAugmenter(passthrough=False, random_state=seed)
    entries["retrieval, ridge"] = _pipeline(data, RidgePathRegressor(), alone)
    return entries


def _pipeline(data, regressor, *augmenters):
    preprocess = make_mofa_pipeline(data.modalities, imputer=SimpleImputer(strategy="median"))[0]
    steps = [("retrieve", augmenter) for augmenter in augmenters]
    return Pipeline([("preprocess", preprocess), *steps, ("regressor", regressor)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data", metavar="FOLDER", required=True, help="folder of .npy files")
    add("--kind", choices=["group", "shuffled"], default="shuffled", help="of the outer folds")
    add("--only-folds", type=numbers, default=[0, 1, 2, 3, 4], help="of five: 0,1")
    add("--members", type=int, default=3, help="of the network's ensemble")
    add("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(machine_line("numpy", "scikit-learn", "torch"))
    data = load_folder(arguments.data)
    splits = outer_folds(data, 5, arguments.kind, arguments.seed)
    print(f"{data.name}: {len(data.X):,} rows, {arguments.kind} folds {arguments.only_folds}")
    compare(
        make_entries(data, arguments),
        data.X,
        data.y,
        cv=[splits[fold] for fold in arguments.only_folds],
        groups=data.groups if arguments.kind == "group" else None,
        target_names=data.target_names,
    )


if __name__ == "__main__":
    main()
