"""The containers a table may come in: pandas, polars, pyarrow, told apart without an import.

Two kinds of frames are worked on, pandas and polars; a pyarrow Table becomes one of pandas. This
file is the only one that knows how they differ.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd

from .._validation import as_array


def is_polars(X: Any) -> bool:
    """Tell whether something is a polars DataFrame."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(X, polars.DataFrame)


def is_pyarrow(X: Any) -> bool:
    """Tell whether something is a pyarrow Table or RecordBatch."""
    pyarrow = sys.modules.get("pyarrow")
    return pyarrow is not None and isinstance(X, (pyarrow.Table, pyarrow.RecordBatch))


def is_frame(X: Any) -> bool:
    """Tell whether something is a pandas or polars DataFrame, or a pyarrow Table."""
    return isinstance(X, pd.DataFrame) or is_polars(X) or is_pyarrow(X)


def column_names(X: Any) -> list[str] | None:
    """Return the column names of a table, or None where there are none.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, n_features)
        The data. The levels of a pandas MultiIndex are joined by ``"__"``.

    Returns
    -------
    list of str of length n_features, or None
        None for arrays and for frames whose column names are not all strings,
        which scikit-learn does not count as feature names either.

    Raises
    ------
    ValueError
        If level 0 of a MultiIndex, which names the modality, contains ``"__"``.
    """
    if is_pyarrow(X):
        return list(X.schema.names)
    columns = getattr(X, "columns", None)
    if columns is None:
        return None
    if isinstance(columns, pd.MultiIndex):
        return _joined_levels(columns)
    names = list(columns)
    return names if names and all(isinstance(name, str) for name in names) else None


def _joined_levels(columns: pd.MultiIndex) -> list[str]:
    for name in columns.unique(level=0):
        if "__" in str(name):
            raise ValueError(
                f"Level 0 of the columns is {name!r}: a modality's name must not contain '__', "
                "which separates it from the names of its columns."
            )
    return ["__".join(str(level) for level in column) for column in columns]


def as_table(X: Any) -> Any:
    """Bring X into one of the containers that the package works on.

    Parameters
    ----------
    X : array-like, DataFrame or Table of shape (n_samples, n_features)
        What a user passes.

    Returns
    -------
    ndarray, pandas or polars DataFrame, or X
        A pyarrow Table becomes a pandas DataFrame, Arrow's dtypes become pandas' own, a
        MultiIndex plain names, a torch
        tensor an array (bfloat16 as float32, without its gradient). An array or a list
        of objects that are not all numbers becomes a pandas DataFrame. All else is
        returned as it is, for scikit-learn to check.
    """
    if is_pyarrow(X):
        return X.to_pandas()
    if isinstance(X, pd.DataFrame):
        if isinstance(X.columns, pd.MultiIndex):
            X = X.set_axis(column_names(X), axis=1)
        return _without_arrow(X)
    X = as_array(X)
    if isinstance(X, (list, tuple)):
        return _table_of_rows(X)
    if isinstance(X, np.ndarray) and X.dtype.kind in "OUSMm" and X.ndim == 2:
        return _frame_unless_numbers(X)
    return X


def _without_arrow(frame: pd.DataFrame) -> pd.DataFrame:
    """Return columns in Arrow's dtypes as pandas' own, whose cells are read much faster."""
    arrow = [i for i, dtype in enumerate(frame.dtypes) if isinstance(dtype, pd.ArrowDtype)]
    if not arrow:
        return frame
    import pyarrow as pa

    frame = frame.copy(deep=False)
    for position in arrow:
        column = pa.array(frame.iloc[:, position]).to_pandas()
        frame.isetitem(position, column.set_axis(frame.index))
    return frame


def _table_of_rows(rows: list | tuple) -> Any:
    X = np.asarray(rows)
    if X.ndim == 2 and X.dtype.kind in "US":  # next to strings, NumPy writes numbers as strings
        X = np.array(rows, dtype=object)
    return _frame_unless_numbers(X) if X.ndim == 2 and X.dtype.kind in "OMm" else X


def _frame_unless_numbers(X: np.ndarray) -> Any:
    frame = pd.DataFrame(X).infer_objects()
    # Numbers held as objects are scikit-learn's to convert, as ever.
    return X if all(dtype.kind in "fiub" for dtype in frame.dtypes) else frame


def with_names(frame: Any, names: Any = None) -> Any:
    """Give a table's columns the names of a fit, or ``x<number>``, where they have none."""
    if not isinstance(frame, pd.DataFrame) or column_names(frame) is not None:
        return frame
    return frame.set_axis([f"x{i}" for i in frame.columns] if names is None else names, axis=1)


def take_columns(frame: Any, positions: np.ndarray) -> Any:
    """Return some columns of a pandas or polars DataFrame, in this order."""
    if is_polars(frame):
        return frame[:, positions.tolist()]
    return frame.iloc[:, positions]


def take_rows(frame: Any, rows: np.ndarray) -> Any:
    """Return rows of a pandas or polars DataFrame, by a mask or by their positions."""
    if is_polars(frame):
        return frame.filter(rows) if rows.dtype == bool else frame[rows]
    return frame.iloc[rows]


def column_of(frame: Any, position: int) -> Any:
    """Return one column of a pandas or polars DataFrame, a Series."""
    return frame.to_series(position) if is_polars(frame) else frame.iloc[:, position]


def label_of(frame: Any, position: int) -> Any:
    """Return a column's name, or its position where there is none."""
    return frame.columns[position]


def with_column(frame: Any, name: Any, column: Any) -> Any:
    """Return a pandas or polars DataFrame with one of its columns replaced."""
    if is_polars(frame):
        return frame.with_columns(column.alias(name))
    frame = frame.copy(deep=False)
    frame[name] = column
    return frame
