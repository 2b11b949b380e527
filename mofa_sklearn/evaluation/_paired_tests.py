"""Test whether estimators differ, on folds whose training rows overlap."""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd
from scipy import stats

from .._sklearn_private import Interval, validate_params
from ._columns import check_metric
from ._leaderboard import leaderboard


@validate_params(
    {
        "scores": [pd.DataFrame],
        "reference": [str, None],
        "metric": [str, None],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def paired_tests(
    scores: pd.DataFrame,
    reference: str | None = None,
    *,
    metric: str | None = None,
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    r"""Compare each estimator with one of them, by the corrected resampled t-test.

    The scores of two estimators on the same fold are paired. Those of different folds are
    not independent, as the folds share training rows, and a plain t-test of many of them
    finds differences where there are none; Nadeau and Bengio's [1]_ takes that into
    account.

    Parameters
    ----------
    scores : DataFrame
        What :func:`compare` returns, or several of them concatenated: a row for each
        estimator and fold.

    reference : str, default=None
        Name of the estimator that the others are compared with. None: the best one. The
        best of many is partly so by luck, which the test does not know of: to prove a
        point, name the reference before looking at the scores.

    metric : str, default=None
        The column to compare. None: the first metric.

    confidence_level : float, default=0.95
        Of the confidence intervals, in (0, 1).

    Returns
    -------
    DataFrame
        A row for each estimator but the reference, by its name, in the leaderboard's
        order, with the columns:

        - ``difference``: the mean over the folds of its value less the reference's, in
          the metric's unit. Below zero is better for an error such as ``nmse``, above
          zero for a score (``test_...``);
        - ``lower``, ``upper``: the confidence interval of the difference;
        - ``t``, ``p_value``: the statistic, and the two-sided p-value;
        - ``p_value_holm``: the p-value adjusted, by Holm's method [2]_, for the number of
          rows: those below 0.05 hold together with an error rate of 5 %;
        - ``n_folds``: the number of folds with a score of both.

        With fewer than two folds all but the difference is NaN.

    Raises
    ------
    ValueError
        If there is no such metric or reference, if the reference has no scores, or if a
        fold occurs twice.

    See Also
    --------
    leaderboard : The means.

    Notes
    -----
    With the differences :math:`d_i` on :math:`k` folds, their mean :math:`\bar d` and
    variance :math:`s^2` (of :math:`k - 1` degrees of freedom),

    .. math:: t = \frac{\bar d}
              {\sqrt{\left(\frac{1}{k} + \frac{n_\mathrm{test}}{n_\mathrm{train}}\right) s^2}}

    is compared with Student's distribution of :math:`k - 1` degrees of freedom. The
    second term in the brackets is the correction. It was derived for repeated random
    splits, and is in common use for repeated cross-validation. On the folds of a single
    one, whose test rows are all different, it is conservative: five folds tell large
    differences only.
    Repeat the cross-validation (:class:`~sklearn.model_selection.RepeatedKFold`) to see
    smaller ones.

    References
    ----------
    .. [1] Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning
       52, 239-281, 2003.
    .. [2] Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian
       Journal of Statistics 6(2), 65-70, 1979.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.linear_model import Ridge
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.evaluation import compare, paired_tests
    >>> X, y = make_micro_videos(
    ...     200, modalities={"image": 8, "text": 6}, noise=0.2, random_state=0
    ... )
    >>> models = {"mean": DummyRegressor(), "ridge": Ridge()}
    >>> scores = compare(models, X, y, verbose=0, random_state=0)
    >>> tests = paired_tests(scores, reference="mean")
    >>> bool(tests.loc["ridge", "difference"] < 0), bool(tests.loc["ridge", "p_value"] < 0.01)
    (True, True)
    """
    metric = check_metric(scores, metric)
    _check_one_row_a_fold(scores)
    order = leaderboard(scores, metric=metric).index.tolist()
    reference = _check_reference(scores, reference, metric, order)

    values = scores.pivot(index="fold", columns="estimator", values=metric)
    sizes = scores.groupby("fold")[["n_test", "n_train"]].first()
    ratios = sizes["n_test"] / sizes["n_train"]
    others = [name for name in order if name != reference]
    rows = [_test(values[name] - values[reference], ratios, confidence_level) for name in others]
    columns = ["difference", "lower", "upper", "t", "p_value", "n_folds"]
    index = pd.Index(others, name="estimator")
    result = pd.DataFrame(rows, index=index, columns=columns)
    holm = _holm(result["p_value"].to_numpy(dtype=float))
    result.insert(columns.index("p_value") + 1, "p_value_holm", holm)
    return result


def _check_one_row_a_fold(scores: pd.DataFrame) -> None:
    repeated = scores.loc[scores.duplicated(["estimator", "fold"]), ["estimator", "fold"]]
    if len(repeated):
        name, fold = repeated.iloc[0]
        raise ValueError(
            f"scores has more than one row for estimator {name!r} and fold {fold}: there must be "
            "one. Of a repeated cross-validation, number the folds of all repetitions."
        )


def _check_reference(
    scores: pd.DataFrame, reference: str | None, metric: str, order: list[str]
) -> str:
    if reference is None:
        reference = order[0]
    if reference not in order:
        raise ValueError(f"reference must be one of {order}, got {reference!r}.")
    if scores.loc[scores["estimator"] == reference, metric].notna().any():
        return reference
    raise ValueError(
        f"The reference {reference!r} has no {metric} on any fold, so there is nothing to compare "
        "with; its 'error' column says why."
    )


def _test(differences: pd.Series, ratios: pd.Series, confidence_level: float) -> tuple:
    """Return difference, lower, upper, t, p and the number of folds."""
    differences = differences.dropna()
    n_folds = len(differences)
    if n_folds < 2:
        return differences.mean(), *[np.nan] * 4, n_folds
    mean = differences.mean()
    ratio = ratios[differences.index].mean()
    standard_error = np.sqrt((1 / n_folds + ratio) * differences.var(ddof=1))
    distribution = stats.t(n_folds - 1)
    margin = distribution.ppf((1 + confidence_level) / 2) * standard_error
    if standard_error > 0:
        t = mean / standard_error
    else:  # the same difference on every fold
        t = np.copysign(np.inf, mean) if mean else 0.0
    return mean, mean - margin, mean + margin, t, 2 * distribution.sf(abs(t)), n_folds


def _holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values; those that are NaN stay so and do not count."""
    adjusted = np.full(len(p_values), np.nan)
    order = [index for index in np.argsort(p_values) if not np.isnan(p_values[index])]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1)
    return adjusted
