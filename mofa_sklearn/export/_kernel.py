"""Kernel ridge regression on landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..estimators import KernelPathRegressor
from ._members import converts_members


class Kernels(nn.Module):
    """Weighted sums of the similarities to every member's landmarks.

    Parameters
    ----------
    fitted : sequence of n_members KernelPathRegressor
        Of one number of landmarks, or filled up with some that do not count.
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
        self._keep("landmarks", landmarks)
        self._keep("squares", np.square(landmarks).sum(axis=2, keepdims=True))
        self._keep("gamma", np.reshape([each.gamma_ for each in fitted], (-1, 1, 1)))
        self._keep("coef", [_filled_up(own, longest).T for own in coef])
        self._keep("intercept", [np.atleast_2d(each.intercept_) for each in fitted])

    def _keep(self, name: str, values: Any) -> None:
        array = np.ascontiguousarray(values, dtype=np.float64)
        self.register_buffer(name, torch.from_numpy(array))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_members, n_samples, n_targets)."""
        x = x.to(torch.float64)
        x = torch.where(x.isnan(), 0.0, x - self.mean).transpose(1, 2)
        # (n_members, n_landmarks, n_samples): of one row, no runtime copies the landmarks.
        distances = (x * x).sum(dim=1, keepdim=True) + self.squares - 2 * (self.landmarks @ x)
        similarities = torch.exp(-self.gamma * distances.clamp(min=0))
        return (self.coef @ similarities).transpose(1, 2) + self.intercept


def _filled_up(rows: np.ndarray, length: int) -> np.ndarray:
    return np.pad(rows, [(0, length - len(rows)), (0, 0)])


@converts_members(KernelPathRegressor)
def _kernels(estimators: Sequence[Any], place: str, rows: Any) -> nn.Module:
    return Kernels(estimators)
