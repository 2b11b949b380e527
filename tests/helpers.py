"""Small data and small estimators that the tests share."""

import textwrap

import numpy as np

from mofa_sklearn import MoFARegressor

from .processes import in_fresh_process, run_code

WIDTHS = {"image": 4, "video": 3, "text": 5}
N_FEATURES = sum(WIDTHS.values())


def make_data(n_samples=120, n_targets=2, *, noise=0.1, seed=0):
    """Make float32 rows of WIDTHS and targets that depend on all of their blocks.

    `n_targets` of None gives a 1-D y.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, N_FEATURES)).astype(np.float32)
    coefficients = rng.normal(size=(N_FEATURES, n_targets or 1))
    y = X @ coefficients + noise * rng.normal(size=(n_samples, n_targets or 1))
    return X, y[:, 0] if n_targets is None else y


def small_mofa(**params):
    """Make a regressor for WIDTHS that trains in a moment; `params` change it."""
    small = {
        "modalities": WIDTHS,
        "hidden_dim": 16,
        "dropout": 0.0,
        "modality_dropout": 0.0,
        "batch_size": 128,
        "learning_rate": 1e-2,
        "weight_decay": 1e-3,
        "schedule": "constant",
        "max_epochs": 3,
        "early_stopping": True,
        "n_iter_no_change": None,
        "precision": "float32",
        "device": "cpu",
        "random_state": 0,
    }
    return MoFARegressor(**{**small, **params})


def with_quick_companions(pipeline):
    """Let what stands beside the networks of a pipeline be fitted at once; return the pipeline.

    Boosting has few trees, and few penalties are tried.
    """
    for _, companion in getattr(pipeline[-1], "companions", None) or ():
        for name in companion.get_params():
            before, is_of_trees, _ = name.partition("max_leaf_nodes")
            if is_of_trees:
                companion.set_params(**{f"{before}max_iter": 3})
            if name.endswith("Cs"):
                companion.set_params(**{name: [1e-3, 1e-1]})
    return pipeline


def run_in_fresh_process(code, *arguments):
    """Run Python code in a process that has imported nothing of ours; return what it prints."""
    return in_fresh_process(run_code, textwrap.dedent(code), [str(each) for each in arguments])
