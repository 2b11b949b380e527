"""Train the modalities in turn."""

from __future__ import annotations

from typing import Any

from skorch.callbacks import Callback
from torch import nn


def modality_in_turn(epoch: int, batch: int, n_modalities: int) -> int:
    """Return the modality whose encoder learns from a batch.

    It is another one in the next batch. An epoch begins one modality further than the
    last, so that none is left out where an epoch has fewer batches than there are
    modalities. It depends on nothing else: members of a stack agree, whatever their
    numbers of batches.

    Parameters
    ----------
    epoch, batch : int
        Counted from zero.
    n_modalities : int
        Number of modalities.

    Returns
    -------
    int
        Its position.
    """
    return (epoch + batch) % n_modalities


def give_turn(network: Any, epoch: int, batch: int) -> list[int]:
    """Let the modality whose turn it is learn from the next batch, and no other.

    Parameters
    ----------
    network : MoFANetwork
        A network, or several with a members axis. Changed in place.
    epoch, batch : int
        Counted from zero.

    Returns
    -------
    list of n_modalities - 1 ints
        The positions of the modalities whose encoders are frozen.
    """
    n_modalities = len(network.encoders)
    network.learning_modality = modality_in_turn(epoch, batch, n_modalities)
    return [position for position in range(n_modalities) if position != network.learning_modality]


def sizes_of_parts(stack: Any) -> list[int]:
    """Count the weights that are frozen apart from each other, in their order.

    Parameters
    ----------
    stack : MoFANetwork
        Several networks with a members axis; their encoders come first.

    Returns
    -------
    list of n_modalities + 1 ints
        One member's weights of each encoder, and those of all that is shared.
    """
    encoders = [_n_weights_of_a_member(encoder) for encoder in stack.encoders]
    return [*encoders, _n_weights_of_a_member(stack) - sum(encoders)]


def _n_weights_of_a_member(stack: nn.Module) -> int:
    return sum(parameter[0].numel() for parameter in stack.parameters())


class AlternatingModalities(Callback):
    """Let a batch train one modality's encoder, and what all modalities share.

    The other encoders are frozen in that step: they get neither gradient nor weight
    decay. In the next step it is the next modality's turn.

    References
    ----------
    .. [1] Gao et al., "AdaptCLIP: Adapting CLIP for Universal Visual Anomaly
       Detection", 2025 (representations learned alternately rather than jointly).
    """

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.epoch_ = -1

    def on_epoch_begin(self, net, **kwargs):
        self.epoch_ += 1
        self.batch_ = 0

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        if not training:
            return
        give_turn(net.module_, self.epoch_, self.batch_)
        self.batch_ += 1

    def on_train_end(self, net, X=None, y=None, **kwargs):
        net.module_.learning_modality = None
