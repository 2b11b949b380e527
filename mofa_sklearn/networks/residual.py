"""What sets a modality apart from the others of its row."""

from __future__ import annotations

from torch import Tensor, nn


class ResidualFeatures(nn.Module):
    """Add to each encoding what sets it apart from the others' mean.

    A modality's context is the mean encoding of the row's other modalities, its
    residual the encoding minus that. One linear map, shared by all modalities and
    without a bias, brings the residual in: the same as concatenating encoding and
    residual, and mapping that linearly back to the encoding's width. A modality
    without others has no residual, a missing one stays zero.

    Parameters
    ----------
    hidden_dim : int
        Width of an encoding.

    References
    ----------
    .. [1] Gao et al., "AdaptCLIP: Adapting CLIP for Universal Visual Anomaly
       Detection", 2025 (contextual and aligned residual features).
    """

    def __init__(self, hidden_dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(hidden_dim, hidden_dim, bias=False)

    def forward(self, encodings: Tensor, present: Tensor) -> Tensor:
        """Add the residuals.

        Parameters
        ----------
        encodings : Tensor of shape (batch, n_modalities, hidden_dim)
            Zero where a modality is missing.
        present : bool Tensor of shape (batch, n_modalities)
            Which modalities are there.

        Returns
        -------
        Tensor of shape (batch, n_modalities, hidden_dim)
        """
        shown = present.unsqueeze(-1).to(encodings.dtype)
        n_others = shown.sum(dim=-2, keepdim=True) - shown  # (batch, n_modalities, 1)
        others = encodings.sum(dim=-2, keepdim=True) - encodings
        residuals = encodings - others / n_others.clamp(min=1)
        return encodings + self.project(residuals * shown * (n_others > 0))
