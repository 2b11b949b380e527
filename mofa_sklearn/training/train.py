"""Train one network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from skorch.helper import predefined_split
from torch import nn

from .alternation import AlternatingModalities
from .annealing import FadingDropout
from .averaging import AveragedWeights
from .batches import Rows
from .callbacks import BestWeights, EpochProgress, LearningRate
from .chunks import evaluation_rows
from .net import MoFANet
from .reading import Reading
from .seeding import seeded_dropout
from .user_callbacks import restored_epoch


@dataclass
class TrainingPlan:
    """How a network is to be trained.

    Parameters
    ----------
    criterion : torch.nn.Module
        The loss.
    schedule : object
        The learning-rate schedule.
    learning_rate, weight_decay : float
        Of AdamW.
    batch_size, max_epochs : int
        Rows a step, and epochs at most.
    keep_best : bool
        Whether the best epoch's weights are kept, rather than the last one's.
    n_iter_no_change : int or None
        Patience in epochs; None never stops early.
    device : torch.device
        Where to train.
    autocast : torch.dtype or None
        Precision of the matrix products.
    shuffle_seed, dropout_seed : int
        Seeds of the order of rows and of the random layers.
    callbacks : sequence of skorch callbacks
        The user's.
    anneal_dropout : bool
        Whether dropout fades out, see :func:`.annealing.anneal_dropout`.
    alternate_modalities : bool
        Whether encoders learn in turn, see :func:`.alternation.modality_in_turn`.
    average_epochs : float or None
        Epochs that weights are averaged over, see :mod:`.averaging`; None averages none.
    reading : Reading or None
        How the user's callbacks read targets and outputs.
    history : list of dict
        Epochs of an earlier training that this one goes on with.
    verbose : int
        Shows a progress bar if above 0.
    """

    criterion: nn.Module
    schedule: Any
    learning_rate: float
    weight_decay: float
    batch_size: int
    max_epochs: int
    keep_best: bool
    n_iter_no_change: int | None
    device: torch.device
    autocast: torch.dtype | None
    shuffle_seed: int
    dropout_seed: int
    callbacks: Sequence[Any] = ()
    anneal_dropout: bool = False
    alternate_modalities: bool = False
    average_epochs: float | None = None
    reading: Reading | None = None
    history: Sequence[dict] = field(default_factory=list)
    verbose: int = 0

    def n_steps_per_epoch(self, n_rows: int) -> int:
        """Return the number of steps of an epoch of so many rows."""
        return -(-n_rows // self.batch_size)

    def n_steps(self, n_rows: int) -> int:
        """Return the number of steps planned for so many rows."""
        return self.max_epochs * self.n_steps_per_epoch(n_rows)


@dataclass
class TrainingResult:
    """What a training ended with.

    Parameters
    ----------
    net : MoFANet
        The net, on the CPU, without optimiser, callbacks and data.
    history : skorch.history.History
        A record per epoch, earlier trainings' included.
    best_epoch : int
        The epoch whose weights the net has, counted from one over the whole
        history; 0 if no epoch ended with finite weights.
    diverged, interrupted : bool
        Whether a loss that is no number, or an interrupt, ended the training.
    """

    net: MoFANet
    history: Any
    best_epoch: int
    diverged: bool
    interrupted: bool


def train(
    module: nn.Module, train_rows: Rows, valid_rows: Rows | None, plan: TrainingPlan
) -> TrainingResult:
    """Train a network on rows in memory.

    Parameters
    ----------
    module : torch.nn.Module
        The network; it is moved to the plan's device and, at the end, to the CPU.
    train_rows : Rows
        The rows to learn from.
    valid_rows : Rows or None
        The rows whose loss is monitored; None monitors the training loss.
    plan : TrainingPlan
        How to train.

    Returns
    -------
    TrainingResult
    """
    monitor = monitored_loss(valid_rows)
    best = BestWeights(monitor, plan.keep_best, plan.n_iter_no_change)
    module.to(plan.device)
    net = make_net(
        module,
        plan,
        iterator_train__generator=torch.Generator().manual_seed(plan.shuffle_seed),
        train_split=None if valid_rows is None else predefined_split(valid_rows),
        reading=plan.reading if plan.callbacks else None,
        callbacks=_callbacks(plan, len(train_rows), monitor, best),
    )
    net.initialize()
    net.history.extend(plan.history)
    with seeded_dropout(net.module_, plan.dropout_seed):
        net.partial_fit(train_rows)
    history = _finished_epochs(net.history)
    n_before = len(history) - best.n_epochs_
    return TrainingResult(
        history=history,
        best_epoch=restored_epoch(net.callbacks_, net.history)
        or (best.best_epoch_ and best.best_epoch_ + n_before),
        diverged=best.diverged_,
        interrupted=net.interrupted_,
        net=at_rest(net),
    )


def make_net(module: nn.Module, plan: TrainingPlan, **kwargs: Any) -> MoFANet:
    """Make the net that trains a network as planned; `kwargs` are more of its parameters."""
    return MoFANet(
        module,
        plan.criterion,
        autocast=plan.autocast,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=plan.weight_decay,
        optimizer__fused=has_fused_adamw(plan.device),
        lr=plan.learning_rate,
        max_epochs=plan.max_epochs,
        batch_size=plan.batch_size,
        device=str(plan.device),
        iterator_valid__batch_size=evaluation_rows(module),
        **kwargs,
    )


def has_fused_adamw(device: torch.device) -> bool:
    """Tell whether torch has an AdamW there that goes over the weights once."""
    return device.type in ("cpu", "cuda")


def monitored_loss(valid_rows: Rows | None) -> str:
    """Return the name in the history of the loss that says which epoch is best."""
    return "train_loss" if valid_rows is None else "valid_loss"


def _callbacks(plan: TrainingPlan, n_rows: int, monitor: str, best: BestWeights) -> list:
    rate = LearningRate(plan.schedule, plan.learning_rate, plan.n_steps(n_rows), monitor)
    averaging = []
    if plan.average_epochs is not None:
        averaging = [AveragedWeights(plan.average_epochs, plan.n_steps_per_epoch(n_rows))]
    progress = [EpochProgress(plan.max_epochs)] if plan.verbose > 0 else []
    fading = [FadingDropout(plan.max_epochs)] if plan.anneal_dropout else []
    alternation = [AlternatingModalities()] if plan.alternate_modalities else []
    # The averages first: the others look at them.
    return [*averaging, rate, best, *fading, *alternation, *progress, *plan.callbacks]


def _finished_epochs(history):
    """Copy the history without skorch's placeholders, and without an epoch broken off."""
    # The learning rate is noted at an epoch's end.
    finished = type(history)(dict(epoch) for epoch in history if "learning_rate" in epoch)
    for epoch in finished:
        epoch["batches"] = [_plain(batch) for batch in epoch["batches"] if batch]
        epoch.update(_plain(epoch))
    return finished


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """Make Python's numbers of NumPy's, which skorch's scores are."""
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in record.items()
    }


def at_rest(net: MoFANet) -> MoFANet:
    """Take away from a net all that prediction does not need, the device included."""
    net.module_.to("cpu")
    net.device = "cpu"
    net.autocast = net.reading = None
    net.trim_for_prediction()
    # The module as it was passed is the same object; skorch would pickle it twice.
    net.module = type(net.module_)
    net.iterator_train__generator = None
    for parameter in net.module_.parameters():
        parameter.grad = None
    return net
