"""One minus the concordance correlation coefficient."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Added to the spread of target and prediction: where there is none, as in a batch of one
# row or for a constant target, the loss still falls with the squared error.
_MIN_SPREAD = 1e-4


class Concordance(nn.Module):
    """One minus Lin's concordance correlation of each target, over the rows of a batch.

    The coefficient is one only where predictions agree with the targets in mean,
    spread and order. As one minus it is the mean squared error over
    ``var(prediction) + var(target) + (mean(prediction) - mean(target))^2``, it is
    computed as that quotient. Validation looks at all rows at once.

    References
    ----------
    .. [1] Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility",
       Biometrics 45(1), 1989.
    """

    whole_batch = True

    def forward(self, prediction: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        share = weight / weight.sum(dim=-1, keepdim=True).clamp(min=torch.finfo(weight.dtype).tiny)
        share = share.unsqueeze(-1)  # (batch, 1)
        means = [(share * values).sum(dim=-2, keepdim=True) for values in (prediction, target)]
        error = (share * (prediction - target).square()).sum(dim=-2)
        spread = (means[0] - means[1]).square().squeeze(-2)
        for values, mean in zip((prediction, target), means, strict=True):
            spread = spread + (share * (values - mean).square()).sum(dim=-2)
        return error / (spread + _MIN_SPREAD)
