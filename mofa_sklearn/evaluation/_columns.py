"""The columns of a table of fold scores, and what they mean."""

from __future__ import annotations

import pandas as pd

# The metric columns stand between these.
KEYS = ["estimator", "fold", "n_train", "n_test"]
SECONDS = ["fit_seconds", "predict_seconds"]
ERROR = "error"

# Scorers' values have the name that cross_validate gives them; errors have their own.
SCORER_PREFIX = "test_"


def metric_columns(scores: pd.DataFrame) -> list[str]:
    """Return the names of the metrics in a table of fold scores, in their order.

    Raises
    ------
    ValueError
        If columns are missing, or none of a metric is there.
    """
    known = [*KEYS, *SECONDS, ERROR]
    missing = [name for name in known if name not in scores.columns]
    if missing:
        raise ValueError(
            f"scores must be a table as compare() returns it; these columns are missing: {missing}"
        )
    metrics = [
        str(name)
        for name in scores.columns
        if name not in known and pd.api.types.is_numeric_dtype(scores[name])
    ]
    if not metrics:
        raise ValueError("scores has no column of a metric.")
    return metrics


def check_metric(scores: pd.DataFrame, metric: str | None) -> str:
    """Return the name of the metric that was asked for, or of the first one."""
    metrics = metric_columns(scores)
    if metric is None:
        return metrics[0]
    if metric not in metrics:
        raise ValueError(f"metric must be one of {metrics}, got {metric!r}.")
    return metric


def greater_is_better(metric: str) -> bool:
    """Tell whether more is better: so it is for scorers, not for errors."""
    return metric.startswith(SCORER_PREFIX)
