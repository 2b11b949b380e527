"""Learn targets on another scale than the one they come in, such as the logarithm of counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import check_array


class LogCounts(BaseEstimator):
    """Counts on the scale of log(1 + count).

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.pipeline._target_transform import LogCounts
    >>> counts = np.array([[0.0, 9.0], [99.0, 999.0]])
    >>> logs = LogCounts().fit(counts).transform(counts)
    >>> np.allclose(logs, np.log([[1, 10], [100, 1000]]))
    True
    >>> np.allclose(LogCounts().inverse_transform(logs), counts)
    True
    """

    #: What is predicted below it can not be.
    lowest = 0.0

    def fit(self, X: np.ndarray, y: Any = None) -> LogCounts:
        """Do nothing: there is nothing to learn."""
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return log(1 + X); refuse what is below zero."""
        negative = (X < 0).reshape(len(X), -1).any(axis=1)
        if negative.any():
            raise ValueError(
                f"target_transform='log1p' is for counts, but y is negative in {negative.sum()} "
                f"of {len(X)} rows (the least value is {X.min():g}). Pass targets that are no "
                "logarithms yet, or another transformer."
            )
        return np.log1p(X)

    def inverse_transform(self, X: np.ndarray) -> np.ndarray:
        """Return exp(X) - 1."""
        return np.expm1(X)


def make_target_transformer(target_transform: Any) -> Any:
    """Return the unfitted transformer that the parameter `target_transform` stands for.

    Raises
    ------
    ValueError
        If it has a function but no inverse.
    """
    if isinstance(target_transform, str):
        return LogCounts()
    if isinstance(target_transform, FunctionTransformer) and target_transform.inverse_func is None:
        raise ValueError(
            f"target_transform={target_transform!r} has no inverse_func, which predictions need: "
            "FunctionTransformer(np.sqrt, np.square), for instance."
        )
    return clone(target_transform)


def as_rows(y: Any, name: str = "y") -> np.ndarray:
    """Return checked targets as a float array of shape (n_samples, n_targets)."""
    y = _checked(y, name)
    return y.reshape(len(y), -1)


def on_learned_scale(transformer: Any, y: Any, name: str = "y") -> Any:
    """Transform targets; keep their names, their index, and whether they are 1-D.

    Parameters
    ----------
    transformer : transformer
        Fitted on rows of targets.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        As the user passes them.
    name : str, default="y"
        What error messages call them.

    Returns
    -------
    ndarray, Series or DataFrame of float64
    """
    checked = _checked(y, name)
    values = np.asarray(transformer.transform(checked.reshape(len(checked), -1)))
    if isinstance(y, pd.Series):
        return pd.Series(values[:, 0], index=y.index, name=y.name)
    columns = getattr(y, "columns", None)
    if columns is not None and len(columns) == values.shape[1]:
        return pd.DataFrame(values, index=getattr(y, "index", None), columns=list(columns))
    return values[:, 0] if checked.ndim == 1 else values


def on_own_scale(transformer: Any, y: np.ndarray) -> np.ndarray:
    """Undo :func:`on_learned_scale` for predictions.

    Parameters
    ----------
    transformer : transformer
        Fitted.
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Predictions on the learned scale; infinite ones stay so.

    Returns
    -------
    ndarray of the same number of dimensions
    """
    rows = y.reshape(len(y), -1)
    infinite = np.isinf(rows)
    values = np.array(transformer.inverse_transform(np.where(infinite, 0, rows)))
    if values.shape == rows.shape:
        values[infinite] = rows[infinite]
    values = np.maximum(values, getattr(transformer, "lowest", -np.inf))
    return values[:, 0] if y.ndim == 1 else values


def each_on_own_scale(transformer: Any, y: np.ndarray) -> np.ndarray:
    """Undo the transform for bounds or quantiles.

    Parameters
    ----------
    transformer : transformer
        Fitted.
    y : ndarray of shape (n_samples, n_targets, n_values)
        Ascending in the last axis.

    Returns
    -------
    ndarray of the same shape
        Ascending as well.

    Raises
    ------
    ValueError
        If the transformer mixes targets, so that a bound of one is no bound of anything.
    """
    _check_one_by_one(transformer, y)
    each = [on_own_scale(transformer, y[..., i]) for i in range(y.shape[-1])]
    return np.sort(np.stack(each, axis=-1), axis=-1)


def std_on_own_scale(transformer: Any, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Return half the distance between what ``mean - std`` and ``mean + std`` stand for."""
    rows = (len(mean), -1)
    bounds = np.stack([(mean - std).reshape(rows), (mean + std).reshape(rows)], axis=-1)
    low, high = np.moveaxis(each_on_own_scale(transformer, bounds), -1, 0)
    return ((high - low) / 2).reshape(mean.shape)


def _checked(y: Any, name: str) -> np.ndarray:
    return check_array(y, ensure_2d=False, dtype=np.float64, input_name=name)


def _check_one_by_one(transformer: Any, y: np.ndarray) -> None:
    """Refuse transformers in which one target depends on another."""
    base = np.where(np.isfinite(y[:1, :, 0]), y[:1, :, 0], 0)
    n_targets = base.shape[1]
    moved = base + np.eye(n_targets)  # row i differs from base in target i only
    plain, changed = (np.asarray(transformer.inverse_transform(rows)) for rows in (base, moved))
    others = ~np.eye(n_targets, dtype=bool)
    same = plain.shape == base.shape and np.allclose(
        np.broadcast_to(plain, changed.shape)[others], changed[others]
    )
    if not same:
        raise ValueError(
            f"target_transform={transformer!r} mixes targets, so intervals, quantiles and "
            "standard deviations of single targets can not be transformed back: take a "
            "transformer that treats each target by itself."
        )
