"""What the mean over the members of an ensemble gains on a single member."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Rows that members are compared on: their mean disagreement is known to a few percent.
_MAX_ROWS = 1000


def rows_to_compare_on(n_samples: int) -> np.ndarray:
    """Return positions of at most 1,000 rows, spread evenly.

    Parameters
    ----------
    n_samples : int
        Number of rows there are.

    Returns
    -------
    ndarray of int
    """
    return np.unique(np.linspace(0, n_samples - 1, min(n_samples, _MAX_ROWS)).astype(int))


def averaging_gain(
    predictions: Sequence[np.ndarray],
    unseen: Sequence[np.ndarray],
    y: np.ndarray,
    sample_weight: np.ndarray | None = None,
) -> np.ndarray:
    """Estimate by how much averaging members lowers products of the parts' errors.

    Out-of-fold errors are those of single members, but new rows are predicted by the mean
    over all, whose expected squared error is lower by the members' disagreement. It is
    measured between members that learned from the same rows, where most agree more than
    on new ones: parts that gain much from averaging, as networks do, are not made better
    than they are. Some members go further than others in fitting what they learned from,
    a network that was stopped later, say; that they lie nearer to the truth there is taken
    out, it means nothing for new rows. Of a part that is worse on rows that it learned from
    than on others, as retrieval can be, which finds the row itself, nothing is known, and
    no gain is counted.

    Parameters
    ----------
    predictions : sequence of n_parts ndarrays of shape (n_members, n_rows, n_targets)
        What the members of every part predict for some of the training rows.

    unseen : sequence of n_parts ndarrays of bool of shape (n_members, n_rows)
        Which members did not learn from a row. Parts with the same splits are compared
        with each other; disagreements of others count as independent.

    y : ndarray of shape (n_rows, n_targets)
        The truth.

    sample_weight : ndarray of shape (n_rows,), default=None
        Non-negative weights of the rows.

    Returns
    -------
    ndarray of shape (n_parts, n_parts, n_targets)
        To be subtracted from the parts' mean products of out-of-fold errors.

    References
    ----------
    .. [1] Krogh and Vedelsby, "Neural network ensembles, cross validation, and active
       learning", NeurIPS 1994 (the ambiguity decomposition).
    """
    n_parts, n_targets = len(predictions), predictions[0].shape[2]
    gain = np.zeros((n_parts, n_parts, n_targets))
    parts = list(zip(predictions, unseen, strict=True))
    is_known = np.stack([_is_better_on_learned_rows(*part, y) for part in parts])
    deviations = [_deviations(*part, y) for part in parts]
    for a in range(n_parts):
        for b in range(a + 1):
            if a != b and not np.array_equal(unseen[a], unseen[b]):
                continue
            share = _share_averaged_out(unseen[a])
            if share > 0:
                disagreement = _covariance(deviations[a], deviations[b], ~unseen[a])
                gain[a, b] = gain[b, a] = share * _mean(disagreement, sample_weight)
    return gain * is_known * is_known[:, np.newaxis]


def _is_better_on_learned_rows(
    prediction: np.ndarray, unseen: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Tell for each target whether errors are smaller on rows that members learned from."""
    if not unseen.any() or unseen.all():
        return np.ones(y.shape[1], dtype=bool)
    error = (prediction - y) ** 2
    return error[~unseen].mean(axis=0) < error[unseen].mean(axis=0)


def _share_averaged_out(unseen: np.ndarray) -> float:
    """Return 1/m - 1/K: a row's out-of-fold prediction is a mean of m members out of K."""
    held_out_by = unseen.sum(axis=0)
    if len(unseen) < 2 or not held_out_by.any():
        return 0.0
    return float(1 / held_out_by[held_out_by > 0].mean() - 1 / len(unseen))


def _deviations(prediction: np.ndarray, unseen: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how each member deviates from their mean, other than towards the truth.

    Zero for rows that a member did not learn from; NaN for those that fewer than two
    members learned from.
    """
    learned = ~unseen[:, :, np.newaxis]
    count = learned.sum(axis=0)
    mean = (prediction * learned).sum(axis=0) / np.where(count > 1, count, np.nan)
    deviation = np.where(learned, prediction - mean, 0.0)
    towards = np.where(learned, y - mean, 0.0)
    square = np.nansum(towards**2, axis=1, keepdims=True)
    along = np.nansum(deviation * towards, axis=1, keepdims=True)
    return (
        deviation - np.divide(along, square, out=np.zeros_like(along), where=square > 0) * towards
    )


def _covariance(a: np.ndarray, b: np.ndarray, learned: np.ndarray) -> np.ndarray:
    """Return the covariance over the members that learned from a row.

    `a` and `b` are deviations of shape (n_members, n_rows, n_targets), the result is
    (n_rows, n_targets).
    """
    count = learned.sum(axis=0)[:, None]
    return (a * b).sum(axis=0) / np.where(count > 1, count - 1, np.nan)


def _mean(values: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the weighted mean over rows, leaving out those with a NaN; 0 if none is left."""
    weight = np.ones(len(values)) if weight is None else weight
    weight = np.where(np.isnan(values).any(axis=1), 0.0, weight)
    total = weight.sum()
    return weight @ np.nan_to_num(values) / total if total > 0 else np.zeros(values.shape[1])
