"""A table whose columns have to be numbers: made floats, or refused with what takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .._validation import has_kinds
from ._kinds import (
    CATEGORIES,
    DATES,
    DURATIONS,
    MIXTURE,
    NUMERIC_KINDS,
    OBJECTS,
    SEQUENCES,
    TEXT,
    VECTORS,
    is_vector,
    kinds_of,
)
from ._positions import first_few
from ._tables import as_table, column_of, is_frame, is_polars, label_of

_TABLES = (
    'make_mofa_pipeline turns them into numbers (pip install "mofa-sklearn[tables]"), and so does '
    "skrub.TableVectorizer"
)
_MAX_SHOWN = 40

# What takes a column that is no number.
_TAKEN_BY = {
    TEXT: f"{_TABLES}; make_mofa_pipeline(encoders={{...: TextEncoder()}}) reads what words mean",
    CATEGORIES: _TABLES,
    DATES: _TABLES,
    DURATIONS: _TABLES,
    VECTORS: "make_mofa_pipeline, and mofa_sklearn.preprocessing.VectorColumns(), make float "
    "columns of them",
    SEQUENCES: "mofa_sklearn.preprocessing.TokenPooling() makes one vector of each sequence",
    MIXTURE: "make it one of them, by pandas.to_numeric(column, errors='coerce') or "
    "column.astype(str)",
    OBJECTS: "pictures, videos and sounds go through an encoder: "
    "make_mofa_pipeline(encoders={...: ImageEncoder()})",
}


def numbers(X: Any) -> Any:
    """Return a table of numbers as scikit-learn takes it; refuse columns of other kinds.

    Every estimator that needs numbers calls it before scikit-learn's `validate_data`.

    Parameters
    ----------
    X : array-like, DataFrame or Table of shape (n_samples, n_features)
        What a user passes.

    Returns
    -------
    ndarray, pandas DataFrame, or X
        Arrays and pandas DataFrames of NumPy's numbers as they are, without a copy. Other
        tables as a pandas DataFrame of floats, NaN where a cell has no value.

    Raises
    ------
    ValueError
        If a column holds text, categories, dates or vectors; the message says what
        takes them.
    TypeError
        If a column holds other objects.
    """
    if is_plain(X) and X.columns.nlevels == 1:
        return X
    X = as_table(X)
    if not is_frame(X) or is_plain(X):
        return X
    refuse_other_kinds(X)
    values = floats_of(X)
    index = X.index if isinstance(X, pd.DataFrame) else None
    return pd.DataFrame(values, index=index, columns=list(X.columns), copy=False)


def is_plain(frame: Any) -> bool:
    """Tell whether all columns of a frame are NumPy's numbers, which need no conversion."""
    return isinstance(frame, pd.DataFrame) and has_kinds(frame, "fiu")


def refuse_other_kinds(frame: Any) -> None:
    """Raise if a column of a frame is no number, and say what takes it.

    Parameters
    ----------
    frame : pandas or polars DataFrame of shape (n_samples, n_features)
        The table.

    Raises
    ------
    ValueError or TypeError
        As :func:`numbers`.
    """
    kinds = kinds_of(frame)
    wrong = [i for i, kind in enumerate(kinds) if kind not in NUMERIC_KINDS]
    if not wrong:
        return
    kind = kinds[wrong[0]]
    same = [label_of(frame, i) for i in wrong if kinds[i] == kind]
    columns = f"Column {same[0]!r} holds" if len(same) == 1 else f"Columns {first_few(same)} hold"
    example = _example(column_of(frame, wrong[0]), kind)
    message = f"{columns} {kind} where numbers are expected: {example}; {_TAKEN_BY[kind]}."
    raise TypeError(message) if kind == OBJECTS else ValueError(message)


def _example(column: Any, kind: str) -> str:
    """Tell of a cell that is no number, text and objects in Python's own words for it."""
    cells = column if isinstance(column, pd.Series) else column.to_list()
    wanted = str if kind == MIXTURE else object
    cell: Any
    row, cell = next(
        (row, cell)
        for row, cell in enumerate(cells)
        if isinstance(cell, wanted) and (is_vector(cell) or not _is_null(cell))
    )
    if kind in (TEXT, MIXTURE, CATEGORIES) and isinstance(cell, str):
        shown = cell if len(cell) <= _MAX_SHOWN else cell[:_MAX_SHOWN] + "..."
        return f"could not convert string to float: {shown!r} (row {row})"
    if kind == OBJECTS:
        kind_of_cell = type(cell).__name__
        return f"float() argument must be a string or a real number, not {kind_of_cell!r}"
    if is_vector(cell):
        return f"a {type(cell).__name__} of {len(cell)} in row {row}"
    return f"{cell} in row {row}"


def _is_null(cell: Any) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or cell != cell


def floats_of(frame: Any) -> np.ndarray:
    """Return columns of numbers as floats, NaN where a cell has no value.

    Parameters
    ----------
    frame : pandas or polars DataFrame of shape (n_samples, n_features)
        Columns of the kinds `NUMBERS` and `EMPTY`.

    Returns
    -------
    ndarray of float32 or float64 of shape (n_samples, n_features)
        float32 where no column is of 64 bits, nor of objects.
    """
    if is_polars(frame):
        return _floats_of_polars(frame)
    if is_plain(frame):
        values = frame.to_numpy()
        is_float = values.dtype in (np.float32, np.float64)
        return values if is_float else values.astype(_float_type(frame.dtypes))
    return frame.to_numpy(dtype=_float_type(frame.dtypes), na_value=np.nan)


def _float_type(dtypes: Any) -> type:
    """Return the float type that holds the columns' values."""
    bits = [getattr(dtype, "itemsize", 8) for dtype in set(dtypes)]
    return np.float32 if max(bits) <= 4 else np.float64


def _floats_of_polars(frame: Any) -> np.ndarray:
    import polars as pl

    wide = {pl.Float64, pl.Int64, pl.UInt64, pl.Object, pl.Decimal, pl.Int128}
    dtype = pl.Float64 if any(d.base_type() in wide for d in frame.dtypes) else pl.Float32
    objects = [name for name, d in frame.schema.items() if d == pl.Object]
    if objects:
        as_floats = [
            pl.Series(name, [None if _is_null(v) else float(v) for v in frame[name]], dtype=dtype)
            for name in objects
        ]
        frame = frame.with_columns(as_floats)
    return frame.cast(dtype).to_numpy()
