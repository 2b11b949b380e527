"""What may tell how uncertain a row is, as a few columns of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.extmath import randomized_svd

from ..modalities._kinds import NUMERIC_KINDS, kinds_of
from ..modalities._numbers import floats_of, is_plain
from ..modalities._tables import as_table, is_frame, take_columns

# Wider rows are told by so many of their principal components, learned from so many rows.
_MAX_COLUMNS, _N_COMPONENTS, _MAX_WIDE_ROWS = 256, 64, 2_000
# Sets of columns that lack values together, of which each gets an indicator.
_MAX_GAPS = 16
# Standard deviations beyond which a row counts as no more unusual.
_LIMIT = 3.0
_CHUNK_ROWS = 1_024


@dataclass
class RowColumns:
    """Columns that may tell how uncertain a row is, each of mean zero and deviation one.

    They are the predictions and their squares; the rows' numbers, or the components of
    wide rows, and how far these are from their means; and which of them are not there.

    Parameters
    ----------
    kept : ndarray of int of shape (n_kept,)
        Positions of the columns of `X` that hold numbers.
    centre, spread : ndarray of shape (n_kept,)
        Their means and standard deviations.
    components : ndarray of shape (n_kept, n_components), or None
        What they are projected on, if there are many.
    gaps : ndarray of int
        Positions among `kept` of one column of each set that lacks values together.
    mean, scale : ndarray of shape (n_columns,)
        What the columns are centred and divided by.
    """

    kept: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    components: np.ndarray | None
    gaps: np.ndarray
    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, X: Any, prediction: np.ndarray, weight: np.ndarray) -> RowColumns:
        """Learn which columns there are.

        Parameters
        ----------
        X : ndarray or csr_matrix of shape (n_samples, n_features)
            The rows, from :func:`numbers_of`.
        prediction : ndarray of shape (n_samples, n_targets)
            What is predicted for them.
        weight : ndarray of shape (n_samples,)
            Their weights.

        Returns
        -------
        RowColumns
        """
        kept = np.arange(X.shape[1])
        if len(kept) > _MAX_COLUMNS and len(weight) > _MAX_WIDE_ROWS:
            rows = np.sort(np.random.RandomState(0).permutation(len(weight))[:_MAX_WIDE_ROWS])
            X, prediction, weight = X[rows], prediction[rows], weight[rows]
        numbers = _dense(X)
        missing = np.isnan(numbers)
        if missing.any():
            kept = np.flatnonzero(~missing.all(axis=0))
            numbers, missing = numbers[:, kept], missing[:, kept]
        centre, spread = _moments(numbers, weight[:, None] * ~missing)
        standard = _standard(numbers, centre, spread)
        components = _principal(standard) if len(kept) > _MAX_COLUMNS else None
        new = cls(kept, centre, spread, components, _gaps(missing), np.zeros(1), np.ones(1))
        columns = new._columns(standard, missing, prediction)
        new.mean, new.scale = _moments(columns, weight[:, None])
        return new

    def chunks(self, X: Any, prediction: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the columns of rows, some rows after the other.

        Parameters
        ----------
        X : ndarray or csr_matrix of shape (n_samples, n_features)
            Rows with the columns of the fit, from :func:`numbers_of`.
        prediction : ndarray of shape (n_samples, n_targets)
            What is predicted for them.

        Yields
        ------
        rows : slice
            Which rows.
        columns : ndarray of shape (n_rows, n_columns), float64
        """
        for start in range(0, len(prediction), _CHUNK_ROWS):
            rows = slice(start, start + _CHUNK_ROWS)
            numbers = _dense(X[rows])[:, self.kept]
            standard = _standard(numbers, self.centre, self.spread)
            columns = self._columns(standard, np.isnan(numbers), prediction[rows])
            yield rows, _standard(columns, self.mean, self.scale)

    def _columns(
        self, standard: np.ndarray, missing: np.ndarray, prediction: np.ndarray
    ) -> np.ndarray:
        if self.components is not None:
            standard = standard @ self.components
        gaps = missing[:, self.gaps].astype(np.float64)
        with np.errstate(over="ignore"):
            squares = prediction**2
        return np.hstack([prediction, squares, standard, np.abs(standard), gaps])


def numbers_of(X: Any, n_samples: int) -> Any:
    """Return the numbers of a table, without a copy where it is nothing else.

    Parameters
    ----------
    X : array-like, DataFrame or sparse matrix of n_samples rows
        What an estimator is given.
    n_samples : int
        Its number of rows.

    Returns
    -------
    ndarray or csr_matrix of shape (n_samples, n_features)
        NaN throughout in columns of other kinds. Without columns where `X` is no matrix.
    """
    if issparse(X):
        return X.tocsr()
    X = as_table(X)
    if is_frame(X):
        return floats_of(X) if is_plain(X) else _numbers_among(X)
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "fiubO":
        return X  # objects that are no numbers made a frame of it
    return np.empty((n_samples, 0))


def _numbers_among(frame: Any) -> np.ndarray:
    """Return the columns that hold numbers, with NaN in the others' places."""
    numeric = np.flatnonzero([kind in NUMERIC_KINDS for kind in kinds_of(frame)])
    values = np.full((len(frame), len(frame.columns)), np.nan)
    if len(numeric):
        values[:, numeric] = floats_of(take_columns(frame, numeric))
    return values


def _dense(X: Any) -> np.ndarray:
    return X.toarray().astype(np.float64) if issparse(X) else X.astype(np.float64)


def _moments(values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weighted means and standard deviations, one where there is no deviation."""
    weight = np.broadcast_to(weight, values.shape)
    values = np.where(weight > 0, values, 0)
    with np.errstate(over="ignore", invalid="ignore"):
        total = weight.sum(axis=0)
        mean = (weight * values).sum(axis=0) / total
        scale = np.sqrt((weight * (values - mean) ** 2).sum(axis=0) / total)
    constant = ~(scale > np.finfo(np.float64).eps * np.abs(mean)) | ~np.isfinite(scale)
    return np.nan_to_num(mean), np.where(constant, 1.0, scale)


def _standard(values: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return standardised values, limited; zero where they are not there."""
    with np.errstate(over="ignore", invalid="ignore"):
        standard = (values - centre) / spread
    return np.clip(np.where(np.isnan(standard), 0, standard), -_LIMIT, _LIMIT)


def _principal(standard: np.ndarray) -> np.ndarray:
    """Return the directions in which rows vary most, each divided by how much they do."""
    n_components = min(_N_COMPONENTS, len(standard))
    _, lengths, directions = randomized_svd(standard, n_components, random_state=0)
    deviations = np.maximum(lengths / np.sqrt(len(standard)), np.finfo(np.float64).eps)
    return (directions / deviations[:, None]).T


def _gaps(missing: np.ndarray) -> np.ndarray:
    """Return one column of each set that lacks values together, the most frequent ones."""
    some = np.flatnonzero(missing.any(axis=0))
    _, first = np.unique(missing[:, some], axis=1, return_index=True)
    often = np.argsort(-missing[:, some[first]].sum(axis=0), kind="stable")[:_MAX_GAPS]
    return np.sort(some[first[often]])
