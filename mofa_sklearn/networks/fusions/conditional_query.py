"""One modality guides the fusion of the others."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..layers import decision, masked_softmax, weighted_sum
from ..tokens import Tokens


class ConditionalQuery(nn.Module):
    """Fuse under the guidance of one modality, at feature level and at decision level.

    Feature level: the guide's encoding queries all modalities of the row, its own
    included; what they answer, weighed by its attention, is concatenated with it.
    Decision level: the prediction from this feature and the prediction from the guide
    alone are mixed, in shares that depend on the guide. The weight of a modality is
    the guide's attention to it.

    Where the guide is missing, the mean encoding of the row's modalities stands in.

    Of a sequence of tokens, the guide queries every token: what it is told decides,
    together with the tokens' own scores, how much each of them counts.

    Parameters
    ----------
    n_modalities : int
        Number of modalities.
    hidden_dim : int
        Width of an encoding.
    n_outputs : int
        Width of a prediction.
    dropout : float
        Dropout rate of the layers that predict.
    modality_names : sequence of str or None, default=None
        Names of the modalities, in their order.
    query : str or int, default=0
        The guide, by name or position.

    Attributes
    ----------
    fused_dim : None
        The result is the prediction.

    References
    ----------
    .. [1] CHFEN, "Conditional Hybrid Fusion Emotion Net for Short Video Affective
       Computing", 2024 (the title's embedding is the query).
    .. [2] Vaswani et al., "Attention Is All You Need", NIPS 2017.

    Examples
    --------
    >>> from functools import partial
    >>> from mofa_sklearn import MoFARegressor
    >>> from mofa_sklearn.networks.fusions import ConditionalQuery
    >>> guided_by_title = partial(ConditionalQuery, query="title")
    >>> model = MoFARegressor({"image": 512, "title": 384}, fusion=guided_by_title)
    """

    has_weights = True
    asks_tokens = True
    fused_dim = None

    def __init__(
        self,
        n_modalities: int,
        hidden_dim: int,
        n_outputs: int,
        dropout: float,
        modality_names: Sequence[str] | None = None,
        query: str | int = 0,
    ) -> None:
        super().__init__()
        self.query = _position(query, n_modalities, modality_names)
        self.to_query = nn.Linear(hidden_dim, hidden_dim)
        self.to_key = nn.Linear(hidden_dim, hidden_dim)
        self.to_value = nn.Linear(hidden_dim, hidden_dim)
        self.to_shares = nn.Linear(hidden_dim, 2)
        self.decide_together = decision(
            (1 + n_modalities) * hidden_dim, hidden_dim, n_outputs, dropout
        )
        self.decide_alone = decision(hidden_dim, hidden_dim, n_outputs, dropout)

    def forward(
        self, encodings: Tensor, present: Tensor, tokens: Sequence[Tokens | None] = ()
    ) -> tuple[Tensor, Tensor]:
        guide = self._guide(encodings, present)  # (batch, hidden_dim)
        query = self.to_query(guide).unsqueeze(-2)
        if any(each is not None for each in tokens):
            encodings = self._ask_tokens(query, encodings, present, tokens)
        scores = self._scores(query, encodings)
        weights = masked_softmax(scores, present)  # (batch, n_modalities)
        answers = self.to_value(encodings) * weights.unsqueeze(-1)
        feature = torch.cat([guide, answers.flatten(start_dim=-2)], dim=-1)
        decisions = [self.decide_together(feature), self.decide_alone(guide)]
        shares = self.to_shares(guide).softmax(dim=-1)
        return weighted_sum(torch.stack(decisions, dim=-2), shares), weights

    def token_weights(
        self, encodings: Tensor, present: Tensor, tokens: Sequence[Tokens | None]
    ) -> list[Tensor | None]:
        """Tell how much each token of every modality counts.

        Parameters
        ----------
        encodings : Tensor of shape (batch, n_modalities, hidden_dim)
            The encodings.
        present : bool Tensor of shape (batch, n_modalities)
            Which modalities are there.
        tokens : sequence of n_modalities Tokens or None
            Those of the modalities that are sequences.

        Returns
        -------
        list of n_modalities Tensors of shape (batch, n_tokens), or None
        """
        query = self.to_query(self._guide(encodings, present)).unsqueeze(-2)
        return [
            None if each is None else self._token_weights(query, position, each)
            for position, each in enumerate(tokens)
        ]

    def _ask_tokens(
        self,
        query: Tensor,
        encodings: Tensor,
        present: Tensor,
        tokens: Sequence[Tokens | None],
    ) -> Tensor:
        """Return the encodings as if the tokens had been pooled by the guide's weights."""
        answers = list(encodings.unbind(dim=-2))
        for position, each in enumerate(tokens):
            if each is not None and position != self.query:
                change = self._token_weights(query, position, each) - each.weights()
                shown = present[..., position].unsqueeze(-1)
                answers[position] = answers[position] + each.pooled(change * shown)
        return torch.stack(answers, dim=-2)

    def _token_weights(self, query: Tensor, position: int, tokens: Tokens) -> Tensor:
        if position == self.query:  # the guide does not ask itself
            return tokens.weights()
        return tokens.weights(self._scores(query, tokens.vectors))

    def _scores(self, query: Tensor, vectors: Tensor) -> Tensor:
        """Return how well vectors answer: (batch, n, hidden_dim) -> (batch, n)."""
        return (query * self.to_key(vectors)).sum(dim=-1) / vectors.shape[-1] ** 0.5

    def _guide(self, encodings: Tensor, present: Tensor) -> Tensor:
        share = present.to(encodings.dtype)
        mean = weighted_sum(encodings, share / share.sum(dim=-1, keepdim=True))
        has_guide = present[..., self.query].unsqueeze(-1)
        return torch.where(has_guide, encodings[..., self.query, :], mean)

    def extra_repr(self) -> str:
        return f"query={self.query}"


def _position(query: str | int, n_modalities: int, names: Sequence[str] | None) -> int:
    """Return the position of the guide."""
    if isinstance(query, str) and query in (names or ()):
        return list(names or ()).index(query)
    if isinstance(query, int) and 0 <= query < n_modalities:
        return query
    raise ValueError(
        f"query={query!r} is none of the {n_modalities} modalities: pass one of "
        f"{list(names) if names else 'their names'}, or a position from 0 to {n_modalities - 1}."
    )
