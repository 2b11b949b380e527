"""Splits of rows, some of which may have a weight of zero.

Nobody learns from rows of weight zero, and an int `cv` splits the others as if they were alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

Pairs = list[tuple[np.ndarray, np.ndarray]]


def positions(splits: Iterable[tuple[Any, Any]]) -> Pairs:
    """Return (train, test) as positions of rows, also those given as boolean masks."""
    return [(_as_positions(train), _as_positions(test)) for train, test in splits]


def check_enough_rows(rows: np.ndarray, n_folds: int) -> None:
    """Refuse fewer rows of positive weight than folds."""
    if len(rows) < n_folds:
        raise ValueError(
            f"sample_weight is zero for every row but {len(rows)}: cv={n_folds} folds need as "
            "many rows at least."
        )


def spread_over(counted: np.ndarray, pairs: Pairs) -> Pairs:
    """Turn splits of the rows that count into splits of all; hold the others out once, too.

    Parameters
    ----------
    counted : ndarray of bool of shape (n_samples,)
        Which rows have any weight.
    pairs : list of (train, test)
        Positions among these.

    Returns
    -------
    list of (train, test)
        Positions among all rows.
    """
    rows, others = np.flatnonzero(counted), np.flatnonzero(~counted)
    return [
        (rows[train], np.sort(np.concatenate([rows[test], others[fold :: len(pairs)]])))
        for fold, (train, test) in enumerate(pairs)
    ]


def without_uncounted(counted: np.ndarray, pairs: Pairs) -> Pairs:
    """Leave the rows of weight zero out of those to learn from.

    Parameters
    ----------
    counted : ndarray of bool of shape (n_samples,)
        Which rows have any weight.
    pairs : list of (train, test)
        Positions among all rows.

    Returns
    -------
    list of (train, test)

    Raises
    ------
    ValueError
        If a fold has nothing left to learn from.
    """
    pairs = [(train[counted[train]], test) for train, test in pairs]
    for fold, (train, _) in enumerate(pairs):
        if len(train) == 0:
            raise ValueError(f"sample_weight is zero for every row of fold {fold} to learn from.")
    return pairs


def _as_positions(rows: Any) -> np.ndarray:
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows
