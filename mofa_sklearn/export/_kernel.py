"""Kernel ridge regression on landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..estimators import KernelPathRegressor
from ._convert import converts
from ._members import EachAlone, converts_members


class Kernel(nn.Module):
    """A weighted sum of the similarities to landmarks."""

    def __init__(self, fitted: KernelPathRegressor) -> None:
        super().__init__()
        self.gamma = float(fitted.gamma_)
        self.mean: Tensor
        self.landmarks: Tensor
        self.squares: Tensor
        self.coef: Tensor
        self.intercept: Tensor
        landmarks = np.asarray(fitted.landmarks_, dtype=np.float64)
        self.register_buffer(
            "mean", torch.from_numpy(np.asarray(fitted.column_mean_, dtype=np.float64))
        )
        self.register_buffer("landmarks", torch.from_numpy(landmarks.T.copy()))
        self.register_buffer("squares", torch.from_numpy(np.square(landmarks).sum(axis=1)))
        coef = np.asarray(fitted.coef_, dtype=np.float64).reshape(len(landmarks), -1)
        self.register_buffer("coef", torch.from_numpy(coef))
        self.register_buffer("intercept", torch.from_numpy(np.atleast_1d(fitted.intercept_)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_samples, n_targets)."""
        x = x.to(torch.float64)
        x = torch.where(x.isnan(), 0.0, x - self.mean)
        distances = (x * x).sum(dim=1, keepdim=True) + self.squares - 2 * x @ self.landmarks
        return torch.exp(-self.gamma * distances.clamp(min=0)) @ self.coef + self.intercept


@converts_members(KernelPathRegressor)
def _kernels(estimators: Sequence[Any], place: str, rows: Any) -> nn.Module:
    return EachAlone([Kernel(each) for each in estimators])


@converts(KernelPathRegressor)
def _one(estimator: KernelPathRegressor, place: str) -> nn.Module:
    return Kernel(estimator)
