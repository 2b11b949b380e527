"""How targets are scaled for a training, and predictions scaled back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import check_array

# A spread below so many rounding errors of the mean is none: the target is constant.
_ROUNDING_ERRORS = 10 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class TargetScale:
    """Mean and scale of each target, and the shape that predictions shall have.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_targets,)
        Targets are centred by one and divided by the other. A scale of 0 is that of a
        constant target, which is predicted as the constant it is.
    one_dimensional : bool
        Whether y was 1-D.
    """

    mean: np.ndarray
    scale: np.ndarray
    one_dimensional: bool

    @classmethod
    def learn(
        cls, y: np.ndarray, sample_weight: np.ndarray | None, standardize: bool
    ) -> TargetScale:
        """Learn the scale of targets.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The targets.
        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the rows.
        standardize : bool
            Whether to scale at all.

        Returns
        -------
        TargetScale
        """
        one_dimensional = y.ndim == 1
        y = y.reshape(len(y), -1).astype(np.float64)
        if sample_weight is not None:
            counted = sample_weight > 0
            y, sample_weight = y[counted], sample_weight[counted]
        mean = np.average(y, axis=0, weights=sample_weight)
        scale = np.sqrt(np.average((y - mean) ** 2, axis=0, weights=sample_weight))
        is_constant = scale <= _ROUNDING_ERRORS * np.abs(mean)
        if not standardize:
            mean, scale = np.zeros_like(mean), np.ones_like(scale)
        mean = np.where(is_constant, y[0], mean)
        return cls(mean, np.where(is_constant, 0.0, scale), one_dimensional)

    @property
    def divisor(self) -> np.ndarray:
        """What centred targets are divided by, (n_targets,); 1 for constant ones."""
        return np.where(self.scale == 0, 1.0, self.scale)

    def apply(self, y: np.ndarray) -> np.ndarray:
        """Scale targets; returns (n_samples, n_targets), float32."""
        y = y.reshape(len(y), -1).astype(np.float64)
        return ((y - self.mean) / self.divisor).astype(np.float32)

    def unapply(self, targets: np.ndarray) -> np.ndarray:
        """Undo :meth:`apply`, whatever a constant target's other rows were."""
        y = targets * self.divisor + self.mean
        return y[:, 0] if self.one_dimensional else y

    def continued(
        self, y: np.ndarray, sample_weight: np.ndarray | None, standardize: bool
    ) -> TargetScale:
        """Return the scale that a warm start goes on with.

        It is the same, but for targets that were constant: all scales are as good for them.

        Raises
        ------
        ValueError
            If the targets are of another number or shape, or were scaled and now shall not
            be, or the other way round.
        """
        self._check_same_targets(y)
        now = TargetScale.learn(y, sample_weight, standardize)
        varied = self.scale > 0
        was_scaled = bool((self.mean[varied] != 0).any() or (self.scale[varied] != 1).any())
        if varied.any() and was_scaled != standardize:
            raise ValueError(
                f"warm_start=True continues with standardize_target={was_scaled}, as in the last "
                f"fit, but it is {standardize} now."
            )
        return TargetScale(
            np.where(varied, self.mean, now.mean),
            np.where(varied, self.scale, now.scale),
            self.one_dimensional,
        )

    def invert(self, outputs: np.ndarray) -> np.ndarray:
        """Scale a network's outputs, (n_samples, n_targets), back to predictions."""
        prediction = outputs * self.scale + self.mean
        return prediction[:, 0] if self.one_dimensional else prediction

    def invert_each(self, outputs: np.ndarray) -> np.ndarray:
        """Scale several outputs of each target back, (n_samples, n_targets, n_each)."""
        return outputs * self.scale[:, np.newaxis] + self.mean[:, np.newaxis]

    def _check_same_targets(self, y: np.ndarray) -> None:
        """Refuse targets of another number or shape than those of the last fit."""
        before, now = len(self.mean), y.reshape(len(y), -1).shape[1]
        if now != before or (y.ndim == 1) != self.one_dimensional:
            raise ValueError(
                f"warm_start=True continues with the {before} target(s) of the last fit, but this "
                f"y has {now}, {y.ndim}-D."
            )


def check_target_weight(target_weight: Any, n_targets: int) -> None:
    """Refuse weights of targets that are not one number, at least zero, for each."""
    weight = check_array(
        target_weight, ensure_2d=False, dtype="numeric", input_name="target_weight"
    )
    if weight.shape != (n_targets,) or (weight < 0).any() or not weight.any():
        raise ValueError(
            f"target_weight must have a non-negative weight for each of the {n_targets} "
            f"target(s), not all of them zero; got {target_weight!r}."
        )
