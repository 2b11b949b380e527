"""Gates that let each feature of each encoding pass or not."""

from __future__ import annotations

from torch import Tensor, nn


class Gated(nn.Module):
    """Open a sigmoid gate for every feature of every encoding, and add up what passes.

    The gates see all encodings, so that one modality can close another's. The weight
    of a modality is its share of the open gates.

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
    .. [1] Arevalo, Solorio, Montes-y-Gomez and Gonzalez, "Gated Multimodal Units for
       Information Fusion", ICLR workshops 2017.
    """

    has_weights = True

    def __init__(self, n_modalities: int, hidden_dim: int) -> None:
        super().__init__()
        self.fused_dim = hidden_dim
        width = n_modalities * hidden_dim
        self.gates = nn.Linear(width, width)

    def forward(self, encodings: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        gates = self.gates(encodings.flatten(start_dim=-2)).sigmoid()
        gates = gates.unflatten(-1, encodings.shape[-2:]) * present.unsqueeze(-1)
        openness = gates.mean(dim=-1)  # (batch, n_modalities)
        return (gates * encodings).sum(dim=-2), openness / openness.sum(dim=-1, keepdim=True)
