"""Warm-up, then a half cosine down to zero."""

from __future__ import annotations

import math

from .constant import ConstantSchedule
from .warm_up import WARM_UP, warm_up


class CosineSchedule(ConstantSchedule):
    """Rise linearly during the first tenth of the steps, then fall to zero as a cosine.

    References
    ----------
    .. [1] Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm
       Restarts", ICLR 2017 (one period, no restart).
    .. [2] Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1
       Hour", 2017 (the warm-up).
    """

    def factor(self, progress: float) -> float:
        if progress < WARM_UP:
            return warm_up(progress)
        return 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))
