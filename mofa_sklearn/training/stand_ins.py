"""Find the mean encoding of each modality that a network has never been without."""

from __future__ import annotations

import torch

from ..networks import MoFANetwork
from .batches import Rows
from .chunks import evaluation_rows

# Rows that the means are taken over: more of them would not change the means.
_MAX_ROWS = 2048
# A network that was without a modality in fewer of its rows has not learned to be.
_MIN_MISSING = 0.01


@torch.no_grad()
def learn_stand_ins(module: MoFANetwork, rows: Rows) -> None:
    """Give a trained network stand-ins for the modalities that it has never been without.

    Parameters
    ----------
    module : MoFANetwork
        The network, on the CPU and in evaluation mode. Changed in place.
    rows : Rows
        What it has learned from, on any device.
    """
    some = torch.linspace(0, len(rows) - 1, min(len(rows), _MAX_ROWS)).long()
    chunks = [
        _encode(module, rows, chunk) for chunk in some.split(evaluation_rows(module, _MAX_ROWS))
    ]
    encodings, present, weight = (torch.cat(part) for part in zip(*chunks, strict=True))
    total = weight.sum(dim=0).unsqueeze(-1).clamp(min=1e-12)  # (n_modalities, 1)
    module.stand_ins.encodings.copy_((encodings * weight.unsqueeze(-1)).sum(dim=0) / total)
    module.stand_ins.has_one.copy_(1 - present.float().mean(dim=0) < _MIN_MISSING)


def _encode(
    module: MoFANetwork, rows: Rows, some: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return some rows' encodings, which are there, and how much each of them counts."""
    X, (_, weight) = rows.take(some.to(rows.X.device))
    encodings, present = module.encode(X.cpu())
    weight = present.float() if weight is None else present * weight.cpu().unsqueeze(-1)
    return encodings, present, weight


def forget_stand_ins(module: MoFANetwork) -> None:
    """Take a network's stand-ins away, before it is trained further."""
    module.stand_ins.has_one.fill_(False)
