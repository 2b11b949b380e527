"""Give the rows of a matrix one another's block of a modality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..modalities._kinds import missing_rows
from ..modalities._numbers import is_plain
from ..modalities._tables import is_frame, is_polars, take_columns, take_rows


def missing_blocks(X: Any, blocks: dict[str, np.ndarray]) -> np.ndarray:
    """Tell which modality is missing in which row.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n_samples, n_features)
        The rows.
    blocks : dict of str to ndarray of int
        Column positions of every modality.

    Returns
    -------
    ndarray of bool of shape (n_samples, n_modalities)
        Whether the block is NaN throughout.
    """
    missing = np.empty((len(X), len(blocks)), dtype=bool)
    for j, positions in enumerate(blocks.values()):
        block = take(X, columns=positions)
        if is_frame(X) and not is_plain(X):
            missing[:, j] = missing_rows(block)
        else:
            missing[:, j] = np.asarray(pd.isna(block)).all(axis=1)
    return missing


def draw_donors(
    rng: np.random.RandomState,
    missing: np.ndarray,
    modality: int,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Draw the row that each row gets the block of a modality from.

    It is a permutation, but for rows that would be left without any modality, or would stay
    within their group: they get the block of a row drawn at random from those that will do, or
    keep their own where there is none.

    Parameters
    ----------
    rng : RandomState
        Source of the random numbers.
    missing : ndarray of bool of shape (n_samples, n_modalities)
        Which modality is missing in which row.
    modality : int
        Position of the modality whose blocks change places.
    groups : ndarray of int of shape (n_samples,), default=None
        Group of each row, from 0 on: every row gets a block of another group.

    Returns
    -------
    ndarray of int of shape (n_samples,)
        Position of each row's donor.
    """
    n_samples = len(missing)
    donors = rng.permutation(n_samples) if groups is None else _around_a_circle(rng, groups)
    lost = missing[:, modality]
    # Rows that have nothing but this modality cannot do without it.
    needy = np.delete(missing, modality, axis=1).all(axis=1) & ~lost
    wrong = needy & lost[donors]
    if groups is not None:
        wrong |= groups[donors] == groups
    for row in np.flatnonzero(wrong):
        suitable = ~lost if needy[row] else np.ones(n_samples, dtype=bool)
        if groups is not None:
            suitable &= groups != groups[row]
        candidates = np.flatnonzero(suitable)
        donors[row] = rng.choice(candidates) if len(candidates) else row
    return donors


def _around_a_circle(rng: np.random.RandomState, groups: np.ndarray) -> np.ndarray:
    """Stand the groups in a circle, in random order, and move blocks on to other groups.

    A step as long as the largest group leaves every group, in either direction, unless that
    group is more than half of all rows. Rows of a group mostly get blocks of one group, as
    they would if whole groups changed places.
    """
    n_samples, sizes = len(groups), np.bincount(groups)
    place = rng.permutation(len(sizes))[groups]
    order = rng.permutation(n_samples)
    order = order[np.argsort(place[order], kind="stable")]
    shortest, longest = sizes.max(), n_samples - sizes.max()
    step = rng.randint(shortest, longest + 1) if shortest <= longest else n_samples // 2
    donors = np.empty(n_samples, dtype=np.intp)
    donors[order] = np.roll(order, step)
    return donors


def with_donated_block(X: Any, positions: np.ndarray, donors: np.ndarray) -> Any:
    """Copy a matrix, with a block's rows taken from other rows.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n_samples, n_features)
        The rows; they stay as they are.
    positions : ndarray of int
        The block's columns.
    donors : ndarray of int of shape (n_samples,)
        Position of the row that each row's block is taken from.

    Returns
    -------
    ndarray or DataFrame, as `X` is
    """
    if is_polars(X):
        return X.with_columns(take_rows(take_columns(X, positions), donors))
    if not hasattr(X, "iloc"):
        changed = np.array(X)
        changed[:, positions] = X[np.ix_(donors, positions)]
        return changed
    if len(set(X.dtypes)) == 1 and isinstance(X.dtypes.iloc[0], np.dtype):
        values = with_donated_block(X.to_numpy(), positions, donors)
        return pd.DataFrame(values, index=X.index, columns=X.columns)
    changed = X.copy()
    for position in positions:  # one by one: the columns may be of different kinds
        changed.isetitem(position, X.iloc[donors, position].array)
    return changed


def take(X: Any, *, rows: Any = slice(None), columns: Any = slice(None)) -> Any:
    """Take rows and columns by position, of an array or of a DataFrame."""
    if is_polars(X):
        X = X if isinstance(columns, slice) else take_columns(X, columns)
        return X if isinstance(rows, slice) else take_rows(X, rows)
    return X.iloc[rows, columns] if hasattr(X, "iloc") else X[rows][:, columns]
