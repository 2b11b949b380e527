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
    is a view of some of its columns. To torch's AdamW a row, or each part of a row, is
    one parameter with the member's learning rate; a member without a gradient, or a
    part that is frozen, is left alone altogether.

    Parameters
    ----------
    module : nn.Module
        Made by :func:`mofa_sklearn.networks.stacking.stack_modules`, on the device
        of the training. Its parameters are moved into the matrix.
    weight_decays : sequence of n_members floats
        Weight decay of every member.
    part_sizes : sequence of int, default=None
        Numbers of a member's weights, in the order of the module's parameters, that
        can be frozen apart from each other; None: none can.

    Attributes
    ----------
    weights, gradients : Tensor of shape (n_members, n_weights)
        The matrices.
    """

    def __init__(
        self,
        module: nn.Module,
        weight_decays: Sequence[float],
        part_sizes: Sequence[int] | None = None,
    ) -> None:
        self._parameters = list(module.parameters())
        self.weights = torch.cat([p.detach().flatten(1) for p in self._parameters], dim=1)
        self.gradients = torch.empty_like(self.weights)
        self._part_sizes = [self.weights.shape[1]] if part_sizes is None else list(part_sizes)
        # (n_members, n_parts)
        self._rows = [[nn.Parameter(part) for part in self._parts(row)] for row in self.weights]
        self._learning: list[list[bool]] = []
        groups = [
            {"params": parts, "weight_decay": decay}
            for parts, decay in zip(self._rows, weight_decays, strict=True)
        ]
        self._optimizer = torch.optim.AdamW(groups, fused=has_fused_adamw(self.weights.device))
        self._attach()

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients of a loss, the sum of the members' losses."""
        gradients = torch.autograd.grad(
            loss, self._parameters, allow_unused=True, materialize_grads=True
        )
        torch.cat([gradient.flatten(1) for gradient in gradients], dim=1, out=self.gradients)

    def step(
        self, rates: Sequence[float], is_active: Sequence[bool], frozen: Sequence[int] = ()
    ) -> None:
        """Clip the gradients and make a step.

        Parameters
        ----------
        rates : sequence of n_members floats
            Learning rates.
        is_active : sequence of n_members bools
            Which members make the step; the others' weights and moments stay.
        frozen : sequence of int, default=()
            Positions of the parts that stay as they are, of all members.
        """
        self._clip()
        can_learn = [position not in frozen for position in range(len(self._part_sizes))]
        learning = [[active and can for can in can_learn] for active in is_active]
        if learning != self._learning:
            self._learning = learning
            self._give_gradients()
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
            for part in self._rows[position]:
                self._optimizer.state.pop(part, None)  # one that never learned has none
        self._rows = [self._rows[position] for position in positions]
        groups = self._optimizer.param_groups
        self._optimizer.param_groups = [groups[position] for position in positions]
        for row, weights in zip(self._rows, self.weights, strict=True):
            for part, values in zip(row, self._parts(weights), strict=True):
                part.grad = None
                part.data = values
        self._learning = []
        self._attach()

    def _parts(self, row: Tensor) -> tuple[Tensor, ...]:
        """Return views of the parts of a member's weights, or gradients."""
        return row.split(self._part_sizes)

    def _give_gradients(self) -> None:
        """Show the optimiser the gradients of those that learn."""
        for row, gradients, learning in zip(
            self._rows, self.gradients, self._learning, strict=True
        ):
            for part, gradient, learns in zip(row, self._parts(gradients), learning, strict=True):
                part.grad = gradient if learns else None

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
