"""Warm-up, then halve the learning rate when the loss stands still."""

from __future__ import annotations

from .plateau import PlateauSchedule
from .warm_up import warm_up


class WarmupPlateauSchedule(PlateauSchedule):
    """Rise linearly during the first tenth of the steps; plateaus halve the rate all along."""

    def factor(self, progress: float) -> float:
        return super().factor(progress) * warm_up(progress)
