"""Groups of rows, and how much of the targets they tell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...metrics import normalized_mean_squared_error


def describe_groups(groups: np.ndarray) -> pd.Series:
    """Describe the sizes of the groups.

    Parameters
    ----------
    groups : ndarray of int of shape (n_samples,)
        Number of each row's group, from 0.

    Returns
    -------
    Series of length 6
        `n_groups`, `mean_size`, `median_size`, `largest_size`, `largest_share` of the rows, and
        `alone_share` of the rows whose group has no other.
    """
    sizes = np.bincount(groups)
    return pd.Series(
        {
            "n_groups": len(sizes),
            "mean_size": sizes.mean(),
            "median_size": np.median(sizes),
            "largest_size": sizes.max(),
            "largest_share": sizes.max() / len(groups),
            "alone_share": (sizes == 1).sum() / len(groups),
        }
    )


def describe_group_variance(y: np.ndarray, groups: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Tell how much of each target's variance lies between groups.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_targets)
        Targets.
    groups : ndarray of int of shape (n_samples,)
        Number of each row's group, from 0.
    names : list of str of length n_targets
        Names of the targets.

    Returns
    -------
    DataFrame of shape (n_targets, 2)
        `between_share`, the intraclass correlation, and `remembered_nmse`: the normalised mean
        squared error of predicting each row by the others of its group, which is what memory of
        the group alone reaches in shuffled folds. Both NaN if no group has two rows, or there is
        one group only.
    """
    between = intraclass_correlation(y, groups)
    remembered = normalized_mean_squared_error(
        y, _mean_of_others(y, groups, between), multioutput="raw_values"
    )
    return pd.DataFrame(
        {
            "between_share": between,
            "remembered_nmse": np.where(np.isnan(between), np.nan, remembered),
        },
        index=pd.Index(names),
    )


def intraclass_correlation(y: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the share of each target's variance that lies between groups [1]_.

    Unlike the share of the sum of squares, it does not grow with the number of groups: about 0
    where groups mean nothing.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_targets)
        Targets.
    groups : ndarray of int of shape (n_samples,)
        Number of each row's group, from 0.

    Returns
    -------
    ndarray of shape (n_targets,)
        From 0 to 1. NaN for constant targets, if no group has two rows, or for one group.

    References
    ----------
    .. [1] A. Donner, "A Review of Inference Procedures for the Intraclass Correlation Coefficient
       in the One-Way Random Effects Model", International Statistical Review 54, 1986.
    """
    sizes = np.bincount(groups)
    n_groups, n_rows = len(sizes), len(y)
    if n_groups < 2 or n_groups == n_rows:
        return np.full(y.shape[1], np.nan)
    means = _sums(y, groups) / sizes[:, np.newaxis]
    between = (sizes[:, np.newaxis] * (means - y.mean(axis=0)) ** 2).sum(axis=0) / (n_groups - 1)
    within = ((y - means[groups]) ** 2).sum(axis=0) / (n_rows - n_groups)
    typical_size = (n_rows - (sizes**2).sum() / n_rows) / (n_groups - 1)
    total = between + (typical_size - 1) * within
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(np.where(total > 0, (between - within) / total, np.nan), 0, 1)


def _mean_of_others(y: np.ndarray, groups: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Predict every row by the others of its group, drawn to the mean as few of them deserve."""
    n_others = (np.bincount(groups)[groups] - 1)[:, np.newaxis]
    others = (_sums(y, groups)[groups] - y) / np.maximum(n_others, 1)
    between = np.nan_to_num(between)
    weight = n_others * between / (1 + (n_others - 1) * between + (n_others == 0))
    return y.mean(axis=0) + weight * (others - y.mean(axis=0))


def _sums(y: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(groups, weights=column) for column in y.T], axis=1)
