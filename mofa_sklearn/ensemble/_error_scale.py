"""How large the error of a row is to be expected, learned from out-of-fold errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._boosted_errors import STEPS, Errors, best_steps, boosted
from ._intervals import Scales
from ._row_columns import RowColumns, numbers_of

# Fewer rows tell nothing but chance.
_MIN_ROWS = 100
# More rows need not be learned from.
_MAX_ROWS = 10_000
_N_FOLDS = 5
# An expected error is at most e^2 times larger, or smaller, than the mean one.
_MAX_LOG_SCALE = 2.0


@dataclass
class ErrorScale:
    """How large errors are to be expected.

    Each of a few folds of rows has a model that did not learn from its rows: the logarithm
    of the expected absolute error, a linear function of :class:`RowColumns`, see
    :mod:`._boosted_errors`.

    Parameters
    ----------
    columns : RowColumns
        What it depends on.
    coefficients : ndarray of shape (n_folds, n_columns, n_targets)
        Of the logarithm; zeros for targets whose errors are the same everywhere, as far
        as can be seen.
    intercepts : ndarray of shape (n_folds, n_targets)
        Of the logarithm.
    lowest, highest : ndarray of shape (n_targets,)
        Limits of the logarithm.
    of_rows : ndarray of shape (n_samples, n_targets)
        The expected error of each training row, by the model that did not learn from it, in
        units of the mean error. So are all expected errors.
    fold_of_rows : ndarray of int of shape (n_samples,)
        Which one that is.
    """

    columns: RowColumns
    coefficients: np.ndarray
    intercepts: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    of_rows: np.ndarray = field(default_factory=lambda: np.empty(0))
    fold_of_rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int8))

    def predict(self, X: Any, prediction: np.ndarray) -> np.ndarray:
        """Return the expected errors of new rows.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The rows.
        prediction : ndarray of shape (n_samples, n_targets)
            What is predicted for them.

        Returns
        -------
        ndarray of shape (n_folds, n_samples, n_targets)
            By each of the models.
        """
        X = numbers_of(X, len(prediction))
        scales = np.empty((len(self.intercepts), *prediction.shape))
        for rows, columns in self.columns.chunks(X, prediction):
            logs = columns @ self.coefficients + self.intercepts[:, None]
            scales[:, rows] = np.exp(np.clip(logs, self.lowest, self.highest))
        return scales

    def scales(self, X: Any, prediction: np.ndarray, held_out: Sequence[np.ndarray]) -> Scales:
        """Say how large errors are to be expected of new rows, and were of those held out.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The new rows.
        prediction : ndarray of shape (n_samples, n_targets)
            What is predicted for them.
        held_out : sequence of ndarray of int
            Positions of training rows, those held out together each.

        Returns
        -------
        Scales
        """
        of_held_out = [self.of_rows[rows] for rows in held_out]
        models = [self.fold_of_rows[rows] for rows in held_out]
        return Scales(self.predict(X, prediction), of_held_out, models)


def learn_error_scale(X: Any, errors: Errors) -> ErrorScale | None:
    """Learn which rows are uncertain.

    Parameters
    ----------
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        The rows.
    errors : Errors
        Their out-of-fold errors.

    Returns
    -------
    ErrorScale or None
        None where errors are the same everywhere, as far as can be seen.
    """
    known = errors.counted()
    if len(known) < _MIN_ROWS:
        return None
    fold_of_rows = np.zeros(len(errors.part), dtype=np.int8)
    fold_of_rows[known] = _folds(errors.of(known))
    X = numbers_of(X, len(errors.part))
    drawn = known
    if len(known) > _MAX_ROWS:
        drawn = np.sort(np.random.RandomState(0).permutation(known)[:_MAX_ROWS])
    learned, folds = errors.of(drawn), fold_of_rows[drawn]
    mean = learned.weight @ learned.size
    learned.size = learned.size / np.where(mean > 0, mean, 1)
    columns = RowColumns.of(X[drawn], learned.prediction, learned.weight)
    table = np.concatenate([part for _, part in columns.chunks(X[drawn], learned.prediction)])
    coefficients, intercepts = _of_folds(table, learned, folds)
    logs = np.empty((len(STEPS), *learned.size.shape))
    for fold in range(coefficients.shape[1]):
        own = folds == fold
        logs[:, own] = table[own] @ coefficients[:, fold] + intercepts[:, fold, None]
    logs = np.clip(logs, -_MAX_LOG_SCALE, _MAX_LOG_SCALE)
    steps = best_steps(logs, learned)
    if all(step is None for step in steps):
        return None
    scale = ErrorScale(
        columns,
        _up_to(steps, coefficients),
        _up_to(steps, intercepts),
        *_limits(steps, logs),
    )
    scale.fold_of_rows, scale.of_rows = fold_of_rows, np.ones_like(errors.size)
    for rows in np.array_split(known, len(known) // _MAX_ROWS + 1):
        of_folds = scale.predict(X[rows], errors.prediction[rows])
        scale.of_rows[rows] = of_folds[fold_of_rows[rows], np.arange(len(rows))]
    return scale


def _folds(errors: Errors) -> np.ndarray:
    """Divide rows among a few folds, those that were held out together in the same one."""
    _, part = np.unique(errors.part, return_inverse=True)
    if part.max() > 0:
        return part % _N_FOLDS
    whole = np.arange(len(part)) if errors.groups is None else errors.groups
    _, group = np.unique(whole, return_inverse=True)
    return (np.random.RandomState(0).permutation(group.max() + 1) % _N_FOLDS)[group]


def _of_folds(
    table: np.ndarray, errors: Errors, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each fold's coefficients and intercepts, after each of the steps.

    They are boosted together, each of a fold's models with no weight on the fold's own rows.
    """
    n_folds, n_targets = folds.max() + 1, errors.size.shape[1]
    share = errors.weight[:, None] * (folds[:, None] != np.arange(n_folds))
    total = share.sum(axis=0)
    share = np.repeat(share / np.where(total > 0, total, 1), n_targets, axis=1)
    coefficients, intercepts = boosted(table, np.tile(errors.size, n_folds), share)
    coefficients = coefficients.reshape(len(STEPS), -1, n_folds, n_targets).swapaxes(1, 2)
    return coefficients, intercepts.reshape(len(STEPS), n_folds, n_targets)


def _up_to(steps: list[int | None], of_steps: np.ndarray) -> np.ndarray:
    """Return what each target has after the steps chosen for it; zeros where none were."""
    chosen = np.zeros(of_steps.shape[1:])
    for target, step in enumerate(steps):
        if step is not None:
            chosen[..., target] = of_steps[step, ..., target]
    return chosen


def _limits(steps: list[int | None], logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest logarithm that each target's rows had."""
    own = [0 * logs[0, :, t] if s is None else logs[s, :, t] for t, s in enumerate(steps)]
    return np.min(own, axis=1), np.max(own, axis=1)
