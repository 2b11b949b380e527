"""What classes are to a network: how they are coded, and what its outputs say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.special import expit, log_softmax, softmax
from sklearn.utils.class_weight import compute_class_weight

from ..networks.losses import CLASS_LOSSES, LABEL_LOSSES, ORDINAL_LOSSES, ordered_logits
from ._classes import classes_of

# Of the classes' probabilities before a logarithm.
_MIN_PROBABILITY = np.finfo(np.float64).tiny


class OneClass:
    """One of two or more classes: an output for each, and a softmax.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The classes, sorted.
    """

    losses: Mapping[str, type] = CLASS_LOSSES

    def __init__(self, classes: np.ndarray) -> None:
        self.classes = classes

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the network, and of columns of the coded targets."""
        return len(self.classes)

    def positions(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Return each row's position among the classes; refuse other classes."""
        unknown = np.setdiff1d(y, self.classes)
        if len(unknown):
            raise ValueError(
                f"{name} has class(es) {unknown.tolist()} that are none of those to learn, "
                f"{self.classes.tolist()}."
            )
        return np.searchsorted(self.classes, y)

    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Code rows as the network's targets, (n_samples, n_outputs), float32."""
        return np.eye(self.n_outputs, dtype=np.float32)[self.positions(y, name)]

    def decode(self, targets: np.ndarray) -> np.ndarray:
        """Return the classes that targets stand for, smoothed ones included."""
        return self.classes[targets.argmax(axis=1)]

    def smooth(self, targets: np.ndarray, amount: float) -> np.ndarray:
        """Move a part of each row's probability from its class to all of them."""
        return targets * np.float32(1 - amount) + np.float32(amount / self.n_outputs)

    def class_weights(self, y: np.ndarray, weight: np.ndarray, class_weight: Any) -> np.ndarray:
        """Return the weight of each class, (n_classes,)."""
        if class_weight == "balanced":
            totals = np.bincount(self.positions(y), weight, minlength=len(self.classes))
            share = weight.sum() / (totals > 0).sum()
            return np.divide(share, totals, out=np.ones_like(totals), where=totals > 0)
        return compute_class_weight(class_weight, classes=self.classes, y=y)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return the classes' probabilities, (n_samples, n_classes), float64."""
        return softmax(outputs.astype(np.float64), axis=1)

    def decisions(self, outputs: np.ndarray) -> np.ndarray:
        """Return log-probabilities, (n_samples, n_classes); of two classes the log-odds."""
        logs = log_softmax(outputs.astype(np.float64), axis=1)
        return logs[:, 1] - logs[:, 0] if len(self.classes) == 2 else logs

    def choose(self, probabilities: np.ndarray, thresholds: Any = None) -> np.ndarray:
        """Return the most probable class of each row."""
        return self.classes[probabilities.argmax(axis=1)]


class OrderedClass(OneClass):
    """One of several classes in order: the outputs say how probable it is to be above each.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The classes, sorted.
    ranks : ndarray of int of shape (n_classes,)
        Each one's rank, from 0.
    """

    losses = ORDINAL_LOSSES

    def __init__(self, classes: np.ndarray, ranks: np.ndarray) -> None:
        super().__init__(classes)
        self.ranks = ranks

    @property
    def n_outputs(self) -> int:
        """One question fewer than classes; one at least, as a network needs an output."""
        return max(1, len(self.classes) - 1)

    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Code rows as answers to "is it above the k-th?", (n_samples, n_outputs)."""
        ranks = self.ranks[self.positions(y, name)]
        return (ranks[:, np.newaxis] > np.arange(self.n_outputs)).astype(np.float32)

    def decode(self, targets: np.ndarray) -> np.ndarray:
        """Return the classes that answers stand for, smoothed ones included."""
        ranks = (targets > 0.5).sum(axis=1)
        return self.classes[np.argsort(self.ranks)[ranks]]

    def smooth(self, targets: np.ndarray, amount: float) -> np.ndarray:
        """Move each answer towards one half."""
        return targets * np.float32(1 - amount) + np.float32(amount / 2)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return the classes' probabilities: differences of those of being above."""
        if len(self.classes) == 1:
            return np.ones((len(outputs), 1))
        above = expit(ordered_logits(torch.from_numpy(outputs.astype(np.float64))).numpy())
        bounds = np.pad(above, ((0, 0), (1, 1)), constant_values=((0, 0), (1, 0)))
        return -np.diff(bounds, axis=1)[:, self.ranks]

    def decisions(self, outputs: np.ndarray) -> np.ndarray:
        """Return log-probabilities, (n_samples, n_classes); of two classes the log-odds."""
        logs = np.log(np.maximum(self.probabilities(outputs), _MIN_PROBABILITY))
        return logs[:, 1] - logs[:, 0] if len(self.classes) == 2 else logs


class LabelSet:
    """Several labels, each there or not: an output for each, and sigmoids.

    Parameters
    ----------
    classes : ndarray of shape (n_labels, 2)
        ``[0, 1]`` for each label.
    """

    losses = LABEL_LOSSES

    def __init__(self, classes: np.ndarray) -> None:
        self.classes = classes

    @property
    def n_outputs(self) -> int:
        """Number of labels."""
        return len(self.classes)

    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Return the indicators as float32; refuse other numbers of them."""
        if y.ndim != 2 or y.shape[1] != self.n_outputs:
            shape = f"shape {y.shape}"
            raise ValueError(f"{name} must have {self.n_outputs} columns of labels, got {shape}.")
        return y.astype(np.float32)

    def decode(self, targets: np.ndarray) -> np.ndarray:
        """Return the indicators that targets stand for, smoothed ones included."""
        return (targets > 0.5).astype(int)

    def smooth(self, targets: np.ndarray, amount: float) -> np.ndarray:
        """Move each indicator towards one half."""
        return targets * np.float32(1 - amount) + np.float32(amount / 2)

    def class_weights(self, y: np.ndarray, weight: np.ndarray, class_weight: Any) -> np.ndarray:
        """Return the weight of each label's ones, (n_labels,)."""
        if class_weight == "balanced":
            ones = weight @ y.astype(np.float64)
            zeros = weight.sum() - ones
            there = (ones > 0) & (zeros > 0)
            return np.divide(zeros, ones, out=np.ones_like(ones), where=there)
        unknown = sorted(set(class_weight) - set(range(self.n_outputs)), key=str)
        if unknown:
            raise ValueError(
                f"class_weight has weights for the label(s) {unknown}, but y has columns 0 to "
                f"{self.n_outputs - 1}."
            )
        return np.array([class_weight.get(label, 1.0) for label in range(self.n_outputs)])

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return each label's probability, (n_samples, n_labels), float64."""
        return expit(outputs.astype(np.float64))

    def decisions(self, outputs: np.ndarray) -> np.ndarray:
        """Return each label's log-odds, (n_samples, n_labels)."""
        return outputs.astype(np.float64)

    def choose(self, probabilities: np.ndarray, thresholds: Any = None) -> np.ndarray:
        """Return the indicators of labels more probable than their thresholds."""
        return (probabilities > (0.5 if thresholds is None else thresholds)).astype(int)


Coding = OneClass | LabelSet


def learn_coding(y: np.ndarray, ordinal: Any = False) -> Coding:
    """Find out what kind of classes there are.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        The classes, or indicators of labels.
    ordinal : bool or list
        Whether the classes have an order; a list gives it.

    Returns
    -------
    OneClass, OrderedClass or LabelSet

    Raises
    ------
    ValueError
        If `ordinal` does not go with the classes.
    """
    is_ordinal = not isinstance(ordinal, (bool, np.bool_)) or bool(ordinal)
    if y.ndim == 2:
        if is_ordinal:
            raise ValueError(
                "ordinal takes one class of each row, a 1-D y; got indicators of "
                f"{y.shape[1]} labels."
            )
        return LabelSet(classes_of(y))
    classes = classes_of(y)
    return OrderedClass(classes, _ranks(classes, ordinal)) if is_ordinal else OneClass(classes)


def coding_of(classes: np.ndarray, ranks: np.ndarray | None) -> Coding:
    """Return the coding again, from what a fitted estimator keeps of it."""
    if classes.ndim == 2:
        return LabelSet(classes)
    return OneClass(classes) if ranks is None else OrderedClass(classes, ranks)


def _ranks(classes: np.ndarray, order: Any) -> np.ndarray:
    """Return the rank of each class; classes of the order that do not occur have none."""
    if isinstance(order, (bool, np.bool_)):
        if classes.dtype.kind not in "biuf":
            raise ValueError(
                f"ordinal=True takes numbers, whose order is known; got the classes "
                f"{classes.tolist()}: pass them as ordinal=[...], from the lowest to the highest."
            )
        return np.arange(len(classes))
    order = list(order)
    lacking = [value for value in classes.tolist() if value not in order]
    if lacking or len(set(order)) != len(order):
        raise ValueError(
            f"ordinal must name each class of y once, from the lowest to the highest; got {order} "
            f"for the classes {classes.tolist()}."
        )
    return np.argsort(np.argsort([order.index(value) for value in classes.tolist()]))
