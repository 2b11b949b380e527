"""Columns of variance one, and principal components of wide blocks, for linear models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.utils.extmath import randomized_svd

# Rows whose float64 copies are held at a time.
_CHUNK = 1024


def mean_and_scale(X: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return every column's mean and standard deviation; 0 and 1 where there is none."""
    mean, square = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    total = np.zeros(X.shape[1])
    for start in range(0, len(X), _CHUNK):  # in chunks: float64 of all would be a large copy
        chunk, own = X[start : start + _CHUNK].astype(float), weight[start : start + _CHUNK]
        known = ~np.isnan(chunk)
        total += own @ known
        mean += own @ np.where(known, chunk, 0)
    mean = np.divide(mean, total, out=np.zeros_like(mean), where=total > 0)
    for start in range(0, len(X), _CHUNK):
        chunk, own = X[start : start + _CHUNK].astype(float), weight[start : start + _CHUNK]
        square += own @ np.nan_to_num(chunk - mean) ** 2
    scale = np.sqrt(np.divide(square, total, out=np.zeros_like(square), where=total > 0))
    is_constant = scale <= 1e-6 * np.abs(mean)  # what rounding leaves of a constant column
    return mean, np.where(is_constant | (scale == 0), 1.0, scale)


def filled(X: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Replace NaN by the columns' means; an array without NaN is not copied."""
    missing = np.isnan(X)
    return np.where(missing, mean.astype(X.dtype), X) if missing.any() else X


def components(
    X: np.ndarray,
    blocks: Sequence[np.ndarray],
    n_components: int,
    mean: np.ndarray,
    scale: np.ndarray,
    seed: int,
    weight: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the principal components of wide blocks.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows, without NaN.
    blocks : sequence of ndarray of int
        Column positions of every block. One of no more than `n_components` columns
        stays as it is.
    n_components : int
        Components of a wide block.
    mean, scale : ndarray of shape (n_features,)
        What columns are standardised by.
    seed : int
        Where the randomised search starts.
    weight : ndarray of shape (n_samples,), default=None
        Weights of the rows, 1 on average.

    Returns
    -------
    directions : ndarray of shape (n_features, n_columns)
        The axes, for standardised columns; zero where the rows span fewer dimensions.
    spread : ndarray of shape (n_columns,)
        Standard deviation of each component; 1 for columns of narrow blocks.
    """
    root = None if weight is None else np.sqrt(weight)[:, None].astype(X.dtype)
    directions, spreads = [], []
    for block in blocks:
        width = min(len(block), n_components)
        own, spread = np.zeros((X.shape[1], width)), np.ones(width)
        if len(block) <= n_components:
            own[block, np.arange(width)] = 1.0
        else:
            centred = (X[:, block] - mean[block].astype(X.dtype)) / scale[block].astype(X.dtype)
            rows = centred if root is None else root * centred
            _, sizes, axes = randomized_svd(rows, width, n_iter=2, random_state=seed)
            kept = sizes > 1e-6 * max(sizes[0], np.finfo(float).tiny)
            own[np.ix_(block, np.flatnonzero(kept))] = axes[kept].T
            spread[np.flatnonzero(kept)] = sizes[kept] / np.sqrt(len(X))
        directions.append(own)
        spreads.append(spread)
    return np.concatenate(directions, axis=1), np.concatenate(spreads)


def project(
    X: np.ndarray, directions: np.ndarray, mean: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Return the components of rows without NaN, of shape (n_samples, n_columns)."""
    projected = np.empty((len(X), directions.shape[1]))
    # In float64, so that a row's components do not depend on the rows beside it.
    for start in range(0, len(X), _CHUNK):
        chunk = (X[start : start + _CHUNK] - mean.astype(float)) / scale
        projected[start : start + _CHUNK] = chunk @ directions
    return projected
