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
        Targets are centred by one and divided by the other.
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
        if not standardize:
            return cls(np.zeros(y.shape[1]), np.ones(y.shape[1]), one_dimensional)
        mean = np.average(y, axis=0, weights=sample_weight)
        scale = np.sqrt(np.average((y - mean) ** 2, axis=0, weights=sample_weight))
        scale = np.where(scale <= _ROUNDING_ERRORS * np.abs(mean), 1.0, scale)
        return cls(mean, scale, one_dimensional)

    def apply(self, y: np.ndarray) -> np.ndarray:
        """Scale targets; returns (n_samples, n_targets), float32."""
        y = y.reshape(len(y), -1).astype(np.float64)
        return ((y - self.mean) / self.scale).astype(np.float32)

    def invert(self, outputs: np.ndarray) -> np.ndarray:
        """Scale a network's outputs, (n_samples, n_targets), back to predictions."""
        prediction = outputs * self.scale + self.mean
        return prediction[:, 0] if self.one_dimensional else prediction

    def invert_each(self, outputs: np.ndarray) -> np.ndarray:
        """Scale several outputs of each target back, (n_samples, n_targets, n_each)."""
        return outputs * self.scale[:, np.newaxis] + self.mean[:, np.newaxis]

    def check_same_targets(self, y: np.ndarray) -> None:
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
