"""A loss of labels to which those that are there count more, or less."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class PositiveWeighted(nn.Module):
    """Weigh the loss of labels that are there.

    Parameters
    ----------
    loss : nn.Module
        A loss that tells each label's.
    weights : sequence of n_labels floats
        For each label the weight of its ones; zeros have weight one.
    """

    def __init__(self, loss: nn.Module, weights: Sequence[float]) -> None:
        super().__init__()
        self.loss = loss
        self.weights = tuple(map(float, weights))

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        losses = self.loss(prediction, target)
        if losses.shape != target.shape:
            raise ValueError(
                "class_weight of several labels needs a loss that tells the labels apart; "
                f"{type(self.loss).__name__} returned a tensor of shape {tuple(losses.shape)} "
                f"for targets of shape {tuple(target.shape)}."
            )
        return losses * (1 + target * (target.new_tensor(self.weights) - 1))
