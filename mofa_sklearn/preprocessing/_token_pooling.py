"""Sequences of vectors: one vector of each, or a padded block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .._sklearn_private import Interval, StrOptions, _check_feature_names_in, _fit_context
from ..modalities._names import modality_of
from ._token_cells import cells_of, column_names, sequences_of

_FLOATS = [np.float64, np.float32]
# Values that are pooled at a time.
_CHUNK_VALUES = 2**24


def _mean(block: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Return the mean of the tokens that are shown: (n, n_tokens, width) -> (n, width)."""
    count = shown.sum(axis=1, dtype=float)
    total = block.sum(axis=1, dtype=float, where=shown)  # of many tokens, float32 is rough
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _max(block: np.ndarray, shown: np.ndarray) -> np.ndarray:
    largest = block.max(axis=1, where=shown, initial=-np.inf)
    return np.where(shown.any(axis=1), largest, np.nan)


def _mean_std(block: np.ndarray, shown: np.ndarray) -> np.ndarray:
    mean = _mean(block, shown)
    square = (block - mean[:, np.newaxis]) ** 2
    return np.hstack([mean, np.sqrt(_mean(square, shown))])


def _first(block: np.ndarray, shown: np.ndarray) -> np.ndarray:
    first = shown.argmax(axis=1)[:, np.newaxis]
    taken = np.take_along_axis(block, first, axis=1)[:, 0]
    return np.where(shown.any(axis=1), taken, np.nan)


#: How tokens become one vector: gets them and which are there, (n, n_tokens, width) and
#: (n, n_tokens, 1).
_POOLINGS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mean": _mean,
    "max": _max,
    "mean-std": _mean_std,
    "first": _first,
}


class TokenPooling(TransformerMixin, BaseEstimator):
    """Make one vector of each sequence of vectors, or a block that a network attends over.

    Frames of a video, words of a text, patches of a picture: an encoder gives a vector
    for each, a *token*. Sequences may differ in length. They come in one of two forms:

    - columns whose cells hold a sequence each, of shape (n_tokens_of_the_cell, width):
      arrays, lists, polars or pyarrow lists of lists; also a list of such sequences, or
      an array of shape (n_samples, n_tokens, width), as one column;
    - with `n_tokens`, float columns: one block of so many vectors one after the other,
      NaN throughout where a token is not there.

    Parameters
    ----------
    pooling : {"mean", "max", "mean-std", "first", "none"}, default="mean"
        What becomes of the tokens that are there: their mean, their largest value in
        each column, mean and (population) standard deviation, or the first of them.
        ``"none"`` keeps them, as a block of `n_tokens` vectors one after the other, NaN
        where a sequence is shorter: for ``MoFARegressor(tokens=...)``.

    n_tokens : int, default=None
        Of float columns, the number of tokens in the block; it has to divide the number
        of columns. Of cells, how many tokens are used at most, the first ones. None uses
        all; ``pooling="none"`` then makes blocks as long as the longest sequence of the
        fit, and cuts longer ones.

    Attributes
    ----------
    widths_ : list of int
        The width of a token of each column of cells, or of the block.

    n_tokens_ : int or None
        The number of tokens of a block; None where cells are pooled.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    MoFARegressor : Attends over tokens (``tokens=``).
    make_mofa_pipeline : Preprocesses token by token (``tokens=``).

    Notes
    -----
    A cell that is None, NaN or empty, and a block without any token, is missing: the
    result is NaN throughout. The result is float64 where the tokens are arrays of 64-bit
    floats, and float32 otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from mofa_sklearn.preprocessing import TokenPooling
    >>> frame = pd.DataFrame({"words": [[[1.0, 2.0], [3.0, 6.0]], [[5.0, 0.0]], None]})
    >>> pool = TokenPooling().fit(frame)
    >>> pool.transform(frame)
    array([[ 2.,  4.],
           [ 5.,  0.],
           [nan, nan]], dtype=float32)
    >>> pool.get_feature_names_out().tolist()
    ['words__mean0', 'words__mean1']
    >>> TokenPooling("none").fit_transform(frame)
    array([[ 1.,  2.,  3.,  6.],
           [ 5.,  0., nan, nan],
           [nan, nan, nan, nan]], dtype=float32)
    >>> TokenPooling("max", n_tokens=2).fit_transform(np.array([[1.0, 2.0, 3.0, 6.0]]))
    array([[3., 6.]])
    """

    _parameter_constraints: dict = {
        "pooling": [StrOptions({*_POOLINGS, "none"})],
        "n_tokens": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, pooling="mean", *, n_tokens=None):
        self.pooling = pooling
        self.n_tokens = n_tokens

    def fit(self, X, y=None) -> TokenPooling:
        """Learn how wide tokens are.

        Parameters
        ----------
        X : array-like, Series, DataFrame or Table of shape (n_samples, n_features)
            Columns of cells, or a block of float columns.

        y : None
            Not used.

        Returns
        -------
        self : TokenPooling
            The fitted transformer.

        Raises
        ------
        ValueError
            If tokens of a column have different widths, are NaN in part or hold
            infinity, if a column has none, or if float columns are no multiple of
            `n_tokens`.
        """
        self.fit_transform(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None) -> np.ndarray:
        """Fit, and transform the same rows.

        Parameters
        ----------
        X : array-like, Series, DataFrame or Table of shape (n_samples, n_features)
            As in `fit`.

        y : None
            Not used.

        Returns
        -------
        ndarray of float32 or float64 of shape (n_samples, n_features_out)
        """
        cells, X = self._check(X, reset=True)
        self._holds_cells = cells is not None
        if cells is None:
            self._learn_block(X.shape[1])
            return self._pool_block(X)
        columns = [sequences_of(cells, position) for position in range(cells.shape[1])]
        names = column_names(cells)
        self.widths_ = [_width(*item) for item in zip(columns, names, strict=True)]
        self.n_tokens_: Any = self.n_tokens if self.pooling == "none" else None
        if self.pooling == "none" and self.n_tokens is None:
            self.n_tokens_ = max(len(one) for cells in columns for one in cells if one is not None)
        return self._pool_cells(columns, names)

    def transform(self, X) -> np.ndarray:
        """Pool the tokens.

        Parameters
        ----------
        X : array-like, Series, DataFrame or Table of shape (n_samples, n_features)
            The columns of the fit.

        Returns
        -------
        ndarray of float32 or float64 of shape (n_samples, n_features_out)
            NaN where a sequence is missing.

        Raises
        ------
        ValueError
            If tokens are wider or narrower than those of the fit.
        """
        check_is_fitted(self, "widths_")
        cells, X = self._check(X, reset=False)
        if not self._holds_cells:
            return self._pool_block(X)
        columns = [sequences_of(cells, position) for position in range(cells.shape[1])]
        return self._pool_cells(columns, column_names(cells))

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of ``X``; None takes those of the fit.

        Returns
        -------
        ndarray of str of shape (n_features_out,)
            ``<column>__mean<i>`` or ``<column>__t<token>__<i>`` of cells. Of a block,
            ``<modality>__mean<i>``, without the modality where names tell none, and the
            names of its columns where all tokens are kept.
        """
        check_is_fitted(self, "widths_")
        names = _check_feature_names_in(self, input_features)
        if self._holds_cells:
            own = [
                f"{name}__{part}"
                for name, width in zip(names, self.widths_, strict=True)
                for part in self._parts(width)
            ]
            return np.asarray(own, dtype=object)
        if self.pooling == "none":
            return names
        modalities = {modality_of(name) for name in names}
        prefix = f"{modalities.pop()}__" if len(modalities) == 1 and None not in modalities else ""
        parts = [f"{prefix}{part}" for part in self._parts(self.widths_[0])]
        return np.asarray(parts, dtype=object)

    def _parts(self, width: int) -> Iterator[str]:
        """Name what is made of a sequence of tokens of this width."""
        if self.pooling == "none":
            digits = len(str(self.n_tokens_ - 1))
            kinds = [f"t{token:0{digits}}__" for token in range(self.n_tokens_)]
        else:
            kinds = self.pooling.split("-")
        return (f"{kind}{i}" for kind in kinds for i in range(width))

    def _check(self, X: Any, reset: bool) -> tuple[Any, Any]:
        """Return a table of cells and None, or None and a float matrix."""
        cells = cells_of(X)
        if not reset and (cells is not None) != self._holds_cells:
            held, holds = ("cells", "numbers") if self._holds_cells else ("numbers", "cells")
            raise ValueError(f"X holds {holds}, but held {held} in fit.")
        if cells is not None:
            validate_data(self, cells, skip_check_array=True, reset=reset)
            return cells, None
        X = validate_data(self, X, dtype=_FLOATS, ensure_all_finite="allow-nan", reset=reset)
        return None, X

    def _learn_block(self, n_columns: int) -> None:
        if self.n_tokens is None:
            raise ValueError(
                f"X has {n_columns} columns of numbers; n_tokens= has to say how many vectors "
                "lie one after the other in them. Columns of cells need none."
            )
        if n_columns % self.n_tokens:
            raise ValueError(
                f"X has {n_columns} columns, which cannot be {self.n_tokens} tokens of one width: "
                f"{n_columns} is no multiple of n_tokens={self.n_tokens}."
            )
        self.n_tokens_, self.widths_ = self.n_tokens, [n_columns // self.n_tokens]

    def _pool_block(self, X: np.ndarray) -> np.ndarray:
        rows = max(1, _CHUNK_VALUES // X.shape[1])
        chunks = [
            self._pool(X[start : start + rows].reshape(-1, self.n_tokens_, self.widths_[0]), "X")
            for start in range(0, len(X), rows)
        ]
        return np.concatenate(chunks)

    def _pool_cells(self, columns: list[list[np.ndarray | None]], names: list) -> np.ndarray:
        pooled = []
        for cells, name, width in zip(columns, names, self.widths_, strict=True):
            _check_widths(cells, name, width)
            blocks = _padded(cells, width, self.n_tokens, self.n_tokens_)
            start, parts = 0, []
            for block in blocks:
                parts.append(self._pool(block, f"Column {name!r}", start))
                start += len(block)
            pooled.append(np.concatenate(parts))
        return np.concatenate(pooled, axis=1)

    def _pool(self, block: np.ndarray, where: str, start: int = 0) -> np.ndarray:
        """Pool tokens, NaN where they are not there: (n, n_tokens, width) -> (n, columns)."""
        if np.isinf(block).any():
            raise ValueError(f"{where} contains infinity, or a value too large for float32.")
        if self.pooling == "none":  # single gaps are for the steps that come
            return block.reshape(len(block), -1)
        nan = np.isnan(block)
        lacking = nan.all(axis=2)
        partly = nan.any(axis=2) & ~lacking
        if partly.any():
            row, token = np.argwhere(partly)[0]
            raise ValueError(
                f"{where} has NaN in some of the columns of token {token} in row {start + row}; "
                "impute it first, or make the whole token NaN to mark it as missing."
            )
        pooled = _POOLINGS[self.pooling](block, ~lacking[:, :, np.newaxis])
        return pooled.astype(block.dtype, copy=False)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Tokens that are NaN throughout are always allowed, single NaN where all are kept.
        tags.input_tags.allow_nan = self.pooling == "none"
        tags.input_tags.two_d_array = self.n_tokens is not None  # else columns of cells
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _width(cells: list[np.ndarray | None], name: Any) -> int:
    """Return the width of a column's tokens: that of the first."""
    first = next((cell for cell in cells if cell is not None), None)
    if first is None:
        raise ValueError(f"Column {name!r} holds no token: all of its cells are missing.")
    return first.shape[1]


def _check_widths(cells: list[np.ndarray | None], name: Any, width: int) -> None:
    for row, cell in enumerate(cells):
        if cell is not None and cell.shape[1] != width:
            raise ValueError(
                f"Column {name!r} has tokens of width {cell.shape[1]} in row {row}, where {width} "
                "is expected: that of the first cell of the fit."
            )


def _padded(
    cells: list[np.ndarray | None], width: int, most: int | None, length: int | None
) -> Iterator[np.ndarray]:
    """Yield blocks of some rows each, of shape (n, n_tokens, width), padded with NaN.

    Of a cell the first `most` tokens are used; `length` is the number of tokens of all
    blocks, None: what they need.
    """
    used = [np.empty((0, width), dtype=np.float32) if c is None else c[:most] for c in cells]
    length = max(1, *map(len, used)) if length is None else length
    dtype = np.result_type(np.float32, *(cell.dtype for cell in used))
    n_rows = max(1, _CHUNK_VALUES // (length * width))
    for start in range(0, len(used), n_rows):
        some = used[start : start + n_rows]
        block = np.full((len(some), length, width), np.nan, dtype=dtype)
        for row, cell in zip(block, some, strict=True):
            row[: min(len(cell), length)] = cell[:length]
        yield block
