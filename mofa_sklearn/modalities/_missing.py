"""Which modalities are missing in which rows, and which values are refused.

A modality is missing in a row whose block is NaN throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ._names import UNNAMED_MODALITY
from ._positions import as_slice, first_few
from ._range import is_huge, is_ordinary, largest_magnitude

_MAX_FLOAT32 = float(np.finfo(np.float32).max)

# What is more likely where all columns are one block.
_ONE_BLOCK = (
    " All columns are one block, since they have no names: if some are another modality's, which "
    "is missing in these rows, pass modalities=, a dict of modality name -> width or columns."
)

# Rows checked for NaN at a time: bounds the memory of the check on memory-mapped data.
_CHECK_ROWS = 16_384
_CHECK_VALUES = 2**26  # and of very wide blocks


def check_blocks(
    X: np.ndarray, blocks: Mapping[str, np.ndarray], tokens: Mapping[str, int] | None = None
) -> np.ndarray | None:
    """Refuse infinite values and half-missing blocks; tell which blocks are missing.

    A row whose block is NaN throughout has that modality missing, which is
    allowed as long as one modality of the row is there.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The data.

    blocks : dict of str to ndarray of int
        Column positions of every modality, from :func:`~.modalities.resolve_modalities`.

    tokens : dict of str to int, default=None
        Number of vectors that lie one after the other in a block, of those that are
        sequences; each of them is there or NaN throughout.

    Returns
    -------
    ndarray of bool of shape (n_samples, n_modalities), or None
        Which modality is missing in which row; None where none is.

    Raises
    ------
    ValueError
        If a block holds infinity, or NaN in some of its columns only, or if a
        row has no modality at all.
    """
    if np.isfinite(largest_magnitude(X)):
        return None
    missing = np.zeros((len(X), len(blocks)), dtype=bool)
    for j, (name, positions) in enumerate(blocks.items()):
        n_tokens = (tokens or {}).get(name, 1)
        missing[:, j] = check_finite_or_missing(
            X, name, positions, partly=False, n_tokens=n_tokens
        ).missing
    lost = np.flatnonzero(missing.all(axis=1))
    if len(lost):
        raise ValueError(
            f"Input X contains NaN in every column of {len(lost)} of {len(X)} rows (rows "
            f"{first_few(lost.tolist())}): all modalities are missing there, nothing is left "
            "to predict from. Drop them, or impute a modality (sklearn.impute.SimpleImputer)."
        )
    return missing if missing.any() else None


class Look(NamedTuple):
    """What one look at the values of a block tells."""

    #: Whether the block is NaN throughout, by row; shape (n_samples,).
    missing: np.ndarray
    #: Whether some value is so large that float32 does not hold its square.
    has_huge: bool


def check_finite_or_missing(
    X: np.ndarray,
    name: str,
    positions: np.ndarray,
    *,
    partly: bool = True,
    n_tokens: int = 1,
) -> Look:
    """Refuse infinite values of one block; tell in which rows it is missing.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The data.

    name : str
        The block's modality.

    positions : ndarray of int
        The block's columns.

    partly : bool, default=True
        Whether rows may have NaN in some of the block's columns.

    n_tokens : int, default=1
        Number of vectors in the block; of more than one, each may be missing by itself.

    Returns
    -------
    Look
        In which rows the block is NaN throughout, and whether it holds huge values.

    Raises
    ------
    ValueError
        If the block holds infinity, or NaN in some of its columns although
        `partly` is False.
    """
    missing = np.zeros(len(X), dtype=bool)
    n_partly = 0
    has_huge = False
    columns = as_slice(positions)
    n_rows = max(1, min(_CHECK_ROWS, _CHECK_VALUES // len(positions)))
    for start in range(0, len(X), n_rows):
        block = X[start : start + n_rows, columns]
        if is_ordinary(block):
            continue
        infinite = np.isinf(block).any(axis=1)
        if infinite.any():
            raise _too_large(name, np.flatnonzero(infinite) + start)
        has_huge = has_huge or is_huge(block)
        if all_finite(block):
            continue
        nan = np.isnan(block).reshape(len(block), n_tokens, -1)
        lacking = nan.all(axis=2)  # (rows, n_tokens)
        missing[start : start + n_rows] = lacking.all(axis=1)
        n_partly += int((nan.any(axis=2) & ~lacking).any(axis=1).sum())
    if n_partly and not partly:
        unnamed = name == UNNAMED_MODALITY and len(positions) == X.shape[1]
        where, what = "some of its columns", "block"
        if n_tokens > 1:
            where, what = f"some of the columns of one of its {n_tokens} tokens", "token"
        raise ValueError(
            f"Input X contains NaN: modality '{name}' has NaN in {where} in "
            f"{n_partly} of {len(X)} rows; impute it first (sklearn.impute.SimpleImputer), or "
            f"make the whole {what} NaN to mark it as missing.{_ONE_BLOCK if unnamed else ''}"
        )
    return Look(missing, has_huge)


def refuse_beyond_float32(X: np.ndarray, blocks: Mapping[str, np.ndarray]) -> None:
    """Refuse finite values of a block that float32 does not hold, with its name.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The data.

    blocks : dict of str to ndarray of int
        Column positions of every modality.

    Raises
    ------
    ValueError
        If there is such a value.
    """
    for name, positions in blocks.items():
        beyond = (np.abs(X[:, as_slice(positions)]) > _MAX_FLOAT32).any(axis=1)
        if beyond.any():
            raise _too_large(name, np.flatnonzero(beyond))


def _too_large(name: str, rows: np.ndarray) -> ValueError:
    return ValueError(
        f"Input X contains infinity in modality '{name}' (rows {first_few(rows.tolist())}"
        ", or a value too large for float32): replace or clip these values first."
    )


def all_finite(X: np.ndarray) -> bool:
    """Tell, without a temporary, that all values are finite: a finite sum proves it."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(X.sum(dtype=X.dtype)))
