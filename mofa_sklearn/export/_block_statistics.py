"""A block's length, spread and extremes, appended to it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..baselines._block_statistics import STEP_BITS, BlockStatistics
from ._convert import converts

_TINY = torch.finfo(torch.float32).tiny


class Statistics(nn.Module):
    """Append each row's mean, standard deviation, minimum, maximum and norm: NaN of NaN."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_samples, n_features + 5)."""
        missing, values = x.isnan(), x.to(torch.float64)
        known = torch.where(missing, 0.0, values)
        count = (~missing).sum(dim=1, keepdim=True)
        mean = known.sum(dim=1, keepdim=True) / count
        spread = torch.where(missing, 0.0, values - mean).square().sum(dim=1, keepdim=True)
        norm = known.square().sum(dim=1, keepdim=True).sqrt()
        size = known.abs().amax(dim=1, keepdim=True).clamp_min(_TINY)
        step = torch.exp2(torch.floor(torch.log2(size)) - STEP_BITS)
        statistics = [
            (mean / step).round() * step,
            ((spread / count).sqrt() / step).round() * step,
            torch.where(missing, torch.inf, values).amin(dim=1, keepdim=True),
            torch.where(missing, -torch.inf, values).amax(dim=1, keepdim=True),
            (norm / step).round() * step,
        ]
        added = torch.where(count == 0, torch.nan, torch.cat(statistics, dim=1))
        return torch.cat([x, added.to(x.dtype)], dim=1)


@converts(BlockStatistics)
def _block_statistics(transformer: BlockStatistics, place: str) -> nn.Module:
    return Statistics()
