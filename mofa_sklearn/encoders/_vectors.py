"""From vectors, or tokens, of single cells to a matrix."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA


def merged(tokens: np.ndarray, n_tokens: int | None) -> np.ndarray:
    """Replace many tokens by the means of so many stretches of equal length.

    Parameters
    ----------
    tokens : ndarray of shape (n_tokens_i, width), or (width,)
        A vector stays as it is, and so do tokens that are no more than that.

    n_tokens : int or None
        Tokens of the result; None: all.

    Returns
    -------
    ndarray of shape (n_tokens, width) or as given
    """
    if n_tokens is None or tokens.ndim == 1 or len(tokens) <= n_tokens:
        return tokens
    return np.stack([part.mean(axis=0) for part in np.array_split(tokens, n_tokens)])


def normalized(vector: np.ndarray) -> np.ndarray:
    """Bring a vector, or each token, to length one; one of zeros stays as it is."""
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    return vector / np.where(length > 0, length, 1)


def flatten(rows: list[np.ndarray]) -> np.ndarray:
    """Lay vectors, or the tokens of all cells, one below the other.

    Parameters
    ----------
    rows : list of ndarray of shape (width,) or (n_tokens, width)

    Returns
    -------
    ndarray of shape (n_vectors, width)
    """
    return np.concatenate([np.atleast_2d(row) for row in rows])


def reduced(rows: list[np.ndarray], pca: PCA) -> list[np.ndarray]:
    """Replace vectors, or each token, by their principal components."""
    if not rows:
        return rows
    components = pca.transform(flatten(rows))
    if rows[0].ndim == 1:
        return list(components)
    ends = np.cumsum([len(row) for row in rows])
    return np.split(components, ends[:-1])


def fill_rows(
    rows: list[np.ndarray], present: np.ndarray, n_tokens: int | None, width: int
) -> np.ndarray:
    """Lay rows below each other, with NaN where a cell or a token is not there.

    Parameters
    ----------
    rows : list of ndarray of shape (width,) or (n_tokens_i, width)
        Of the cells that are there.

    present : ndarray of bool of shape (n_samples,)
        Which cells are there.

    n_tokens : int or None
        Number of tokens in a row of the result; None without tokens.

    width : int
        Of a vector.

    Returns
    -------
    ndarray of float32 of shape (n_samples, width) or (n_samples, n_tokens * width)
    """
    filled = np.full((len(present), (n_tokens or 1) * width), np.nan, dtype=np.float32)
    for i, row in zip(np.flatnonzero(present), rows, strict=True):
        filled[i, : row.size] = row.ravel()
    return filled
