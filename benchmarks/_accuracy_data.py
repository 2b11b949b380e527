"""The data that models are compared on: a folder of .npy files, or a grid of generated videos."""

from itertools import product
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils import Bunch

from mofa_sklearn.datasets import load_modalities, make_micro_videos
from mofa_sklearn.modalities import resolve_modalities

BLOCKS = {
    "narrow": {"social": 6, "text": 100},
    "medium": {"image": 32, "title": 24, "video": 24},
    "wide": {"image": 1024, "video": 768, "text": 1024},
    "numbers": {"numbers": 6, "text": 64},
}
# Blocks of raw numbers, in which trees find more than linear models and networks do.
NUMERIC = ("numbers",)
# A narrow block holds numbers rather than an embedding, and a column of it is a count where it is
# never negative and gets as large as this.
MAX_NARROW_WIDTH = 32
MIN_COUNT_MAXIMUM = 1000
ROWS_PER_CREATOR = 4


def data_sets(arguments):
    """Yield the data sets asked for, as Bunches.

    Each has name, X, y (2-D), modalities, groups (or None), target_names, conditional_mean
    (or None) and splits (or None).
    """
    if arguments.data:
        yield load_folder(arguments.data)
    if arguments.grid or not arguments.data:
        for n_rows, blocks, noise in product(arguments.rows, arguments.blocks, arguments.noise):
            if arguments.kind == "group":
                yield generate(n_rows, blocks, noise, arguments.seed, n_rows // ROWS_PER_CREATOR)
            else:
                seeds = range(arguments.seed, arguments.seed + arguments.sets)
                yield generate_sets(n_rows, arguments.test_rows, blocks, noise, seeds)


def load_folder(folder):
    """Read `<modality>_features.npy` and `popularity_counts.npy`; log1p of all counts."""
    data = load_modalities(folder, log1p_target=True)
    y = data.target.reshape(len(data.target), -1)
    return Bunch(
        name=Path(folder).name,
        X=log1p_counts(data.data, data.modalities),
        y=y,
        modalities=data.modalities,
        groups=data.get("creator_ids"),
        target_names=[f"target {i}" for i in range(y.shape[1])],
        conditional_mean=None,
        splits=None,
    )


def generate(n_rows, blocks, noise, seed, n_creators=None):
    """Generated videos, of creators with several videos each if there are any."""
    data = make_micro_videos(
        n_rows,
        modalities=BLOCKS[blocks],
        numeric_modalities=[name for name in BLOCKS[blocks] if name in NUMERIC],
        noise=noise,
        n_creators=n_creators,
        return_bunch=True,
        random_state=seed,
    )
    return Bunch(
        name=f"generated, {blocks}, {n_rows:,} rows, noise {noise}",
        X=data.data,
        y=data.target,
        modalities=data.modalities,
        groups=data.creator_ids,
        target_names=data.target_names,
        conditional_mean=data.conditional_mean,
        splits=None,
    )


def generate_sets(n_rows, n_test, blocks, noise, seeds):
    """Several sets in one, a split each: so many rows to learn from, and others to predict."""
    n_all = n_rows + n_test
    sets = [generate(n_all, blocks, noise, seed) for seed in seeds]
    parts = np.arange(len(sets) * n_all).reshape(len(sets), n_all)
    return Bunch(
        name=f"generated, {blocks}, {n_rows:,} rows and {n_test:,} to predict, noise {noise}",
        X=np.concatenate([data.X for data in sets]),
        y=np.concatenate([data.y for data in sets]),
        modalities=sets[0].modalities,
        groups=None,
        target_names=sets[0].target_names,
        conditional_mean=np.concatenate([data.conditional_mean for data in sets]),
        splits=[(rows[n_test:], rows[:n_test]) for rows in parts],
    )


def log1p_counts(X, modalities):
    """Take log(1 + x) of the columns of narrow blocks that are counts; NaN stays."""
    X = np.array(X, dtype=np.float32)
    for columns in resolve_modalities(X, modalities).values():
        if len(columns) > MAX_NARROW_WIDTH:
            continue
        block = X[:, columns]
        smallest, largest = np.nanmin(block, axis=0), np.nanmax(block, axis=0)
        counts = columns[(smallest >= 0) & (largest > MIN_COUNT_MAXIMUM)]
        X[:, counts] = np.log1p(X[:, counts])
    return X


def outer_folds(data, n_splits, kind, seed):
    """Splits that are the same for all models: by creator, shuffled, or the data's own."""
    if data.splits is not None:
        return data.splits
    if kind == "group" and data.groups is None:
        raise SystemExit(f"{data.name}: no creator_ids to group by; use --kind shuffled")
    splitter = GroupKFold if kind == "group" else KFold
    splits = splitter(n_splits, shuffle=True, random_state=seed)
    return list(splits.split(data.X, data.y, data.groups if kind == "group" else None))
