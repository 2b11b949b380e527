"""How many rows are computed at a time where no gradient is kept."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..networks import MoFANetwork
from ..networks.stacking import StackedLinear
from ..networks.tokens import TokenEncoder

# On a CPU, more rows are slower (their activations leave the cache) and need more memory.
EVALUATION_BATCH_SIZE = 1024
# Values that a chunk's rows and its activations may have together, where rows are wide.
CHUNK_VALUES = 16_000_000


def evaluation_rows(module: nn.Module, most: int = EVALUATION_BATCH_SIZE) -> int:
    """Return the number of rows to compute at a time.

    Parameters
    ----------
    module : nn.Module
        The network, or several with a members axis.
    most : int, default=1024
        How many rows of single vectors would be; of sequences they are fewer where
        they would need too much memory.

    Returns
    -------
    int
    """
    if not isinstance(module, MoFANetwork) or not any(module.tokens):
        return most
    return max(1, min(most, CHUNK_VALUES // (sum(module.widths) + n_activations(module))))


def n_activations(module: nn.Module) -> int:
    """Count the values that the linear layers give for a row, of all members of a stack."""
    layers = list(module.modules())
    once = sum(map(_n_outputs, layers))
    again = [
        (layer.n_tokens - 1) * sum(map(_n_outputs, layer.modules()))
        for layer in layers
        if isinstance(layer, TokenEncoder)
    ]
    return once + sum(again)


def n_products(module: nn.Module) -> int:
    """Count the multiplications of weights for a row, of all members of a stack.

    That is about the number of weights, where no block is a sequence.
    """
    again = [
        (layer.n_tokens - 1) * _n_weights(layer)
        for layer in module.modules()
        if isinstance(layer, TokenEncoder)
    ]
    return _n_weights(module) + sum(again)


def _n_outputs(layer: Any) -> int:
    """Count what a linear layer, stacked or not, gives for a row."""
    return layer.weight.shape[:-1].numel() if isinstance(layer, (nn.Linear, StackedLinear)) else 0


def _n_weights(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
