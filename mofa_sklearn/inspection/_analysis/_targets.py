"""The distribution of the targets, and how they go together."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from ._columns import moments

# No count of anything is larger than exp(30): targets below may be log counts.
_LARGEST_LOG = 30.0


def describe_targets(y: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Describe every target.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_targets)
        Targets.
    names : list of str of length n_targets
        Their names.

    Returns
    -------
    DataFrame of shape (n_targets, 9)
        `mean`, `std`, `min`, `median`, `max`, `skew`, `kurtosis` (excess), `skew_log1p` (the skew
        of log(1 + y); NaN if y has negative values) and `mode_share` (of the rows that have the
        most frequent value).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.where(np.min(y, axis=0) >= 0, np.log1p(y), np.nan)
    skew = moments(y)
    table = {
        "mean": skew["mean"],
        "std": skew["std"],
        "min": y.min(axis=0),
        "median": np.median(y, axis=0),
        "max": y.max(axis=0),
        "skew": skew["skew"],
        "kurtosis": skew["kurtosis"],
        "skew_log1p": moments(logs)["skew"],
        "mode_share": [np.unique(column, return_counts=True)[1].max() / len(y) for column in y.T],
    }
    return pd.DataFrame(table, index=pd.Index(names))


def correlate_targets(y: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Return Pearson's correlations between targets.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_targets)
        Targets.
    names : list of str of length n_targets
        Their names.

    Returns
    -------
    DataFrame of shape (n_targets, n_targets)
        NaN for constant targets.
    """
    return pd.DataFrame(y, columns=names).corr()


def log_counts(y: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Return the targets as log counts, and how they were found to be so.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_targets)
        Targets.

    Returns
    -------
    logs : ndarray of shape (n_samples, n_targets)
        The targets, or log(1 + y) where all of `y` are whole numbers.
    kind : {"counts", "log counts"}
        What `y` were taken for. None instead of both if they can be neither: some are negative,
        or too large for a logarithm without being whole.
    """
    if (y < 0).any():
        return None
    if (y == np.round(y)).all():
        return np.log1p(y), "counts"
    return (y, "log counts") if y.max() < _LARGEST_LOG else None


def compare_targets(y: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Describe the log ratio of each pair of targets: the difference of their log counts.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_targets)
        Targets.
    names : list of str of length n_targets
        Their names.

    Returns
    -------
    DataFrame of shape (n_pairs, 6)
        Per pair, ``"a / b"``: `mean`, `std`, `low`, `median` and `high` (5th, 50th and 95th
        percentile) of the log ratio, and `ratio` (exp of the median). Without rows if there is
        one target, or the targets are not counts.
    """
    found = log_counts(y)
    logs = y[:, :0] if found is None else found[0]
    records = {}
    for i, j in combinations(range(logs.shape[1]), 2):
        difference = logs[:, i] - logs[:, j]
        low, median, high = np.percentile(difference, [5, 50, 95])
        records[f"{names[i]} / {names[j]}"] = {
            "mean": difference.mean(),
            "std": difference.std(),
            "low": low,
            "median": median,
            "high": high,
            "ratio": np.exp(median),
        }
    columns = ["mean", "std", "low", "median", "high", "ratio"]
    return pd.DataFrame.from_dict(records, orient="index", columns=columns)
