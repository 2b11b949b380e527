"""Validation rows with the same part of every class."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import StratifiedShuffleSplit


def stratified(
    y: np.ndarray, train: np.ndarray, valid: np.ndarray, random_state: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Divide rows anew, so that both parts have their share of every class.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        The classes.
    train, valid : ndarray of int
        Rows drawn at random.
    random_state : RandomState instance
        Where another draw comes from.

    Returns
    -------
    train, valid : ndarray of int
        As many rows, ascending; those that were passed where there are too few for a
        share of every class. The one row of a class is among the first.
    """
    counted = np.sort(np.concatenate([train, valid]))
    _, positions, counts = np.unique(y[counted], return_inverse=True, return_counts=True)
    shared = counted[counts[positions] > 1]
    n_classes = np.count_nonzero(counts > 1)
    n_learned = len(shared) - len(valid)
    if n_classes == 0 or min(len(valid), n_learned) < n_classes:
        return train, valid
    splitter = StratifiedShuffleSplit(1, test_size=len(valid), random_state=random_state)
    _, held_back = next(splitter.split(shared, y[shared]))
    valid = np.sort(shared[held_back])
    return np.setdiff1d(counted, valid), valid
