"""Train several networks of one architecture together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from skorch.history import History
from torch import Tensor, nn
from tqdm.auto import tqdm

from ..networks.losses import mean_loss, needs_whole_batch
from ..networks.stacked_buffers import StackedBuffers
from ..networks.stacking import stack_modules, unstack_module
from .alternation import give_turn, sizes_of_parts
from .annealing import anneal_dropout
from .averaging import StackedAverage, steps_averaged
from .batches import Rows
from .chunks import evaluation_rows
from .course import Course
from .interrupts import raise_if_cancelled
from .seeding import seeded_dropout
from .stacked_adamw import StackedAdamW
from .stacked_batches import StackedBatch, stacked_batches
from .train import TrainingPlan, TrainingResult, at_rest, make_net, monitored_loss

# Validation rows of each member at a time.
_VALIDATION_BATCH_SIZE = 512


def train_stacked(
    modules: Sequence[nn.Module],
    train_rows: Sequence[Rows],
    valid_rows: Sequence[Rows | None],
    plans: Sequence[TrainingPlan],
) -> list[TrainingResult]:
    """Train networks along a members axis, each as :func:`~.train.train` would alone.

    Each member has its own rows, order of rows, schedule, gradient norm, optimiser
    steps, best epoch and patience; one that has stopped costs nothing any more. The
    results agree with training one by one up to rounding, but for the dropout: all
    members' random layers draw from one generator, seeded by all of their seeds.

    Parameters
    ----------
    modules : sequence of n_members nn.Module
        The networks, on the CPU.
    train_rows : sequence of n_members Rows
        The rows each learns from; folds need not be of one size.
    valid_rows : sequence of n_members Rows or None
        The rows whose loss is monitored; either all or none are None.
    plans : sequence of n_members TrainingPlan
        How to train, on one device and with one batch size and loss. Callbacks are
        not called.

    Returns
    -------
    list of n_members TrainingResult
        In a history, ``dur`` is the time that the epoch took all members together.

    Raises
    ------
    TypeError, ValueError
        If the networks or their plans do not go together.
    KeyboardInterrupt
        At once; nothing is kept.
    """
    _check_plans(plans, valid_rows)
    members = [
        _Member(*parts) for parts in zip(modules, train_rows, valid_rows, plans, strict=True)
    ]
    stack = _Stack(members)
    seeds = [plan.dropout_seed for plan in plans]
    seed = int(np.random.SeedSequence(seeds).generate_state(1)[0])
    with seeded_dropout(stack.module, seed), _progress(plans) as bar:
        while stack.members:
            stack.run_epoch()
            bar.update()
    return [member.result() for member in members]


@dataclass
class _Member:
    """One network's part in a training together."""

    module: nn.Module
    train_rows: Rows
    valid_rows: Rows | None
    plan: TrainingPlan
    history: History = field(init=False)
    weights: Tensor | None = None  # (n_weights,), the best so far

    def __post_init__(self) -> None:
        self.course = Course(self.plan.keep_best, self.plan.n_iter_no_change)
        self.history = History(dict(epoch) for epoch in self.plan.history)
        self._order = torch.Generator().manual_seed(self.plan.shuffle_seed)
        self._n_steps = self.plan.n_steps(len(self.train_rows))
        self._n_steps_per_epoch = self.plan.n_steps_per_epoch(len(self.train_rows))
        self._step = 0
        self._rate = self.plan.learning_rate

    def draw_order(self) -> Tensor:
        return torch.randperm(len(self.train_rows), generator=self._order)

    def next_rate(self) -> float:
        """Return the learning rate of the next step."""
        factor = self.plan.schedule.factor(self._step / self._n_steps)
        self._rate = self.plan.learning_rate * factor
        self._step += 1
        return self._rate

    def last_rate(self) -> float:
        return self._rate

    def steps_averaged(self) -> float:
        """Return over how many steps the weights are averaged now."""
        n_epochs = self.plan.average_epochs or 0
        return steps_averaged(self._step, n_epochs, self._n_steps_per_epoch)

    def end_epoch(self, losses: dict[str, float], seconds: float) -> None:
        """Write the history, as a skorch net would, and judge the epoch."""
        monitor = monitored_loss(self.valid_rows)
        self.history.new_epoch()
        self.history.record("epoch", len(self.history))
        counts = {
            "train": -(-len(self.train_rows) // self.plan.batch_size),
            "valid": -(-len(self.valid_rows or ()) // evaluation_rows(self.module)),
        }
        for name, loss in losses.items():
            self.history.record(f"{name}_loss", loss)
            self.history.record(f"{name}_batch_count", counts[name])
        self.history.record("dur", seconds)
        self.history.record("learning_rate", self._rate)
        self.plan.schedule.end_epoch(self.history[-1, monitor])
        self.course.end_epoch(losses["train"], self.history[-1, monitor])
        if not self.course.diverged:
            self.history.record(f"{monitor}_best", self.course.improved)

    def remember(self, weights: Tensor) -> None:
        self.course.remember()
        if self.weights is None:
            self.weights = weights.clone()
        else:
            self.weights.copy_(weights)

    @property
    def progress(self) -> float:
        """The part of the planned epochs that is over; the same for all members."""
        return (len(self.history) - len(self.plan.history)) / self.plan.max_epochs

    @property
    def has_ended(self) -> bool:
        stops = self.course.diverged or self.course.is_out_of_patience
        return stops or self.progress >= 1

    def result(self) -> TrainingResult:
        net = make_net(self.module, self.plan)
        net.initialize()
        net.interrupted_ = False
        best_epoch = self.course.best_epoch
        return TrainingResult(
            net=at_rest(net),
            history=self.history,
            best_epoch=best_epoch and best_epoch + len(self.plan.history),
            diverged=self.course.diverged,
            interrupted=False,
        )


class _Stack:
    """The members that are still being trained."""

    def __init__(self, members: Sequence[_Member]) -> None:
        self.members = list(members)
        self.plan = members[0].plan
        self.module = stack_modules([m.module for m in members]).to(self.plan.device)
        decays = [member.plan.weight_decay for member in members]
        parts = sizes_of_parts(self.module) if self.plan.alternate_modalities else None
        self.optimizer = StackedAdamW(self.module, decays, parts)
        averages = self.plan.average_epochs is not None
        self.average = StackedAverage(self.optimizer.weights) if averages else None
        self._epoch = 0

    def run_epoch(self) -> None:
        """Train all members for an epoch, and let go of those that have ended."""
        start = time.perf_counter()
        if self.plan.anneal_dropout:
            anneal_dropout(self.module, self.members[0].progress)
        losses = {"train": self._train()}
        if self.average is not None:
            self.average.exchange(self.optimizer.weights)
        if self.members[0].valid_rows is not None:
            losses["valid"] = self._validate()
        # The one time in an epoch that the device is waited for.
        table = torch.stack(list(losses.values()), dim=1).tolist()
        seconds = time.perf_counter() - start
        for member, values in zip(self.members, table, strict=True):
            member.end_epoch(dict(zip(losses, values, strict=True)), seconds)
        self._epoch += 1
        self._remember()
        self._drop_ended()
        if self.average is not None and self.members:
            self.average.exchange(self.optimizer.weights)

    def _train(self) -> Tensor:
        """Make the steps of an epoch; return each member's mean loss."""
        self.module.train()
        mean = _RunningMean()
        for index, batch in enumerate(self._batches(train=True)):
            alternates = self.plan.alternate_modalities
            frozen = give_turn(self.module, self._epoch, index) if alternates else []
            rates = [
                member.next_rate() if active else member.last_rate()
                for member, active in zip(self.members, batch.is_active, strict=True)
            ]
            prediction, penalty = self._infer(batch.X, with_penalty=True)
            loss = mean_loss(self.plan.criterion, prediction, batch.y, batch.weight, penalty)
            self.optimizer.backward(loss.sum())
            self.optimizer.step(rates, batch.is_active, frozen)
            if self.average is not None:
                windows = [member.steps_averaged() for member in self.members]
                self.average.add(self.optimizer.weights, windows, batch.is_active)
            mean.add(loss.detach(), batch.weight.sum(dim=1))
        return mean.value()

    @torch.no_grad()
    def _validate(self) -> Tensor:
        """Return each member's mean loss over its validation rows."""
        self.module.eval()
        criterion = self.plan.criterion
        parts = (
            (self._infer(batch.X), batch.y, batch.weight) for batch in self._batches(train=False)
        )
        if needs_whole_batch(criterion):
            together = [torch.cat(part, dim=1) for part in zip(*parts, strict=True)]
            return mean_loss(criterion, *together)
        mean = _RunningMean()
        for prediction, target, weight in parts:
            mean.add(mean_loss(criterion, prediction, target, weight), weight.sum(dim=1))
        return mean.value()

    def _batches(self, train: bool) -> Iterator[StackedBatch]:
        if train:
            rows = [member.train_rows for member in self.members]
            orders = [member.draw_order() for member in self.members]
        else:
            rows = [member.valid_rows for member in self.members if member.valid_rows is not None]
            orders = [torch.arange(len(valid)) for valid in rows]
        size = self.plan.batch_size
        if not train:
            size = evaluation_rows(self.module, _VALIDATION_BATCH_SIZE)
        for batch in stacked_batches(rows, orders, size):
            raise_if_cancelled()
            yield batch

    def _infer(self, X: Tensor, **kwargs: bool) -> Any:
        autocast = self.plan.autocast
        device_type = self.plan.device.type
        with torch.autocast(device_type, dtype=autocast, enabled=autocast is not None):
            return self.module(X, **kwargs)

    def _remember(self) -> None:
        """Keep the weights of every member whose best epoch this was."""
        wanting = [i for i, member in enumerate(self.members) if member.course.wants_weights]
        if wanting and self.members[0].valid_rows is None:
            # With validation rows a finite loss has shown that the weights are finite.
            finite = self.optimizer.weights.isfinite().all(dim=1).tolist()
            wanting = [i for i in wanting if finite[i]]
        for i in wanting:
            self.members[i].remember(self.optimizer.weights[i])

    def _drop_ended(self) -> None:
        """Write the weights of members that have ended into their modules."""
        ended = [i for i, member in enumerate(self.members) if member.has_ended]
        if not ended:
            return
        for i in ended:
            member = self.members[i]
            if member.weights is not None:
                self.optimizer.weights[i].copy_(member.weights)
                member.weights = None
            unstack_module(self.module, i, member.module)
        going_on = [i for i in range(len(self.members)) if i not in ended]
        self.members = [self.members[i] for i in going_on]
        if going_on:
            self.optimizer.keep(going_on)
            if self.average is not None:
                self.average.keep(going_on)
            for layer in self.module.modules():
                if isinstance(layer, StackedBuffers):
                    layer.keep(going_on)


class _RunningMean:
    """A weighted mean over batches, one for each member, on the device."""

    def __init__(self) -> None:
        self._losses: list[Tensor] = []
        self._weights: list[Tensor] = []

    def add(self, loss: Tensor, weight: Tensor) -> None:
        self._losses.append(loss)
        self._weights.append(weight)

    def value(self) -> Tensor:
        weight = torch.stack(self._weights)
        return (torch.stack(self._losses) * weight).sum(dim=0) / weight.sum(dim=0)


def _check_plans(plans: Sequence[TrainingPlan], valid_rows: Sequence[Rows | None]) -> None:
    for name in ("device", "autocast", "batch_size", "alternate_modalities", "average_epochs"):
        values = {str(getattr(plan, name)) for plan in plans}
        if len(values) != 1:
            raise ValueError(f"Members trained together need one {name}, got {sorted(values)}.")
    if len({type(plan.criterion) for plan in plans}) != 1:
        raise ValueError("Members trained together need one loss.")
    if len({rows is None for rows in valid_rows}) != 1:
        raise ValueError("Either all members trained together have validation rows, or none.")


def _progress(plans: Sequence[TrainingPlan]) -> Any:
    n_epochs = max(plan.max_epochs for plan in plans)
    shown = any(plan.verbose > 0 for plan in plans)
    return tqdm(total=n_epochs, unit="epoch", desc="MoFA", disable=not shown)
