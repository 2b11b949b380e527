"""Mini-batches of several members at once, padded where their rows are fewer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .batches import Rows


@dataclass
class StackedBatch:
    """One batch of every member.

    Parameters
    ----------
    X : Tensor of shape (n_members, batch, n_features)
        The features.
    y : Tensor of shape (n_members, batch, n_targets)
        The targets.
    weight : Tensor of shape (n_members, batch)
        The rows' weights, zero for padding.
    is_active : list of n_members bools
        Which members have rows in this batch.
    """

    X: Tensor
    y: Tensor
    weight: Tensor
    is_active: list[bool]


def stacked_batches(
    members: Sequence[Rows], orders: Sequence[Tensor], batch_size: int
) -> Iterator[StackedBatch]:
    """Iterate over the rows of all members, batch by batch.

    Parameters
    ----------
    members : sequence of n_members Rows
        Their rows, all on one device.
    orders : sequence of n_members int Tensors of shape (n_rows,)
        The order in which each member's rows are to come.
    batch_size : int
        Rows per batch and member; a member's last batch may have fewer.

    Yields
    ------
    StackedBatch
        Padded to the longest of the members' batches with rows of weight zero.
    """
    n_batches = max(-(-len(order) // batch_size) for order in orders)
    index = torch.stack([_padded(order, n_batches * batch_size) for order in orders])
    device = members[0].X.device
    n_rows = torch.tensor([len(order) for order in orders])
    is_row = (torch.arange(index.shape[1]) < n_rows[:, None]).to(device)
    rows = [
        order if member.rows is None else member.rows[order]
        for member, order in zip(members, index.to(device), strict=True)
    ]
    y = torch.stack([member.y[row] for member, row in zip(members, rows, strict=True)])
    weight = torch.stack([_weight(member, row) for member, row in zip(members, rows, strict=True)])
    weight = weight * is_row
    for start in range(0, n_batches * batch_size, batch_size):
        lengths = (n_rows - start).clamp(min=0, max=batch_size).tolist()
        batch = slice(start, start + max(lengths))
        X = _gather([member.X for member in members], [row[batch] for row in rows])
        yield StackedBatch(X, y[:, batch], weight[:, batch], [length > 0 for length in lengths])


def _padded(order: Tensor, length: int) -> Tensor:
    """Lengthen an order by repeating its first row."""
    padded = order[:1].repeat(length)
    padded[: len(order)] = order
    return padded


def _weight(member: Rows, rows: Tensor) -> Tensor:
    if member.sample_weight is None:
        return member.y.new_ones(len(rows))
    return member.sample_weight[rows]


def _gather(matrices: Sequence[Tensor], rows: Sequence[Tensor]) -> Tensor:
    """Take rows of each matrix: (n_members, batch, n_features)."""
    gathered = matrices[0].new_empty(len(matrices), len(rows[0]), matrices[0].shape[1])
    for result, matrix, row in zip(gathered, matrices, rows, strict=True):
        torch.index_select(matrix, 0, row, out=result)
    return gathered
