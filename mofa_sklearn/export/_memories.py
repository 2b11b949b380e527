"""The training rows of several members' searches for neighbours, in tables to look up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

#: Groups of rows are filled up to a multiple of this.
PART = 16
# How much wider common rows may be than each member's own, until there is no gain.
_MAX_WIDENING = 4
# More different sets of members that know a row, for each member, are not worth the time.
_SETS_FOR_ONE = 4
# Of the largest component: directions that vary less, and differences, are rounding.
_ROUNDING = 1e-5


@dataclass
class Memories:
    """Rows, and how each member measures distances to them.

    ``(row, 1) @ maps`` is a row in a member's space, as is a query that
    ``((query - centres) @ axes, 1)`` stands for. Blocks and spaces are filled up with zeros
    to one width. A space is that of a modality or, the last, of all jointly.

    Attributes
    ----------
    rows : float32 ndarray of shape (n_modalities, n_tables, n_groups, width + 1)
        Groups of rows that are the same, known by all members or by one each.
    centres : ndarray of shape (n_modalities, n_members, n_columns)
    fill : ndarray of shape (n_modalities, n_members, n_columns)
        What NaN counts as.
    axes : ndarray of shape (n_modalities, n_members, n_columns, width), or None
        None: rows are of the columns themselves.
    maps : ndarray of shape (n_modalities, n_members, width + 1, n_components)
    squares : ndarray of shape (n_modalities, n_members, n_groups)
        Squared lengths of the rows in the members' spaces.
    counts : ndarray of int of shape (n_spaces, n_members, n_groups)
        Of how many rows a group stands for; 0 if the member does not know it, or another
        group is the same in this space.
    first : ndarray of int of shape (n_spaces, n_members, n_groups)
        Where in `sums` they begin.
    sums : ndarray of shape (n_spaces, n_members, n_rows + 1, n_targets)
        Sums of the targets of all rows before.
    """

    rows: np.ndarray
    centres: np.ndarray
    fill: np.ndarray
    axes: np.ndarray | None
    maps: np.ndarray
    squares: np.ndarray
    counts: np.ndarray
    first: np.ndarray
    sums: np.ndarray


class _Member:
    """What one fitted estimator remembers, in plain arrays."""

    def __init__(self, estimator: Any) -> None:
        augmenter = estimator.augmenter_
        memories = [*augmenter.memories_.values()]
        blocks = [*estimator.modalities_.values()]
        axes = estimator._directions / estimator._scale[:, None]
        ends = np.cumsum(estimator._widths)
        pieces = [
            axes[np.ix_(block, np.arange(end - width, end))]
            for block, end, width in zip(blocks, ends, estimator._widths, strict=True)
        ]
        self.axes = filled_up(pieces)
        self.mean = filled_up([estimator._mean[block] for block in blocks])
        #: Group of each row, in every space.
        self.groups = np.stack([memory.search.groups() for memory in memories], axis=1)
        self.spaces = filled_up(
            [
                memory.search.index.rows[own]
                for memory, own in zip(memories[: len(blocks)], self.groups.T, strict=False)
            ]
        )
        targets = augmenter.targets_
        scale = targets.std(axis=0)
        self.raw_targets = targets
        self.targets = (targets - targets.mean(axis=0)) / np.where(scale > 0, scale, 1)


def filled_up(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Stack arrays of different shapes, filled up with zeros."""
    shape = np.max([array.shape for array in arrays], axis=0)
    stacked = np.zeros((len(arrays), *shape), dtype=np.result_type(*arrays))
    for own, array in zip(stacked, arrays, strict=True):
        own[tuple(slice(length) for length in array.shape)] = array
    return stacked


def memories_of(estimators: Sequence[Any], rows: Sequence[np.ndarray] | None) -> Memories:
    """Lay out what several estimators remember.

    Parameters
    ----------
    estimators : sequence of n_members RetrievalRegressor or RetrievalClassifier
        Fitted, with an augmenter each.
    rows : sequence of n_members ndarrays of int, or None
        Which rows of one table each was fitted on; None: not known.

    Returns
    -------
    Memories
        With one table of rows for all members if that can be, else with one for each.
    """
    members = [_Member(estimator) for estimator in estimators]
    n_columns, n_components = members[0].axes.shape[1:]
    if len(members) > 1 and rows is not None and n_columns <= _MAX_WIDENING * n_components:
        common = _in_one_table(members, rows)
        if common is not None:
            return common
    return _in_own_tables(members)


def _in_own_tables(members: Sequence[_Member]) -> Memories:
    n_modalities, _, width = members[0].axes.shape
    identity = np.concatenate([np.eye(width), np.zeros((1, width))])
    means = np.stack([member.mean for member in members], axis=1)
    of_members = [
        counted([member.targets], [np.arange(len(member.groups))], [*member.groups.T])
        for member in members
    ]
    n_groups = multiple(max(len(representatives) for representatives, *_ in of_members))
    tables = []
    for member, (representatives, *_) in zip(members, of_members, strict=True):
        table = np.zeros((n_modalities, n_groups, width + 1), dtype=np.float32)
        table[:, : len(representatives), :width] = member.spaces[:, representatives]
        tables.append(table)
    rows = np.stack(tables, axis=1)
    return Memories(
        rows,
        centres=means,
        fill=means,
        axes=np.stack([member.axes for member in members], axis=1),
        maps=np.broadcast_to(identity, (n_modalities, len(members), *identity.shape)),
        squares=np.square(rows, dtype=np.float64).sum(axis=3),
        **joined([own for _, *own in of_members], n_groups),
    )


def _in_one_table(members: Sequence[_Member], rows: Sequence[np.ndarray]) -> Memories | None:
    """Find the rows that all members' spaces are of; None if there are no such rows."""
    if any(len(own) != len(member.groups) for own, member in zip(rows, members, strict=True)):
        return None
    n_rows = max(own.max() for own in rows) + 1
    if not _agree([member.raw_targets for member in members], rows, n_rows):
        return None
    labels = [
        _same_for_any([member.groups[:, s] for member in members], rows)
        for s in range(members[0].groups.shape[1])
    ]
    for s, of_row in enumerate(labels):
        for member, places in zip(members, rows, strict=True):
            if len(np.unique(of_row[places])) != len(np.unique(member.groups[:, s])):
                return None  # members do not agree on what is the same
    representatives, *own = counted([member.targets for member in members], rows, labels)
    means = np.stack([member.mean for member in members], axis=1)
    centre = means.mean(axis=1)
    axes = np.stack([member.axes for member in members], axis=1)
    shift = np.einsum("mkc,mkcw->mkw", means - centre[:, None], axes)
    common = []
    for m in range(len(axes)):
        spaces = [member.spaces[m] for member in members]
        found = _common_rows(spaces, axes[m], shift[m], rows, n_rows)
        if found is None:
            return None
        common.append(found)
    n_groups = multiple(len(representatives))
    table = np.zeros((len(axes), n_groups, axes.shape[2] + 1), dtype=np.float32)
    table[:, : len(representatives)] = np.stack(common)[:, representatives]
    maps = np.concatenate([axes, -shift[:, :, None]], axis=2)
    in_spaces = table.astype(float)[:, None] @ maps
    return Memories(
        table[:, None],
        centres=np.broadcast_to(centre[:, None], means.shape),
        fill=means,
        axes=None,
        maps=maps,
        squares=np.square(in_spaces).sum(axis=3),
        **joined([own], n_groups),
    )


def multiple(number: int) -> int:
    return -(-number // PART) * PART


def _agree(values: Sequence[np.ndarray], rows: Sequence[np.ndarray], n_rows: int) -> bool:
    """Tell whether all members know a row by the same targets."""
    if len({own.shape[1] for own in values}) > 1:
        return False
    common = np.empty((n_rows, values[0].shape[1]))
    for own, places in zip(values, rows, strict=True):
        common[places] = own
    return all(
        np.array_equal(common[places], own) for own, places in zip(values, rows, strict=True)
    )


def _common_rows(
    spaces: Sequence[np.ndarray],
    axes: np.ndarray,
    shift: np.ndarray,
    rows: Sequence[np.ndarray],
    n_rows: int,
) -> np.ndarray | None:
    """Find rows, centred, that are those of every member in its space, and a 1.

    A row that lacks the modality is at every member's own mean: zeros, without the 1.
    """
    n_members, n_columns, width = axes.shape
    wanted = np.zeros((n_rows, n_members, width))
    is_known = np.zeros((n_rows, n_members), dtype=bool)
    for k, (own, places) in enumerate(zip(spaces, rows, strict=True)):
        wanted[places, k], is_known[places, k] = own, True
    tolerance = _ROUNDING * max(np.abs(wanted).max(), np.finfo(float).tiny)
    is_missing = (np.abs(wanted) < tolerance).all(axis=(1, 2))
    common = np.zeros((n_rows, n_columns + 1))
    sets, of_row = np.unique(is_known, axis=0, return_inverse=True)
    if len(sets) > _SETS_FOR_ONE * n_members:
        return None
    for i, known in enumerate(sets):
        own = np.flatnonzero((of_row.ravel() == i) & ~is_missing)
        flat = axes[known].transpose(1, 0, 2).reshape(n_columns, -1)
        targets = (wanted + shift)[np.ix_(own, known)].reshape(len(own), -1)
        common[own, :-1] = targets @ np.linalg.pinv(flat, rcond=_ROUNDING)
    common[~is_missing, -1] = 1
    maps = np.concatenate([axes, -shift[:, None]], axis=1)
    found = np.einsum("nc,kcw->nkw", common, maps)
    differs = (np.abs(found - wanted) > tolerance).any(axis=2)
    differs &= is_known & ~is_missing[:, None]
    return None if differs.any() else common.astype(np.float32)


def counted(
    targets: Sequence[np.ndarray], rows: Sequence[np.ndarray], labels: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Group rows that are the same, of one label in every space; -1: not in this space.

    `targets` are those of every member's rows. Returns one row of each group, and `counts`,
    `first` and `sums` of these members.
    """
    _, representatives, groups = np.unique(
        np.stack(labels, axis=1), axis=0, return_index=True, return_inverse=True
    )
    groups = groups.ravel()
    shape = len(labels), len(targets)
    counts = np.zeros((*shape, len(representatives)), dtype=np.int64)
    first = np.zeros_like(counts)
    n_rows = max(len(own) for own in rows)
    sums = np.zeros((*shape, n_rows + 1, targets[0].shape[1]))
    for s, label in enumerate(labels):
        for k, (own_targets, own) in enumerate(zip(targets, rows, strict=True)):
            order = np.argsort(label[own], kind="stable")
            order = order[np.count_nonzero(label[own] < 0) :]
            _, starts, number = np.unique(label[own][order], return_index=True, return_counts=True)
            place = np.minimum.reduceat(groups[own][order], starts)
            counts[s, k, place], first[s, k, place] = number, starts
            sums[s, k, 1 : len(order) + 1] = np.cumsum(own_targets[order], axis=0)
    return representatives, counts, first, sums


def _same_for_any(groups: Sequence[np.ndarray], rows: Sequence[np.ndarray]) -> np.ndarray:
    """Label rows so that those have one label that are the same for some member."""
    n_rows = max(own.max() for own in rows) + 1
    pairs = []
    for own, places in zip(groups, rows, strict=True):
        order = np.argsort(own, kind="stable")
        is_same = own[order][1:] == own[order][:-1]
        pairs.append(np.stack([places[order][:-1][is_same], places[order][1:][is_same]]))
    left, right = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(n_rows, n_rows))
    return connected_components(graph, directed=False)[1]


def joined(parts: Sequence[Sequence[np.ndarray]], n_groups: int) -> dict[str, np.ndarray]:
    """Lay the members of several tables side by side, with zeros where one has fewer groups."""
    counts, first, sums = zip(*parts, strict=True)
    longest = max(own.shape[2] for own in sums)
    return {
        "counts": np.concatenate([_lengthened(own, n_groups) for own in counts], axis=1),
        "first": np.concatenate([_lengthened(own, n_groups) for own in first], axis=1),
        "sums": np.concatenate([_lengthened(own, longest) for own in sums], axis=1),
    }


def _lengthened(array: np.ndarray, length: int) -> np.ndarray:
    """Fill up the third axis with zeros."""
    missing = [(0, 0)] * array.ndim
    missing[2] = (0, length - array.shape[2])
    return np.pad(array, missing)
