"""A prediction from each modality, and a mean of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..layers import decision, masked_softmax, scorer, weighted_sum


class Late(nn.Module):
    """Predict from each modality by itself, and average by a softmax over modalities.

    One small scorer, shared by all modalities, gives each encoding a score. A missing
    modality has no say.

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

    Attributes
    ----------
    fused_dim : None
        The result is the prediction.

    References
    ----------
    .. [1] Snoek, Worring and Smeulders, "Early versus Late Fusion in Semantic Video
       Analysis", ACM Multimedia 2005.
    .. [2] Jacobs, Jordan, Nowlan and Hinton, "Adaptive Mixtures of Local Experts",
       Neural Computation 3(1), 1991 (the weights).
    """

    has_weights = True
    fused_dim = None

    def __init__(self, n_modalities: int, hidden_dim: int, n_outputs: int, dropout: float) -> None:
        super().__init__()
        self.scorer = scorer(hidden_dim)
        self.decisions = nn.ModuleList(
            decision(hidden_dim, hidden_dim, n_outputs, dropout) for _ in range(n_modalities)
        )

    def forward(self, encodings: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        weights = masked_softmax(self.scorer(encodings).squeeze(-1), present)
        own = zip(self.decisions, encodings.unbind(dim=-2), strict=True)
        made = torch.stack([decide(encoding) for decide, encoding in own], dim=-2)
        return weighted_sum(made, weights), weights  # (batch, n_outputs)
