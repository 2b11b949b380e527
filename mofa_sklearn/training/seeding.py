"""Weights and random layers that depend on one seed only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import nn

from ..networks.dropout import seed_dropout
from .forks import lock_of_process

_lock = lock_of_process()
_Module = TypeVar("_Module", bound=nn.Module)


def build_seeded(build: Callable[[], _Module], seed: int) -> _Module:
    """Build a module whose initial weights depend on `seed` alone.

    Torch draws initial weights from the process's global generator. It is put
    back afterwards, and builds in several threads take turns.

    Parameters
    ----------
    build : callable
        Makes the module.
    seed : int
        The seed.

    Returns
    -------
    torch.nn.Module
    """
    with _lock, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return build()


@contextmanager
def seeded_dropout(module: nn.Module, seed: int) -> Iterator[None]:
    """Let the random layers of `module` draw from a generator of their own.

    Parameters
    ----------
    module : torch.nn.Module
        The network, on the device where it is trained.
    seed : int
        The seed.
    """
    device = next(module.parameters()).device
    seed_dropout(module, torch.Generator(device=device).manual_seed(seed))
    try:
        yield
    finally:
        seed_dropout(module, None)
