"""What skorch's callbacks see of a training: an estimator's own targets and predictions."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import accuracy_score, r2_score
from torch import Tensor


class EstimatorReading:
    """Reads a network's targets and outputs as the estimator that trains it would.

    Parameters
    ----------
    estimator : MoFARegressor or MoFAClassifier
        It may not be fitted yet.
    learned : mapping
        The fitted attributes that are known before the training.
    """

    def __init__(self, estimator: Any, learned: Mapping[str, Any]) -> None:
        self._estimator = copy(estimator)
        self._estimator.callbacks = None
        vars(self._estimator).update(learned)
        vars(self._estimator).pop("thresholds_", None)  # of an earlier fit
        self.is_classifier = is_classifier(estimator)

    @property
    def classes(self) -> np.ndarray | None:
        """The classes, None of a regressor."""
        return getattr(self._estimator, "classes_", None)

    def targets(self, targets: Tensor) -> np.ndarray:
        """Return the user's targets or classes for a network's, (n_rows, n_outputs)."""
        return self._estimator._from_targets(targets.cpu().numpy())

    def predict(self, outputs: np.ndarray) -> np.ndarray:
        """Return predictions for a network's outputs."""
        return self._estimator._from_outputs(outputs)

    def predict_proba(self, outputs: np.ndarray) -> np.ndarray:
        """Return probabilities for a network's outputs."""
        return self._estimator._probabilities(outputs)

    def score(self, prediction: np.ndarray, y: Any) -> float:
        """Return R^2, or the accuracy of a classifier."""
        return (accuracy_score if self.is_classifier else r2_score)(y, prediction)
