"""Columns whose cells hold vectors: one float column for each number in them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .._sklearn_private import _check_feature_names_in, _fit_context
from ..modalities._kinds import (
    EMPTY,
    VECTORS,
    kinds_of,
    missing_cells,
)
from ..modalities._numbers import floats_of, refuse_other_kinds
from ..modalities._tables import (
    as_table,
    column_of,
    is_frame,
    label_of,
    take_columns,
)


class VectorColumns(TransformerMixin, BaseEstimator):
    """Make float columns of columns whose cells hold vectors.

    A table with embeddings often has them in cells: one list, tuple or array of numbers
    in each row, as parquet files and data frames keep them. Each becomes as many columns
    as the vector has numbers. Columns of plain numbers stay as they are.

    Attributes
    ----------
    widths_ : list of int of shape (n_features_in_,)
        How many columns each column becomes.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns of ``X``, where all of them are strings.

    See Also
    --------
    make_mofa_pipeline : Does this by itself.

    Notes
    -----
    Cells may be lists, tuples, NumPy arrays or tensors in a pandas column, polars
    ``Array`` or ``List``, pyarrow lists of fixed or of any size; the numbers integers or
    floats of 16 to 64 bits. The result is float64 if any vector is of an array of 64-bit
    floats, and float32 otherwise. A cell that is None, empty, or NaN throughout is
    missing: its row is NaN.

    Examples
    --------
    >>> import pandas as pd
    >>> from mofa_sklearn.preprocessing import VectorColumns
    >>> frame = pd.DataFrame({"title": [[0.5, 1.0], None, [2.0, 3.0]], "age": [7, 8, 9]})
    >>> columns = VectorColumns().fit(frame)
    >>> columns.transform(frame)
    array([[0.5, 1. , 7. ],
           [nan, nan, 8. ],
           [2. , 3. , 9. ]])
    >>> columns.get_feature_names_out().tolist()
    ['title_0', 'title_1', 'age']
    """

    _parameter_constraints: dict = {}

    def fit(self, X, y=None) -> VectorColumns:
        """Learn how long the vectors of each column are.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            Columns of vector cells or of numbers; a single column may be a Series.

        y : None
            Ignored.

        Returns
        -------
        self : VectorColumns

        Raises
        ------
        ValueError
            If the vectors of a column have different lengths, if a column has none, or
            holds sequences of vectors, text, categories or dates.
        TypeError
            If a column holds other objects.
        """
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None) -> np.ndarray:
        """Fit, and transform the same rows.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            As in `fit`.

        y : None
            Ignored.

        Returns
        -------
        ndarray of float32 or float64 of shape (n_samples, sum of widths_)
            The numbers, column by column.
        """
        return self._fit(X)

    def transform(self, X) -> np.ndarray:
        """Return the numbers in the vectors.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            The columns of the fit.

        Returns
        -------
        ndarray of float32 or float64 of shape (n_samples, sum of widths_)
            The numbers, column by column.

        Raises
        ------
        ValueError
            If a vector is longer or shorter than those of the fit.
        """
        check_is_fitted(self, "widths_")
        X = self._check(X, reset=False)
        if not is_frame(X):
            return X
        blocks = []
        for position, kind in enumerate(kinds_of(X)):
            width = self.widths_[position] if self._holds_vectors[position] else None
            if width is not None and kind in (VECTORS, EMPTY):
                name = label_of(X, position)
                blocks.append(vectors_of(column_of(X, position), name, width))
            else:
                blocks.append(self._numbers(X, position, width))
        return _side_by_side(blocks)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the columns: ``<column>_<number>`` for those of a vector.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of ``X``; None takes those of the fit.

        Returns
        -------
        ndarray of str of shape (sum of widths_,)
        """
        check_is_fitted(self, "widths_")
        names: list[str] = []
        columns = zip(
            _check_feature_names_in(self, input_features),
            self.widths_,
            self._holds_vectors,
            strict=True,
        )
        for name, width, holds_vectors in columns:
            names += [f"{name}_{i}" for i in range(width)] if holds_vectors else [name]
        return np.asarray(names, dtype=object)

    def _fit(self, X: Any) -> np.ndarray:
        X = self._check(X, reset=True)
        if not is_frame(X):
            self.widths_ = [1] * X.shape[1]
            self._holds_vectors = [False] * X.shape[1]
            return X
        kinds = kinds_of(X)
        blocks = [
            vectors_of(column_of(X, position), label_of(X, position))
            if kind == VECTORS
            else self._numbers(X, position)
            for position, kind in enumerate(kinds)
        ]
        self.widths_ = [block.shape[1] for block in blocks]
        self._holds_vectors = [kind == VECTORS for kind in kinds]
        return _side_by_side(blocks)

    def _check(self, X: Any, reset: bool) -> Any:
        """Return a frame that may hold vectors, or a float matrix."""
        if isinstance(X, pd.Series) or type(X).__name__ == "Series":
            X = X.to_frame()
        X = as_table(X)
        if not is_frame(X):
            return validate_data(
                self, X, dtype=[np.float32, np.float64], ensure_all_finite=False, reset=reset
            )
        validate_data(self, X, skip_check_array=True, reset=reset)
        return X

    def _numbers(self, X: Any, position: int, width: int | None = None) -> np.ndarray:
        """Return a column of plain numbers, (n_samples, 1); `width`: that of vectors in fit."""
        own = take_columns(X, np.array([position]))
        refuse_other_kinds(own)
        if width is not None:
            raise ValueError(
                f"Column {label_of(X, position)!r} holds numbers, but held vectors of {width} "
                "numbers in fit."
            )
        return floats_of(own)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _side_by_side(blocks: list[np.ndarray]) -> np.ndarray:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)


def vectors_of(column: Any, name: Any, width: int | None = None) -> np.ndarray:
    """Return the vectors in a column's cells as one matrix.

    Parameters
    ----------
    column : pandas or polars Series of length n_samples
        Cells that hold a vector each, or nothing.
    name : object
        The column's name, for messages.
    width : int, default=None
        How long the vectors have to be; None takes that of the first.

    Returns
    -------
    ndarray of float32 or float64 of shape (n_samples, width)
        NaN in the rows of missing cells.

    Raises
    ------
    ValueError
        If lengths differ from each other, or from `width`.
    """
    missing = missing_cells(column)
    cells = _present_cells(column, ~missing)
    if width is None and not len(cells):
        raise ValueError(f"Column {name!r} holds no vector: all of its cells are missing.")
    lengths = _lengths_of(cells)
    expected = int(lengths[0]) if width is None else width
    if (lengths != expected).any():
        _refuse_length(name, missing, lengths, expected, in_fit=width is not None)
    try:
        values = _stacked(cells, expected)
    except (TypeError, ValueError, struct.error) as error:
        raise ValueError(f"Column {name!r} holds vectors of what is no number.") from error
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float32)
    if not missing.any():
        return values
    complete = np.full((len(missing), expected), np.nan, dtype=values.dtype)
    complete[~missing] = values
    return complete


def _refuse_length(
    name: Any, missing: np.ndarray, lengths: np.ndarray, expected: int, in_fit: bool
) -> None:
    wrong = int(np.flatnonzero(lengths != expected)[0])
    rows = np.flatnonzero(~missing)
    others = "those of the fit have" if in_fit else f"that of row {rows[0]} has"
    raise ValueError(
        f"Column {name!r} holds vectors of different lengths: that of row {rows[wrong]} has "
        f"{lengths[wrong]} numbers, {others} {expected}. If a cell holds a sequence of vectors, "
        "one for each word or frame, mofa_sklearn.preprocessing.TokenPooling() makes one of them."
    )


def _present_cells(column: Any, present: np.ndarray) -> Any:
    """Return the cells that are there: a list, or a polars Series of a nested dtype."""
    if isinstance(column, pd.Series):
        return column[present].to_list()
    present_cells = column.filter(present)
    return present_cells if column.dtype.is_nested() else present_cells.to_list()


def _lengths_of(cells: Any) -> np.ndarray:
    if isinstance(cells, list):
        return np.fromiter(map(len, cells), dtype=np.intp, count=len(cells))
    if hasattr(cells.dtype, "size"):  # polars Array
        return np.full(len(cells), cells.dtype.size)
    return cells.list.len().to_numpy()


def _stacked(cells: Any, width: int) -> np.ndarray:
    """Return vectors of the same length as one matrix."""
    if not isinstance(cells, list):
        return cells.explode().to_numpy().reshape(len(cells), width)
    if cells and all(isinstance(cell, np.ndarray) for cell in cells):
        return np.concatenate(cells).reshape(len(cells), width)
    values = np.empty((len(cells), width), dtype=np.float32)
    # Packing lists of Python's numbers is twice as fast as numpy.array.
    pack = struct.Struct(f"{width}d").pack
    for row, cell in enumerate(cells):
        if isinstance(cell, (list, tuple)) and None not in cell:
            values[row] = np.frombuffer(pack(*cell))
        else:
            values[row] = np.asarray(cell, dtype=float)
    return values
