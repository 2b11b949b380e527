"""A loss whose targets count differently."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class TargetWeighted(nn.Module):
    """Average a loss over the targets by weights.

    Parameters
    ----------
    loss : nn.Module
        A loss that tells each target's.
    weights : sequence of n_targets floats
        Not negative, not all zero.
    """

    def __init__(self, loss: nn.Module, weights: Sequence[float]) -> None:
        super().__init__()
        self.loss = loss
        self.weights = tuple(map(float, weights))
        self.whole_batch = getattr(loss, "whole_batch", False)
        self.outputs_per_target = getattr(loss, "outputs_per_target", 1)

    def forward(self, prediction: Tensor, target: Tensor, *weight: Tensor) -> Tensor:
        """Return each row's loss, or that of the whole batch."""
        losses = self.loss(prediction, target, *weight)
        n_axes = target.dim() - 1 if self.whole_batch else target.dim()
        if losses.dim() != n_axes:
            raise ValueError(
                f"target_weight needs a loss that tells the targets apart; the result of "
                f"{type(self.loss).__name__} has {losses.dim()} axes instead of {n_axes}, the "
                "last of them the targets."
            )
        total = sum(self.weights)
        parts = zip(self.weights, losses.unbind(dim=-1), strict=True)
        return sum(share / total * part for share, part in parts if share > 0)
