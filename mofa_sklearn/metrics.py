"""How well a regressor predicts several targets at once: NMSE, CCC, Spearman, and their scorers.

The functions take the same arguments as :func:`sklearn.metrics.r2_score`. The scorers go into
``scoring=`` of :func:`~sklearn.model_selection.cross_val_score` and of the searches; as everywhere
in scikit-learn a scorer's higher value is the better one, so that an NMSE comes out negative.

The scorers of this module are shared objects, and ``set_score_request`` changes them in place:
request metadata on a copy (``copy.deepcopy``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import make_scorer, r2_score
from sklearn.utils import check_array, check_consistent_length

from ._lengths import check_one_for_each_row
from ._sklearn_private import StrOptions, _check_sample_weight, validate_params

__all__ = [
    "ccc_scorer",
    "concordance_correlation_coefficient",
    "make_target_scorers",
    "nmse_scorer",
    "normalized_mean_squared_error",
    "spearman_correlation",
    "spearman_scorer",
]

_METRIC_CONSTRAINTS = {
    "y_true": ["array-like"],
    "y_pred": ["array-like"],
    "sample_weight": ["array-like", None],
    "multioutput": [
        StrOptions({"raw_values", "uniform_average", "variance_weighted"}),
        "array-like",
    ],
}


@validate_params(_METRIC_CONSTRAINTS, prefer_skip_nested_validation=True)
def normalized_mean_squared_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    r"""Squared error as a share of the target's variance: one minus :math:`R^2`.

    0 is a perfect prediction, 1 is as good as always predicting the mean, and there is no upper
    limit. Lower is better. The value is ``1 - r2_score(...)`` with the same arguments in every
    case, edge cases included.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        The true values, in any unit.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        The predicted values, in the unit of `y_true`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each row. None: all rows count alike.
    multioutput : {"raw_values", "uniform_average", "variance_weighted"} or array-like of shape \
            (n_targets,), default="uniform_average"
        How the targets' values become one:

        - "uniform_average": their mean;
        - "variance_weighted": their mean weighted by the variance of each target;
        - array-like: their mean with these weights;
        - "raw_values": they are returned one by one.

    Returns
    -------
    nmse : float or ndarray of shape (n_targets,)
        The error, without a unit; an array for ``multioutput="raw_values"``.

    Raises
    ------
    ValueError
        If the shapes do not agree or there is a NaN or infinite value.

    Warns
    -----
    sklearn.exceptions.UndefinedMetricWarning
        With fewer than two rows; the result is then NaN.

    See Also
    --------
    sklearn.metrics.r2_score : One minus this.
    make_target_scorers : Scorers for the mean and for each target.

    Notes
    -----
    For one target, with :math:`\bar y` the mean of its true values,

    .. math:: \mathrm{NMSE} = \frac{\sum_i (y_i - \hat y_i)^2}{\sum_i (y_i - \bar y)^2}.

    A constant target has no variance to compare with: its NMSE is 0 where the prediction is exact
    and 1 where it is not.

    Examples
    --------
    >>> from mofa_sklearn.metrics import normalized_mean_squared_error
    >>> y_true = [[8.0, 2.0], [6.0, 1.0], [7.0, 3.0]]
    >>> y_pred = [[7.0, 2.0], [6.0, 2.0], [7.0, 2.0]]
    >>> normalized_mean_squared_error(y_true, y_pred)
    0.75
    >>> normalized_mean_squared_error(y_true, y_pred, multioutput="raw_values")
    array([0.5, 1. ])
    """
    if sample_weight is not None:
        check_one_for_each_row("sample_weight", sample_weight, y_true)
        _check_sample_weight(sample_weight, y_true, ensure_non_negative=True)
    if not isinstance(multioutput, str):
        multioutput = _check_target_weights(multioutput, _n_targets(y_true))
    return 1 - r2_score(y_true, y_pred, sample_weight=sample_weight, multioutput=multioutput)


@validate_params(_METRIC_CONSTRAINTS, prefer_skip_nested_validation=True)
def concordance_correlation_coefficient(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    r"""Lin's concordance correlation coefficient (CCC): how close the points are to the diagonal.

    A correlation that is also lowered by a wrong mean and a wrong spread. 1 is a perfect
    prediction, 0 is no agreement, -1 is perfect disagreement. Higher is better.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        The true values, in any unit.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        The predicted values, in the unit of `y_true`.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weight of each row; an integer weight counts as so many equal rows. None: all
        rows count alike.
    multioutput : {"raw_values", "uniform_average", "variance_weighted"} or array-like of shape \
            (n_targets,), default="uniform_average"
        How the targets' values become one, as in :func:`normalized_mean_squared_error`.

    Returns
    -------
    ccc : float or ndarray of shape (n_targets,)
        The coefficient, from -1 to 1; an array for ``multioutput="raw_values"``.

    Raises
    ------
    ValueError
        If the shapes do not agree, there is a NaN or infinite value, or the weights are negative
        or all zero.

    Notes
    -----
    With population (not sample) variances and covariance,

    .. math:: \mathrm{CCC} = \frac{2\,\mathrm{cov}(y, \hat y)}
              {\mathrm{var}(y) + \mathrm{var}(\hat y) + (\bar y - \bar{\hat y})^2}.

    A target or a prediction that is constant, as in a single row, gives 0; but 1 where both are
    constant and equal, as that is full agreement.

    References
    ----------
    .. [1] L. I.-K. Lin (1989). A concordance correlation coefficient to evaluate
       reproducibility. Biometrics 45(1), 255-268.

    Examples
    --------
    >>> from mofa_sklearn.metrics import concordance_correlation_coefficient
    >>> concordance_correlation_coefficient([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    1.0
    >>> concordance_correlation_coefficient([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    0.571...
    """
    y_true, y_pred, weight = _check_targets(y_true, y_pred, sample_weight)
    deviation_true, deviation_pred = _centre(y_true, weight), _centre(y_pred, weight)
    variance_true = weight @ deviation_true**2
    variance_pred = weight @ deviation_pred**2
    covariance = weight @ (deviation_true * deviation_pred)
    scale = variance_true + variance_pred + (weight @ (y_true - y_pred)) ** 2
    ccc = np.ones_like(scale)
    np.divide(2 * covariance, scale, out=ccc, where=scale > 0)
    return _average_targets(ccc, multioutput, variance_true)


@validate_params(_METRIC_CONSTRAINTS, prefer_skip_nested_validation=True)
def spearman_correlation(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: str | ArrayLike = "uniform_average",
) -> float | np.ndarray:
    """Spearman's rank correlation: how well the prediction orders the rows.

    Only the order counts, so that it is the same for counts and for their logarithms. 1 is the
    right order, 0 no relation, -1 the reverse order. Higher is better.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        The true values, in any unit.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        The predicted values, in any unit.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weight of each row; an integer weight counts as so many equal rows. None: all
        rows count alike.
    multioutput : {"raw_values", "uniform_average", "variance_weighted"} or array-like of shape \
            (n_targets,), default="uniform_average"
        How the targets' values become one, as in :func:`normalized_mean_squared_error`.

    Returns
    -------
    correlation : float or ndarray of shape (n_targets,)
        The rank correlation, from -1 to 1; an array for ``multioutput="raw_values"``.

    Raises
    ------
    ValueError
        If the shapes do not agree, there is a NaN or infinite value, or the weights are negative
        or all zero.

    See Also
    --------
    scipy.stats.spearmanr : The same value for one target without weights, and a test of it.

    Notes
    -----
    It is Pearson's correlation of the ranks; equal values share the mean of their ranks. A target
    or a prediction that is constant, as in a single row, orders nothing: the value is 0, without
    a warning.

    References
    ----------
    .. [1] C. Spearman (1904). The proof and measurement of association between two things.
       American Journal of Psychology 15(1), 72-101.

    Examples
    --------
    >>> from mofa_sklearn.metrics import spearman_correlation
    >>> spearman_correlation([1.0, 10.0, 100.0, 1000.0], [2.0, 1.0, 3.0, 4.0])
    0.8
    """
    y_true, y_pred, weight = _check_targets(y_true, y_pred, sample_weight)
    deviation_true = _centre(_rank(y_true, weight), weight)
    deviation_pred = _centre(_rank(y_pred, weight), weight)
    covariance = weight @ (deviation_true * deviation_pred)
    scale = np.sqrt((weight @ deviation_true**2) * (weight @ deviation_pred**2))
    correlation = np.zeros_like(scale)
    np.divide(covariance, scale, out=correlation, where=scale > 0)
    variance_true = weight @ _centre(y_true, weight) ** 2
    return _average_targets(np.clip(correlation, -1.0, 1.0), multioutput, variance_true)


nmse_scorer = make_scorer(normalized_mean_squared_error, greater_is_better=False)
ccc_scorer = make_scorer(concordance_correlation_coefficient)
spearman_scorer = make_scorer(spearman_correlation)


def make_target_scorers(target_names: Sequence[str]) -> dict[str, Callable]:
    """Make the scorers of a multi-metric search: the mean NMSE, and the NMSE of each target.

    Parameters
    ----------
    target_names : sequence of str, of length n_targets
        Names of the columns of y, in their order.

    Returns
    -------
    scorers : dict of str to scorer
        ``"nmse"``, the key to give to ``refit=``, is the negative mean NMSE; ``"nmse_<name>"`` is
        the negative NMSE of that target. For ``scoring=`` of
        :func:`~sklearn.model_selection.cross_validate` and of the searches; they can be pickled.

    Raises
    ------
    TypeError
        If `target_names` is one string, or if one of the names is not a string.
    ValueError
        If there are no names, or a name occurs twice. A scorer of one target raises it when it is
        called with a y that does not have as many columns as there are names.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV
    >>> from mofa_sklearn.metrics import make_target_scorers
    >>> X, y = make_regression(60, 4, n_targets=2, noise=20.0, random_state=0)
    >>> scoring = make_target_scorers(["views", "likes"])
    >>> list(scoring)
    ['nmse', 'nmse_views', 'nmse_likes']
    >>> search = GridSearchCV(Ridge(), {"alpha": [0.1, 100.0]}, scoring=scoring, refit="nmse")
    >>> search.fit(X, y).best_params_
    {'alpha': 0.1}
    """
    names = _check_target_names(target_names)
    scorers = {"nmse": make_scorer(normalized_mean_squared_error, greater_is_better=False)}
    for index, name in enumerate(names):
        scorers[f"nmse_{name}"] = make_scorer(
            _target_nmse, greater_is_better=False, index=index, n_targets=len(names)
        )
    return scorers


def _check_target_names(target_names: Sequence[str]) -> list[str]:
    if isinstance(target_names, str) or not isinstance(target_names, Iterable):
        raise TypeError(f"target_names must be a list of strings, got {target_names!r}")
    names = list(target_names)
    if not names:
        raise ValueError("target_names is empty; name every column of y")
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        raise TypeError(f"target_names must be strings, got {wrong}")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"target_names must differ from each other, got more than once: {repeated}"
        )
    return names


def _target_nmse(y_true, y_pred, *, index, n_targets, sample_weight=None):
    """NMSE of the target at position `index` of `n_targets`."""
    n_columns = _n_targets(y_true)
    if n_columns != n_targets:
        raise ValueError(
            f"{n_targets} target names were given, but y has {n_columns} column(s); "
            "name every column of y"
        )
    values = normalized_mean_squared_error(
        y_true, y_pred, sample_weight=sample_weight, multioutput="raw_values"
    )
    # r2_score gives a single NaN, not one a target, for fewer than two rows.
    return np.broadcast_to(values, (n_targets,))[index]


def _check_targets(y_true, y_pred, sample_weight):
    """Bring targets to shape (n_samples, n_targets) and weights to a sum of one.

    Rows of weight zero are left out: they must not decide whether a target is constant.
    """
    y_true = _as_columns(y_true, "y_true")
    y_pred = _as_columns(y_pred, "y_pred")
    check_consistent_length(y_true, y_pred)
    check_one_for_each_row("sample_weight", sample_weight, y_true)
    if y_true.shape[1] != y_pred.shape[1]:
        raise ValueError(
            "y_true and y_pred have different numbers of targets: "
            f"{y_true.shape[1]} and {y_pred.shape[1]}"
        )
    weight = _check_sample_weight(
        sample_weight, y_true, dtype=np.float64, ensure_non_negative=True
    )
    kept = weight > 0
    if not kept.any():
        raise ValueError("sample_weight is zero for every row")
    return y_true[kept], y_pred[kept], weight[kept] / weight.sum()


def _as_columns(y, name: str) -> np.ndarray:
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name=name)
    return y.reshape(-1, 1) if y.ndim == 1 else y


def _centre(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Subtract the weighted mean of each column; exactly zero for a constant column."""
    values = values - values[0]
    return values - weight @ values


def _rank(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rank each column by the weight of the lower rows; ties share the middle of theirs."""
    ranks = np.empty_like(values)
    for column, out in zip(values.T, ranks.T, strict=True):
        _, group = np.unique(column, return_inverse=True)
        group_weight = np.bincount(group, weights=weight)
        out[:] = (np.cumsum(group_weight) - group_weight / 2)[group]
    return ranks


def _average_targets(
    values: np.ndarray, multioutput: str | ArrayLike, variances: np.ndarray
) -> float | np.ndarray:
    """Reduce one value a target as `multioutput` says, like r2_score does."""
    if isinstance(multioutput, str) and multioutput == "raw_values":
        return values
    if isinstance(multioutput, str):
        by_variance = multioutput == "variance_weighted" and variances.any()
        weights = variances if by_variance else None
    else:
        weights = _check_target_weights(multioutput, len(values))
    return float(np.average(values, weights=weights))


def _n_targets(y) -> int:
    shape = np.shape(y)
    return shape[1] if len(shape) > 1 else 1


def _check_target_weights(multioutput: ArrayLike, n_targets: int) -> np.ndarray:
    weights = check_array(multioutput, ensure_2d=False, dtype=np.float64, input_name="multioutput")
    if weights.shape != (n_targets,):
        raise ValueError(
            f"multioutput has {weights.size} weights, but there are {n_targets} target(s)"
        )
    if weights.sum() == 0:
        raise ValueError("the weights in multioutput sum to zero")
    return weights
