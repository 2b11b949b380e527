"""What the tuning examples share: arguments, data, the pipeline, and a look at the result."""

import argparse

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, GroupShuffleSplit
from sklearn.utils import Bunch

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.datasets import load_modalities, make_micro_videos
from mofa_sklearn.evaluation import compare

TEST_SIZE = 0.25
# Of the generated videos: narrow, so that an example takes seconds.
WIDTHS = {"image": 32, "video": 24, "text": 32}
N_CREATORS = 150
NOISE = 0.3


def parse_arguments(description, n_candidates=None):
    parser = argparse.ArgumentParser(description=description.strip())
    add = parser.add_argument
    add("--data", metavar="FOLDER", help="folder of .npy files (default: generate)")
    add("--n-samples", type=int, default=600, help="rows to generate")
    add("--folds", type=int, default=3, help="of the search")
    add("--members", type=int, default=2, help="of the ensemble, in the search and after it")
    add("--hidden-dim", type=int, default=64, help="width of the network")
    add("--max-epochs", type=int, default=30, help="of a network, where they are not searched")
    if n_candidates is not None:
        add("--candidates", type=int, default=n_candidates, help="to try")
    add("--random-state", type=int, default=0)
    return parser.parse_args()


def load(args):
    """Return a Bunch with X, y, groups, modalities, target_names, and rows to train and test."""
    if args.data is None:
        data = make_micro_videos(
            args.n_samples,
            modalities=WIDTHS,
            n_creators=N_CREATORS,
            noise=NOISE,
            return_bunch=True,
            random_state=args.random_state,
        )
    else:
        data = load_modalities(args.data, log1p_target=True)
    y = data.target.reshape(len(data.data), -1)
    # Without creators every row is a group of its own.
    groups = data.get("creator_ids")
    groups = np.arange(len(y)) if groups is None else groups
    splitter = GroupShuffleSplit(1, test_size=TEST_SIZE, random_state=args.random_state)
    train, test = next(splitter.split(data.data, y, groups))
    return Bunch(
        X=data.data,
        y=y,
        groups=groups,
        modalities=data.modalities,
        target_names=data.get("target_names") or [f"target_{i}" for i in range(y.shape[1])],
        train=train,
        test=test,
    )


def make_pipeline(data, args):
    """The pipeline to tune: preprocessing per modality, then an ensemble over folds."""
    pipeline = make_mofa_pipeline(
        data.modalities,
        cv=args.members,
        random_state=args.random_state,
    )
    return pipeline.set_params(
        regressor__estimator__hidden_dim=args.hidden_dim,
        regressor__estimator__max_epochs=args.max_epochs,
    )


def folds(args):
    """The folds of a search; no creator is on both sides."""
    return GroupKFold(args.folds, shuffle=True, random_state=args.random_state)


def training_rows(data):
    """The arguments of a search's `fit`: the groups for its folds, and for the ensemble's."""
    groups = data.groups[data.train]
    return {
        "X": data.X[data.train],
        "y": data.y[data.train],
        "groups": groups,
        "regressor__groups": groups,
    }


def print_candidates(results, data, by=("nmse",)):
    """Print ``cv_results_`` as errors, sorted by some of the columns."""
    results = pd.DataFrame(results)
    names = ["nmse", *(f"nmse_{name}" for name in data.target_names)]
    parameters = {c: c.rpartition("__")[2] for c in results if c.startswith("param_")}
    table = results[list(parameters)].rename(columns=parameters)
    table = table.assign(**{name: -results[f"mean_test_{name}"] for name in names})
    print(table.sort_values(list(by)).to_string(index=False, float_format="%.4g"))


def print_gain(pipeline, tuned, data):
    """Compare the pipeline as it was with the tuned one, on rows that the search never saw."""
    print(f"\nOn {len(data.test)} held-out rows:")
    compare(
        {"as it was": pipeline, "tuned": tuned},
        data.X,
        data.y,
        cv=[(data.train, data.test)],
        groups=data.groups,
        target_names=data.target_names,
    )
