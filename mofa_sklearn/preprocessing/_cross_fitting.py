"""Folds in which no row is shown its own target, nor its group's."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, check_cv

from ..modalities._positions import first_few


def cross_fitting_folds(
    cv: Any, n_samples: int, groups: Any, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split rows so that each is held out once, with all of its group.

    Parameters
    ----------
    cv : int, splitter or iterable
        An int makes shuffled folds, which keep groups together if there are any.

    n_samples : int
        Number of rows.

    groups : array-like of shape (n_samples,) or None
        Each row's group.

    seed : int
        Shuffles the folds of an int.

    Yields
    ------
    train, test : ndarray of int
        Rows to learn from, and rows held out.

    Raises
    ------
    ValueError
        If a row, or a group, is on both sides of a split, or if a row is not held out
        exactly once.
    """
    splitter = cv
    if isinstance(cv, Integral):
        kind = KFold if groups is None else GroupKFold
        splitter = kind(cv, shuffle=True, random_state=seed)
    own = np.arange(n_samples)
    if groups is not None:
        own = np.unique(np.asarray(groups), return_inverse=True)[1].ravel()
    n_held_out = np.zeros(n_samples, dtype=int)
    rows = np.arange(n_samples)
    for train, test in check_cv(splitter).split(rows, None, groups):
        train, test = rows[train], rows[test]
        shared = np.isin(own[test], own[train])
        if shared.any():
            what = "rows" if groups is None else "groups"
            raise ValueError(
                f"cv={cv!r} has {what} in both parts of a split, so that rows would see their "
                f"own {what}' targets (rows {first_few(test[shared].tolist())})."
            )
        n_held_out[test] += 1
        yield train, test
    if not (n_held_out == 1).all():
        raise ValueError(
            f"cv={cv!r} must hold out every row once, but holds out "
            f"{int((n_held_out == 0).sum())} of {n_samples} rows never and "
            f"{int((n_held_out > 1).sum())} more than once."
        )
