"""The network: encoders, fusion, trunk and head."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .dropout import random_bytes
from .layers import encoder, head, trunk
from .residual import ResidualFeatures
from .stand_ins import StandIns

# What a fusion is given if its constructor has a parameter of that name.
_OFFERED = {"n_outputs", "dropout", "modality_names"}


class MoFANetwork(nn.Module):
    """Predict targets from the blocks of one matrix.

    All shapes may have a leading members axis, see
    :func:`mofa_sklearn.networks.stacking.stack_modules`.

    Parameters
    ----------
    widths : sequence of int
        Width of every block; the blocks lie side by side in the input.

    n_outputs : int
        Width of a prediction: the number of targets, for most losses.

    fusion : type of nn.Module, or functools.partial of one
        One of :data:`mofa_sklearn.networks.fusions.FUSIONS`, or a class of the same
        interface.

    hidden_dim : int, default=512
        Width of an encoding; the layers after the fusion have a half and a
        quarter of it.

    dropout : float, default=0.2
        Dropout rate of every layer (the widest, after the fusion, has 1.25
        times as much).

    modality_dropout : float, default=0.0
        Probability that a modality of a row is hidden in a training step. One
        modality of each row always stays.

    modality_names : sequence of str, default=None
        Names of the modalities, for fusions that ask for them.

    residual_features : bool, default=False
        Whether the fusion also gets what sets each encoding apart from the others',
        see :class:`.residual.ResidualFeatures`.

    Attributes
    ----------
    learning_modality : int or None
        The only modality whose encoder learns from the present training step; None:
        all do. Set for the time of an alternating training.
    """

    def __init__(
        self,
        widths: Sequence[int],
        n_outputs: int,
        fusion: Callable[..., nn.Module],
        hidden_dim: int = 512,
        dropout: float = 0.2,
        modality_dropout: float = 0.0,
        modality_names: Sequence[str] | None = None,
        residual_features: bool = False,
    ) -> None:
        super().__init__()
        self.widths = list(widths)
        self.modality_dropout = modality_dropout
        self.modality_strength = 1.0  # what part of it is in force
        #: What a network of the same shape is made with.
        self.arguments = {
            "widths": self.widths,
            "n_outputs": n_outputs,
            "fusion": fusion,
            "hidden_dim": hidden_dim,
            "dropout": dropout,
            "modality_dropout": modality_dropout,
            "modality_names": None if modality_names is None else list(modality_names),
            "residual_features": residual_features,
        }
        self.learning_modality: int | None = None
        self.generator: torch.Generator | None = None
        self.encoders = nn.ModuleList(encoder(width, hidden_dim, dropout) for width in widths)
        self.fusion = _make_fusion(fusion, self.arguments)
        fused_dim: Any = self.fusion.fused_dim
        decides = fused_dim is None  # what it returns is the prediction
        self.trunk = nn.Identity() if decides else trunk(fused_dim, hidden_dim, dropout)
        self.head = nn.Identity() if decides else head(hidden_dim, n_outputs, dropout)
        self.residuals = ResidualFeatures(hidden_dim) if residual_features else None
        self.stand_ins = StandIns(len(self.widths), hidden_dim)

    def forward(
        self, x: Tensor, with_penalty: bool = False
    ) -> Tensor | tuple[Tensor, Tensor | None]:
        """Predict.

        Parameters
        ----------
        x : Tensor of shape (batch, sum of widths)
            Rows, NaN throughout a block where its modality is missing.
        with_penalty : bool, default=False
            Whether to return the fusion's penalty, too.

        Returns
        -------
        prediction : Tensor of shape (batch, n_outputs)
        penalty : Tensor of shape (batch,) or None
            What training adds to each row's loss; None for most fusions.
        """
        encodings, present, is_complete = self._encode_blocks(x)
        if not (self.training or is_complete):
            encodings, present = self.stand_ins(encodings, present)
        fused, _, penalty = self._fuse(encodings, present)
        prediction = self.head(self.trunk(fused))
        return (prediction, penalty) if with_penalty else prediction

    def fuse(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Encode and fuse the blocks.

        Parameters
        ----------
        x : Tensor of shape (batch, sum of widths)
            Rows, NaN throughout a block where its modality is missing.

        Returns
        -------
        fused : Tensor of shape (batch, fusion.fused_dim)
            Or the predictions, of a fusion that makes them itself.
        weights : Tensor of shape (batch, n_modalities) or None
            None for a fusion without weights.
        """
        encodings, present = self.encode(x)
        fused, weights, _ = self._fuse(encodings, present)
        return fused, weights

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Encode the blocks.

        Parameters
        ----------
        x : Tensor of shape (batch, sum of widths)
            Rows, NaN throughout a block where its modality is missing.

        Returns
        -------
        encodings : Tensor of shape (batch, n_modalities, hidden_dim)
            Zero where a modality is missing or hidden.
        present : bool Tensor of shape (batch, n_modalities)
            Which modalities are there, and not hidden.
        """
        encodings, present, _ = self._encode_blocks(x)
        return encodings, present

    def _encode_blocks(self, x: Tensor) -> tuple[Tensor, Tensor, bool]:
        """Return encodings, which are there, and whether all are known to be."""
        blocks = x.split(self.widths, dim=-1)
        # A block is NaN throughout or not at all, so its first column tells.
        present = ~torch.stack([block[..., 0] for block in blocks], dim=-1).isnan()
        # Asking costs nothing on a CPU, and saves copies; a GPU would have to wait for the answer,
        # and a graph that is compiled or exported has to hold for any rows.
        can_ask = present.device.type == "cpu" and not torch.compiler.is_compiling()
        is_complete = can_ask and bool(present.all())
        if not is_complete:
            blocks = [block.nan_to_num() for block in blocks]
        hidden = self.modality_dropout * self.modality_strength if self.training else 0.0
        if hidden > 0:
            present = self._hide_modalities(present, hidden)
            is_complete = False
        encodings = [self._encode(*item) for item in enumerate(blocks)]
        stacked = torch.stack(encodings, dim=-2)  # (batch, n_modalities, hidden_dim)
        # Stacked networks that share their rows share `present`, too: give each its own.
        present = present.expand(stacked.shape[:-1])
        if not is_complete:
            stacked = stacked * present.unsqueeze(-1)
        return stacked, present, is_complete

    def _fuse(
        self, stacked: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Return fused vectors, weights and penalty."""
        if self.residuals is not None:
            stacked = self.residuals(stacked, present)
        fused, weights, *penalty = self.fusion(stacked, present)
        return fused, weights, penalty[0] if penalty else None

    def _encode(self, position: int, block: Tensor) -> Tensor:
        """Encode a block: (batch, width) -> (batch, hidden_dim)."""
        if not self.training or self.learning_modality in (None, position):
            return self.encoders[position](block)
        with torch.no_grad():
            return self.encoders[position](block)

    def _hide_modalities(self, present: Tensor, rate: float) -> Tensor:
        draws = random_bytes(present.shape, present.device, self.generator).to(torch.int16)
        draws = draws.masked_fill(~present, -1)
        # The modality of the highest draw stays, so that no row loses all of them.
        highest = draws == draws.amax(dim=-1, keepdim=True)
        return present & ((draws >= round(rate * 256)) | highest)


def _make_fusion(fusion: Callable[..., nn.Module], arguments: dict[str, Any]) -> nn.Module:
    """Make the fusion, and give it of the network's arguments what it asks for by name."""
    wanted = inspect.signature(fusion).parameters.keys() & _OFFERED
    wanted -= getattr(fusion, "keywords", {}).keys()  # those that a partial has bound
    given = {name: arguments[name] for name in wanted}
    return fusion(len(arguments["widths"]), arguments["hidden_dim"], **given)
