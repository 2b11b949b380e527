"""How callbacks read targets and outputs: in the units of the user's `y`."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from skorch.dataset import Dataset
from torch import Tensor

from .batches import Rows


class Reading(Protocol):
    """What an estimator tells of the targets that its network is trained on."""

    is_classifier: bool

    @property
    def classes(self) -> np.ndarray | None:
        """The classes, as in `classes_`; None of a regressor."""

    def targets(self, targets: Tensor) -> np.ndarray:
        """Return the user's targets or classes for a network's, (n_rows, n_outputs)."""

    def predict(self, outputs: np.ndarray) -> np.ndarray:
        """Return predictions for a network's outputs."""

    def predict_proba(self, outputs: np.ndarray) -> np.ndarray:
        """Return probabilities for a network's outputs."""

    def score(self, prediction: np.ndarray, y: Any) -> float:
        """Return what the estimator's `score` is for predictions."""


class RowsAsRead(Dataset):
    """Rows as skorch's callbacks know a data set: with `X`, and `y` in the user's units.

    Parameters
    ----------
    rows : Rows
        The rows.
    reading : Reading
        How targets read.
    """

    def __init__(self, rows: Rows, reading: Reading) -> None:
        self.rows = rows
        self.reading = reading

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def X(self) -> np.ndarray:  # made when asked for: few callbacks do
        X, _ = self.rows.take(slice(None))
        return X.cpu().numpy()

    @property
    def y(self) -> np.ndarray:
        _, (targets, _) = self.rows.take(slice(None))
        return self.reading.targets(targets)

    def __getitem__(self, index: int) -> tuple[Tensor, np.ndarray]:
        X, target = self.rows[index]
        return X, self.reading.targets(target[None])[0]

    def take(self, order: Any) -> tuple[Tensor, tuple[Tensor, Tensor | None]]:
        """Return the rows of one batch as the net's iterator asks for them."""
        return self.rows.take(order)
