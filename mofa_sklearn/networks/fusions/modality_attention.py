"""MoFA-Lite's fusion: a weight for each modality, then concatenation."""

from __future__ import annotations

from torch import Tensor, nn

from ..layers import scorer


class ModalityAttention(nn.Module):
    """Weigh each encoding by a softmax over modalities, and concatenate.

    One small scorer, shared by all modalities, gives each encoding a score; the
    softmax of a row's scores over its modalities weighs the encodings. A missing
    modality has weight zero.

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
    .. [1] MoFA-Lite, micro-video popularity prediction: modality attention over
       CLIP, VideoMAE and BGE-M3 embeddings.
    .. [2] Bahdanau, Cho and Bengio, "Neural Machine Translation by Jointly Learning
       to Align and Translate", ICLR 2015 (the additive scorer).
    """

    has_weights = True

    def __init__(self, n_modalities: int, hidden_dim: int) -> None:
        super().__init__()
        self.fused_dim = n_modalities * hidden_dim
        self.scorer = scorer(hidden_dim)

    def forward(self, encodings: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.scorer(encodings).squeeze(-1)  # (batch, n_modalities)
        weights = scores.masked_fill(~present, float("-inf")).softmax(dim=-1)
        fused = (encodings * weights.unsqueeze(-1)).flatten(start_dim=-2)
        return fused, weights
