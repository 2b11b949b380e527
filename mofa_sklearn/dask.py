"""Predict for Dask arrays and DataFrames, partition by partition. Needs Dask."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .modalities._lazy_input import is_lazy
from .training.threads import blas_threads, torch_threads

__all__ = ["predict", "predict_proba"]


def predict(
    estimator: BaseEstimator,
    X: Any,
    *,
    columns: Sequence[str] | None = None,
    meta: Any = None,
) -> Any:
    """Predict for the rows of a Dask array or DataFrame, one partition at a time.

    Nothing is computed yet: what comes back is as lazy as `X` is, with the same
    partitions of rows. No worker ever holds more of `X` than the partitions that it
    works on.

    Parameters
    ----------
    estimator : estimator
        Fitted: any regressor, classifier or pipeline of scikit-learn's kind. It is one
        node of the graph: a worker keeps it for all of its partitions.

    X : dask.array.Array or dask.dataframe.DataFrame of shape (n_samples, n_features)
        The rows. An array must not be divided along its columns. Numbers of rows need
        not be known, and partitions may be empty.

    columns : sequence of str, default=None
        For a DataFrame: what the columns of the prediction are called, such as
        ``["views", "likes"]``; a single name for a 1-D prediction. None counts from
        zero.

    meta : ndarray, Series or DataFrame, default=None
        What a prediction looks like, with no rows: its dtype, width and names. None asks
        the estimator, by two made-up rows.

    Returns
    -------
    dask.array.Array of shape (n_samples,) or (n_samples, n_targets)
        For an array.
    dask.dataframe.Series or DataFrame
        For a DataFrame, with its index.

    Raises
    ------
    ImportError
        If Dask is not installed.
    TypeError
        If `X` is no Dask array or DataFrame.
    ValueError
        If `X` is not 2-D, is divided along its columns, or has other columns than the
        estimator was fitted on; if `columns` are too few or too many, or given for an array.

    See Also
    --------
    predict_proba : Probabilities of a classifier.

    Notes
    -----
    Products of other numbers of rows may round differently in their last bits.

    A partition is predicted on one thread, since Dask works on as many of them at a
    time as there are threads. For an estimator of more than 10 MB, ``distributed`` warns
    of a large graph when it computes: it holds the estimator, once.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from mofa_sklearn import MoFARegressor
    >>> from mofa_sklearn.dask import predict
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> widths = {"image": 8, "text": 6}
    >>> X, y = make_micro_videos(200, modalities=widths, random_state=0)
    >>> model = MoFARegressor(widths, hidden_dim=8, max_epochs=2, random_state=0).fit(X, y)
    >>> prediction = predict(model, da.from_array(X, chunks=(50, -1)))
    >>> prediction.shape, prediction.chunks[0]  # nothing is computed yet
    ((200, 3), (50, 50, 50, 50))
    >>> np.allclose(prediction.compute(), model.predict(X), rtol=1e-4)
    True
    """
    return _by_partition(estimator, X, "predict", columns, meta)


def predict_proba(
    estimator: BaseEstimator,
    X: Any,
    *,
    columns: Sequence[str] | None = None,
    meta: Any = None,
) -> Any:
    """Predict probabilities for a Dask array or DataFrame, one partition at a time.

    Parameters
    ----------
    estimator : classifier
        Fitted, or a pipeline that ends in one, see :func:`predict`.

    X : dask.array.Array or dask.dataframe.DataFrame of shape (n_samples, n_features)
        The rows, see :func:`predict`.

    columns : sequence of str, default=None
        For a DataFrame: what the columns of the result are called. None takes the
        classes, where they are as many.

    meta : ndarray or DataFrame, default=None
        What a prediction looks like, see :func:`predict`.

    Returns
    -------
    dask.array.Array or dask.dataframe.DataFrame of shape (n_samples, n_classes)
        Lazy, as `X` is.

    Raises
    ------
    AttributeError
        If the estimator has no ``predict_proba``.
    ImportError, TypeError, ValueError
        As :func:`predict` does.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from mofa_sklearn.dask import predict_proba
    >>> X = np.arange(8.0).reshape(-1, 1)
    >>> model = LogisticRegression().fit(X, X[:, 0] > 3)
    >>> predict_proba(model, da.from_array(X, chunks=(4, 1))).shape
    (8, 2)
    """
    return _by_partition(estimator, X, "predict_proba", columns, meta)


def _by_partition(estimator: Any, X: Any, method: str, columns: Any, meta: Any) -> Any:
    _check_rows(X, method)
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(f"estimator must be a fitted estimator, got {estimator!r}.")
    check_is_fitted(estimator)
    getattr(estimator, method)  # what an estimator lacks is said now, not by a worker
    if not hasattr(X, "to_dask_array"):
        if columns is not None:
            raise ValueError(
                "columns are for a DataFrame: the prediction for an array has no names."
            )
        if meta is not None and not isinstance(meta, np.ndarray):
            raise TypeError(f"meta must be an array, as X is one; got {meta!r}.")
        meta = _meta_of_array(estimator, X, method) if meta is None else meta
        return _predict_array(estimator, X, method, meta)
    if meta is not None and not isinstance(meta, (pd.Series, pd.DataFrame)):
        raise TypeError(f"meta must be a Series or DataFrame, as X is one; got {meta!r}.")
    if meta is not None and columns is not None:
        raise ValueError("columns would be ignored: meta has the columns of the prediction.")
    if meta is None:
        meta = _meta_of_frame(estimator, X, method, columns)
    model = _on_the_workers(estimator)
    return X.map_partitions(_predict_part, model, method, meta, meta=meta)


def _check_rows(X: Any, method: str) -> None:
    if not is_lazy(X):
        raise TypeError(
            "X must be a Dask array or DataFrame, got "
            f"{type(X).__name__}: call the estimator's own {method} on it."
        )
    if getattr(X, "ndim", None) != 2:
        raise ValueError(
            f"X must have rows and columns, got {getattr(X, 'ndim', 'no')} dimension(s)."
        )
    if not hasattr(X, "to_dask_array") and X.numblocks[1] > 1:
        raise ValueError(
            f"X is divided along its columns, into chunks of {X.chunks[1]}, but a row is "
            "predicted from all of its columns: rechunk it, with X.rechunk({1: -1})."
        )


def _meta_of_array(estimator: Any, X: Any, method: str) -> np.ndarray:
    if math.isnan(X.shape[1]):
        raise ValueError(
            "X has an unknown number of columns: pass meta, or compute its chunk sizes."
        )
    prediction = _ask(estimator, np.ones((2, X.shape[1]), dtype=X.dtype), method)
    return np.asarray(prediction)[:0]


def _meta_of_frame(estimator: Any, X: Any, method: str, columns: Any) -> pd.Series | pd.DataFrame:
    prediction = np.asarray(_ask(estimator, X._meta_nonempty, method))
    classes: Any = getattr(estimator, "classes_", None) if method == "predict_proba" else None
    if columns is None and np.ndim(classes) == 1 and len(classes) == prediction.shape[1:][0]:
        columns = classes
    return _labelled(prediction, X._meta_nonempty.index, columns).iloc[:0]


def _ask(estimator: Any, rows: Any, method: str) -> Any:
    try:
        return getattr(estimator, method)(rows)
    except Exception as error:
        error.add_note(
            "This came from two made-up rows with the columns of X, which tell what a prediction "
            "looks like. If the columns are right and only such rows are refused, pass meta: "
            "some prediction of real rows, cut to none of them."
        )
        raise


def _labelled(prediction: np.ndarray, index: Any, columns: Any) -> pd.Series | pd.DataFrame:
    """Make a Series or DataFrame of a prediction."""
    if columns is not None:
        if not isinstance(columns, Iterable):
            raise TypeError(f"columns must be names, got {columns!r}.")
        columns = [columns] if isinstance(columns, str) else list(columns)
        n_columns = prediction.shape[1] if prediction.ndim == 2 else 1
        if len(columns) != n_columns:
            raise ValueError(
                f"columns has {len(columns)} name(s), but the prediction has {n_columns} "
                "column(s)."
            )
    if prediction.ndim == 1:
        return pd.Series(prediction, index=index, name=None if columns is None else columns[0])
    return pd.DataFrame(prediction, index=index, columns=columns)


def _on_the_workers(estimator: Any) -> Any:
    """Return the estimator as one node of a graph, which a worker keeps for all partitions."""
    import cloudpickle
    from dask import delayed

    # As bytes: the scheduler, which reads the graph, needs to know nothing of the estimator.
    return delayed(pickle.loads, pure=False)(cloudpickle.dumps(estimator))


def _predict_array(estimator: Any, X: Any, method: str, meta: np.ndarray) -> Any:
    import dask.array as da

    width = () if meta.ndim == 1 else tuple((n,) for n in meta.shape[1:])
    return da.map_blocks(
        _predict_part,
        X,
        _on_the_workers(estimator),
        method,
        meta,
        drop_axis=[1] if meta.ndim == 1 else None,
        chunks=(X.chunks[0], *width),
        dtype=meta.dtype,
        meta=np.empty((0,) * meta.ndim, meta.dtype),
    )


def _predict_part(rows: Any, estimator: Any, method: str, meta: Any) -> Any:
    """Predict for one partition, on one thread."""
    if len(rows) == 0:
        return meta
    with torch_threads(1), blas_threads(1):
        prediction = np.asarray(getattr(estimator, method)(rows))
    if isinstance(meta, np.ndarray):
        return prediction
    columns = meta.columns if meta.ndim == 2 else [meta.name]
    return _labelled(prediction, rows.index, columns)
