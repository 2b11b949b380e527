"""Huber's loss: squared where the error is small, absolute where it is large."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class Huber(nn.Module):
    """Half the squared error up to `delta`, and growing linearly beyond.

    Parameters
    ----------
    delta : float, default=1.0
        Where the two parts meet, in standard deviations of a standardised target.

    References
    ----------
    .. [1] Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical
       Statistics 35(1), 1964.
    """

    def __init__(self, delta: float = 1.0) -> None:
        super().__init__()
        self.delta = delta

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(prediction, target, reduction="none", delta=self.delta)
