"""The folds of a comparison."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)
from sklearn.utils.multiclass import type_of_target


def split(
    cv: Any, X: Any, y: Any, groups: Any, classifier: bool, random_state: Any
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split the rows, for all estimators alike.

    Parameters
    ----------
    cv : int, splitter or iterable of (train, test)
        An int shuffles, keeps groups together, and stratifies classes.
    X, y : array-like of n_samples rows
        All rows.
    groups : array-like of shape (n_samples,) or None
        Their groups.
    classifier : bool
        Whether `y` are the labels of a classifier.
    random_state : int, RandomState instance or None
        Determines the shuffling of an int.

    Returns
    -------
    list of (train, test)
        Row positions.

    Raises
    ------
    ValueError
        If there is no split, or a splitter refuses the rows.
    """
    if isinstance(cv, Integral):
        splitter = _shuffled(classifier and type_of_target(y) in {"binary", "multiclass"}, groups)(
            cv, shuffle=True, random_state=random_state
        )
    else:
        splitter = check_cv(cv, y, classifier=classifier)
    splits = [
        (_positions(train), _positions(test)) for train, test in splitter.split(X, y, groups)
    ]
    if not splits:
        raise ValueError(f"cv={cv!r} has no split: a comparison needs at least one.")
    return splits


def _shuffled(stratified: bool, groups: Any) -> type:
    if groups is not None:
        return StratifiedGroupKFold if stratified else GroupKFold
    return StratifiedKFold if stratified else KFold


def _positions(rows: Any) -> np.ndarray:
    """Return row positions, also of a boolean mask."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows
