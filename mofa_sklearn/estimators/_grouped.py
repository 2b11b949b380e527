"""Validation rows that are whole groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d


def check_groups(groups: Any, X: np.ndarray) -> np.ndarray | None:
    """Return the group of each row of X as an array; None stays None."""
    if groups is None:
        return None
    groups = column_or_1d(groups)
    check_consistent_length(X, groups)
    return groups


def hold_back_groups(
    groups: Any,
    fraction: float,
    random_state: np.random.RandomState,
    classes: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw groups to hold back, so that none is on both sides.

    Parameters
    ----------
    groups : array-like of shape (n_samples,)
        Each row's group.
    fraction : float, in (0, 1)
        Share of the groups to hold back; one at least.
    random_state : RandomState instance
        Where the draw comes from.
    classes : ndarray of shape (n_samples,), default=None
        Each row's class: no group is held back that has the last rows of a class, so that
        there may be none to hold back.

    Returns
    -------
    train, valid : ndarray of int
        Row positions, ascending; `valid` is empty where every group has a class of its own.

    Raises
    ------
    ValueError
        If there are fewer than two groups.
    """
    names, codes = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            f"Rows to stop early on are whole groups, but all {len(codes)} rows are of one group: "
            "pass X_val and y_val, more groups, or do not stop early."
        )
    wanted = min(int(np.ceil(fraction * len(names))), len(names) - 1)
    order = random_state.permutation(len(names))
    held = order[:wanted] if classes is None else _spared(order, codes, classes, wanted)
    is_held = np.isin(codes.ravel(), held)
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


def _spared(order: np.ndarray, codes: np.ndarray, classes: np.ndarray, wanted: int) -> list[int]:
    """Return the first groups of an order without which every class is left."""
    known, labels = np.unique(classes, return_inverse=True)
    counts = np.zeros((len(order), len(known)), dtype=int)
    np.add.at(counts, (codes.ravel(), labels.ravel()), 1)
    left = counts.sum(axis=0)
    held: list[int] = []
    for group in order:
        if len(held) < wanted and (left > counts[group]).all():
            held.append(group)
            left = left - counts[group]
    return held
