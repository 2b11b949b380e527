"""Finite values so large that sums and squares of them overflow in float32."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ._positions import as_slice

# From here on values are brought down, or computed with in float64. Far below what float32 holds
# (3e38): the square of a weighted sum of thousands of them still has its place there.
HUGE = 2.0**50
# Values looked at together: they stay in the cache for the second look.
_CHUNK_VALUES = 2**17


def largest_magnitude(X: np.ndarray) -> float:
    """Return the largest absolute value, without a copy; NaN or infinite where X has such values.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The values.

    Returns
    -------
    float
        0 of no values.
    """
    if X.size == 0:
        return 0.0
    n_rows = max(1, _CHUNK_VALUES // X.shape[1])
    chunks = (X[start : start + n_rows] for start in range(0, len(X), n_rows))
    return float(np.max([(chunk.max(), -chunk.min()) for chunk in chunks]))


def is_ordinary(X: np.ndarray) -> bool:
    """Tell, in one look and without a temporary, that all values are finite and none is huge.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The values.

    Returns
    -------
    bool
        True proves it. False proves nothing: many large values may add up.
    """
    lines = X if X.strides[1] <= X.strides[0] else X.T  # as they lie in memory
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(_squares(lines).sum() <= HUGE**2)


def _squares(X: np.ndarray) -> np.ndarray:
    """Return the sum of squares of each row."""
    if hasattr(np, "vecdot"):  # NumPy 2; quicker than a plain sum
        return np.vecdot(X, X)
    return np.einsum("ij,ij->i", X, X)


def is_huge(X: np.ndarray) -> bool:
    """Tell whether some finite value is huge, NaN and infinity left aside."""
    if is_ordinary(X):
        return False
    largest = largest_magnitude(X)
    if np.isfinite(largest):
        return largest > HUGE
    return bool((np.isfinite(X) & (np.abs(X) > HUGE)).any())


def in_enough_digits(X: np.ndarray) -> np.ndarray:
    """Return rows as they are, or in float64 where float32 could overflow, no half ones.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float16, float32 or float64
        The rows.

    Returns
    -------
    ndarray of the same shape
    """
    if X.dtype == np.float16:
        return X.astype(np.float32)
    return X.astype(np.float64) if X.dtype == np.float32 and is_huge(X) else X


def quiet_range() -> np.errstate:
    """Silence NumPy's warnings of huge values while scikit-learn looks at them.

    It sums them to find infinity, and casts what is too large for float32 to infinity, which
    is refused in other words.
    """
    return np.errstate(over="ignore", invalid="ignore")


def bring_down(X: np.ndarray, blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Divide rows of a block that hold a huge value, so that it is not huge any more.

    A network normalises what a block's first layer makes of it, so that the size of a row
    does not count, only its direction: the layer's constants are nothing beside it.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows, NaN where a modality is missing, else finite.
    blocks : iterable of ndarray of int
        Column positions of every modality, or of every token of one.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        A copy if there are such rows.
    """
    brought = X
    for positions in blocks:
        columns = as_slice(positions)
        largest = np.abs(X[:, columns]).max(axis=1)
        rows = np.flatnonzero(largest > HUGE)
        if not len(rows):
            continue
        if brought is X:
            brought = X.copy()
        # A power of two, so that no digit changes.
        scale = np.exp2(np.floor(np.log2(HUGE / largest[rows].astype(np.float64))))
        block = brought[:, columns]
        block[rows] *= scale[:, np.newaxis].astype(X.dtype)
        brought[:, columns] = block
    return brought
