"""The probability from which on a label counts as there."""

from __future__ import annotations

import numpy as np

DEFAULT_THRESHOLD = 0.5


def chosen_classes(
    probabilities: np.ndarray,
    classes: np.ndarray,
    thresholds: float | np.ndarray = DEFAULT_THRESHOLD,
) -> np.ndarray:
    """Return the most probable class of each row, or the labels that are there.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
        What was predicted.
    classes : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes; the two of each label.
    thresholds : float or ndarray of shape (n_labels,), default=0.5
        A label is there where its probability is above.

    Returns
    -------
    ndarray of shape (n_samples,), or of int of shape (n_samples, n_labels)
    """
    if classes.ndim == 2:
        return (probabilities > thresholds).astype(int)
    return classes[probabilities.argmax(axis=1)]


def tune_thresholds(
    y: np.ndarray, probabilities: np.ndarray, sample_weight: np.ndarray | None = None
) -> np.ndarray:
    """Find for each label the threshold of the highest F1.

    Macro F1 is the mean of the labels' F1, so these thresholds maximise it.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_labels)
        Indicators: 0 or 1.
    probabilities : ndarray of shape (n_samples, n_labels)
        What was predicted.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    ndarray of shape (n_labels,), float64
        A label counts as there where its probability is above. 0.5 where no other
        threshold is better, as for a label that no row has.
    """
    weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, float)
    columns = zip(y.T, probabilities.T, strict=True)
    return np.array([_best_threshold(truth, own, weight) for truth, own in columns])


def _best_threshold(y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> float:
    order = np.argsort(-probability, kind="stable")
    probability, weight = probability[order].astype(np.float64), weight[order]
    ones = weight * y[order]
    if ones.sum() == 0:
        return DEFAULT_THRESHOLD
    # F1 = 2 true positives / (predicted positives + positives), of taking the first k rows.
    f1 = 2 * np.cumsum(ones) / (np.cumsum(weight) + ones.sum())
    n_taken = np.count_nonzero(probability > DEFAULT_THRESHOLD)
    default_f1 = f1[n_taken - 1] if n_taken else 0.0
    # Rows of equal probability are taken together.
    ends = np.append(np.diff(probability) < 0, True)
    f1 = np.where(ends, f1, -np.inf)
    best = int(f1.argmax())
    if f1[best] <= default_f1:
        return DEFAULT_THRESHOLD
    below = probability[best + 1] if best + 1 < len(probability) else 0.0
    threshold = (probability[best] + below) / 2
    # Between neighbouring numbers there is no middle.
    return float(threshold if threshold < probability[best] else below)
