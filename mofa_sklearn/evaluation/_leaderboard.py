"""Rank the estimators of a comparison."""

from __future__ import annotations

import pandas as pd

from .._sklearn_private import validate_params
from ._columns import ERROR, SECONDS, check_metric, greater_is_better, metric_columns


@validate_params(
    {"scores": [pd.DataFrame], "metric": [str, None]}, prefer_skip_nested_validation=True
)
def leaderboard(scores: pd.DataFrame, *, metric: str | None = None) -> pd.DataFrame:
    """Average the fold scores of each estimator, the best first.

    Parameters
    ----------
    scores : DataFrame
        What :func:`compare` returns, or several of them concatenated: a row for each
        estimator and fold.

    metric : str, default=None
        The column to rank by. None: the first metric. Columns whose name begins with
        ``test_`` are scores, the others are errors.

    Returns
    -------
    DataFrame
        A row for each estimator, by its name, with the columns:

        - `metric` and ``std``: the mean and the standard deviation over the folds;
        - the means of the other metrics;
        - ``fit_seconds``, ``predict_seconds``: means over the folds;
        - ``n_folds``: the number of folds with a score;
        - ``error``: the first one that occurred, missing if there was none.

        Estimators that lack the score of some fold come last, whatever their mean is: it
        is of other folds than the others' means.

    Raises
    ------
    ValueError
        If columns are missing, or if there is no such metric.

    See Also
    --------
    paired_tests : Tells whether the differences are more than chance.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.linear_model import Ridge
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.evaluation import compare, leaderboard
    >>> X, y = make_micro_videos(200, modalities={"image": 8, "text": 6}, random_state=0)
    >>> models = {"mean": DummyRegressor(), "ridge": Ridge()}
    >>> scores = compare(models, X, y, verbose=0, random_state=0)
    >>> table = leaderboard(scores)
    >>> table.index.tolist(), table.columns[:3].tolist()
    (['ridge', 'mean'], ['nmse', 'std', 'nmse_0'])
    """
    metric = check_metric(scores, metric)
    others = [name for name in metric_columns(scores) if name != metric]
    by_estimator = scores.groupby("estimator", sort=False)
    means = by_estimator[[metric, *others, *SECONDS]].mean()
    means.insert(1, "std", by_estimator[metric].std())
    means["n_folds"] = by_estimator[metric].count()
    means[ERROR] = by_estimator[ERROR].first()
    return _sorted(means, metric, n_folds=scores["fold"].nunique())


def _sorted(means: pd.DataFrame, metric: str, n_folds: int) -> pd.DataFrame:
    ranked = means.sort_values(metric, ascending=not greater_is_better(metric), kind="stable")
    complete = ranked["n_folds"] == n_folds
    return pd.concat([ranked[complete], ranked[~complete]])
