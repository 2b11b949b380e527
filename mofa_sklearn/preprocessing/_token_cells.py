"""Cells that hold a sequence of vectors each, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def cells_of(X: Any) -> Any:
    """Return a table of cells, or None where X holds numbers.

    Parameters
    ----------
    X : array-like, Series, DataFrame or Table
        What a user passes: columns of cells; an array of shape (n_samples, n_tokens,
        width) or a list of n_samples sequences, which are one column; or numbers.

    Returns
    -------
    pandas or polars DataFrame, object ndarray of shape (n_samples, n_features), or None
    """
    if isinstance(X, pd.Series) or type(X).__name__ == "Series":
        X = X.to_frame()
    elif type(X).__module__.startswith("pyarrow"):
        X = X.to_pandas()
    if hasattr(X, "columns"):
        columns = (X[name] for name in X.columns)
        return X if any(_is_nested(own) and _holds_sequences(own) for own in columns) else None
    if hasattr(X, "detach"):  # a tensor
        X = X.detach().cpu().numpy()
    if isinstance(X, np.ndarray) and (X.ndim == 2 or X.dtype.kind not in "fiuO"):
        return X if X.dtype == object and _holds_sequences(X.ravel()) else None
    is_list = isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.ndim != 2)
    return _one_column(X) if is_list and _holds_sequences(X) else None


def column_names(X: Any) -> list:
    """Return the names of a table's columns, or their positions."""
    return list(X.columns) if hasattr(X, "columns") else list(range(X.shape[1]))


def sequences_of(X: Any, position: int) -> list[np.ndarray | None]:
    """Return the sequences in one column.

    Parameters
    ----------
    X : pandas or polars DataFrame, or object ndarray of shape (n_samples, n_features)
        From :func:`cells_of`.
    position : int
        The column's.

    Returns
    -------
    list of n_samples ndarrays of shape (n_tokens_of_the_cell, width), or None
        float32 or float64; None where a cell is missing or empty. A token that is None
        is a row of NaN.

    Raises
    ------
    ValueError
        If a cell is no sequence of vectors of one width; it names column and row.
    """
    name = column_names(X)[position]
    column = X[:, position] if isinstance(X, np.ndarray) else X[name]
    return [_sequence(cell, name, row) for row, cell in enumerate(column)]


def _one_column(cells: Sequence[Any]) -> np.ndarray:
    column = np.empty((len(cells), 1), dtype=object)
    for row, cell in enumerate(cells):
        column[row, 0] = cell
    return column


def _is_nested(column: Any) -> bool:
    """Tell whether a column's cells are no numbers."""
    if hasattr(column.dtype, "is_nested"):  # polars
        return bool(column.dtype.is_nested()) or not column.dtype.is_numeric()
    return not pd.api.types.is_numeric_dtype(column.dtype)


def _holds_sequences(cells: Any) -> bool:
    """Tell from the first cell that is there."""
    first = next((cell for cell in cells if not _is_missing(cell)), None)
    if first is None or np.isscalar(first):
        return first is None or isinstance(first, str)
    inner = next((token for token in first if token is not None), None)
    return inner is not None and not np.isscalar(inner)


def _is_missing(cell: Any) -> bool:
    is_value = cell is None or np.isscalar(cell) or cell is pd.NA
    return bool(pd.isna(cell)) if is_value else len(cell) == 0


def _sequence(cell: Any, name: Any, row: int) -> np.ndarray | None:
    if _is_missing(cell):
        return None
    if hasattr(cell, "detach"):
        cell = cell.detach().cpu().numpy()
    if not (isinstance(cell, np.ndarray) and cell.dtype.kind in "fiu"):
        cell = _stacked(cell, name, row)
    if cell.ndim != 2 or cell.shape[1] == 0:
        raise ValueError(
            f"Column {name!r} has a cell of shape {cell.shape} in row {row}; a cell must be a "
            "sequence of vectors, (n_tokens, width). For single vectors take VectorColumns."
        )
    return cell if cell.dtype == np.float64 else cell.astype(np.float32, copy=False)


def _stacked(cell: Any, name: Any, row: int) -> np.ndarray:
    """Return a cell of lists, of arrays or of polars Series as one array."""
    try:
        tokens = [None if token is None else np.asarray(token) for token in cell]
        widths = {token.size for token in tokens if token is not None}
        if len(widths) > 1:
            some = " and ".join(map(str, sorted(widths)[:2]))
            raise ValueError(f"it has tokens of different widths, {some}")
        missing = np.full(next(iter(widths), 1), np.nan)
        values = np.array([missing if token is None else token for token in tokens], dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {name!r} has a cell in row {row} that is no sequence of vectors of one width "
            f"({error}): {cell!r:.60}"
        ) from None
    has_float64 = any(
        getattr(token, "dtype", None) == np.float64 and not isinstance(own, (list, tuple))
        for token, own in zip(tokens, cell, strict=True)
    )
    return values if has_float64 else values.astype(np.float32)
