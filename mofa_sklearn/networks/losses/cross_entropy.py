"""Cross-entropy of one class out of several."""

from __future__ import annotations

from torch import Tensor, nn


class CrossEntropy(nn.Module):
    """Minus the log-probability of the true class, by a softmax over the outputs.

    The targets, (batch, n_classes), are the classes' probabilities: one and zeros, or
    smoothed ones.
    """

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        return -(target * prediction.log_softmax(dim=-1)).sum(dim=-1)
