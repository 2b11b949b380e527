"""Predict rows that have exchanged their blocks of a modality."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ._held_out import held_out_rows, predict_held_out
from ._permutation import draw_donors, take, with_donated_block


@dataclass(frozen=True)
class Part:
    """Rows that are predicted together, and between which blocks are exchanged.

    Parameters
    ----------
    rows : ndarray of int of shape (n_part,)
        Positions of the rows.
    member : int or None
        The ensemble's member that predicts them; None is the estimator itself, and all rows.
    donors : ndarray of int of shape (n_part,), default=None
        Position within the part of the row that each row gets its block from. None leaves all
        blocks in place.
    """

    rows: np.ndarray
    member: int | None
    donors: np.ndarray | None = None


def parts_of(estimator: BaseEstimator, n_samples: int, held_out: bool) -> list[Part]:
    """Say who predicts which rows.

    Parameters
    ----------
    estimator : estimator
        A fitted one; with ``held_out=True`` a K-fold ensemble, or what ends in one.
    n_samples : int
        Number of rows.
    held_out : bool
        Whether members predict what was held out from them.

    Returns
    -------
    list of Part
        The estimator and all rows, or one part for each member.

    Raises
    ------
    TypeError
        If ``held_out=True`` and there is no K-fold ensemble of regressors.
    ValueError
        If there are fewer rows than the members were fitted with.
    """
    if not held_out:
        return [Part(np.arange(n_samples), None)]
    of_members = held_out_rows(estimator)
    n_needed = 1 + max(int(rows.max(initial=-1)) for rows in of_members)
    if n_needed > n_samples:
        raise ValueError(
            f"held_out=True needs the rows of the fit, which are {n_needed} or more; got "
            f"{n_samples} rows."
        )
    return [Part(rows, member) for member, rows in enumerate(of_members) if len(rows)]


def that_count(parts: list[Part], counted: np.ndarray) -> list[Part]:
    """Leave out of parts the rows that do not count.

    Parameters
    ----------
    parts : list of Part
        One for each member.
    counted : ndarray of bool of shape (n_samples,)
        Which rows have any weight.

    Returns
    -------
    list of Part
    """
    left = [replace(part, rows=part.rows[counted[part.rows]]) for part in parts]
    return [part for part in left if len(part.rows)]


def exchange(
    parts: list[Part],
    rng: np.random.RandomState,
    missing: np.ndarray,
    modality: int,
    groups: np.ndarray | None,
) -> list[Part]:
    """Draw donors for the rows of every part.

    Parameters
    ----------
    parts : list of Part
        Who predicts which rows.
    rng : RandomState
        Source of the random numbers.
    missing : ndarray of bool of shape (n_samples, n_modalities)
        Which modality is missing in which row.
    modality : int
        Position of the modality.
    groups : ndarray of int of shape (n_samples,) or None
        Group of each row.

    Returns
    -------
    list of Part
    """
    drawn = []
    for part in parts:
        own = None
        if groups is not None:
            own = np.unique(groups[part.rows], return_inverse=True)[1]
        donors = draw_donors(rng, missing[part.rows], modality, own)
        drawn.append(replace(part, donors=donors))
    return drawn


def predict_parts(
    estimator: BaseEstimator, X: Any, parts: list[Part], positions: np.ndarray | None = None
) -> np.ndarray:
    """Predict every part's rows, with the donors' blocks.

    Parameters
    ----------
    estimator : estimator
        The fitted estimator.
    X : ndarray or DataFrame of shape (n_samples, n_features)
        All rows.
    parts : list of Part
        Who predicts which of them.
    positions : ndarray of int, default=None
        Columns of the block that was exchanged.

    Returns
    -------
    ndarray of shape (n_samples, n_targets)
        The mean over the parts that hold the row, NaN where none does.
    """
    total, count = np.zeros((len(X), 1)), np.zeros((len(X), 1))
    for part in parts:
        rows = exchanged_rows(X, part, positions)
        if part.member is None:
            made = np.asarray(estimator.predict(rows), dtype=np.float64)
        else:
            made = predict_held_out(estimator, rows, part.member)
        made = made.reshape(len(part.rows), -1)
        if total.shape[1] != made.shape[1]:
            total = np.zeros((len(X), made.shape[1]))
        # No row is twice in one part.
        total[part.rows] += made
        count[part.rows] += 1
    return total / np.where(count > 0, count, np.nan)


def exchanged_rows(X: Any, part: Part, positions: np.ndarray | None) -> Any:
    """Return the rows of a part, with the donors' blocks where it has donors."""
    rows = X if part.member is None else take(X, rows=part.rows)
    if part.donors is None or positions is None:
        return rows
    return with_donated_block(rows, positions, part.donors)
