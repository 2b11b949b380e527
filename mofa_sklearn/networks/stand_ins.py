"""What takes the place of a modality that a network has never been without."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .stacked_buffers import StackedBuffers


class StandIns(nn.Module):
    """Mean encodings, for modalities that are missing at prediction only.

    A network that has learned from rows without a modality knows what to do without it:
    its fusion leaves the encoding out. One that has not would take what is left for the
    whole. It gets the modality's mean encoding over the rows that it learned from.

    Parameters
    ----------
    n_modalities : int
        Number of modalities.
    hidden_dim : int
        Width of an encoding.

    Attributes
    ----------
    encodings : Tensor of shape (n_modalities, hidden_dim)
        The stand-ins.
    has_one : bool Tensor of shape (n_modalities,)
        Which modalities have one; none at first.
    """

    def __init__(self, n_modalities: int, hidden_dim: int) -> None:
        super().__init__()
        self.encodings: Tensor
        self.has_one: Tensor
        self.register_buffer("encodings", torch.zeros(n_modalities, hidden_dim))
        self.register_buffer("has_one", torch.zeros(n_modalities, dtype=torch.bool))

    def forward(self, encodings: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Put stand-ins where modalities are missing.

        Parameters
        ----------
        encodings : Tensor of shape (batch, n_modalities, hidden_dim)
            The rows' encodings.
        present : bool Tensor of shape (batch, n_modalities)
            Which modalities are there.

        Returns
        -------
        encodings, present : Tensor
            As if those with stand-ins were there, too.
        """
        # The same for all rows of a batch.
        stand_ins, has_one = self.encodings.unsqueeze(-3), self.has_one.unsqueeze(-2)
        replaced = ~present & has_one
        return torch.where(replaced.unsqueeze(-1), stand_ins, encodings), present | replaced


class StackedStandIns(StackedBuffers, StandIns):
    """The stand-ins of several networks."""


class LinkedStandIns(nn.Module):
    """The stand-ins of several networks, each with its own, where they are.

    Parameters
    ----------
    members : sequence of n_members StandIns
        They are held, not copied.
    """

    def __init__(self, members: Sequence[StandIns]) -> None:
        super().__init__()
        self.members = tuple(members)

    def forward(self, encodings: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Put stand-ins where modalities are missing, with a leading members axis."""
        rows = zip(self.members, encodings.unbind(), present.unbind(), strict=True)
        encoded, there = zip(*(member(*own) for member, *own in rows), strict=True)
        return torch.stack(encoded), torch.stack(there)
