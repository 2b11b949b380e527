"""Dropout that fades out in the course of a training."""

from __future__ import annotations

import torch
from skorch.callbacks import Callback

from ..networks.dropout import set_dropout_strength

# Parts of the training after which nothing is dropped any more. Hidden modalities keep a
# network from learning how modalities work together, so they are the first to come back.
_DROPOUT_END = 0.7
_MODALITY_DROPOUT_END = 0.2


def anneal_dropout(module: torch.nn.Module, progress: float) -> None:
    """Lower a network's dropout rates linearly as its training goes on.

    Targets that are mostly noise are learned in a few epochs, with nearly all of the
    dropout. Targets that are nearly determined take many, and lose what would keep the
    network from fitting them.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    progress : float, in [0, 1]
        The part of the planned epochs that is over.

    References
    ----------
    .. [1] Rennie, Goel and Thomas, "Annealed Dropout Training of Deep Networks", IEEE
       SLT 2014.
    """
    set_dropout_strength(
        module,
        max(0.0, 1 - progress / _DROPOUT_END),
        max(0.0, 1 - progress / _MODALITY_DROPOUT_END),
    )


class FadingDropout(Callback):
    """Anneal the dropout before every epoch.

    Parameters
    ----------
    max_epochs : int
        Number of epochs planned.
    """

    def __init__(self, max_epochs: int) -> None:
        self.max_epochs = max_epochs

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.epoch_ = 0

    def on_epoch_begin(self, net, **kwargs):
        anneal_dropout(net.module_, self.epoch_ / self.max_epochs)
        self.epoch_ += 1

    def on_train_end(self, net, X=None, y=None, **kwargs):
        set_dropout_strength(net.module_, 1.0, 1.0)
