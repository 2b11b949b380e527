"""Numbers of narrow blocks, each spread over several inputs of an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .layers import encoder, is_known_to_hold
from .stacked_buffers import StackedBuffers

#: Blocks of more columns than this are embeddings rather than numbers.
MAX_NUMERIC_WIDTH = 16
# Of every column. Twice or thrice as many were no better on a few thousand rows.
_N_BINS = 16
# Where the bins of a network lie that has not been given any yet.
_FIRST_EDGES = -2.0, 2.0


class PiecewiseLinear(nn.Module):
    """Encode each number by the bins of its column that lie below it ([1]_).

    A bin that is wholly below gives 1, one that is wholly above 0, and the one that holds the
    number the part of it that is below. A linear layer makes of this any function of a column
    that is linear within each bin: steps and plateaus, which are hard to make of the number
    itself.

    Parameters
    ----------
    width : int
        Number of columns.
    n_bins : int, default=16
        Number of bins of every column. Columns of few values use fewer.

    Attributes
    ----------
    starts, slopes : Tensor of shape (width, n_bins)
        Lower edge of every bin, and one divided by its width; 0 for a bin that is not used.

    References
    ----------
    .. [1] Gorishniy, Rubachev and Babenko, "On Embeddings for Numerical Features in Tabular
       Deep Learning", NeurIPS 2022.
    """

    starts: Tensor
    slopes: Tensor

    def __init__(self, width: int, n_bins: int = _N_BINS) -> None:
        super().__init__()
        edges = torch.linspace(*_FIRST_EDGES, n_bins + 1).repeat(width, 1)
        self.register_buffer("starts", edges[:, :-1].clone())
        self.register_buffer("slopes", 1 / edges.diff(dim=1))

    @property
    def n_bins(self) -> int:
        """Number of bins of every column."""
        return self.starts.shape[-1]

    def is_empty(self) -> bool:
        """Tell whether no column is known to have a bin, so that all outputs are zero."""
        return is_known_to_hold((self.slopes == 0).all())

    def set_edges(self, column: int, edges: Tensor) -> None:
        """Say where the bins of a column lie.

        Parameters
        ----------
        column : int
            The column.
        edges : Tensor of shape (at most n_bins + 1,)
            Ascending; fewer than two make a column without bins.
        """
        n_bins = max(0, len(edges) - 1)
        self.starts[column] = self.slopes[column] = 0
        self.starts[column, :n_bins] = edges[:-1]
        self.slopes[column, :n_bins] = 1 / edges.diff()

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, width) to (batch, width * n_bins)."""
        starts, slopes = self.starts.unsqueeze(-3), self.slopes.unsqueeze(-3)
        return ((x.unsqueeze(-1) - starts) * slopes).clamp(0, 1).flatten(-2)


class StackedPiecewiseLinear(StackedBuffers, PiecewiseLinear):
    """The bins of several networks; maps (batch, width) for all, too."""


class LinkedPiecewiseLinear(nn.Module):
    """The bins of several networks, each with its own, where they are.

    Parameters
    ----------
    members : sequence of n_members PiecewiseLinear
        They are held, not copied.
    """

    def __init__(self, members: Sequence[PiecewiseLinear]) -> None:
        super().__init__()
        self.members = tuple(members)

    def is_empty(self) -> bool:
        """Tell whether none of them is known to have a bin."""
        return all(member.is_empty() for member in self.members)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_members, batch, width), or (batch, width) for all."""
        rows = x.unbind() if x.dim() > 2 else [x] * len(self.members)
        return torch.stack([member(own) for member, own in zip(self.members, rows, strict=True)])


class NumericEncoder(nn.Module):
    """Encode a block of numbers: (batch, width) -> (batch, hidden_dim).

    The layers are those of other blocks; what a second linear layer makes of the bins is added
    to the outputs of the first. Without bins it computes what theirs do.

    Parameters
    ----------
    width : int
        Width of the block.
    hidden_dim : int
        Width of an encoding.
    dropout : float
        Dropout rate of the encoder.
    """

    def __init__(self, width: int, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        self.embedding = PiecewiseLinear(width)
        self.of_bins = nn.Linear(width * self.embedding.n_bins, hidden_dim, bias=False)
        # As large as those of the numbers: what steps tell is to count from the first epoch on.
        nn.init.uniform_(self.of_bins.weight, -(width**-0.5), width**-0.5)
        layers = encoder(width, hidden_dim, dropout)
        self.of_numbers, self.normalized = layers[:1], layers[1:]

    def forward(self, block: Tensor) -> Tensor:
        """Encode a block of shape (batch, width)."""
        encoded = self.of_numbers(block)
        if not self.embedding.is_empty():  # or nothing but zeros would be added
            encoded = encoded + self.of_bins(self.embedding(block))
        return self.normalized(encoded)
