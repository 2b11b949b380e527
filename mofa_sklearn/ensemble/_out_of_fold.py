"""Predictions for rows from the members that did not learn from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._members import Fold, Member


def average_held_out(
    folds: Sequence[Fold], members: Sequence[Member], shape: tuple[int, ...]
) -> np.ndarray:
    """Average what members predict for rows they never saw.

    Parameters
    ----------
    folds : sequence of Fold
        The splits.
    members : sequence of Member
        The members, in the same order.
    shape : tuple of int
        Shape of the result: (n_samples, ...).

    Returns
    -------
    ndarray of that shape, float64
        NaN for rows that no split holds out.
    """
    total, count = np.zeros(shape), np.zeros(shape[0])
    for fold, member in zip(folds, members, strict=True):
        np.add.at(total, fold.test, member.prediction.reshape(-1, *shape[1:]))
        np.add.at(count, fold.test, 1)
    count = count.reshape(-1, *[1] * (len(shape) - 1))
    return total / np.where(count > 0, count, np.nan)
