"""Learning-rate schedules.

A schedule has ``factor(progress)``, the factor on the learning rate before a
step, where ``progress`` in [0, 1) is the part of all planned steps that are done,
and ``end_epoch(loss)``, which is told the monitored loss after every epoch.
"""

from .constant import ConstantSchedule
from .cosine import CosineSchedule
from .plateau import PlateauSchedule

#: The schedules that can be named.
SCHEDULES = {
    "constant": ConstantSchedule,
    "cosine": CosineSchedule,
    "plateau": PlateauSchedule,
}

__all__ = ["SCHEDULES", "ConstantSchedule", "CosineSchedule", "PlateauSchedule"]
