"""Warm-up, then a half cosine down to zero."""

from __future__ import annotations

import math

from .constant import ConstantSchedule

# A tenth of the steps is the usual warm-up of short trainings (Goyal et al., 2017).
_WARM_UP = 0.1


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
        if progress < _WARM_UP:
            # Not zero at the very first step, which would do nothing.
            return (progress + 0.01) / (_WARM_UP + 0.01)
        return 0.5 * (1 + math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))
