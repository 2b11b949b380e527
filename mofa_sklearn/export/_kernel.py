"""Kernel ridge regression on landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..estimators import KernelPathRegressor
from ._members import converts_members
from ._products import products

# Standard deviations of the predictions that float32 may move them by.
_ROUNDING = 3e-5


class Kernels(nn.Module):
    """Weighted sums of the similarities to every member's landmarks.

    Parameters
    ----------
    fitted : sequence of n_members KernelPathRegressor
        Of one number of landmarks, or filled up with some that do not count.

    Notes
    -----
    For a single row, reading the landmarks takes most of the time. They are float32 unless
    that moves a member's predictions for the landmarks by more than 3e-5 standard deviations.
    """

    def __init__(self, fitted: Sequence[KernelPathRegressor]) -> None:
        super().__init__()
        self.mean: Tensor
        self.landmarks: Tensor
        self.squares: Tensor
        self.gamma: Tensor
        self.coef: Tensor
        self.intercept: Tensor
        longest = max(len(each.landmarks_) for each in fitted)
        landmarks = np.stack([_filled_up(each.landmarks_, longest) for each in fitted])
        coef = [each.coef_.reshape(len(each.landmarks_), -1) for each in fitted]
        self._keep("mean", [each.column_mean_[None] for each in fitted])
        self._keep("squares", np.square(landmarks).sum(axis=2)[:, None])
        self._keep("gamma", np.reshape([each.gamma_ for each in fitted], (-1, 1, 1)))
        self._keep("coef", [_filled_up(own, longest) for own in coef])
        self._keep("intercept", [np.atleast_2d(each.intercept_) for each in fitted])
        self.register_buffer("landmarks", self._rounded(torch.from_numpy(landmarks)))

    def _keep(self, name: str, values: Any) -> None:
        array = np.ascontiguousarray(values, dtype=np.float64)
        self.register_buffer(name, torch.from_numpy(array))

    def _rounded(self, landmarks: Tensor) -> Tensor:
        """Return the landmarks in float32 if predictions for them hardly notice."""
        exact, rounded = (
            self._weighted(landmarks, landmarks.to(precision) @ landmarks.to(precision).mT)
            for precision in (torch.float64, torch.float32)
        )
        difference = (rounded - exact).abs().amax(dim=1)
        is_enough = (difference <= _ROUNDING * exact.std(dim=1, correction=0)).all()
        return landmarks.to(torch.float32) if is_enough else landmarks

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_members, n_samples, n_targets)."""
        x = x.to(torch.float64)
        x = torch.where(x.isnan(), 0.0, x - self.mean)
        return self._weighted(x, products(x.to(self.landmarks.dtype), self.landmarks))

    def _weighted(self, x: Tensor, by_landmarks: Tensor) -> Tensor:
        """Predict from centred rows and their products with the landmarks.

        Maps (n_members, n_samples, n_features) and (n_members, n_samples, n_landmarks) to
        (n_members, n_samples, n_targets).
        """
        lengths = (x * x).sum(dim=2, keepdim=True)
        distances = lengths + self.squares - 2 * by_landmarks.to(torch.float64)
        similarities = torch.exp(-self.gamma * distances.clamp_min(0))
        return similarities @ self.coef + self.intercept


def _filled_up(rows: np.ndarray, length: int) -> np.ndarray:
    return np.pad(rows, [(0, length - len(rows)), (0, 0)])


@converts_members(KernelPathRegressor)
def _kernels(estimators: Sequence[Any], place: str, rows: Any) -> nn.Module:
    return Kernels(estimators)
