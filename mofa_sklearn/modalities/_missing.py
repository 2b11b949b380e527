"""Which modalities are missing in which rows, and which values are refused.

A modality is missing in a row whose block is NaN throughout.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ._names import UNNAMED_MODALITY
from ._positions import as_slice, first_few

# What is more likely where all columns are one block.
_ONE_BLOCK = (
    " All columns are one block, since they have no names: if some are another modality's, which "
    "is missing in these rows, pass modalities=, a dict of modality name -> width or columns."
)

# Rows checked for NaN at a time: bounds the memory of the check on memory-mapped data.
_CHECK_ROWS = 16_384


def check_blocks(X: np.ndarray, blocks: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Refuse infinite values and half-missing blocks; tell which blocks are missing.

    A row whose block is NaN throughout has that modality missing, which is
    allowed as long as one modality of the row is there.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The data.

    blocks : dict of str to ndarray of int
        Column positions of every modality, from :func:`~.modalities.resolve_modalities`.

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
    if all_finite(X):
        return None
    missing = np.zeros((len(X), len(blocks)), dtype=bool)
    for j, (name, positions) in enumerate(blocks.items()):
        missing[:, j] = check_finite_or_missing(X, name, positions, partly=False)
    lost = np.flatnonzero(missing.all(axis=1))
    if len(lost):
        raise ValueError(
            f"Input X contains NaN in every column of {len(lost)} of {len(X)} rows (rows "
            f"{first_few(lost.tolist())}): all modalities are missing there, nothing is left "
            "to predict from. Drop them, or impute a modality (sklearn.impute.SimpleImputer)."
        )
    return missing if missing.any() else None


def check_finite_or_missing(
    X: np.ndarray, name: str, positions: np.ndarray, *, partly: bool = True
) -> np.ndarray:
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

    Returns
    -------
    ndarray of bool of shape (n_samples,)
        Whether the block is NaN throughout.

    Raises
    ------
    ValueError
        If the block holds infinity, or NaN in some of its columns although
        `partly` is False.
    """
    missing = np.zeros(len(X), dtype=bool)
    n_partly = 0
    columns = as_slice(positions)
    for start in range(0, len(X), _CHECK_ROWS):
        block = X[start : start + _CHECK_ROWS, columns]
        if all_finite(block):
            continue
        infinite = np.isinf(block).any(axis=1)
        if infinite.any():
            rows = np.flatnonzero(infinite) + start
            raise ValueError(
                f"Input X contains infinity in modality '{name}' (rows {first_few(rows.tolist())}"
                ", or a value too large for float32): replace or clip these values first."
            )
        nan = np.isnan(block)
        missing[start : start + _CHECK_ROWS] = nan.all(axis=1)
        n_partly += int((nan.any(axis=1) & ~nan.all(axis=1)).sum())
    if n_partly and not partly:
        unnamed = name == UNNAMED_MODALITY and len(positions) == X.shape[1]
        raise ValueError(
            f"Input X contains NaN: modality '{name}' has NaN in some of its columns in "
            f"{n_partly} of {len(X)} rows; impute it first (sklearn.impute.SimpleImputer), or "
            f"make the whole block NaN to mark it as missing.{_ONE_BLOCK if unnamed else ''}"
        )
    return missing


def all_finite(X: np.ndarray) -> bool:
    """Tell, without a temporary, that all values are finite: a finite sum proves it."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(X.sum(dtype=X.dtype)))
