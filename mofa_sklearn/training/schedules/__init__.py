"""Learning-rate schedules.

A schedule has ``factor(progress)``, the factor on the learning rate before a
step, where ``progress`` in [0, 1) is the part of all planned steps that are done,
and ``end_epoch(loss)``, which is told the monitored loss after every epoch.
"""

from .constant import ConstantSchedule
from .cosine import CosineSchedule
from .one_cycle import OneCycleSchedule
from .plateau import PlateauSchedule
from .warmup_plateau import WarmupPlateauSchedule

#: The schedules that can be named.
SCHEDULES = {
    "constant": ConstantSchedule,
    "cosine": CosineSchedule,
    "one_cycle": OneCycleSchedule,
    "plateau": PlateauSchedule,
    "warmup_plateau": WarmupPlateauSchedule,
}

__all__ = [
    "SCHEDULES",
    "ConstantSchedule",
    "CosineSchedule",
    "OneCycleSchedule",
    "PlateauSchedule",
    "WarmupPlateauSchedule",
]
