"""Weights of a blend of probabilities: non-negative, summing to one, of least log loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from ._members import Fold, Member
from ._out_of_fold import average_held_out

# A probability of zero would make the log loss infinite, whatever the other rows say.
_MIN_PROBABILITY = 1e-12
# A gain in the log loss that is smaller than this is not told from rounding errors, and a weight
# is nothing.
_ROUNDING, _NO_WEIGHT = 1e-9, 1e-4


def weigh_classifiers(
    parts: Sequence[Sequence[Member]],
    y: np.ndarray,
    classes: np.ndarray,
    sample_weight: np.ndarray | None,
    folds: Sequence[Fold],
) -> np.ndarray:
    """Find how much the members and each companion count.

    Parameters
    ----------
    parts : sequence of n_parts sequences of Member
        Those of the ensemble, then those of each companion: one for each fold, or none of a
        companion that was given up.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        The classes, or an indicator of labels.
    classes : ndarray of shape (n_classes,) or (n_labels, 2)
        The ensemble's.
    sample_weight : ndarray of shape (n_samples,) or None
        The rows' weights.
    folds : sequence of Fold
        The splits.

    Returns
    -------
    ndarray of shape (n_parts, 1) or (n_parts, n_labels)
        For classes one weight, whatever the class, so that rows sum to one; for labels
        one each. Zero where there are no members.

    Raises
    ------
    ValueError
        If there is no row of positive weight that every part predicts.
    """
    shape = (len(y), len(classes))
    fitted = [len(part) > 0 for part in parts]
    held_out = np.stack([average_held_out(folds, part, shape) for part in parts if part])
    known = ~np.isnan(held_out).any(axis=(0, 2))
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    known &= weight > 0
    if not known.any():
        raise ValueError("There is no row of positive weight that every part predicts.")
    truth = of_the_truth(held_out[:, known], y[known], classes)
    weights = np.zeros((len(parts), len(truth)))
    weights[fitted] = np.stack([log_loss_weights(own, weight[known]) for own in truth], axis=1)
    return weights


def of_the_truth(probabilities: np.ndarray, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the probabilities of what is true.

    Parameters
    ----------
    probabilities : ndarray of shape (n_parts, n_samples, n_classes) or \
            (n_parts, n_samples, n_labels)
        What every part predicts.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        The classes, or an indicator of labels.
    classes : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes, sorted.

    Returns
    -------
    ndarray of shape (1, n_parts, n_samples) or (n_labels, n_parts, n_samples)
        Of each row's class; of each label, or of its absence. Zero for classes that are not
        among those known.
    """
    if classes.ndim == 2:
        return np.moveaxis(np.where(y > 0, probabilities, 1 - probabilities), 2, 0)
    positions = np.searchsorted(classes, y)
    return probabilities[:, np.arange(len(y)), positions][np.newaxis]


def log_loss_weights(truth: np.ndarray, sample_weight: np.ndarray) -> np.ndarray:
    """Find the weighted mean of several predicted probabilities that has the least log loss.

    Parameters
    ----------
    truth : ndarray of shape (n_parts, n_samples)
        The probability that every part gives to what is true.
    sample_weight : ndarray of shape (n_samples,)
        Positive weights of the rows.

    Returns
    -------
    ndarray of shape (n_parts,)
        Non-negative, summing to one. On these rows the mean is never worse than the best
        part.

    Notes
    -----
    The log loss of a mean is convex in its weights ([1]_): they are the shares of a mixture
    whose components are known, found by sequential quadratic programming.

    References
    ----------
    .. [1] Kim, Carbonetto, Stephens and Anitescu, "A Fast Algorithm for Maximum Likelihood
       Estimation of Mixture Proportions Using Sequential Quadratic Programming", Journal of
       Computational and Graphical Statistics 29, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.ensemble._class_blend import log_loss_weights
    >>> bold, shy = [0.9, 0.9, 0.05], [0.5, 0.5, 0.5]
    >>> log_loss_weights(np.array([bold, shy]), np.ones(3)).round(2)
    array([0.32, 0.68])
    """
    truth = np.maximum(truth, _MIN_PROBABILITY)
    share = sample_weight / sample_weight.sum()
    losses = -np.log(truth) @ share
    alone = np.zeros(len(truth))
    alone[losses.argmin()] = 1.0

    def loss(weights):
        mean = np.maximum(weights @ truth, _MIN_PROBABILITY)
        return -np.log(mean) @ share, -(truth / mean) @ share

    found = minimize(
        loss,
        np.full(len(truth), 1 / len(truth)),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * len(truth),
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-10, "maxiter": 200},
    ).x
    found = np.where(found > _NO_WEIGHT, found, 0)
    if not np.isfinite(found).all() or not found.any():
        return alone
    found /= found.sum()
    return found if loss(found)[0] < losses.min() - _ROUNDING else alone


def log_loss_of_blend(truth: np.ndarray, sample_weight: np.ndarray) -> float:
    """Return the log loss of the best weighted mean; parameters as :func:`log_loss_weights`."""
    mean = log_loss_weights(truth, sample_weight) @ truth
    return float(-np.log(np.maximum(mean, _MIN_PROBABILITY)) @ sample_weight / sample_weight.sum())
