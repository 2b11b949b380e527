"""Each modality asks the others."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..attention import MultiHeadAttention


class CrossAttention(nn.Module):
    """Let each modality query the others, add what it gathered, and concatenate.

    A modality that is alone in its row gathers nothing and stays as it is. There is
    no weight for each modality: with two modalities, for one, each can only ask the
    other.

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
    .. [1] Tsai et al., "Multimodal Transformer for Unaligned Multimodal Language
       Sequences", ACL 2019.
    .. [2] Lu, Batra, Parikh and Lee, "ViLBERT", NeurIPS 2019 (co-attention).
    """

    has_weights = False

    def __init__(self, n_modalities: int, hidden_dim: int) -> None:
        super().__init__()
        self.fused_dim = n_modalities * hidden_dim
        self.attention = MultiHeadAttention(hidden_dim)
        self.norm = nn.LayerNorm(hidden_dim)

    def forward(self, encodings: Tensor, present: Tensor) -> tuple[Tensor, None]:
        n_modalities = encodings.shape[-2]
        others = ~torch.eye(n_modalities, dtype=torch.bool, device=encodings.device)
        allowed = present.unsqueeze(-2) & others  # (batch, n_modalities, n_modalities)
        gathered, _ = self.attention(encodings, allowed)
        tokens = self.norm(encodings + gathered) * present.unsqueeze(-1)
        return tokens.flatten(start_dim=-2), None
