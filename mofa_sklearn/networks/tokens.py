"""Sequences of vectors: each token is encoded, and attention pools them."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from .layers import encoder, is_known_to_hold, masked_softmax, weighted_sum

# How much faster than other weights the query moves: early stopping does not wait for it.
_SHARPNESS = 2.0


class Tokens(NamedTuple):
    """The encoded tokens of one modality, and how much each counts.

    All shapes may have a leading members axis.
    """

    vectors: Tensor  # (batch, n_tokens, hidden_dim)
    scores: Tensor  # (batch, n_tokens)
    present: Tensor  # bool, (batch, n_tokens): which tokens are there

    def weights(self, questions: Tensor | float = 0.0) -> Tensor:
        """Return the weight of each token.

        Parameters
        ----------
        questions : Tensor of shape (batch, n_tokens) or 0.0, default=0.0
            What is added to the scores.

        Returns
        -------
        Tensor of shape (batch, n_tokens)
            Rows sum to one; zero where a token is not there, and where none is.
        """
        return masked_softmax(self.scores + questions, self.present)

    def pooled(self, weights: Tensor) -> Tensor:
        """Return the weighted sum of the tokens, (batch, hidden_dim)."""
        return weighted_sum(self.vectors, weights)


class TokenEncoder(nn.Module):
    """Encode each token of a block, and score it.

    All tokens share the encoder, which is that of a block without tokens. A learned query
    scores each of them, and the softmax of the scores weighs their sum ([1]_, [2]_). Where
    a token stands in the sequence makes no difference.

    Parameters
    ----------
    width : int
        Width of the block: `n_tokens` times that of a token.
    n_tokens : int
        Number of tokens in the block.
    hidden_dim : int
        Width of an encoding.
    dropout : float
        Dropout rate of the encoder.

    References
    ----------
    .. [1] Lin et al., "A Structured Self-attentive Sentence Embedding", ICLR 2017
       (attention pooling).
    .. [2] Ilse, Tomczak and Welling, "Attention-based Deep Multiple Instance Learning",
       ICML 2018.
    """

    def __init__(self, width: int, n_tokens: int, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        self.n_tokens = n_tokens
        self.token_width = width // n_tokens
        layers = encoder(self.token_width, hidden_dim, dropout)
        self.normalized, self.activated = layers[:2], layers[2:]
        self.query = nn.Linear(hidden_dim, 1)
        # All tokens count alike at first. A query drawn at random may begin, and stay, with
        # nearly no weight on the very token that tells something.
        nn.init.zeros_(self.query.weight)
        nn.init.zeros_(self.query.bias)

    def which_are_there(self, block: Tensor) -> Tensor:
        """Tell which tokens of a block are there: bool, (batch, n_tokens)."""
        # A token is NaN throughout or not at all, so its first column tells.
        return ~block[..., :: self.token_width].isnan()

    def forward(self, block: Tensor) -> Tokens:
        """Encode and score the tokens of a block of shape (batch, width), NaN included."""
        present = self.which_are_there(block)
        if not is_known_to_hold(present.all()):
            block = block.nan_to_num()
        rows = block.reshape(*block.shape[:-2], -1, self.token_width)  # (batch * n_tokens, ...)
        normalized = self.normalized(rows)
        vectors = self._in_rows(self.activated(normalized), block)
        # Scored before dropout and GELU, which make a rare token hard to tell from the others.
        scores = _SHARPNESS * self._in_rows(self.query(normalized), block).squeeze(-1)
        return Tokens(vectors, scores, present)

    def _in_rows(self, tokens: Tensor, block: Tensor) -> Tensor:
        """Lay tokens out by the rows of their block: (batch, n_tokens, ...)."""
        return tokens.unflatten(-2, (block.shape[-2], self.n_tokens))
