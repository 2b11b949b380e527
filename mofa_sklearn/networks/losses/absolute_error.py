"""The absolute error."""

from __future__ import annotations

from torch import Tensor, nn


class AbsoluteError(nn.Module):
    """Absolute error, for the median of the targets; outliers count little."""

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        return (prediction - target).abs()
