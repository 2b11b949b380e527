"""Mini-batches sliced from arrays that are already in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset


class Rows(Dataset):
    """Rows of a matrix, their targets and their weights.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, n_features), float32
        The features; an array's memory is shared, not copied, memory-mapped
        or read-only ones included.

    y : ndarray or Tensor of shape (n_samples, n_targets), float32, default=None
        The targets; zeros where there are none to compare with.

    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the rows; None weighs all the same.

    rows : ndarray of int of shape (n_rows,), default=None
        Which rows belong to this set; None takes all.

    device : torch.device, default=None
        Where the tensors live; None leaves them where they are.
    """

    def __init__(
        self,
        X: np.ndarray | Tensor,
        y: np.ndarray | Tensor | None = None,
        sample_weight: np.ndarray | None = None,
        rows: np.ndarray | None = None,
        device: torch.device | None = None,
    ) -> None:
        self.X = as_tensor(X).to(device)
        self.y = (torch.zeros(len(X), 1) if y is None else as_tensor(y)).to(device)
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float32)
        self.sample_weight = None if weight is None else as_tensor(weight).to(device)
        rows = None if rows is None else torch.as_tensor(np.ascontiguousarray(rows))
        self.rows = None if rows is None else rows.to(device)

    def __len__(self) -> int:
        return len(self.X) if self.rows is None else len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        row = index if self.rows is None else self.rows[index]
        return self.X[row], self.y[row]

    def take(self, order: Tensor | slice) -> tuple[Tensor, tuple[Tensor, Tensor | None]]:
        """Return the rows of one batch as ``X, (y, sample_weight)``."""
        if self.rows is not None:
            order = self.rows[order]
        weight = None if self.sample_weight is None else self.sample_weight[order]
        return self.X[order], (self.y[order], weight)


class Batches:
    """Iterate over mini-batches of :class:`Rows`.

    Takes the place of torch's DataLoader in a skorch net: one indexing
    operation makes a batch, instead of one a row and a collation.

    Parameters
    ----------
    dataset : Rows
        The rows.
    batch_size : int
        Rows per batch; the last one may be smaller.
    shuffle : bool, default=False
        Whether every pass has another order.
    generator : torch.Generator, default=None
        Where the orders are drawn from, on the CPU.
    """

    def __init__(
        self,
        dataset: Rows,
        batch_size: int,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.generator = generator

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, tuple[Tensor, Tensor | None]]]:
        n_rows = len(self.dataset)
        if not self.shuffle:
            for start in range(0, n_rows, self.batch_size):
                yield self.dataset.take(slice(start, start + self.batch_size))
            return
        order = torch.randperm(n_rows, generator=self.generator).to(self.dataset.X.device)
        for batch in order.split(self.batch_size):
            yield self.dataset.take(batch)


class _WritableView:
    """NumPy's array interface of a read-only array, without the read-only flag."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array  # keeps the memory alive
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}


def as_tensor(array: np.ndarray | Tensor) -> Tensor:
    """Return a tensor that shares the array's memory, read-only ones included.

    Parameters
    ----------
    array : ndarray or Tensor
        The values. joblib hands read-only memory maps to its workers; torch
        would warn of every one of them, although a training only reads.

    Returns
    -------
    Tensor
    """
    if isinstance(array, Tensor):
        return array
    if any(stride < 0 for stride in array.strides):
        array = array.copy()
    if not array.flags.writeable:
        array = np.asarray(_WritableView(array))
    return torch.from_numpy(array)
