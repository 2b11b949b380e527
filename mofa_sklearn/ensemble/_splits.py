"""Splits of rows, some of which may have a weight of zero.

An int `cv` splits the rows that count as if they were alone, and nobody learns from the others.
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


def check_counted(counted: np.ndarray, pairs: Pairs) -> None:
    """Refuse a fold whose rows to learn from have no weight at all."""
    for fold, (train, _) in enumerate(pairs):
        if not counted[train].any():
            raise ValueError(f"sample_weight is zero for every row of fold {fold} to learn from.")


def _as_positions(rows: Any) -> np.ndarray:
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows
