"""How well each block alone predicts the targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, GroupShuffleSplit

from ...estimators import RidgePathRegressor
from ...metrics import normalized_mean_squared_error
from ...modalities._positions import as_slice
from ...preprocessing import RankGaussTransformer
from ._data import Data

#: Name of the row of all blocks together.
ALL_BLOCKS = "all blocks"
#: The same with folds that do not keep groups together.
ALL_SHUFFLED = "all blocks, shuffled folds"
#: What is predicted without any column.
NO_BLOCK = "no block (training mean)"
#: With fewer rows, errors of held-out rows say nothing.
MIN_ROWS = 30
#: Training rows of a fold need two groups, to hold one back.
MIN_GROUPS = 4
# Steps of conjugate gradients: the errors do not change in the third digit after these.
_MAX_ITER = 20
# Part of the training rows that penalties are chosen on.
_HELD_BACK = 0.1


def score_blocks(
    data: Data, heavy: np.ndarray, cv: int, random_state: np.random.RandomState
) -> pd.DataFrame | None:
    """Cross-validate a ridge regression on each block alone, and on all of them.

    Parameters
    ----------
    data : Data
        Rows to learn from and to predict.
    heavy : ndarray of bool of shape (n_features,)
        Columns that go through RankGauss, learned in each fold. All are standardised.
    cv : int
        Number of folds, which keep groups together where there are some.
    random_state : RandomState
        Shuffles the rows and draws those that penalties are chosen on.

    Returns
    -------
    DataFrame of shape (n_rows, n_targets + 2), or None
        A row for each block, for all of them, for none and, with groups, for all in shuffled
        folds. `nmse`, the mean over targets and folds, `std` over the folds, and
        `nmse_<target>`. None if there are no targets, or too few rows or groups.
    """
    if data.y is None:
        return None
    groups = np.arange(len(data)) if data.groups is None else data.groups
    if len(data) < max(MIN_ROWS, 2 * cv) or len(np.unique(groups)) < max(MIN_GROUPS, cv):
        return None
    seed = int(random_state.randint(np.iinfo(np.int32).max))
    blocks: dict[str, Any] = {name: as_slice(positions) for name, positions in data.blocks.items()}
    if len(blocks) > 1:
        blocks[ALL_BLOCKS] = slice(None)
    gauss_columns = np.flatnonzero(heavy)
    scores = _score(data, data.y, groups, gauss_columns, blocks, cv, seed)
    if data.groups is not None:
        everything = {ALL_SHUFFLED: slice(None)}
        alone = np.arange(len(data))
        shuffled = _score(data, data.y, alone, gauss_columns, everything, cv, seed)
        scores[ALL_SHUFFLED] = shuffled[ALL_SHUFFLED]
    return _table(scores, data.target_names)


def _score(
    data: Data,
    y: np.ndarray,
    groups: np.ndarray,
    gauss_columns: np.ndarray,
    blocks: dict[str, Any],
    cv: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Return the NMSE of every set of columns, arrays of shape (n_folds, n_targets)."""
    scores: dict[str, list] = {name: [] for name in [*blocks, NO_BLOCK]}
    folds = GroupKFold(cv, shuffle=True, random_state=seed)
    # Penalties have to suit new groups, too.
    held_back = GroupShuffleSplit(1, test_size=_HELD_BACK, random_state=seed)
    for train, test in folds.split(data.X, groups=groups):
        X_train, X_test = _with_normal_scores(data.X[train], data.X[test], gauss_columns)
        y_train = y[train]
        known, rest = next(held_back.split(train, groups=groups[train]))
        for name, block in blocks.items():
            ridge = RidgePathRegressor(max_iter=_MAX_ITER).fit(
                X_train[known][:, block],
                y_train[known],
                X_val=X_train[rest][:, block],
                y_val=y_train[rest],
            )
            scores[name].append(_errors(y[test], ridge.predict(X_test[:, block])))
        mean = np.broadcast_to(y_train.mean(axis=0), y[test].shape)
        scores[NO_BLOCK].append(_errors(y[test], mean))
    return {name: np.stack(errors) for name, errors in scores.items()}


def _errors(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    return np.asarray(normalized_mean_squared_error(y_true, y_pred, multioutput="raw_values"))


def _with_normal_scores(
    X_train: np.ndarray, X_test: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Apply RankGauss to some columns, learned from the training rows; both arrays are changed."""
    columns = columns[~np.isnan(X_train[:, columns]).all(axis=0)]
    if len(columns):
        gauss = RankGaussTransformer()
        X_train[:, columns] = gauss.fit_transform(X_train[:, columns])
        X_test[:, columns] = gauss.transform(X_test[:, columns])
    # What no training row has is unknown to the regression.
    unknown = np.isnan(X_train).all(axis=0)
    X_train[:, unknown] = X_test[:, unknown] = 0
    return X_train, X_test


def _table(scores: dict[str, np.ndarray], target_names: list[str]) -> pd.DataFrame:
    records = {
        name: {
            "nmse": folds.mean(),
            "std": folds.mean(axis=1).std(),
            **{
                f"nmse_{target}": value
                for target, value in zip(target_names, folds.mean(axis=0), strict=True)
            },
        }
        for name, folds in scores.items()
    }
    return pd.DataFrame.from_dict(records, orient="index")
