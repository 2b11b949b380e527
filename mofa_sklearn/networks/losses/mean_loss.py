"""From what a loss says to the number that is minimised."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch
from torch import Tensor, nn


def make_loss(loss: Callable[..., nn.Module]) -> nn.Module:
    """Make a loss from its class.

    Parameters
    ----------
    loss : type or callable
        Makes an nn.Module. One with a parameter ``reduction``, as torch's own losses
        have it, is told not to average: that is done with the rows' weights.

    Returns
    -------
    nn.Module
    """
    if "reduction" in inspect.signature(loss).parameters:
        return loss(reduction="none")
    return loss()


def needs_whole_batch(loss: nn.Module) -> bool:
    """Tell whether a loss looks at all rows together, rather than at each by itself."""
    return getattr(loss, "whole_batch", False)


def mean_loss(
    loss: nn.Module,
    prediction: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    penalty: Tensor | None = None,
) -> Tensor:
    """Return the loss of a batch, mean over targets and weighted mean over rows.

    All shapes may have a leading members axis, which the result then has.

    Parameters
    ----------
    loss : nn.Module
        One of :data:`mofa_sklearn.networks.losses.LOSSES`, or of their interface.
    prediction : Tensor of shape (batch, n_outputs)
        The network's.
    target : Tensor of shape (batch, n_targets)
        The truth.
    weight : Tensor of shape (batch,), default=None
        Weights of the rows; None weighs all the same.
    penalty : Tensor of shape (batch,), default=None
        Added to each row's loss.

    Returns
    -------
    Tensor of shape ()

    Raises
    ------
    ValueError
        If the loss returns a shape that it must not.
    """
    prediction = prediction.float()
    if not needs_whole_batch(loss):
        losses = _row_losses(loss, prediction, target)
        return _mean(losses if penalty is None else losses + penalty, weight)
    if weight is None:
        weight = prediction.new_ones(prediction.shape[:-1])
    value = loss(prediction, target, weight)
    if value.shape == (*target.shape[:-2], target.shape[-1]):
        value = value.mean(dim=-1)  # over the targets
    _check_shape(loss, value, target.shape[:-2])
    return value if penalty is None else value + _mean(penalty, weight)


def _row_losses(loss: nn.Module, prediction: Tensor, target: Tensor) -> Tensor:
    """Return each row's loss, mean over targets, (batch,)."""
    # A loss of the user's own need not know of a members axis.
    losses = loss(prediction.flatten(0, -2), target.flatten(0, -2))
    if losses.dim() == 2:
        losses = losses.mean(dim=-1)
    _check_shape(loss, losses, (target.shape[:-1].numel(),))
    return losses.reshape(target.shape[:-1])


def _mean(values: Tensor, weight: Tensor | None) -> Tensor:
    if weight is None:
        return values.mean(dim=-1)
    weight = weight.to(values.device)
    # A batch may hold nothing but rows of weight zero.
    total = weight.sum(dim=-1).clamp(min=torch.finfo(weight.dtype).tiny)
    return (values * weight).sum(dim=-1) / total


def _check_shape(loss: nn.Module, value: Tensor, expected: tuple[int, ...]) -> None:
    if value.shape == expected:
        return
    kinds = "(n_targets,) or ()" if needs_whole_batch(loss) else "(batch, n_targets) or (batch,)"
    raise ValueError(
        f"The loss {type(loss).__name__} returned a tensor of shape {tuple(value.shape)}; it must "
        f"have shape {kinds}: leave the mean over rows to the training, which weighs them."
    )
