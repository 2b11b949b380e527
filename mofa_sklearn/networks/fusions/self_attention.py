"""A small transformer over the modalities of a row."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..attention import MultiHeadAttention
from ..layers import masked_softmax, weighted_sum


class SelfAttention(nn.Module):
    """Project the encodings to tokens by SwiGLU, let them attend to each other, pool them.

    A residual connection and a layer normalisation follow the attention. What comes out
    is the tokens' mean, weighed by a softmax over the modalities present: the weight of
    a modality. (Of concatenated tokens the layers that follow could undo any weight, and
    the attention that tokens get stays near equal even where one is nothing but noise.)

    Parameters
    ----------
    n_modalities : int
        Number of modalities.
    hidden_dim : int
        Width of an encoding.

    Attributes
    ----------
    fused_dim : int
        Width of the result: ``hidden_dim``.

    References
    ----------
    .. [1] Vaswani et al., "Attention Is All You Need", NIPS 2017.
    .. [2] Shazeer, "GLU Variants Improve Transformer", 2020 (SwiGLU).
    .. [3] Arevalo et al., "Gated Multimodal Units for Information Fusion", ICLR
       workshops 2017 (MM-IMDb, whose genre classifiers let tokens attend like this).
    .. [4] Lin et al., "A Structured Self-attentive Sentence Embedding", ICLR 2017
       (attention pooling).
    """

    has_weights = True

    def __init__(self, n_modalities: int, hidden_dim: int) -> None:
        super().__init__()
        self.fused_dim = hidden_dim
        self.projections = nn.ModuleList(_SwiGLU(hidden_dim) for _ in range(n_modalities))
        self.attention = MultiHeadAttention(hidden_dim)
        self.norm = nn.LayerNorm(hidden_dim)
        self.score = nn.Linear(hidden_dim, 1)

    def forward(self, encodings: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        projected = zip(self.projections, encodings.unbind(dim=-2), strict=True)
        tokens = torch.stack([project(encoding) for project, encoding in projected], dim=-2)
        gathered, _ = self.attention(tokens, present.unsqueeze(-2))
        tokens = self.norm(tokens + gathered)
        weights = masked_softmax(self.score(tokens).squeeze(-1), present)
        return weighted_sum(tokens, weights), weights


class _SwiGLU(nn.Module):
    """A linear map that another one, through a SiLU, lets pass."""

    def __init__(self, hidden_dim: int) -> None:
        super().__init__()
        self.value = nn.Linear(hidden_dim, hidden_dim)
        self.gate = nn.Linear(hidden_dim, hidden_dim)

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(self.gate(x)) * self.value(x)
