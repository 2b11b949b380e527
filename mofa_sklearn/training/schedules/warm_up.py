"""The first steps of a training, at a low rate."""

from __future__ import annotations

# A tenth of the steps is the usual warm-up of short trainings.
WARM_UP = 0.1
# Not zero at the very first step, which would do nothing.
_FIRST = 0.01


def warm_up(progress: float) -> float:
    """Rise linearly to one during the first tenth of the steps.

    References
    ----------
    .. [1] Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1
       Hour", 2017.
    """
    return min(1.0, (progress + _FIRST) / (WARM_UP + _FIRST))
