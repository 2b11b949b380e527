"""Calibrated probabilities."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..ensemble._calibration import _MIN_PROBABILITY, Isotonic, Sigmoid, Temperature


class Calibrated(nn.Module):
    """Probabilities that are changed, and for classes normalised.

    Parameters
    ----------
    inner : nn.Module
        What they come from, (n_samples, n_classes) or (n_samples, n_labels).
    labels : bool
        Whether each column is a label of its own.
    """

    def __init__(self, inner: nn.Module, labels: bool) -> None:
        super().__init__()
        self.inner, self.labels = inner, labels

    def forward(self, x: Tensor) -> Tensor:
        calibrated = self.changed(self.inner(x).to(torch.float64))
        return calibrated if self.labels else calibrated / calibrated.sum(dim=1, keepdim=True)

    def changed(self, p: Tensor) -> Tensor:
        """Change each probability by itself."""
        raise NotImplementedError


class PowerOf(Calibrated):
    """A temperature."""

    def __init__(self, inner: nn.Module, calibrator: Temperature, labels: bool) -> None:
        super().__init__(inner, labels)
        self.power: Tensor
        self.register_buffer("power", torch.from_numpy(1 / calibrator.temperature))

    def changed(self, p: Tensor) -> Tensor:
        powers = p**self.power
        return powers / (powers + (1 - p) ** self.power) if self.labels else powers


class LineOfLogOdds(Calibrated):
    """A logistic function of log-odds."""

    def __init__(self, inner: nn.Module, calibrator: Sigmoid, labels: bool) -> None:
        super().__init__(inner, labels)
        self.slope: Tensor
        self.intercept: Tensor
        self.register_buffer("slope", torch.from_numpy(calibrator.slope))
        self.register_buffer("intercept", torch.from_numpy(calibrator.intercept))

    def changed(self, p: Tensor) -> Tensor:
        p = p.clamp(_MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
        return (self.slope * (p / (1 - p)).log() + self.intercept).sigmoid()


class Steps(Calibrated):
    """A function of each column that is linear between points.

    Columns with fewer points than others have their last one several times.
    """

    def __init__(self, inner: nn.Module, calibrator: Isotonic, labels: bool) -> None:
        super().__init__(inner, labels)
        self.start: Tensor
        self.width: Tensor
        self.rise: Tensor
        self.least: Tensor
        n_points = max(2, *map(len, calibrator.before))
        before = np.stack([_padded(x, n_points) for x in calibrator.before])
        after = np.stack([_padded(y, n_points) for y in calibrator.after])
        width = np.diff(before, axis=1)
        self.register_buffer("start", torch.from_numpy(before[:, :-1].copy()))
        self.register_buffer("width", torch.from_numpy(np.where(width > 0, width, 1.0)))
        self.register_buffer("rise", torch.from_numpy(np.diff(after, axis=1)))
        self.register_buffer("least", torch.from_numpy(after[:, 0].copy()))

    def changed(self, p: Tensor) -> Tensor:
        # (n_samples, n_columns, n_points - 1)
        risen = ((p.unsqueeze(2) - self.start) / self.width).clamp(0, 1)
        return self.least + (risen * self.rise).sum(dim=2)


def _padded(points: np.ndarray, n_points: int) -> np.ndarray:
    return np.pad(points, (0, n_points - len(points)), mode="edge")


#: class of a calibrator -> its module
CALIBRATIONS = {Temperature: PowerOf, Sigmoid: LineOfLogOdds, Isotonic: Steps}
