"""Attention between the modalities of a row."""

from __future__ import annotations

import math

from torch import Tensor, nn

from .layers import masked_softmax

_MAX_HEADS = 8


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention between the tokens of a row, one for each modality.

    :class:`torch.nn.MultiheadAttention` for tokens of one row, with masks that leave
    nothing to attend to, and for stacked networks.

    Parameters
    ----------
    hidden_dim : int
        Width of a token. There are eight heads, or as many below as divide it.

    References
    ----------
    .. [1] Vaswani et al., "Attention Is All You Need", NIPS 2017.
    """

    def __init__(self, hidden_dim: int) -> None:
        super().__init__()
        self.n_heads = max(n for n in range(1, _MAX_HEADS + 1) if hidden_dim % n == 0)
        self.project_in = nn.Linear(hidden_dim, 3 * hidden_dim)
        self.project_out = nn.Linear(hidden_dim, hidden_dim)

    def forward(self, tokens: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
        """Let tokens attend to each other.

        Parameters
        ----------
        tokens : Tensor of shape (batch, n_tokens, hidden_dim)
            The tokens.
        allowed : bool Tensor of shape (batch, n_tokens, n_tokens)
            Which token (second axis) may attend to which (last axis).

        Returns
        -------
        attended : Tensor of shape (batch, n_tokens, hidden_dim)
            What each token gathered.
        weights : Tensor of shape (batch, n_tokens, n_tokens)
            Attention, mean over heads; rows sum to one, or to zero where nothing is
            allowed.
        """
        projected = self.project_in(tokens).unflatten(-1, (self.n_heads, -1))
        # each (batch, n_heads, n_tokens, hidden_dim // n_heads)
        queries, keys, values = projected.transpose(-2, -3).chunk(3, dim=-1)
        scores = queries @ keys.transpose(-1, -2) / math.sqrt(queries.shape[-1])
        weights = masked_softmax(scores, allowed.unsqueeze(-3))
        attended = (weights @ values).transpose(-2, -3).flatten(start_dim=-2)
        return self.project_out(attended), weights.mean(dim=-3)
