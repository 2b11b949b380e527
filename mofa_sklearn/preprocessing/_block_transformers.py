"""What a ModalityPreprocessor does with the transformer of one modality, and with its result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from .._sklearn_private import InvalidParameterError
from ..modalities._missing import check_finite_or_missing
from ..modalities._numbers import floats_of, refuse_other_kinds
from ..modalities._positions import as_slice
from ..modalities._range import HUGE
from ..modalities._tables import as_table, column_of, is_frame, take_rows


def rows_for(transformer: Any, block: Any, present: np.ndarray) -> Any:
    """Return the rows that have a modality, in the container that its transformer takes.

    Parameters
    ----------
    transformer : transformer
        The modality's.
    block : ndarray or DataFrame of shape (n_samples, n_columns)
        The modality's columns.
    present : ndarray of bool of shape (n_samples,)
        Which rows have the modality.

    Returns
    -------
    ndarray, DataFrame or Series
        A Series of a table of one column, if the transformer takes no other.
    """
    if isinstance(block, np.ndarray) or sparse.issparse(block):
        return block if present.all() else block[present]
    rows = block if present.all() else take_rows(block, present)
    takes_column = rows.shape[1] == 1 and _takes_a_column(transformer)
    return column_of(rows, 0) if takes_column else rows


def _takes_a_column(transformer: Any) -> bool:
    """Tell whether a transformer is of scikit-learn's or skrub's kind that takes one column."""
    if isinstance(transformer, Pipeline):
        return _takes_a_column(transformer[0])
    if hasattr(transformer, "__single_column_transformer__"):
        return True
    return not isinstance(transformer, str) and not get_tags(transformer).input_tags.two_d_array


def takes_sparse(transformer: Any) -> bool:
    """Tell whether a transformer, or the first step of a pipeline, takes sparse matrices."""
    if isinstance(transformer, Pipeline):
        return takes_sparse(transformer[0])
    return not isinstance(transformer, str) and get_tags(transformer).input_tags.sparse


def has_sparse_columns(X: Any) -> bool:
    """Tell whether something is a pandas DataFrame with sparse columns."""
    return isinstance(X, pd.DataFrame) and any(
        isinstance(dtype, pd.SparseDtype) for dtype in set(X.dtypes)
    )


def sparse_block(X: Any, positions: np.ndarray) -> Any:
    """Return some columns as a CSR array, or None if they are not sparse.

    Parameters
    ----------
    X : ndarray, sparse matrix or DataFrame of shape (n_samples, n_features)
        The table.
    positions : ndarray of int
        Positions of the columns.

    Returns
    -------
    sparse array of shape (n_samples, n_columns), or None
    """
    if sparse.issparse(X):
        return X[:, as_slice(positions)]
    if not isinstance(X, pd.DataFrame):
        return None
    block = X.iloc[:, positions]
    if not all(isinstance(dtype, pd.SparseDtype) for dtype in set(block.dtypes)):
        return None
    return block.sparse.to_coo().tocsr()


def is_mostly_zeros(X: Any, positions: np.ndarray) -> bool:
    """Tell whether columns are sparse, and half of their values or more are not stored."""
    block = sparse_block(X, positions)
    return block is not None and 2 * block.nnz <= np.prod(block.shape)


def has_names_out(transformer: Any) -> bool:
    """Tell whether a transformer, all steps of a pipeline included, names its columns."""
    if isinstance(transformer, Pipeline):
        return all(has_names_out(step) for _, step in transformer.steps)
    return transformer == "passthrough" or hasattr(transformer, "get_feature_names_out")


def names_out(
    transformer: Any, names_in: np.ndarray, modality: str, width: int | None = None
) -> np.ndarray:
    """Return the names of the columns that a transformer makes.

    One that names none, such as a FunctionTransformer, is taken to keep the columns that
    it gets.

    Parameters
    ----------
    transformer : transformer or "passthrough"
        The modality's, fitted.
    names_in : ndarray of str of shape (n_columns,)
        Names of the modality's columns.
    modality : str
        Its name, for messages.
    width : int, default=None
        How many columns there are; None if that is not known.

    Returns
    -------
    ndarray of str of shape (n_columns_out,)

    Raises
    ------
    ValueError
        If there are more or less columns than names.
    """
    try:
        names = _names_out(transformer, names_in)
    except ValueError as error:
        if has_names_out(transformer):
            raise
        raise _without_names(transformer, modality) from error
    if width is not None and len(names) != width:
        raise _without_names(transformer, modality, f": {width} columns, {len(names)} names")
    return names


def _names_out(transformer: Any, names: np.ndarray) -> np.ndarray:
    if isinstance(transformer, Pipeline):
        for _, step in transformer.steps:
            names = _names_out(step, names)
        return names
    if not hasattr(transformer, "get_feature_names_out"):
        return names
    if _takes_a_column(transformer):  # CountVectorizer names its columns by itself
        return np.asarray(transformer.get_feature_names_out(), dtype=object)
    return np.asarray(transformer.get_feature_names_out(names), dtype=object)


def _without_names(transformer: Any, modality: str, detail: str = "") -> ValueError:
    return ValueError(
        f"The transformer of modality '{modality}' changes the number of columns without naming "
        f"them{detail}; it needs get_feature_names_out. A FunctionTransformer has it if "
        f"feature_names_out= is given. Got {transformer!r}."
    )


@contextmanager
def explained(
    name: str, block: Any, missing: np.ndarray, transformer: Any, n_tokens: int = 1
) -> Iterator[None]:
    """Say which modality and which column it is that a transformer does not take.

    Parameters
    ----------
    name : str
        The modality.
    block : ndarray or DataFrame of shape (n_samples, n_columns)
        Its columns.
    missing : ndarray of bool of shape (n_samples,)
        In which rows the modality is missing.
    transformer : transformer
        The modality's.
    n_tokens : int, default=1
        Number of tokens in the block, each of which may be missing by itself.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        # An encoder's names the file or the model, and that of a parameter says what it takes.
        if isinstance(error, (OSError, InvalidParameterError)):
            error.add_note(f"This was in the modality '{name}'.")
            raise
        if is_frame(block):
            raise _in_a_table(name, block, transformer, error) from error
        if "NaN" in str(error) and isinstance(block, np.ndarray):
            columns = np.arange(block.shape[1])
            check_finite_or_missing(block, name, columns, partly=False, n_tokens=n_tokens)
        raise


def _in_a_table(name: str, block: Any, transformer: Any, error: Exception) -> Exception:
    """Say what a table holds besides numbers, unless the error tells it."""
    # One that takes a column of raw cells says by itself what it wants of them.
    is_told = any(repr(column) in str(error) for column in block.columns)
    if not (is_told or _takes_a_column(transformer)):
        try:
            refuse_other_kinds(block)
        except (ValueError, TypeError) as other_kinds:
            return type(other_kinds)(
                f"Modality '{name}': {other_kinds} Its transformer gets the table as it is, and "
                f"raised {type(error).__name__}: {error}"
            )
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"Modality '{name}': {error}")


def transformed(transformer: Any, rows: Any, has_huge: bool) -> np.ndarray:
    """Transform rows; those with a huge value in float64, for no square of theirs to overflow.

    The others are not converted with them: RankGauss, for one, rounds what float32 rounds, and a
    row's result must not depend on the rows beside it.

    Parameters
    ----------
    transformer : transformer
        Fitted.
    rows : ndarray or DataFrame of shape (n_samples, n_columns)
        What it takes.
    has_huge : bool
        Whether there may be a huge value.

    Returns
    -------
    ndarray of shape (n_samples, n_columns_out)
    """
    if not (has_huge and isinstance(rows, np.ndarray) and rows.dtype == np.float32):
        return dense_floats(_by_steps(transformer, rows))
    huge = (np.isfinite(rows) & (np.abs(rows) > HUGE)).any(axis=1)
    if not huge.any():
        return dense_floats(_by_steps(transformer, rows))
    own = dense_floats(_by_steps(transformer, rows[huge].astype(np.float64)))
    if huge.all():
        return own
    others = dense_floats(_by_steps(transformer, rows[~huge]))
    result = np.empty((len(rows), own.shape[1]), dtype=np.result_type(own, others))
    result[huge], result[~huge] = own, others
    return result


def _by_steps(transformer: Any, rows: Any) -> Any:
    """Transform rows; to ask a pipeline takes longer than a step for a row."""
    if type(transformer) is not Pipeline:
        return transformer.transform(rows)
    for _, step in transformer.steps:
        if step is not None and step != "passthrough":
            rows = step.transform(rows)
    return rows


def dense_floats(result: Any) -> np.ndarray:
    """Return a transformer's result as a float array, whatever container it came in.

    Parameters
    ----------
    result : array-like, sparse matrix or DataFrame of shape (n_samples, n_features_out)
        What a transformer returned.

    Returns
    -------
    ndarray of float32 or float64 of shape (n_samples, n_features_out)
        A sparse matrix, and one of other numbers than these, as float32.

    Raises
    ------
    ValueError or TypeError
        If a column is no number.
    """
    if sparse.issparse(result):
        return result.astype(np.float32).toarray()
    result = as_table(result)
    if is_frame(result):
        refuse_other_kinds(result)
        return floats_of(result)
    result = np.asarray(result)
    return result if result.dtype in (np.float32, np.float64) else result.astype(np.float32)


def with_missing(transformed: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Put rows of NaN where the modality is missing."""
    if not missing.any():
        return transformed
    shape = (len(missing), transformed.shape[1])
    complete = np.full(shape, np.nan, dtype=transformed.dtype)
    complete[~missing] = transformed
    return complete


def joined(blocks: list[np.ndarray]) -> np.ndarray:
    """Lay blocks side by side, and empty the list: one block is held twice at a time."""
    width = sum(block.shape[1] for block in blocks)
    joined = np.empty((len(blocks[0]), width), dtype=np.result_type(*blocks))
    end = width
    while blocks:
        block = blocks.pop()
        joined[:, end - block.shape[1] : end] = block
        end -= block.shape[1]
    return joined
