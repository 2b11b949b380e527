"""Hash what data say: contents, names and kinds, not how they lie in memory."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import joblib
import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator

# Rows of an array that are copied at a time: 16 MB.
_CHUNK_BYTES = 16_000_000


def content_hash(value: Any) -> str:
    """Hash a value by its contents.

    Parameters
    ----------
    value : object
        Numbers, strings, arrays, tables of pandas, polars or pyarrow, sparse matrices,
        estimators, and lists, tuples and dicts of them.

    Returns
    -------
    str
        The same for equal arrays in C and F order, views, copies and memory maps, for tables
        with the same columns however they are stored, and for lists and tuples; another one for
        other values, names, shapes or dtypes.

    Raises
    ------
    Exception
        What pickle raises, for an object of another kind that cannot be pickled.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.ensemble._contents import content_hash
    >>> Y = np.arange(6.0).reshape(3, 2)
    >>> content_hash(Y[:, 0]) == content_hash(Y[:, 0].copy())
    True
    """
    digest = hashlib.sha256()
    _add(digest, value)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    """Feed a value to a hash, each part with its kind and length in front of it."""
    if value is None:
        _tell(digest, "none")
    elif isinstance(value, (bool, int, float, complex)):
        _tell(digest, type(value).__name__, repr(value).encode())
    elif isinstance(value, np.generic):
        _add(digest, value.item() if value.dtype.kind in "OUSbiufc" else np.asarray(value))
    elif isinstance(value, (str, bytes)):
        data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        _tell(digest, type(value).__name__, data)
    elif isinstance(value, np.ndarray):
        _add_array(digest, value)
    elif isinstance(value, (list, tuple, range)):
        _tell(digest, f"sequence {len(value)}")
        for part in value:
            _add(digest, part)
    elif isinstance(value, dict):
        _tell(digest, f"dict {len(value)}")
        for key, part in value.items():
            _add(digest, key)
            _add(digest, part)
    elif sparse.issparse(value):
        _add_sparse(digest, value)
    elif (columns := _columns_of(value)) is not None:
        _tell(digest, f"table {len(columns)}")
        for name, column in columns:
            _add(digest, name)
            _add(digest, column)
    elif isinstance(value, functools.partial):
        _tell(digest, "partial")
        _add(digest, [value.func, value.args, value.keywords])
    elif isinstance(value, BaseEstimator):
        _tell(digest, f"estimator {type(value).__module__}.{type(value).__qualname__}")
        _add(digest, value.__getstate__())
    elif hasattr(value, "__array__") and not isinstance(value, type):
        _add(digest, np.asarray(value))
    else:
        _tell(digest, f"object {joblib.hash(value)}")


def _tell(digest: Any, kind: str, data: bytes = b"") -> None:
    digest.update(f"{kind} {len(data)}:".encode())
    digest.update(data)


def _add_array(digest: Any, array: np.ndarray) -> None:
    if array.dtype.kind == "V" and array.dtype.names:
        _tell(digest, "record")
        _add(digest, {name: array[name] for name in array.dtype.names})
        return
    if array.dtype.kind in "OUS":  # of any length, and as objects
        _tell(digest, f"objects {array.shape}")
        for value in array.ravel().tolist():
            _add(digest, value)
        return
    native = array.dtype.newbyteorder("=")
    _tell(digest, f"array {native.str} {array.shape}")
    rows = np.atleast_1d(array)
    step = max(1, _CHUNK_BYTES * len(rows) // max(1, array.nbytes))
    for start in range(0, len(rows), step):
        digest.update(np.ascontiguousarray(rows[start : start + step], dtype=native).tobytes())


def _add_sparse(digest: Any, matrix: Any) -> None:
    matrix = matrix.tocsr(copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    _tell(digest, f"sparse {matrix.shape}")
    # The smaller of two widths of indices, whichever scipy took.
    indices = [part.astype(np.int64) for part in (matrix.indptr, matrix.indices)]
    for part in (*indices, matrix.data):
        _add_array(digest, part)


def _columns_of(value: Any) -> list[tuple[Any, Any]] | None:
    """Return the names and columns of a table or of one column; None for what is neither."""
    kind = type(value).__module__.partition(".")[0]
    if kind == "pandas" and hasattr(value, "dtypes"):
        if hasattr(value, "columns"):
            positions = range(value.shape[1])
            names = value.columns.tolist()
            return [(names[i], _of_pandas(value.iloc[:, i])) for i in positions]
        if hasattr(value, "iloc"):
            return [(value.name, _of_pandas(value))]
    if kind == "polars" and hasattr(value, "to_numpy"):
        if hasattr(value, "columns"):
            return [(name, value[name].to_numpy()) for name in value.columns]
        return [(value.name, value.to_numpy())]
    if kind == "pyarrow" and hasattr(value, "column_names"):
        names = value.column_names
        return [
            (name, value.column(i).to_numpy(zero_copy_only=False)) for i, name in enumerate(names)
        ]
    return None


def _of_pandas(column: Any) -> Any:
    if column.dtype == "category":
        codes = np.asarray(column.cat.codes)
        return [codes, column.cat.categories.tolist(), bool(column.cat.ordered)]
    return column.to_numpy()
