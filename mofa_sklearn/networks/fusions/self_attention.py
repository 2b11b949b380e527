"""A small transformer over the modalities of a row."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..attention import MultiHeadAttention


class SelfAttention(nn.Module):
    """Project the encodings to tokens by SwiGLU, let them attend to each other, concatenate.

    A residual connection and a layer normalisation follow the attention. The weight
    of a modality is the attention that it gets, mean over heads and over the
    modalities present.

    Parameters
    ----------
    n_modalities : int
        Number of modalities.
    hidden_dim : int
        Width of an encoding.

    Attributes
    ----------
    fused_dim : int
        Width of the result: ``n_modalities * hidden_dim``.

    References
    ----------
    .. [1] Vaswani et al., "Attention Is All You Need", NIPS 2017.
    .. [2] Shazeer, "GLU Variants Improve Transformer", 2020 (SwiGLU).
    .. [3] Arevalo et al., "Gated Multimodal Units for Information Fusion", ICLR
       workshops 2017 (MM-IMDb, whose genre classifiers fuse like this).
    """

    has_weights = True

    def __init__(self, n_modalities: int, hidden_dim: int) -> None:
        super().__init__()
        self.fused_dim = n_modalities * hidden_dim
        self.projections = nn.ModuleList(_SwiGLU(hidden_dim) for _ in range(n_modalities))
        self.attention = MultiHeadAttention(hidden_dim)
        self.norm = nn.LayerNorm(hidden_dim)

    def forward(self, encodings: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        projected = zip(self.projections, encodings.unbind(dim=-2), strict=True)
        tokens = torch.stack([project(encoding) for project, encoding in projected], dim=-2)
        gathered, attention = self.attention(tokens, present.unsqueeze(-2))
        tokens = self.norm(tokens + gathered) * present.unsqueeze(-1)
        # (batch, queries, keys): what the modalities present attend to
        received = (attention * present.unsqueeze(-1)).sum(dim=-2)
        weights = received / received.sum(dim=-1, keepdim=True)
        return tokens.flatten(start_dim=-2), weights


class _SwiGLU(nn.Module):
    """A linear map that another one, through a SiLU, lets pass."""

    def __init__(self, hidden_dim: int) -> None:
        super().__init__()
        self.value = nn.Linear(hidden_dim, hidden_dim)
        self.gate = nn.Linear(hidden_dim, hidden_dim)

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(self.gate(x)) * self.value(x)
