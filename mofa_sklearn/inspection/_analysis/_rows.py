"""What is counted on all rows: missing values, and rows that repeat another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils import gen_batches

from ...modalities._missing import check_finite_or_missing
from ...modalities._positions import as_slice
from ._data import Data
from ._fillers import filled_rows, value_throughout

# Rows read at a time: bounds the memory on memory-mapped data.
_CHUNK_ROWS = 4096


@dataclass
class RowCounts:
    """Missing values and repeated rows.

    Parameters
    ----------
    blocks : DataFrame of shape (n_modalities, 6)
        Per modality: `missing_share` of the rows, `partly_missing_rows` (their number),
        `nan_share` of the values in rows that have the modality, `filled_share` of the rows
        whose block seems to be filled with one value for want of others, and that value,
        `filler` (NaN where there is none), and `duplicate_row_share` of the rows that have the
        modality and are not filled (the first of equal ones not counted).
    n_without : int
        Number of rows in which every modality is missing.
    duplicates : ndarray of int
        Rows that equal an earlier one in every column.
    n_across_groups : int
        How many of `duplicates` equal a row of another group; all of them without groups.
    """

    blocks: pd.DataFrame
    n_without: int
    duplicates: np.ndarray
    n_across_groups: int


def count_rows(data: Data) -> RowCounts:
    """Count missing values and repeated rows, of every block and of whole rows.

    Parameters
    ----------
    data : Data
        All rows.

    Returns
    -------
    RowCounts

    Raises
    ------
    ValueError
        If a block holds infinity.
    """
    missing = np.zeros((len(data), len(data.blocks)), dtype=bool)
    hashes = np.zeros((len(data), len(data.blocks)), dtype=np.int64)
    records = {}
    for j, (name, positions) in enumerate(data.blocks.items()):
        missing[:, j] = check_finite_or_missing(data.X, name, positions).missing
        nan_per_row, hashes[:, j], throughout = _read_block(data.X, positions)
        there = ~missing[:, j]
        n_there = max(1, there.sum())
        filled = filled_rows(data.X, positions, throughout)
        told = there & ~filled
        repeated = pd.Series(hashes[told, j]).duplicated()
        records[name] = {
            "missing_share": missing[:, j].mean(),
            "partly_missing_rows": int((nan_per_row[there] > 0).sum()),
            "nan_share": nan_per_row[there].sum() / (n_there * len(positions)),
            "filled_share": filled.mean(),
            "filler": throughout[filled][0] if filled.any() else np.nan,
            "duplicate_row_share": repeated.sum() / max(1, told.sum()),
        }
    without = np.asarray(missing.all(axis=1))
    duplicates, n_across = _whole_rows(hashes, without, data.groups)
    return RowCounts(
        pd.DataFrame.from_dict(records, orient="index"), int(without.sum()), duplicates, n_across
    )


def _read_block(X: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the number of NaN, a hash and the value throughout of every row of a block."""
    n_nan = np.empty(len(X), dtype=np.int64)
    hashes = np.empty(len(X), dtype=np.int64)
    throughout = np.empty(len(X))
    columns = as_slice(positions)
    for rows in gen_batches(len(X), _CHUNK_ROWS):
        # Adding zero makes a contiguous copy, and one zero of both.
        values = np.ascontiguousarray(X[rows, columns]) + 0
        n_nan[rows] = np.isnan(values).sum(axis=1)
        hashes[rows] = [hash(row.tobytes()) for row in values]
        throughout[rows] = value_throughout(values)
    return n_nan, hashes, throughout


def _whole_rows(
    hashes: np.ndarray, without: np.ndarray, groups: np.ndarray | None
) -> tuple[np.ndarray, int]:
    """Find rows that equal an earlier one, and how many of them have equals in another group."""
    rows = np.flatnonzero(~without)
    if len(rows) == 0:
        return rows, 0
    table = pd.DataFrame(hashes[rows])
    repeated = table.duplicated().to_numpy()
    duplicates = rows[repeated]
    if groups is None:
        return duplicates, len(duplicates)
    same = table.groupby(list(table.columns), sort=False).ngroup().to_numpy()
    n_groups = pd.Series(groups[rows]).groupby(same).transform("nunique").to_numpy()
    return duplicates, int((n_groups[repeated] > 1).sum())
