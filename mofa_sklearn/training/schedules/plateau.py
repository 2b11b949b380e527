"""Halve the learning rate when the loss stands still."""

from __future__ import annotations

import math

_FACTOR = 0.5
_PATIENCE = 5
# torch's ReduceLROnPlateau: an improvement is one of more than a ten-thousandth.
_THRESHOLD = 1e-4


class PlateauSchedule:
    """Halve the learning rate after more than five epochs without progress.

    The rule, threshold included, of :class:`torch.optim.lr_scheduler.ReduceLROnPlateau`
    with ``factor=0.5, patience=5``, which MoFA-Lite was trained with.
    """

    def __init__(self) -> None:
        self._current = 1.0
        self._best = math.inf
        self._n_bad_epochs = 0

    def factor(self, progress: float) -> float:
        return self._current

    def end_epoch(self, loss: float) -> None:
        if loss < self._best * (1 - _THRESHOLD):
            self._best = loss
            self._n_bad_epochs = 0
            return
        self._n_bad_epochs += 1
        if self._n_bad_epochs > _PATIENCE:
            self._current *= _FACTOR
            self._n_bad_epochs = 0
