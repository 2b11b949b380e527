"""One column of raw cells, from whatever table it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..modalities._lazy_input import refuse_lazy


@dataclass
class Column:
    """One column of raw cells.

    Parameters
    ----------
    cells : list
        A cell for each row.

    labels : sequence
        What the caller calls each row: the labels of a pandas index, else positions.

    checked : DataFrame or ndarray of shape (n_samples, 1)
        What scikit-learn reads the number and the names of columns from.
    """

    cells: list
    labels: Sequence
    checked: Any


def column_of(X: Any, owner: str, *, cell_ndim: int = 0) -> Column:
    """Take the cells out of a column.

    Parameters
    ----------
    X : Series, DataFrame or table of one column, ndarray, or list of cells
        Of pandas, polars, pyarrow or NumPy. An array of shape (n_samples, 1) or a list of lists
        of one string each is a column, too.

    owner : str
        Name of the encoder, for errors.

    cell_ndim : int, default=0
        The fewest dimensions of a cell that is an array. An array of numbers with one dimension
        more holds a cell in each row.

    Returns
    -------
    Column

    Raises
    ------
    TypeError
        If `X` is no column of cells.

    ValueError
        If it has more columns than one, or no row.
    """
    refuse_lazy(X, f"{owner}")
    library = type(X).__module__.partition(".")[0]
    if library == "pandas":
        column = _of_pandas(X, owner)
    elif library in ("polars", "pyarrow"):
        column = _of_arrow(X, owner)
    elif isinstance(X, np.ndarray):
        column = _of_array(X, owner, cell_ndim)
    elif isinstance(X, (list, tuple)):
        column = _of_list(list(X))
    else:
        raise TypeError(
            f"{owner} takes one column of cells: a Series, a DataFrame of one column, an array or "
            f"a list; got {type(X).__name__}."
        )
    if not column.cells:
        raise ValueError(
            f"Found array with 0 sample(s) (shape=(0, 1)) while a minimum of 1 is required by "
            f"{owner}."
        )
    return column


def _of_pandas(X: Any, owner: str) -> Column:
    if isinstance(X, pd.Index):
        X = X.to_series()
    if isinstance(X, pd.DataFrame):
        _require_one(X.shape[1], list(X.columns), owner)
        return Column(X.iloc[:, 0].tolist(), X.index, X)
    frame = X.to_frame() if isinstance(X.name, str) else _unnamed(len(X))
    return Column(X.tolist(), X.index, frame)


def _of_arrow(X: Any, owner: str) -> Column:
    """Take a Series or DataFrame of polars, or an Array or Table of pyarrow."""
    name = getattr(X, "name", None)
    if hasattr(X, "columns"):  # a DataFrame or Table
        names = list(getattr(X, "column_names", X.columns))
        _require_one(len(names), names, owner)
        name, X = names[0], X[names[0]]
    cells = X.to_list() if hasattr(X, "to_list") else X.to_pylist()
    if isinstance(name, str) and name:
        checked: Any = pd.DataFrame({name: np.zeros(len(cells), dtype=bool)})
    else:
        checked = _unnamed(len(cells))
    return Column(cells, range(len(cells)), checked)


def _of_array(X: np.ndarray, owner: str, cell_ndim: int) -> Column:
    if X.ndim == 0:
        raise TypeError(f"{owner} takes one column of cells; got a single value.")
    if X.dtype != object and cell_ndim and X.ndim > cell_ndim and X.shape[1:] != (1,):
        return _of_list(list(X))  # a picture, a video or a sound in each row
    if X.ndim == 1:
        return _of_list(X.tolist())
    if X.ndim > 2:
        raise ValueError(f"{owner} takes one column of cells; got an array of shape {X.shape}.")
    _require_one(X.shape[1], [], owner)
    return _of_list(X[:, 0].tolist())


def _of_list(cells: list) -> Column:
    rows_of_one_string = all(
        isinstance(cell, (list, tuple)) and len(cell) == 1 and isinstance(cell[0], str)
        for cell in cells
    )
    if rows_of_one_string:
        cells = [cell[0] for cell in cells]
    return Column(cells, range(len(cells)), _unnamed(len(cells)))


def _require_one(n_columns: int, names: list, owner: str) -> None:
    if n_columns != 1:
        named = f" ({', '.join(map(repr, names[:5]))})" if names else ""
        raise ValueError(
            f"{owner} takes one column of cells; got {n_columns} columns{named}. Take "
            "sklearn.compose.ColumnTransformer for an encoder for each, or "
            "make_mofa_pipeline(encoders=...)."
        )


def _unnamed(n_rows: int) -> np.ndarray:
    return np.zeros((n_rows, 1), dtype=bool)
