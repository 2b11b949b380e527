"""Cross-entropy of labels that are each there or not."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class BinaryCrossEntropy(nn.Module):
    """Minus the log-probability of each label's value, by a sigmoid of each output."""

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(prediction, target, reduction="none")
