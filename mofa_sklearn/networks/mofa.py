"""The network: encoders, fusion, trunk and head."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .dropout import random_bytes
from .layers import encoder, head, trunk


class MoFANetwork(nn.Module):
    """Predict targets from the blocks of one matrix.

    All shapes may have a leading members axis, see
    :func:`mofa_sklearn.networks.stacking.stack_modules`.

    Parameters
    ----------
    widths : sequence of int
        Width of every block; the blocks lie side by side in the input.

    n_outputs : int
        Number of targets.

    fusion : type of nn.Module
        One of :data:`mofa_sklearn.networks.fusions.FUSIONS`, or a class of the
        same interface.

    hidden_dim : int, default=512
        Width of an encoding; the layers after the fusion have a half and a
        quarter of it.

    dropout : float, default=0.2
        Dropout rate of every layer (the widest, after the fusion, has 1.25
        times as much).

    modality_dropout : float, default=0.0
        Probability that a modality of a row is hidden in a training step. One
        modality of each row always stays.
    """

    def __init__(
        self,
        widths: Sequence[int],
        n_outputs: int,
        fusion: type[nn.Module],
        hidden_dim: int = 512,
        dropout: float = 0.2,
        modality_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.widths = list(widths)
        self.modality_dropout = modality_dropout
        self.generator: torch.Generator | None = None
        self.encoders = nn.ModuleList(encoder(width, hidden_dim, dropout) for width in widths)
        self.fusion = fusion(len(self.widths), hidden_dim)
        self.trunk = trunk(self.fusion.fused_dim, hidden_dim, dropout)
        self.head = head(hidden_dim, n_outputs, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, sum of widths), NaN where a block is missing, to (batch, n_outputs)."""
        fused, _ = self.fuse(x)
        return self.head(self.trunk(fused))

    def fuse(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Encode and fuse the blocks.

        Parameters
        ----------
        x : Tensor of shape (batch, sum of widths)
            Rows, NaN throughout a block where its modality is missing.

        Returns
        -------
        fused : Tensor of shape (batch, fusion.fused_dim)
        weights : Tensor of shape (batch, n_modalities) or None
            None for a fusion without weights.
        """
        blocks = x.split(self.widths, dim=-1)
        # A block is NaN throughout or not at all, so its first column tells.
        present = ~torch.stack([block[..., 0] for block in blocks], dim=-1).isnan()
        # Asking costs nothing on a CPU, and saves copies; a GPU would have to wait for the answer.
        is_complete = present.device.type == "cpu" and bool(present.all())
        if not is_complete:
            blocks = [block.nan_to_num() for block in blocks]
        if self.training and self.modality_dropout > 0:
            present = self._hide_modalities(present)
            is_complete = False
        encodings = [encode(block) for encode, block in zip(self.encoders, blocks, strict=True)]
        stacked = torch.stack(encodings, dim=-2)  # (batch, n_modalities, hidden_dim)
        # Stacked networks that share their rows share `present`, too: give each its own.
        present = present.expand(stacked.shape[:-1])
        if not is_complete:
            stacked = stacked * present.unsqueeze(-1)
        return self.fusion(stacked, present)

    def _hide_modalities(self, present: Tensor) -> Tensor:
        draws = random_bytes(present.shape, present.device, self.generator).to(torch.int16)
        draws = draws.masked_fill(~present, -1)
        # The modality of the highest draw stays, so that no row loses all of them.
        highest = draws == draws.amax(dim=-1, keepdim=True)
        return present & ((draws >= round(self.modality_dropout * 256)) | highest)
