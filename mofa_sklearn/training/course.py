"""Judge a training by its epochs' losses."""

from __future__ import annotations

import math


class Course:
    """The course of one training: its best epoch so far, and whether to stop.

    Parameters
    ----------
    keep_best : bool
        Whether the weights of the epoch of the lowest loss are wanted; otherwise
        those of the last epoch are.
    n_iter_no_change : int or None
        Patience in epochs; None is patient for ever.

    Attributes
    ----------
    n_epochs : int
        Number of epochs that ended.
    best_epoch : int
        The epoch, counted from one, whose weights were remembered; 0 if none was
        finite.
    improved : bool
        Whether the last epoch had the lowest loss so far.
    diverged : bool
        Whether the last epoch's loss was no number.
    """

    def __init__(self, keep_best: bool, n_iter_no_change: int | None) -> None:
        self.keep_best = keep_best
        self.n_iter_no_change = n_iter_no_change
        self.best_epoch = 0
        self.improved = False
        self.diverged = False
        self.n_epochs = 0
        self._best_loss = math.inf

    def end_epoch(self, train_loss: float, loss: float) -> None:
        """Hear of an epoch's training loss and of the loss to watch."""
        self.n_epochs += 1
        self.diverged = not (math.isfinite(loss) and math.isfinite(train_loss))
        self.improved = not self.diverged and loss < self._best_loss
        if self.improved:
            self._best_loss = loss

    @property
    def wants_weights(self) -> bool:
        """Whether the last epoch's weights are to be remembered, if they are finite."""
        return not self.diverged and (self.improved or not self.keep_best)

    def remember(self) -> None:
        """Note that the last epoch's weights were remembered."""
        self.best_epoch = self.n_epochs

    @property
    def is_out_of_patience(self) -> bool:
        """Whether there was no progress for too long."""
        if self.n_iter_no_change is None:
            return False
        return self.n_epochs - self.best_epoch >= self.n_iter_no_change
