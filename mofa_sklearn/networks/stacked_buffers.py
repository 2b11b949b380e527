"""Buffers of several networks, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class StackedBuffers(nn.Module):
    """A layer without weights whose buffers have a members axis.

    Parameters
    ----------
    members : sequence of n_members nn.Module
        Layers of one kind; their buffers are copied.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        nn.Module.__init__(self)
        for name, _ in members[0].named_buffers():
            values = [getattr(member, name) for member in members]
            self.register_buffer(name, torch.stack(values))

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with some of the members only: those at these places in the stack."""
        for name, values in list(self.named_buffers()):
            setattr(self, name, values[list(positions)])
