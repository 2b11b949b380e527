"""Several quantiles at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

_DEFAULT_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


class Quantile(nn.Module):
    """Pinball loss, mean over the levels: the network predicts a quantile for each.

    Each target takes as many outputs of the network as there are levels, side by
    side. They are sorted, here as in prediction, so that quantiles do not cross; that
    never makes the loss higher ([2]_).

    Parameters
    ----------
    levels : sequence of float, default=(0.05, 0.25, 0.5, 0.75, 0.95)
        Levels in (0, 1), ascending. 0.5 has to be among them: `predict` gives the
        median.

    Attributes
    ----------
    outputs_per_target : int
        Number of levels.

    References
    ----------
    .. [1] Koenker and Bassett, "Regression Quantiles", Econometrica 46(1), 1978.
    .. [2] Chernozhukov, Fernandez-Val and Galichon, "Quantile and Probability Curves
       Without Crossing", Econometrica 78(3), 2010.
    """

    def __init__(self, levels: Sequence[float] = _DEFAULT_LEVELS) -> None:
        super().__init__()
        self.levels = tuple(map(float, levels))
        ascending = all(low < high for low, high in pairwise((0.0, *self.levels, 1.0)))
        if not ascending or 0.5 not in self.levels:
            raise ValueError(
                f"levels must ascend between 0 and 1, and have 0.5 among them; got {levels!r}."
            )
        self.outputs_per_target = len(self.levels)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        quantiles = prediction.unflatten(-1, (-1, len(self.levels))).sort(dim=-1).values
        losses = []  # (batch, n_targets) of each level
        for level, quantile in zip(self.levels, quantiles.unbind(dim=-1), strict=True):
            error = target - quantile
            losses.append(torch.maximum(level * error, (level - 1) * error))
        return torch.stack(losses).mean(dim=0)

    def extra_repr(self) -> str:
        return f"levels={self.levels}"
