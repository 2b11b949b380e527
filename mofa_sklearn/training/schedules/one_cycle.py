"""One cycle: a long rise to a high rate, then a fall to almost nothing."""

from __future__ import annotations

import math

from .constant import ConstantSchedule

# The defaults of torch.optim.lr_scheduler.OneCycleLR.
_RISE = 0.3
_START = 1 / 25
_END = _START / 10_000


class OneCycleSchedule(ConstantSchedule):
    """Rise from a 25th of the rate during three tenths of the steps, then fall to almost zero.

    Both along a half cosine, as :class:`torch.optim.lr_scheduler.OneCycleLR` does by
    default; AdamW's momentum is left as it is. It suits rates several times as high
    as a constant one.

    References
    ----------
    .. [1] Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks
       Using Large Learning Rates", 2017.
    """

    def factor(self, progress: float) -> float:
        if progress < _RISE:
            return _half_cosine(_START, 1.0, progress / _RISE)
        return _half_cosine(1.0, _END, (progress - _RISE) / (1 - _RISE))


def _half_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * part))
