"""Cheap estimators beside the members of an ensemble, and how much each of them counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ._blend_weights import blend, blend_weights
from ._cluster import fit_on_cluster, on_cluster
from ._members import Fold, Member, MemberTask, fit_members
from ._metadata import arguments_of_rows, weighs_all
from ._out_of_fold import average_held_out
from ._trial import N_TRIAL_FOLDS, is_worth_it, of_targets, on_trial, targets_on_trial

#: What the members are called beside the companions.
MEMBERS = "estimator"


def check_companions(companions: Any, kind: str) -> list[tuple[str, BaseEstimator]]:
    """Return the companions as a list; refuse what is no list of (name, estimator).

    Parameters
    ----------
    companions : list of (str, estimator) or None
        The ensemble's parameter.
    kind : {"regressor", "classifier"}
        What they are to be.

    Returns
    -------
    list of (str, estimator)

    Raises
    ------
    TypeError, ValueError
        If an entry is no pair of a name and such an estimator, or a name occurs twice or is
        that of the members.
    """
    companions = [] if companions is None else list(companions)
    for entry in companions:
        is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)
        if not is_pair or isinstance(entry[1], type) or not hasattr(entry[1], "fit"):
            raise TypeError(f"companions must be a list of (name, {kind}), got {entry!r}.")
        if kind == "classifier" and not hasattr(entry[1], "predict_proba"):
            raise TypeError(
                f"The companion '{entry[0]}', {type(entry[1]).__name__}, has no predict_proba: "
                "probabilities are what is blended."
            )
    names = [name for name, _ in companions]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"The names of companions must differ, got more than once: {repeated}.")
    if MEMBERS in names:
        raise ValueError(
            f"No companion can be called '{MEMBERS}', which is the members' own row of "
            "blend_weights_: take another name."
        )
    return companions


def companion_tasks(
    companions: Sequence[tuple[str, BaseEstimator]], task: MemberTask, groups: Any
) -> dict[str, MemberTask]:
    """Say how to fit every companion on the rows of the ensemble.

    Parameters
    ----------
    companions : sequence of (str, estimator)
        What to fit.
    task : MemberTask
        The ensemble's own: its rows, targets and weights.
    groups : array-like of shape (n_samples,) or None
        Each row's group, for companions whose `fit` takes them.

    Returns
    -------
    dict of str to MemberTask
    """
    groups = None if groups is None else np.asarray(groups)
    tasks = {}
    for name, companion in companions:
        estimator, params = arguments_of_rows(companion, task.sample_weight, groups)
        tasks[name] = replace(task, estimator=estimator, fit_params=params)
    return tasks


def fit_companions(
    tasks: Mapping[str, MemberTask],
    folds: Sequence[Fold],
    n_jobs: int | None,
    members: Sequence[Member],
    classes: np.ndarray | None = None,
) -> dict[str, list[Member]]:
    """Fit every companion on the folds of the ensemble.

    Parameters
    ----------
    tasks : mapping of str to MemberTask
        From :func:`companion_tasks`.
    folds : sequence of Fold
        The splits.
    n_jobs : int or None
        How many at a time.
    members : sequence of Member
        Those of the ensemble, on the same folds: companions on trial are given up if they add
        nothing to these and to the companions before them.
    classes : ndarray of shape (n_classes,) or (n_labels, 2), default=None
        Those of an ensemble of classifiers.

    Returns
    -------
    dict of str to list of Member
        For every companion one on each fold; none for one that was given up.
    """
    fitted: dict[str, list[Member]] = {}
    for name, task in tasks.items():
        own = folds if weighs_all(task.estimator) else [task.without_uncounted(f) for f in folds]
        if not on_trial(task.estimator, len(folds)):
            fitted[name] = _fit_on(own, task, n_jobs)
            continue
        parts = [part[:N_TRIAL_FOLDS] for part in [members, *fitted.values()] if part]
        fitted[name] = _fit_if_worth_it(own, task, n_jobs, parts, classes)
    return fitted


def _fit_if_worth_it(
    folds: Sequence[Fold],
    task: MemberTask,
    n_jobs: int | None,
    parts: Sequence[Sequence[Member]],
    classes: np.ndarray | None,
) -> list[Member]:
    """Fit a companion on some folds, and go on where it adds to the parts that there are."""
    first, others = folds[:N_TRIAL_FOLDS], folds[N_TRIAL_FOLDS:]
    targets = targets_on_trial(task)
    if isinstance(targets, slice):  # all of them: what was tried is kept
        tried = _fit_on_trial(first, task, n_jobs, parts, classes)
        return [*tried, *_fit_on(others, task, n_jobs)] if tried else []
    trial, parts = of_targets(targets, task, parts)
    tried = _fit_on(first, trial, n_jobs)
    go_on = is_worth_it(parts, tried, trial, first, classes)
    return _fit_on(folds, task, n_jobs) if go_on else []


def _fit_on_trial(
    folds: Sequence[Fold],
    task: MemberTask,
    n_jobs: int | None,
    parts: Sequence[Sequence[Member]],
    classes: np.ndarray | None,
) -> list[Member]:
    """Fit a companion on the trial's folds; return none if it is given up."""
    # Trees cost as much for every class: those that add nothing on one fold have no second.
    steps = [folds] if classes is None else [folds[:1], folds[1:]]
    tried: list[Member] = []
    for step in steps:
        tried += _fit_on(step, task, n_jobs)
        n_tried = len(tried)
        so_far = [part[:n_tried] for part in parts]
        ends = n_tried == len(folds)
        if not is_worth_it(so_far, tried, task, folds[:n_tried], classes, ends):
            return []
    return tried


def _fit_on(folds: Sequence[Fold], task: MemberTask, n_jobs: int | None) -> list[Member]:
    """Fit a companion on some folds."""
    if on_cluster():
        return list(fit_on_cluster(task, folds))
    return list(fit_members(task.fit, folds, task.estimator, n_jobs))


def weigh_parts(
    parts: Sequence[Sequence[Member]], task: MemberTask, folds: Sequence[Fold]
) -> np.ndarray:
    """Find how much the members and each companion count.

    Parameters
    ----------
    parts : sequence of n_parts sequences of Member
        Those of the ensemble, then those of each companion: one for each fold, or none of
        a companion that was given up.
    task : MemberTask
        What they were fitted on.
    folds : sequence of Fold
        The splits.

    Returns
    -------
    ndarray of shape (n_parts, n_targets)
        Weights for each target, see :func:`~._blend_weights.blend_weights`; zero where there
        are no members.
    """
    n_samples, weight = len(task.y), task.sample_weight
    y = task.y.reshape(n_samples, -1)
    fitted = [len(part) > 0 for part in parts]
    held_out = [average_held_out(folds, part, y.shape) for part in parts if part]
    weights = np.zeros((len(parts), y.shape[1]))
    weights[fitted] = blend_weights(np.stack(held_out), y, weight)
    return weights


def that_count(
    beside: Mapping[str, Sequence[Member]], weights: np.ndarray
) -> dict[str, list[Member]]:
    """Return the companions that have any weight.

    Parameters
    ----------
    beside : mapping of str to sequence of Member
        All of them, by their names.
    weights : ndarray of shape (1 + n_companions, n_targets)
        The weights of the members, and of each companion.

    Returns
    -------
    dict of str to list of Member
    """
    pairs = zip(beside.items(), weights[1:], strict=True)
    return {name: list(fitted) for (name, fitted), own in pairs if own.any()}


def blended(parts: Sequence[Sequence[Member]], weights: np.ndarray) -> list[Member]:
    """Return members that predict what all parts of their fold do.

    Parameters
    ----------
    parts : sequence of n_parts sequences of Member
        Those of the ensemble, then those of each companion: one for each fold, or none.
    weights : ndarray of shape (n_parts, n_targets)
        How much each part counts; of one column, for all that it predicts.

    Returns
    -------
    list of Member
        The ensemble's, with predictions of shape (n_test, n_predicted).
    """
    weights = weights[[len(part) > 0 for part in parts]]
    folds = list(zip(*filter(None, parts), strict=True))
    predictions = [
        [member.prediction.reshape(len(member.prediction), -1) for member in of_fold]
        for of_fold in folds
    ]
    return [
        replace(of_fold[0], prediction=blend(np.stack(own), weights))
        for of_fold, own in zip(folds, predictions, strict=True)
    ]


def predictions_of(
    estimators: Sequence[BaseEstimator], X: Any, shape: tuple[int, ...]
) -> np.ndarray:
    """Return what fitted regressors predict.

    Parameters
    ----------
    estimators : sequence of n_members regressors
        Fitted clones of one.
    X : array-like or DataFrame of shape (n_samples, n_features)
        The rows.
    shape : tuple of int
        (n_members, n_samples, ...), the shape of the result.

    Returns
    -------
    ndarray of that shape
    """
    together = getattr(type(estimators[0]), "_predict_stacked", None)
    if together is not None:
        return together(estimators, X).reshape(shape)
    return np.stack([estimator.predict(X) for estimator in estimators]).reshape(shape)
