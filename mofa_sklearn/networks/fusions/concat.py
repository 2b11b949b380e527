"""No weighing at all: the encodings side by side."""

from __future__ import annotations

from torch import Tensor, nn


class Concat(nn.Module):
    """Concatenate the encodings; a missing modality's is zero.

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
    .. [1] Ngiam et al., "Multimodal Deep Learning", ICML 2011 (a shared layer on
       concatenated modalities).
    """

    has_weights = False

    def __init__(self, n_modalities: int, hidden_dim: int) -> None:
        super().__init__()
        self.fused_dim = n_modalities * hidden_dim

    def forward(self, encodings: Tensor, present: Tensor) -> tuple[Tensor, None]:
        return encodings.flatten(start_dim=-2), None
