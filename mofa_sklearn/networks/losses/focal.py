"""Focal losses: cross-entropies to which rows that are easy count little."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class Focal(nn.Module):
    """Focal loss of one class out of several, by a softmax over the outputs.

    The cross-entropy times ``(1 - p) ** gamma``, p being the probability given to the
    true class.

    Parameters
    ----------
    gamma : float, default=2.0
        How much less easy rows count; 0 is the cross-entropy.

    References
    ----------
    .. [1] Lin, Goyal, Girshick, He and Dollar, "Focal Loss for Dense Object
       Detection", ICCV 2017.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        log_probability = prediction.log_softmax(dim=-1)
        hardness = (1 - log_probability.exp()).clamp(min=0) ** self.gamma
        return -(target * hardness * log_probability).sum(dim=-1)


class BinaryFocal(nn.Module):
    """Focal loss of labels that are each there or not, by a sigmoid of each output.

    Parameters
    ----------
    alpha : float, default=0.25
        Weight of labels that are there, in (0, 1); those that are not have one minus
        it.
    gamma : float, default=2.0
        How much less easy labels count; 0 is a weighted cross-entropy.

    References
    ----------
    .. [1] Lin, Goyal, Girshick, He and Dollar, "Focal Loss for Dense Object
       Detection", ICCV 2017.
    """

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0) -> None:
        super().__init__()
        self.alpha = alpha
        self.gamma = gamma

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        p = prediction.sigmoid()
        there = self.alpha * (1 - p) ** self.gamma * F.logsigmoid(prediction)
        absent = (1 - self.alpha) * p**self.gamma * F.logsigmoid(-prediction)
        return -(target * there + (1 - target) * absent)
