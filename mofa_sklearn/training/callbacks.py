"""What happens around epochs: the schedule, the best weights, the progress bar."""

from __future__ import annotations

from typing import Any

import torch
from skorch.callbacks import Callback
from tqdm.auto import tqdm

from .course import Course
from .interrupts import StopTraining
from .user_callbacks import put_weights_back, sets_rate_in_vain


class LearningRate(Callback):
    """Set the learning rate before every step, as a schedule says.

    Parameters
    ----------
    schedule : object
        With ``factor(progress)`` and ``end_epoch(loss)``, see
        :mod:`mofa_sklearn.training.schedules`.
    learning_rate : float
        The rate that the schedule's factor is applied to.
    n_steps : int
        Number of steps planned.
    monitor : str
        Name in the history of the loss that the schedule is told.
    """

    def __init__(self, schedule: Any, learning_rate: float, n_steps: int, monitor: str) -> None:
        self.schedule = schedule
        self.learning_rate = learning_rate
        self.n_steps = n_steps
        self.monitor = monitor

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.step_ = 0
        self.rate_: float | None = None  # of the last step

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        if not training:
            return
        rate = self.learning_rate * self.schedule.factor(self.step_ / self.n_steps)
        for group in net.optimizer_.param_groups:
            if self.rate_ is not None and group["lr"] != self.rate_:
                raise sets_rate_in_vain()
            group["lr"] = rate
        self.step_ += 1

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.rate_ = net.optimizer_.param_groups[0]["lr"]

    def on_epoch_end(self, net, **kwargs):
        net.history.record("learning_rate", net.optimizer_.param_groups[0]["lr"])
        self.schedule.end_epoch(net.history[-1, self.monitor])


class BestWeights(Callback):
    """Keep the best epoch's weights, and stop when there is no progress or no number.

    Parameters
    ----------
    monitor : str
        Name in the history of the loss to watch.
    keep_best : bool
        Whether the weights of the epoch of the lowest loss are put back at the
        end; otherwise those of the last epoch stay, unless the training diverged.
    n_iter_no_change : int or None
        Stop after so many epochs in a row without a lower loss; None never stops.

    Attributes
    ----------
    n_epochs_ : int
        Number of epochs that ended.
    best_epoch_ : int
        The epoch, counted from one over this training, whose weights were kept;
        0 if none was finite.
    diverged_ : bool
        Whether the training was ended by a loss that is no number.
    """

    def __init__(self, monitor: str, keep_best: bool, n_iter_no_change: int | None) -> None:
        self.monitor = monitor
        self.keep_best = keep_best
        self.n_iter_no_change = n_iter_no_change

    @property
    def best_epoch_(self) -> int:
        return self.course_.best_epoch

    @property
    def n_epochs_(self) -> int:
        return self.course_.n_epochs

    @property
    def diverged_(self) -> bool:
        return self.course_.diverged

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.course_ = Course(self.keep_best, self.n_iter_no_change)
        self._weights: dict[str, torch.Tensor] | None = None

    def on_epoch_end(self, net, **kwargs):
        self.course_.end_epoch(net.history[-1, "train_loss"], net.history[-1, self.monitor])
        if self.course_.diverged:
            raise StopTraining
        net.history.record(f"{self.monitor}_best", self.course_.improved)
        if self.course_.wants_weights and self._is_finite(net.module_):
            self._remember(net.module_)
        if self.course_.is_out_of_patience:
            raise StopTraining

    def on_train_end(self, net, X=None, y=None, **kwargs):
        if self._weights is not None:
            if not put_weights_back(net.callbacks_):
                net.module_.load_state_dict(self._weights)
            self._weights = None

    def _is_finite(self, module: torch.nn.Module) -> bool:
        # With validation rows a finite loss has shown it.
        if self.monitor != "train_loss":
            return True
        return all(bool(torch.isfinite(p).all()) for p in module.parameters())

    def _remember(self, module: torch.nn.Module) -> None:
        self.course_.remember()
        if self._weights is None:
            self._weights = {k: v.detach().clone() for k, v in module.state_dict().items()}
            return
        for name, value in module.state_dict().items():
            self._weights[name].copy_(value)


class EpochProgress(Callback):
    """Show a progress bar over epochs, with the losses.

    Parameters
    ----------
    n_epochs : int
        Number of epochs planned.
    """

    def __init__(self, n_epochs: int) -> None:
        self.n_epochs = n_epochs

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.bar_ = tqdm(total=self.n_epochs, unit="epoch", desc="MoFA")

    def on_epoch_end(self, net, **kwargs):
        losses = {
            name: f"{net.history[-1, name]:.4f}"
            for name in ("train_loss", "valid_loss")
            if name in net.history[-1]
        }
        self.bar_.set_postfix(losses, refresh=False)
        self.bar_.update()

    def on_train_end(self, net, X=None, y=None, **kwargs):
        self.bar_.close()
