"""Small classes of every kind, and small classifiers, that the tests share."""

import numpy as np

from mofa_sklearn import MoFAClassifier
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.preprocessing import EngagementBinner

WIDTHS = {"image": 4, "video": 3, "text": 5}
KINDS = ["binary", "multiclass", "ordinal", "multilabel"]


def make_classes(kind, n_samples=240, *, seed=0):
    """Make videos, and classes or labels from how popular they are."""
    X, y = make_micro_videos(
        n_samples, modalities=WIDTHS, n_targets=3, noise=0.1, random_state=seed
    )
    if kind == "multilabel":
        # The last label is rare.
        return X, (y > np.quantile(y, [0.5, 0.7, 0.85], axis=0).diagonal()).astype(int)
    levels = EngagementBinner(2 if kind == "binary" else 4).fit_transform(y[:, 0])
    if kind == "ordinal":
        return X, levels
    return X, np.array(["a", "b", "c", "d"])[levels]


def small_classifier(**params):
    """Make a classifier for WIDTHS that trains in a moment; `params` change it."""
    small = {
        "modalities": WIDTHS,
        "hidden_dim": 16,
        "dropout": 0.0,
        "modality_dropout": 0.0,
        "batch_size": 128,
        "learning_rate": 1e-2,
        "schedule": "constant",
        "max_epochs": 3,
        "n_iter_no_change": None,
        "precision": "float32",
        "device": "cpu",
        "random_state": 0,
    }
    return MoFAClassifier(**{**small, **params})


def small_classifier_of(kind, **params):
    """Make a classifier for classes of a kind."""
    return small_classifier(ordinal=kind == "ordinal", **params)
