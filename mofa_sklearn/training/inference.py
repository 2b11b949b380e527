"""Outputs of trained networks, in chunks of bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np
import torch
from torch import Tensor, nn

from ..networks.stacking import LINKED_LAYERS, is_stackable, stack_modules
from .batches import as_tensor
from .chunks import CHUNK_VALUES, EVALUATION_BATCH_SIZE, evaluation_rows, n_activations

# In reduced precision products are so fast that fewer rows are too little work for a layer.
_REDUCED_BATCH_SIZE = 4 * EVALUATION_BATCH_SIZE
# Up to so many rows, to call a layer takes as long as what it computes.
_FEW_ROWS = 8


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

    On a CPU the networks take each chunk in turn. Elsewhere, and for a few rows, where
    the number of operations counts, they are stacked, if they can be.

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
    if len(tensor) <= _FEW_ROWS and device.type == "cpu" and dtype == torch.float32:
        function = _Linked.of(modules)
    elif device.type != "cpu" and is_stackable(first, first.widths):
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


class _Linked:
    """Apply networks to a few rows, all at once if they can be stacked.

    Their stack has no weights of its own, so that theirs may change.
    """

    #: those that have predicted a few rows, by their first network
    known: WeakKeyDictionary[nn.Module, _Linked] = WeakKeyDictionary()

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self.members = [ref(module) for module in modules]
        first: Any = modules[0]
        self.stack: nn.Module | None = None
        if is_stackable(first, first.widths):
            with suppress(ValueError):  # not all of one architecture
                self.stack = stack_modules(modules, LINKED_LAYERS).eval()

    @classmethod
    def of(cls, modules: Sequence[nn.Module]) -> Callable[[Tensor], Tensor]:
        """Return what applies these networks; to find it out takes longer than a prediction."""
        linked = cls.known.get(modules[0])
        if linked is None or [member() for member in linked.members] != list(modules):
            linked = cls.known[modules[0]] = cls(modules)
        return linked.stack or _InTurn(modules)


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
