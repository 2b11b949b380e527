"""Dask collections, told apart without importing Dask."""

from __future__ import annotations

from typing import Any


def is_lazy(X: Any) -> bool:
    """Tell whether something is a Dask array or DataFrame.

    Parameters
    ----------
    X : object
        What an estimator was given.

    Returns
    -------
    bool

    Examples
    --------
    >>> from mofa_sklearn.modalities._lazy_input import is_lazy
    >>> is_lazy([[1.0, 2.0]])
    False
    """
    return type(X).__module__.partition(".")[0] in {"dask", "dask_expr"}


def refuse_lazy(X: Any, method: str) -> None:
    """Refuse a Dask collection, which would be computed and held in memory whole.

    Parameters
    ----------
    X : object
        What an estimator's `method` was given.
    method : str
        The method.

    Raises
    ------
    TypeError
        If it is a Dask array or DataFrame.
    """
    if not is_lazy(X):
        return
    kind = f"{type(X).__module__.partition('.')[0]} {type(X).__name__}"
    raise TypeError(
        f"X is a {kind}, which {method} would have to hold in memory whole. Take "
        "mofa_sklearn.dask.predict(estimator, X), or predict_proba, with the whole model or "
        "pipeline, which go partition by partition; or pass X.compute() if it is small."
    )
