"""Averages of the weights that a training passes through."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from skorch.callbacks import Callback
from torch import Tensor
from torch.optim.swa_utils import get_swa_multi_avg_fn

_average = get_swa_multi_avg_fn()


def steps_averaged(step: int, n_epochs: float, n_steps_per_epoch: int) -> float:
    """Return over how many steps the average goes, after so many steps of the training.

    Over all of them at first: the plain mean. Later exponentially, so that the newest weights
    count as much as in a mean over `n_epochs`.

    Parameters
    ----------
    step : int
        Number of steps made, at least one.
    n_epochs : float
        Epochs to average over.
    n_steps_per_epoch : int
        Number of steps in an epoch.

    Returns
    -------
    float, at least 1
    """
    return max(1.0, min(step, n_epochs * n_steps_per_epoch))


class AveragedWeights(Callback):
    """Let a network have the moving average of its weights wherever it does not train.

    It is validated with them, other callbacks see them at the end of an epoch, and they are
    there after the training. A single average makes up for much of what an average over
    several networks does, and its loss has a smoother course, which is safer to stop by.

    Parameters
    ----------
    n_epochs : float
        Epochs to average over.
    n_steps_per_epoch : int
        Number of steps in an epoch.

    References
    ----------
    .. [1] Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM
       Journal on Control and Optimization 30, 1992.
    .. [2] Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, "Averaging Weights Leads to Wider
       Optima and Better Generalization", UAI 2018.
    """

    def __init__(self, n_epochs: float, n_steps_per_epoch: int) -> None:
        self.n_epochs = n_epochs
        self.n_steps_per_epoch = n_steps_per_epoch

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self._parameters = list(net.module_.parameters())
        # What the network does not have now: the average, or the weights that are trained.
        self._other: list[Tensor] = [weights.detach().clone() for weights in self._parameters]
        self._is_shown = False
        self._step = 0

    def on_epoch_begin(self, net, **kwargs):
        self._show(False)

    def on_batch_begin(self, net, training=False, **kwargs):
        if not training:
            self._show(True)

    def on_batch_end(self, net, training=False, **kwargs):
        if not training:
            return
        self._step += 1
        window = steps_averaged(self._step, self.n_epochs, self.n_steps_per_epoch)
        _average(self._other, [weights.detach() for weights in self._parameters], window - 1)

    def on_epoch_end(self, net, **kwargs):
        self._show(True)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        if self._step:
            self._show(True)
        self._parameters, self._other = [], []

    def _show(self, average: bool) -> None:
        """Put the average into the network, or the weights that are trained."""
        if average == self._is_shown:
            return
        for position, weights in enumerate(self._parameters):
            self._other[position], weights.data = weights.data, self._other[position]
        self._is_shown = average


class StackedAverage:
    """The same for networks that are trained together, whose weights are rows of a matrix.

    Parameters
    ----------
    weights : Tensor of shape (n_members, n_weights)
        The weights before the first step.
    """

    def __init__(self, weights: Tensor) -> None:
        # The average, or, while that is exchanged for them, the weights that are trained.
        self._other = weights.clone()

    def add(self, weights: Tensor, windows: Sequence[float], is_active: Sequence[bool]) -> None:
        """Take up the weights after a step.

        Parameters
        ----------
        weights : Tensor of shape (n_members, n_weights)
            The weights.
        windows : sequence of n_members floats
            What :func:`steps_averaged` returns for each.
        is_active : sequence of n_members bools
            Which members have made the step.
        """
        shares = [
            1 / window if active else 0.0
            for window, active in zip(windows, is_active, strict=True)
        ]
        self._other.lerp_(weights, torch.tensor(shares, device=weights.device)[:, None])

    def exchange(self, weights: Tensor) -> None:
        """Write the average into the weights, and keep those that are trained; or back again."""
        kept = weights.clone()
        weights.copy_(self._other)
        self._other = kept

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with some of the members only."""
        self._other = self._other[list(positions)]
