"""Squared error and Huber's loss together."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class Hybrid(nn.Module):
    """The sum of the squared error and Huber's loss.

    The loss of networks that predict engagement with images of the PixelRec data.

    Parameters
    ----------
    delta : float, default=1.0
        Where Huber's loss becomes linear, in standard deviations of a standardised
        target.

    References
    ----------
    .. [1] Cheng et al., "An Image Dataset for Benchmarking Recommender Systems with
       Raw Pixels", SDM 2024 (PixelRec, the data).
    .. [2] Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical
       Statistics 35(1), 1964.
    """

    def __init__(self, delta: float = 1.0) -> None:
        super().__init__()
        self.delta = delta

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        huber = F.huber_loss(prediction, target, reduction="none", delta=self.delta)
        return (prediction - target).square() + huber
