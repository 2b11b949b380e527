"""Outputs of trained networks, in chunks of bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..networks.stacking import is_stackable, stack_modules
from .batches import as_tensor
from .chunks import CHUNK_VALUES, EVALUATION_BATCH_SIZE, evaluation_rows, n_activations

# In reduced precision products are so fast that fewer rows are too little work for a layer.
_REDUCED_BATCH_SIZE = 4 * EVALUATION_BATCH_SIZE


def evaluate(
    module: nn.Module,
    function: Callable[[nn.Module, Tensor], Tensor],
    X: np.ndarray,
    device: torch.device,
    precision: torch.dtype | None = None,
) -> np.ndarray:
    """Apply a function of a network to all rows, chunk by chunk.

    Parameters
    ----------
    module : torch.nn.Module
        The network, on the CPU. It is copied where it has to go elsewhere.
    function : callable
        Gets the network and a chunk, (n_rows, n_features), and returns a tensor
        of n_rows rows.
    X : ndarray of shape (n_samples, n_features), float32 or float64
        The rows; the network computes in their precision.
    device : torch.device
        Where to compute.
    precision : torch.dtype or None, default=None
        Reduced precision to compute float32 rows in; None computes in theirs.

    Returns
    -------
    ndarray of shape (n_samples, ...), of the type of `X`
    """
    tensor = as_tensor(X)
    dtype = _dtype_for(tensor, precision)
    module = _ready(module, device, dtype)
    with torch.inference_mode():
        chunks = [
            function(module, chunk.to(device, dtype)).to("cpu", tensor.dtype)
            for chunk in tensor.split(evaluation_rows(module, _batch_size(dtype)))
        ]
    return torch.cat(chunks).numpy()


def evaluate_members(
    modules: Sequence[nn.Module],
    X: np.ndarray,
    device: torch.device,
    precision: torch.dtype | None = None,
) -> np.ndarray:
    """Apply several networks to all rows, chunk by chunk.

    On a CPU the networks take each chunk in turn. Elsewhere, where the number of
    operations counts, they are stacked, if they can be.

    Parameters
    ----------
    modules : sequence of n_members torch.nn.Module
        The networks, on the CPU. They are left alone.
    X : ndarray of shape (n_samples, n_features), float32 or float64
        The rows; the networks compute in their precision.
    device : torch.device
        Where to compute.
    precision : torch.dtype or None, default=None
        Reduced precision to compute float32 rows in; None computes in theirs.

    Returns
    -------
    ndarray of shape (n_members, n_samples, n_outputs), of the type of `X`
    """
    tensor = as_tensor(X)
    dtype = _dtype_for(tensor, precision)
    first: Any = modules[0]
    function: Callable[[Tensor], Tensor]
    n_rows = evaluation_rows(first, _batch_size(dtype))
    if device.type != "cpu" and is_stackable(first, first.widths):
        function = _ready(stack_modules(modules).eval(), device, dtype)
        # What all members' activations need together.
        n_values = tensor.shape[1] + len(modules) * n_activations(modules[0])
        n_rows = max(1, CHUNK_VALUES // n_values)
    else:
        function = _InTurn([_ready(module, device, dtype) for module in modules])
    with torch.inference_mode():
        outputs = [
            function(chunk.to(device, dtype)).to("cpu", tensor.dtype)
            for chunk in tensor.split(n_rows)
        ]
    return torch.cat(outputs, dim=1).numpy()


def _dtype_for(rows: Tensor, precision: torch.dtype | None) -> torch.dtype:
    """Return the type to compute in; float64 rows are there for their digits."""
    return precision if precision is not None and rows.dtype == torch.float32 else rows.dtype


def _batch_size(dtype: torch.dtype) -> int:
    return EVALUATION_BATCH_SIZE if dtype.itemsize >= 4 else _REDUCED_BATCH_SIZE


class _InTurn:
    """Apply networks one after the other, as a stacked one would all at once."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self.modules = modules

    def __call__(self, x: Tensor) -> Tensor:
        return torch.stack([module(x) for module in self.modules])


def _ready(module: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Return the network, or a copy of it where it has to be changed."""
    if device.type == "cpu" and dtype == torch.float32:
        return module
    return deepcopy(module).to(device, dtype)
