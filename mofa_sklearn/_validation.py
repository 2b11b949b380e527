"""scikit-learn's checks of data, for torch's tensors, too."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import numpy as np
import pandas as pd
import sklearn.utils
import sklearn.utils.validation
import torch

from ._sklearn_private import _check_sample_weight

_KNOWN_CHECKS = {
    "accept_sparse",
    "copy",
    "dtype",
    "ensure_all_finite",
    "force_writeable",
    "order",
    "reset",
}
# Up to so many rows, a frame's matrix is sooner made than its types are found.
_FEW_ROWS = 8
# Types of torch that NumPy has not.
_AS_FLOAT32 = (torch.bfloat16,)


def as_array(data: Any) -> Any:
    """Return a tensor as an array, and anything else as it is.

    Parameters
    ----------
    data : object
        What a method was given: maybe a tensor, of any type, on any device, with a
        gradient or not.

    Returns
    -------
    ndarray or object
        It shares the tensor's memory where that is possible; bfloat16 becomes float32.

    Examples
    --------
    >>> import torch
    >>> from mofa_sklearn._validation import as_array
    >>> as_array(torch.ones(2, dtype=torch.bfloat16, requires_grad=True))
    array([1., 1.], dtype=float32)
    """
    if not isinstance(data, torch.Tensor):
        return data
    data = data.detach().cpu()
    return (data.float() if data.dtype in _AS_FLOAT32 else data).numpy()


def validate_data(estimator: Any, X: Any = "no_validation", y: Any = "no_validation", **checks):
    """Check data as :func:`sklearn.utils.validation.validate_data` does.

    What is there to be said about a table takes scikit-learn longer than to predict a row of it.
    Rows to predict that are as those of the fit were are told first.
    """
    X, y = as_array(X), as_array(y)
    if isinstance(y, str) and not checks.get("reset", True):
        if isinstance(X, pd.DataFrame) and _is_frame_of_fit(estimator, X):
            if checks.get("skip_check_array"):
                return X
            names, X = {"input_name": "X", "estimator": estimator}, X.to_numpy()
            del checks["reset"]
            if not _is_fine(X, checks):
                return sklearn.utils.check_array(X, **names, **checks)
            return _as_asked_for(X, checks)
        if _is_matrix_of_fit(estimator, X) and _is_fine(X, checks):
            return _as_asked_for(X, checks)
    return sklearn.utils.validation.validate_data(estimator, X, y, **checks)


def has_kinds(frame: pd.DataFrame, kinds: str) -> bool:
    """Tell whether all columns of a frame are of NumPy's types of some kinds."""
    if len(frame) <= _FEW_ROWS:
        # A frame that holds one matrix gives views of it, any other a new one each time.
        matrix = frame.to_numpy()
        if matrix.dtype.kind in kinds and np.may_share_memory(matrix, frame.to_numpy()):
            return True
    return all(isinstance(dtype, np.dtype) and dtype.kind in kinds for dtype in set(frame.dtypes))


def _is_frame_of_fit(estimator: Any, X: pd.DataFrame) -> bool:
    """Tell whether a frame is of NumPy's floats, with the column names that an estimator knows."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None or len(names) != X.shape[1] or X.columns.nlevels > 1:
        return False
    return has_kinds(X, "f") and np.array_equal(np.asarray(X.columns, dtype=object), names)


def _is_matrix_of_fit(estimator: Any, X: Any) -> bool:
    """Tell whether an array has the columns of a fit without names."""
    is_matrix = type(X) is np.ndarray and X.ndim == 2
    named = hasattr(estimator, "feature_names_in_")
    return is_matrix and not named and X.shape[1] == getattr(estimator, "n_features_in_", None)


def _is_fine(X: np.ndarray, checks: dict[str, Any]) -> bool:
    """Tell whether `check_array` would return a matrix of floats as it is, or a copy of it."""
    if checks.keys() - _KNOWN_CHECKS or not len(X):
        return False
    dtypes = checks.get("dtype", "numeric")
    dtypes = dtypes if isinstance(dtypes, (list, tuple)) else [dtypes]
    if X.dtype not in [np.dtype(kind) for kind in dtypes if kind != "numeric"]:
        return False
    if checks.get("order") == "C" and not X.flags.c_contiguous:
        return False
    if checks.get("force_writeable") and not (X.flags.writeable or checks.get("copy")):
        return False
    if checks.get("ensure_all_finite", True) is False:
        return True
    # A finite sum proves that all values are; else scikit-learn looks at each.
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(X.sum(dtype=X.dtype)))


def _as_asked_for(X: np.ndarray, checks: dict[str, Any]) -> np.ndarray:
    return np.array(X) if checks.get("copy") else X


def check_array(array: Any, **checks) -> Any:
    """Check an array as :func:`sklearn.utils.check_array` does."""
    return sklearn.utils.check_array(as_array(array), **checks)


def check_weight(name: str, sample_weight: Any, X: np.ndarray) -> np.ndarray | None:
    """Check weights of rows: non-negative, and not all of them zero.

    Parameters
    ----------
    name : str
        What messages call them.
    sample_weight : array-like of shape (n_samples,) or None
        The weights.
    X : ndarray of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    ndarray of shape (n_samples,), or None
    """
    if sample_weight is None:
        return None
    weight = _check_sample_weight(as_array(sample_weight), X, ensure_non_negative=True)
    if not weight.any():
        raise ValueError(f"{name} is zero for every row: nothing to learn from.")
    return weight


def numeric_targets(y: Any, estimator: Any, name: str = "y") -> Any:
    """Refuse targets of a regressor that are no numbers, and say what takes them.

    Parameters
    ----------
    y : object
        What `fit` was given.
    estimator : estimator
        The regressor.
    name : str, default="y"
        What messages call it.

    Returns
    -------
    object
        The targets: of tensors and of arrays of objects as an array of numbers, NaN where
        one lacks; else as they are.

    Raises
    ------
    ValueError
        If there are words, dates or other objects among the targets.
    """
    if y is None:  # scikit-learn says that there has to be one
        return y
    y = as_array(y)
    values = _values(y)
    if values.dtype.kind in "biufc" or values.ndim == 0:
        return y
    kinds = {_KINDS.get(values.dtype.kind) or _kind_of(value) for value in values.ravel()}
    regressor = type(estimator).__name__
    some = _first_few(values)
    if "words" in kinds:
        raise ValueError(
            f"{name} has words ({some}), and {regressor} predicts numbers. Classes are for "
            "MoFAClassifier (in make_mofa_pipeline: estimator=MoFAClassifier())."
        )
    if "dates" in kinds:
        raise ValueError(
            f"{name} has dates or times ({some}), and {regressor} predicts numbers. Make "
            "numbers of them first: the days since the first one, say, "
            "(y - y.min()) / numpy.timedelta64(1, 'D')."
        )
    if "objects" in kinds:
        raise ValueError(
            f"{name} has objects that are no numbers ({some}), and {regressor} predicts "
            "numbers: an array of shape (n_samples,) or (n_samples, n_targets)."
        )
    if "lists" in kinds or values.size == 0:
        return y  # scikit-learn says what is wrong with them
    # scikit-learn looks for NaN only before it makes numbers of objects.
    numbers = [np.nan if _is_missing(value) else float(value) for value in values.ravel()]
    return np.reshape(numbers, values.shape)


# NumPy's letters for types that hold one kind of thing.
_KINDS = {"S": "words", "U": "words", "T": "words", "m": "dates", "M": "dates"}


def _kind_of(value: Any) -> str:
    """Tell what an object among targets is."""
    if _is_missing(value):
        return "missing"
    if isinstance(value, (date, time, timedelta, np.datetime64, np.timedelta64)):
        return "dates"
    if isinstance(value, (list, tuple, np.ndarray)):
        return "lists"
    try:
        float(value)
    except (TypeError, ValueError):
        return "words" if isinstance(value, (str, bytes)) else "objects"
    return "numbers"


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA


def _values(y: Any) -> np.ndarray:
    try:
        return np.asarray(y)
    except (TypeError, ValueError):  # rows of different lengths: scikit-learn says so
        return np.empty(0, dtype=object)


def _first_few(values: np.ndarray) -> str:
    """Write down the first distinct values that are no numbers."""
    some = [value for value in values.ravel() if _kind_of(value) not in ("numbers", "missing")]
    distinct = list(dict.fromkeys(str(value) for value in (some or values.ravel())))
    return ", ".join(distinct[:3]) + (", ..." if len(distinct) > 3 else "")
