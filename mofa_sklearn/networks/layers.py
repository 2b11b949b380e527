"""The blocks that the networks and their fusions are built of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .dropout import Dropout

# MoFA-Lite drops 0.25 in its widest layer, after the fusion, and 0.2 everywhere else.
_WIDE_LAYER_DROPOUT = 1.25
_MAX_DROPOUT = 0.95


def encoder(width: int, hidden_dim: int, dropout: float) -> nn.Sequential:
    """Build the encoder of one modality: (batch, width) -> (batch, hidden_dim)."""
    return _normalized_layer(width, hidden_dim, dropout)


def trunk(width: int, hidden_dim: int, dropout: float) -> nn.Sequential:
    """Build what follows the fusion: (batch, width) -> (batch, hidden_dim // 2)."""
    wide = min(_WIDE_LAYER_DROPOUT * dropout, _MAX_DROPOUT)
    return nn.Sequential(
        *_normalized_layer(width, hidden_dim, wide),
        *_normalized_layer(hidden_dim, _part(hidden_dim, 2), dropout),
    )


def head(hidden_dim: int, n_outputs: int, dropout: float) -> nn.Sequential:
    """Build the regression head: (batch, hidden_dim // 2) -> (batch, n_outputs)."""
    half, quarter = _part(hidden_dim, 2), _part(hidden_dim, 4)
    return nn.Sequential(
        nn.Linear(half, half),
        nn.GELU(),
        Dropout(dropout),
        nn.Linear(half, quarter),
        nn.GELU(),
        Dropout(dropout),
        nn.Linear(quarter, n_outputs),
    )


def scorer(hidden_dim: int) -> nn.Sequential:
    """Build what scores an encoding: (..., hidden_dim) -> (..., 1)."""
    quarter = _part(hidden_dim, 4)
    return nn.Sequential(nn.Linear(hidden_dim, quarter), nn.GELU(), nn.Linear(quarter, 1))


def decision(width: int, hidden_dim: int, n_outputs: int, dropout: float) -> nn.Sequential:
    """Build a trunk and a head: (batch, width) -> (batch, n_outputs)."""
    return nn.Sequential(trunk(width, hidden_dim, dropout), head(hidden_dim, n_outputs, dropout))


def is_known_to_hold(condition: Tensor) -> bool:
    """Tell whether a condition on the rows holds, where asking costs nothing.

    On a CPU it does, and may save copies. A GPU would have to wait for the answer, and a graph
    that is compiled or exported has to hold for any rows.
    """
    can_ask = condition.device.type == "cpu" and not torch.compiler.is_compiling()
    return can_ask and bool(condition)


def masked_softmax(scores: Tensor, allowed: Tensor) -> Tensor:
    """Softmax over the last axis, zero where not allowed, and where nothing is allowed."""
    weights = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min).softmax(dim=-1)
    return weights * allowed


def weighted_sum(vectors: Tensor, weights: Tensor) -> Tensor:
    """Sum the modalities' vectors: (..., n_modalities, width) -> (..., width)."""
    return (vectors * weights.unsqueeze(-1)).sum(dim=-2)


def _normalized_layer(n_in: int, n_out: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_in, n_out), nn.LayerNorm(n_out), nn.GELU(), Dropout(dropout))


def _part(hidden_dim: int, divisor: int) -> int:
    return max(1, hidden_dim // divisor)
