"""Blocks filled with one value, zero mostly, where a modality is missing."""

from __future__ import annotations

from collections import Counter

import numpy as np
from sklearn.utils import gen_batches

from ...modalities._positions import as_slice

# Rows read at a time: bounds the memory on memory-mapped data.
_CHUNK_ROWS = 4096
# Where other rows have the value more often, rows of nothing else come by chance, as in counts.
_MAX_SHARE_ELSEWHERE = 0.02


def value_throughout(values: np.ndarray) -> np.ndarray:
    """Return the value that a row's block has throughout.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Rows of a block.

    Returns
    -------
    ndarray of shape (n_rows,)
        NaN where there are several values, or NaN; and everywhere for a single column.
    """
    if values.shape[1] < 2:
        return np.full(len(values), np.nan)
    same = (values == values[:, :1]).all(axis=1)
    return np.where(same, values[:, 0], np.nan)


def filled_rows(X: np.ndarray, positions: np.ndarray, throughout: np.ndarray) -> np.ndarray:
    """Find the rows whose block was filled with one value, as it seems, for want of others.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        All rows.
    positions : ndarray of int
        The block's columns.
    throughout : ndarray of shape (n_samples,)
        From :func:`value_throughout`.

    Returns
    -------
    bool ndarray of shape (n_samples,)
        One value's rows: the most frequent one's. It is zero, or that of several rows, and
        the other rows hardly have it.
    """
    nobody = np.zeros(len(throughout), dtype=bool)
    counts = Counter(throughout[~np.isnan(throughout)].tolist())
    if not counts:
        return nobody
    filler, n_filled = counts.most_common(1)[0]
    filled = throughout == filler
    if filled.all() or (n_filled == 1 and filler != 0):
        return nobody
    columns = as_slice(positions)
    n_elsewhere = sum(
        np.count_nonzero(X[rows, columns][~filled[rows]] == filler)
        for rows in gen_batches(len(X), _CHUNK_ROWS)
    )
    share = n_elsewhere / (np.count_nonzero(~filled) * len(positions))
    return filled if share <= _MAX_SHARE_ELSEWHERE else nobody
