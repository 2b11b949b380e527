"""Find out on few folds whether a companion is worth the fits on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator

from ._blend_weights import blend, blend_weights
from ._class_blend import log_loss_of_blend, of_the_truth
from ._members import Fold, Member, MemberTask
from ._out_of_fold import average_held_out
from ._validation_sets import last_step

#: On so many folds a companion is tried.
N_TRIAL_FOLDS = 2
# In units of a target's variance: what the error of the blend has to fall by on their held-out
# rows. With weights fitted on these same rows it never rises, and if a companion knows nothing
# new it falls by less than one over the number of rows.
_LEAST_GAIN = 1e-3
# The same of the log loss, in nats, of a row's class or of one label; and of its sum over the
# rows, which a companion that knows nothing new lets fall by this with a probability of a few in
# a hundred (a likelihood ratio test of its weight).
_LEAST_GAIN_OF_CLASSES, _LEAST_GAIN_OF_ALL_ROWS = 2e-3, 2.0
# And on the first fold alone, which one that knows nothing new reaches once in six times.
_LEAST_GAIN_OF_FIRST_ROWS = 0.5


def on_trial(estimator: BaseEstimator, n_folds: int) -> bool:
    """Tell whether an estimator is to be tried on some folds before it is fitted on all.

    Parameters
    ----------
    estimator : estimator
        A companion. Its class says so (``_on_trial``), where it takes long to fit or to predict.
    n_folds : int
        How many folds there are.

    Returns
    -------
    bool
    """
    return n_folds > N_TRIAL_FOLDS and getattr(last_step(estimator), "_on_trial", False)


def targets_on_trial(task: MemberTask) -> slice | np.ndarray:
    """Choose the targets that a companion is tried on.

    Parameters
    ----------
    task : MemberTask
        How it is fitted. Its class says on how many targets it is to be tried
        (``_n_trial_targets``), where it takes as much longer for each of them.

    Returns
    -------
    slice or ndarray of int
        All of them, or some that are spread over all.
    """
    n_targets = 1 if task.y.ndim == 1 else task.y.shape[1]
    n_tried = getattr(last_step(task.estimator), "_n_trial_targets", n_targets)
    if n_tried >= n_targets:
        return slice(None)
    return np.linspace(0, n_targets - 1, n_tried).round().astype(int)


def of_targets(
    targets: np.ndarray, task: MemberTask, parts: Sequence[Sequence[Member]]
) -> tuple[MemberTask, list[list[Member]]]:
    """Return a task, and what members predict, for some targets.

    Parameters
    ----------
    targets : ndarray of int
        Their positions.
    task : MemberTask
        What a companion is fitted on.
    parts : sequence of n_parts sequences of Member
        Members with predictions of shape (n_test, n_targets).

    Returns
    -------
    task : MemberTask
    parts : list of n_parts lists of Member
    """
    y_val = None if task.y_val is None else task.y_val[:, targets]
    cut = [
        [replace(member, prediction=member.prediction[:, targets]) for member in part]
        for part in parts
    ]
    return replace(task, y=task.y[:, targets], y_val=y_val), cut


def is_worth_it(
    parts: Sequence[Sequence[Member]],
    tried: Sequence[Member],
    task: MemberTask,
    folds: Sequence[Fold],
    classes: np.ndarray | None = None,
    ends: bool = True,
) -> bool:
    """Tell whether a blend gains by one more companion.

    Parameters
    ----------
    parts : sequence of n_parts sequences of Member
        The members on the trial's folds, then those of each companion that is in.
    tried : sequence of Member
        Those of the companion on trial.
    task : MemberTask
        What the ensemble is fitted on.
    folds : sequence of Fold
        The trial's folds.
    classes : ndarray of shape (n_classes,) or (n_labels, 2), default=None
        Those of an ensemble of classifiers.
    ends : bool, default=True
        Whether these are all of the trial's folds; if not, a smaller gain will do.

    Returns
    -------
    bool
        True, too, where no row of them counts.
    """
    shape = (len(task.y), task.y[:1].size if classes is None else len(classes))
    held_out = np.stack([average_held_out(folds, part, shape) for part in [*parts, tried]])
    weight = np.ones(len(task.y)) if task.sample_weight is None else task.sample_weight
    rows = np.flatnonzero(~np.isnan(held_out).any(axis=(0, 2)) & (weight > 0))
    if len(rows) == 0:
        return True
    held_out, y, weight = held_out[:, rows], task.y[rows], weight[rows]
    if classes is not None:
        gain = _gain_of_classes(held_out, y, classes, weight)
        n_rows = _n_effective(weight)
        if not ends:
            return gain * n_rows >= _LEAST_GAIN_OF_FIRST_ROWS
        return gain >= max(_LEAST_GAIN_OF_CLASSES, _LEAST_GAIN_OF_ALL_ROWS / n_rows)
    return _gain(held_out, y, weight) >= _LEAST_GAIN


def _gain(held_out: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    """Return by how much the error falls with the last part, in units of a target's variance."""
    y = y.reshape(len(y), -1).astype(np.float64)
    without, with_it = (_error(parts, y, weight) for parts in (held_out[:-1], held_out))
    variance = np.average((y - np.average(y, axis=0, weights=weight)) ** 2, axis=0, weights=weight)
    varies = variance > 0
    if not varies.any():
        return np.inf
    return float(((without - with_it)[varies] / variance[varies]).mean())


def _error(predictions: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return each target's mean squared error of the best blend of some predictions."""
    blended = blend(predictions, blend_weights(predictions, y, weight))
    return np.average((y - blended) ** 2, axis=0, weights=weight)


def _gain_of_classes(
    held_out: np.ndarray, y: np.ndarray, classes: np.ndarray, weight: np.ndarray
) -> float:
    """Return by how much the log loss falls with the last part, on average over labels."""
    truth = of_the_truth(held_out, y, classes)
    gains = [log_loss_of_blend(own[:-1], weight) - log_loss_of_blend(own, weight) for own in truth]
    return float(np.mean(gains))


def _n_effective(weight: np.ndarray) -> float:
    """Return how many rows of equal weight tell as much (Kish)."""
    return weight.sum() ** 2 / (weight**2).sum()
