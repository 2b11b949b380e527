"""What the columns of a table hold, and in which of their cells there is nothing."""

from __future__ import annotations

import array
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from ._tables import column_of, is_polars

# Kinds of columns, as messages call them.
NUMBERS = "numbers"  # booleans as well
TEXT = "text"
CATEGORIES = "categories"
DATES = "dates"
DURATIONS = "durations"
VECTORS = "vectors"  # a cell is a row of numbers
SEQUENCES = "sequences of vectors"  # a cell is several rows of numbers
MIXTURE = "numbers and text"  # in one column: a mark for what is not known, mostly
OBJECTS = "objects"
EMPTY = "nothing"  # no cell has a value, and the dtype tells nothing

#: Kinds that become numbers without learning anything.
NUMERIC_KINDS = frozenset({NUMBERS, EMPTY})
#: Kinds that a table vectorizer takes.
MIXED_KINDS = frozenset({TEXT, CATEGORIES, DATES, DURATIONS})

# What pandas.api.types.infer_dtype says of a column of objects.
_INFERRED = {
    "string": TEXT,
    "mixed-integer": MIXTURE,
    "floating": NUMBERS,
    "integer": NUMBERS,
    "mixed-integer-float": NUMBERS,
    "decimal": NUMBERS,
    "boolean": NUMBERS,
    "categorical": CATEGORIES,
    "datetime64": DATES,
    "datetime": DATES,
    "date": DATES,
    "timedelta64": DURATIONS,
    "timedelta": DURATIONS,
    "empty": EMPTY,
}


def kinds_of(frame: Any) -> list[str]:
    """Return the kind of every column of a pandas or polars DataFrame.

    Parameters
    ----------
    frame : pandas or polars DataFrame of shape (n_samples, n_features)
        The table.

    Returns
    -------
    list of str of length n_features
        The names at the top of this file. Only columns of objects are looked into; all
        others are known by their dtype.
    """
    if is_polars(frame):
        return [_kind_of_polars(column) for column in frame.get_columns()]
    # One look at each dtype instead of each column: embeddings have thousands of the same.
    kinds = {dtype: _kind_of_dtype(dtype) for dtype in set(frame.dtypes)}
    return [
        kinds[dtype] or _kind_of_objects(frame.iloc[:, position])
        for position, dtype in enumerate(frame.dtypes)
    ]


def _kind_of_dtype(dtype: Any) -> str | None:
    """Return the kind that a pandas dtype tells, None where the cells have to."""
    if types.is_object_dtype(dtype):
        return None
    if isinstance(dtype, pd.CategoricalDtype):
        return CATEGORIES
    if types.is_timedelta64_dtype(dtype):
        return DURATIONS
    if types.is_datetime64_any_dtype(dtype):
        return DATES
    if types.is_numeric_dtype(dtype) or types.is_bool_dtype(dtype):
        return OBJECTS if dtype.kind == "c" else NUMBERS
    return TEXT if types.is_string_dtype(dtype) else OBJECTS


def _kind_of_objects(column: pd.Series) -> str:
    inferred = types.infer_dtype(column, skipna=True)
    if inferred in _INFERRED:
        return _INFERRED[inferred]
    cells = (cell for cell in column if is_vector(cell) or not pd.isna(cell))
    # An empty list tells nothing of what others hold.
    cell = next((cell for cell in cells if not (is_vector(cell) and len(cell) == 0)), None)
    if cell is None:
        return EMPTY
    if isinstance(cell, (str, Real)):
        return MIXTURE if all(isinstance(own, (str, Real)) for own in cells) else OBJECTS
    if not is_vector(cell):
        return OBJECTS
    if is_vector(cell[0]):
        return SEQUENCES
    is_number = isinstance(cell[0], (Real, np.number, type(None))) or hasattr(cell[0], "ndim")
    return VECTORS if is_number else OBJECTS


def is_vector(cell: Any) -> bool:
    """Tell whether a cell holds a row of something: a list, a tuple, an array, a tensor."""
    return isinstance(cell, (list, tuple, array.array)) or getattr(cell, "ndim", 0) > 0


def _kind_of_polars(column: Any) -> str:
    import polars as pl

    dtype = column.dtype
    if dtype.is_numeric() or dtype == pl.Boolean:
        return NUMBERS
    if isinstance(dtype, (pl.List, pl.Array)):
        inner = dtype.inner
        if isinstance(inner, (pl.List, pl.Array)):
            return SEQUENCES
        return VECTORS if inner.is_numeric() or inner == pl.Null else OBJECTS
    if dtype == pl.Object:
        return _kind_of_objects(pd.Series(column.to_list(), dtype=object))
    by_dtype = {
        pl.String: TEXT,
        pl.Categorical: CATEGORIES,
        pl.Enum: CATEGORIES,
        pl.Date: DATES,
        pl.Datetime: DATES,
        pl.Duration: DURATIONS,
        pl.Null: EMPTY,
    }
    return by_dtype.get(dtype.base_type(), OBJECTS)


def missing_rows(frame: Any) -> np.ndarray:
    """Tell in which rows no cell has a value.

    Parameters
    ----------
    frame : pandas or polars DataFrame of shape (n_samples, n_features)
        The columns of one modality.

    Returns
    -------
    ndarray of bool of shape (n_samples,)
        Whether all cells are None, NaN, NaT, text without a letter, or vectors that are
        empty or NaN throughout.
    """
    missing = np.ones(frame.shape[0], dtype=bool)
    for position in range(frame.shape[1]):
        if not missing.any():
            break
        missing &= missing_cells(column_of(frame, position))
    return missing


def missing_cells(column: Any) -> np.ndarray:
    """Tell which cells of a pandas or polars Series have no value, as in `missing_rows`."""
    if not isinstance(column, pd.Series):
        return _missing_in_polars(column)
    missing = column.isna().to_numpy(dtype=bool)
    if types.is_object_dtype(column.dtype):
        return missing | np.fromiter(map(_is_empty, column), dtype=bool, count=len(column))
    if types.is_string_dtype(column.dtype):
        return missing | column.str.strip().eq("").fillna(False).to_numpy(dtype=bool)
    return missing


def _is_empty(cell: Any) -> bool:
    """Tell whether a cell is text without a letter, or a vector without a number."""
    if isinstance(cell, (str, bytes)):
        return not cell.strip()
    if not is_vector(cell):
        return False
    # Where the first number is there, the vector is: few cells have to be read whole.
    return len(cell) == 0 or (_is_nan(cell[0]) and all(map(_is_nan, cell)))


def _is_nan(value: Any) -> bool:
    return value is None or (isinstance(value, (float, np.floating)) and value != value)


def _missing_in_polars(column: Any) -> np.ndarray:
    import polars as pl

    missing = column.is_null().to_numpy()
    if column.dtype.is_float():
        return missing | column.is_nan().fill_null(True).to_numpy()
    if column.dtype == pl.String:
        return missing | (column.str.strip_chars() == "").fill_null(True).to_numpy()
    if isinstance(column.dtype, (pl.List, pl.Array)):
        first = column.arr.first() if isinstance(column.dtype, pl.Array) else column.list.first()
        unsure = missing | first.is_null().to_numpy()
        if first.dtype.is_float():
            unsure |= first.is_nan().fill_null(True).to_numpy()
        for row in np.flatnonzero(unsure & ~missing):
            missing[row] = _is_empty(column[int(row)].to_list())
    if column.dtype == pl.Object:
        return missing | np.fromiter(map(_is_empty, column), dtype=bool, count=len(column))
    return missing


def cast_column(column: Any, kind: str, dtype: str) -> Any:
    """Return a column of numbers, or of nothing, as one of another kind.

    Parameters
    ----------
    column : pandas or polars Series
        Numbers become text or categories, text stays so; what is NaN is missing. For dates and
        durations, no cell may have a value.
    kind : str
        The kind that the column shall have, one of `MIXED_KINDS`.
    dtype : str
        What pandas calls the dtype; polars goes by the kind.

    Returns
    -------
    pandas or polars Series
    """
    if isinstance(column, pd.Series):
        cells = column.astype(object).where(column.notna(), None)
        if kind == TEXT:
            cells = cells.map(str, na_action="ignore")
        return cells.astype(dtype)
    import polars as pl

    if kind in (DATES, DURATIONS):
        nothing = pl.Datetime("us") if kind == DATES else pl.Duration("us")
        return pl.Series(column.name, [None] * len(column), dtype=nothing)
    text = (column.fill_nan(None) if column.dtype.is_float() else column).cast(pl.String)
    return text if kind == TEXT else text.cast(pl.Categorical)
