"""Losses: how far a prediction is from its target.

A loss is an ``nn.Module`` whose ``forward(prediction, target)`` gets two tensors
of shape (batch, n_targets), targets standardised, and returns each row's loss,
shape (batch,); the rows' weights are applied to that.
"""

from .squared_error import SquaredError

#: The losses that can be named.
LOSSES = {"squared_error": SquaredError}

__all__ = ["LOSSES", "SquaredError"]
