"""Data made for each system's strength, and pipelines that train in a moment."""

import numpy as np

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.estimators._base import BaseMoFA
from mofa_sklearn.preprocessing import EngagementBinner

from ..helpers import with_quick_companions

WIDTHS = {"title": 6, "image": 5, "social": 3}
N_TRAIN, N_TEST = 300, 150
SMALL = {
    "hidden_dim": 32,
    "dropout": 0.1,
    "batch_size": 50,
    "learning_rate": 3e-2,
    "max_epochs": 12,
    "n_iter_no_change": None,
}


def small_pipeline(recipe, modalities=WIDTHS, params=None, *, ensemble=True, **kwargs):
    """Make a recipe's pipeline, its networks and its boosting small; `params` are of networks."""
    kwargs = {"random_state": 0, "n_jobs": 1, **({"cv": 2} if ensemble else {}), **kwargs}
    pipeline = make_mofa_pipeline(modalities, recipe=recipe, ensemble=ensemble, **kwargs)
    beside = [part for _, part in getattr(pipeline[-1], "companions", None) or []]
    for part in [*pipeline.get_params().values(), *beside]:
        if isinstance(part, BaseMoFA):
            part.set_params(**{**SMALL, **(params or {})})
        if hasattr(part, "max_iter") and hasattr(part, "learning_rate"):
            part.set_params(max_iter=40, learning_rate=0.2)
        if type(part).__module__.startswith("catboost."):
            part.set_params(iterations=40, learning_rate=0.2)
    return with_quick_companions(pipeline)


def split(X, y):
    """Return training and test rows, float32."""
    X = np.asarray(X, dtype=np.float32)
    return X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], y[N_TRAIN:]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def plain():
    """Two targets, linear in all blocks."""
    X = normal(N_TRAIN + N_TEST, sum(WIDTHS.values()))
    y = X @ normal(X.shape[1], 2, seed=1)
    return WIDTHS, X, y + 0.5 * normal(*y.shape, seed=2)


def counts_and_a_wide_embedding():
    """Few directions in 60 columns, and raw counts that matter by their order of magnitude."""
    factors = normal(N_TRAIN + N_TEST, 3)
    embedding = factors @ normal(3, 60, seed=1) + 0.1 * normal(N_TRAIN + N_TEST, 60, seed=2)
    log_counts = 2 * normal(N_TRAIN + N_TEST, 2, seed=3) + 5
    y = 3.0 * (log_counts > 5) + factors[:, :2]
    X = np.hstack([embedding, np.floor(np.exp(log_counts))])
    return {"video": 60, "social": 2}, X, y + 0.3 * normal(*y.shape, seed=4)


def near_copies():
    """Videos of 40 kinds, each with a popularity of its own that no direction tells."""
    kind = np.arange(N_TRAIN + N_TEST) % 40
    X = normal(40, 12)[kind] + 0.2 * normal(N_TRAIN + N_TEST, 12, seed=1)
    y = normal(40, 2, seed=2)[kind]
    return {"image": 6, "text": 6}, X, y + 0.2 * normal(*y.shape, seed=3)


def noisy_copies_often_missing():
    """Three noisy views of the same few numbers; each is missing in a third of the rows."""
    latent = normal(N_TRAIN + N_TEST, 4)
    views = [latent + 0.7 * normal(*latent.shape, seed=seed) for seed in range(1, 4)]
    missing = np.random.default_rng(5).random((len(latent), 3)) < 1 / 3
    missing[missing.all(axis=1), 0] = False
    for view, rows in zip(views, missing.T, strict=True):
        view[rows] = np.nan
    return {"image": 4, "video": 4, "text": 4}, np.hstack(views), latent[:, :2]


def disagreement():
    """What counts is how far the image is from what the text says."""
    text = normal(N_TRAIN + N_TEST, 5)
    image = text + 0.5 * normal(*text.shape, seed=1)
    y = np.column_stack([(image - text)[:, 0], (image - text)[:, 1:3].sum(axis=1)])
    return {"text": 5, "image": 5}, np.hstack([text, image]), y


def valence_and_arousal():
    """Two numbers from -1 to 1, told by few directions of 150 columns."""
    factors = normal(N_TRAIN + N_TEST, 4)
    X = factors @ normal(4, 150, seed=1) + 0.3 * normal(N_TRAIN + N_TEST, 150, seed=2)
    return {"video": 150}, X, np.tanh(factors[:, :2] + 0.2 * normal(len(X), 2, seed=3))


def a_title_that_decides():
    """The title says whether the image or the social figures count."""
    X = normal(N_TRAIN + N_TEST, sum(WIDTHS.values()))
    title, image, social = np.split(X, [6, 11], axis=1)
    y = np.where(title[:, :1] > 0, 2 * image[:, :2], 2 * social[:, :2])
    return WIDTHS, X, y + 0.1 * normal(*y.shape, seed=1)


def pairs_with_outliers():
    """Image and title together make a video popular; a few targets are far off."""
    X = normal(N_TRAIN + N_TEST, sum(WIDTHS.values()))
    y = np.tanh(X[:, :2] + X[:, 6:8]) * 2 + X[:, :2]
    outliers = np.zeros_like(y)
    outliers[:N_TRAIN:30] = 8.0
    return WIDTHS, X, y + outliers


def genres():
    """Four labels, the last one rare."""
    modalities, X, y = plain()
    scores = np.column_stack([y, X[:, 0] + X[:, 6], X[:, 1] - X[:, 12]])
    shares = [0.5, 0.6, 0.7, 0.85]
    return modalities, X, (scores > np.quantile(scores, shares, axis=0).diagonal()).astype(int)


def five_levels():
    """Five classes from heavy-tailed counts."""
    modalities, X, y = plain()
    counts = np.floor(np.exp(y[:, 0] + 5))
    return modalities, X, EngagementBinner(5).fit(counts[:N_TRAIN]).transform(counts)


#: recipe -> what makes its data
DATA = {
    "default": plain,
    "best": a_title_that_decides,
    "mofa-lite": plain,
    "mvp": counts_and_a_wide_embedding,
    "mmra": near_copies,
    "mmved": noisy_copies_often_missing,
    "adaptclip": disagreement,
    "afew-va": valence_and_arousal,
    "chfen": a_title_that_decides,
    "mm-imdb": genres,
    "pixelrec-regression": pairs_with_outliers,
    "pixelrec-catboost": five_levels,
    "pixelrec-ordinal": five_levels,
}
