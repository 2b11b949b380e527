"""The same learning rate throughout."""

from __future__ import annotations


class ConstantSchedule:
    """Leave the learning rate as it is."""

    def factor(self, progress: float) -> float:
        return 1.0

    def end_epoch(self, loss: float) -> None:
        """Nothing to learn from a loss."""
