"""Looking up columns, and entries of tables, in forms that runtimes do quickly."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class Columns(nn.Module):
    """Choose columns.

    Parameters
    ----------
    positions : ndarray of int
        Where they are; nothing is done where these are all of them, in order.
    """

    def __init__(self, positions: np.ndarray) -> None:
        super().__init__()
        self.positions: Tensor
        self.register_buffer("positions", torch.from_numpy(np.asarray(positions, dtype=np.int64)))
        self.are_first = np.array_equal(positions, np.arange(len(positions)))

    def forward(self, x: Tensor) -> Tensor:
        if self.are_first and x.shape[1] == len(self.positions):
            return x
        return x.index_select(1, self.positions)


def taken(table: Tensor, places: Tensor) -> Tensor:
    """Return the rows of a table at some places.

    Parameters
    ----------
    table : Tensor of shape (n_rows, ...)
    places : int64 Tensor of any shape

    Returns
    -------
    Tensor of shape (*places.shape, ...)
    """
    # An index with several axes would become another operator of ONNX, and a slower one.
    return table.index_select(0, places.flatten()).reshape(*places.shape, *table.shape[1:])
