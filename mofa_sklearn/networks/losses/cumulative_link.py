"""Cross-entropy of ordered classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CumulativeLink(nn.Module):
    """Binary cross-entropy of "is the class above the k-th?", for each k.

    Targets, (batch, n_classes - 1), are the answers. The questions' logits come from
    :func:`ordered_logits`, so that their probabilities never rise with k and the
    classes' probabilities are never negative: ranks are consistent.

    References
    ----------
    .. [1] McCullagh, "Regression Models for Ordinal Data", JRSS B 42(2), 1980.
    .. [2] Cao, Mirjalili and Raschka, "Rank consistent ordinal regression for neural
       networks with application to age estimation", Pattern Recognition Letters 140,
       2020 (the loss).
    """

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        logits = ordered_logits(prediction)
        return F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def ordered_logits(outputs: Tensor) -> Tensor:
    """Turn outputs into logits that fall from one question to the next.

    The first output is the first logit; each of the others says how far the next one
    is below, as a softplus of it. So thresholds may lie closer for one row than for
    another.

    Parameters
    ----------
    outputs : Tensor of shape (..., n_classes - 1)
        The network's.

    Returns
    -------
    Tensor of the same shape
        Logits of the class being above the lowest, the second lowest, ...
    """
    first, others = outputs[..., :1], outputs[..., 1:]
    return torch.cat([first, first - F.softplus(others).cumsum(dim=-1)], dim=-1)
