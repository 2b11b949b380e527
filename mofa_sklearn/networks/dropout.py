"""Dropout whose random numbers are cheap and belong to one network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

_LEVELS = 256  # one random byte decides about one value


class Dropout(nn.Module):
    """Inverted dropout from a generator of its own, one random byte a value.

    On a CPU, :class:`torch.nn.Dropout` spends a quarter of MoFA-Lite's training
    time on random numbers, and draws them from the process's one generator, so
    that networks trained in two threads would disturb each other.

    Parameters
    ----------
    rate : float, in [0, 1)
        Probability that a value becomes zero, rounded to the nearest of 256
        levels. The values kept are scaled by the inverse of the exact
        probability, so the expectation is that of the input.

    Attributes
    ----------
    generator : torch.Generator or None
        Where the bytes are drawn from; None is torch's global generator. Set
        by :func:`seed_dropout` for the time of the training.

    strength : float, in [0, 1]
        What part of the rate is in force now, see :func:`set_dropout_strength`.

    References
    ----------
    .. [1] Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks
       from Overfitting", JMLR 15, 2014.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.generator: torch.Generator | None = None
        self.strength = 1.0

    def forward(self, x: Tensor) -> Tensor:
        n_dropped = min(round(self.rate * self.strength * _LEVELS), _LEVELS - 1)
        if not self.training or n_dropped == 0:
            return x
        drawn = random_bytes(x.shape, x.device, self.generator).to(x.dtype)
        # In place, so that the comparison gives ones and zeros of that type: for torch on a CPU
        # a third of the work that a bool tensor is. Every type holds the bytes exactly.
        return x * drawn.ge_(n_dropped).mul_(_LEVELS / (_LEVELS - n_dropped))

    def extra_repr(self) -> str:
        return f"rate={self.rate}"


def random_bytes(
    shape: torch.Size, device: torch.device, generator: torch.Generator | None
) -> Tensor:
    """Draw uniform bytes, eight from each 64-bit number.

    Parameters
    ----------
    shape : torch.Size
        Shape of the result.
    device : torch.device
        Where the result lives; also the generator's device.
    generator : torch.Generator or None
        None takes torch's global generator.

    Returns
    -------
    Tensor of uint8 of the shape asked for
    """
    n_bytes = shape.numel()
    words = torch.empty((n_bytes + 7) // 8, dtype=torch.int64, device=device)
    words.random_(-(2**63), None, generator=generator)
    return words.view(torch.uint8)[:n_bytes].view(shape)


def seed_dropout(module: nn.Module, generator: torch.Generator | None) -> None:
    """Let every random layer of a network draw from one generator.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    generator : torch.Generator or None
        The generator, on the network's device; None takes it away again (a
        network that is stored holds none).
    """
    layers: Iterable[Any] = module.modules()
    for layer in layers:
        if hasattr(layer, "generator"):
            layer.generator = generator


def set_dropout_strength(module: nn.Module, dropout: float, modality_dropout: float) -> None:
    """Say what part of a network's dropout rates is in force.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    dropout, modality_dropout : float, in [0, 1]
        Factors of the rate at which values, and modalities, are dropped.
    """
    layers: Iterable[Any] = module.modules()
    for layer in layers:
        if isinstance(layer, Dropout):
            layer.strength = dropout
        elif hasattr(layer, "modality_strength"):
            layer.modality_strength = modality_dropout
