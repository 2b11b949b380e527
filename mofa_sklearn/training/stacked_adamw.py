"""AdamW for networks that are trained together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .net import MAX_GRADIENT_NORM
from .train import has_fused_adamw

# Of torch.nn.utils.clip_grad_norm_.
_NORM_EPSILON = 1e-6


class StackedAdamW:
    """AdamW with a learning rate, a step count and a gradient norm for each member.

    All weights of a member lie in one row of a matrix, and every stacked parameter
    is a view of some of its columns. To torch's AdamW a row is one parameter with a
    learning rate of its own; a member without a gradient is left alone altogether.

    Parameters
    ----------
    module : nn.Module
        Made by :func:`mofa_sklearn.networks.stacking.stack_modules`, on the device
        of the training. Its parameters are moved into the matrix.
    weight_decays : sequence of n_members floats
        Weight decay of every member.

    Attributes
    ----------
    weights, gradients : Tensor of shape (n_members, n_weights)
        The matrices.
    """

    def __init__(self, module: nn.Module, weight_decays: Sequence[float]) -> None:
        self._parameters = list(module.parameters())
        self.weights = torch.cat([p.detach().flatten(1) for p in self._parameters], dim=1)
        self.gradients = torch.empty_like(self.weights)
        self._rows = [nn.Parameter(row) for row in self.weights]
        self._is_active: list[bool] = []
        groups = [
            {"params": [row], "weight_decay": decay}
            for row, decay in zip(self._rows, weight_decays, strict=True)
        ]
        self._optimizer = torch.optim.AdamW(groups, fused=has_fused_adamw(self.weights.device))
        self._attach()

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients of a loss, the sum of the members' losses."""
        gradients = torch.autograd.grad(
            loss, self._parameters, allow_unused=True, materialize_grads=True
        )
        torch.cat([gradient.flatten(1) for gradient in gradients], dim=1, out=self.gradients)

    def step(self, rates: Sequence[float], is_active: Sequence[bool]) -> None:
        """Clip the gradients and make a step.

        Parameters
        ----------
        rates : sequence of n_members floats
            Learning rates.
        is_active : sequence of n_members bools
            Which members make the step; the others' weights and moments stay.
        """
        self._clip()
        if list(is_active) != self._is_active:
            self._is_active = list(is_active)
            for row, gradient, active in zip(self._rows, self.gradients, is_active, strict=True):
                row.grad = gradient if active else None
        for group, rate in zip(self._optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._optimizer.step()

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with some of the members only.

        Parameters
        ----------
        positions : sequence of int
            Their places in the stack, in ascending order.
        """
        self.weights = self.weights[list(positions)]
        self.gradients = torch.empty_like(self.weights)
        for position in set(range(len(self._rows))) - set(positions):
            del self._optimizer.state[self._rows[position]]
        self._rows = [self._rows[position] for position in positions]
        groups = self._optimizer.param_groups
        self._optimizer.param_groups = [groups[position] for position in positions]
        for row, weights in zip(self._rows, self.weights, strict=True):
            row.grad = None
            row.data = weights
        self._is_active = []
        self._attach()

    def _clip(self) -> None:
        """Do to every member what clip_grad_norm_ does to one network."""
        norms = torch.linalg.vector_norm(self.gradients, dim=1, keepdim=True)
        self.gradients.mul_((MAX_GRADIENT_NORM / (norms + _NORM_EPSILON)).clamp(max=1.0))

    def _attach(self) -> None:
        """Make all parameters views of the matrix."""
        start = 0
        for parameter in self._parameters:
            shape = (len(self.weights), *parameter.shape[1:])
            columns = slice(start, start + parameter[0].numel())
            parameter.data = self.weights[:, columns].view(shape)
            start = columns.stop
