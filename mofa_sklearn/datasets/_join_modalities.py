"""Blocks that came separately, as one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from ..modalities._names import modality_of
from ..modalities._positions import first_few


def join_modalities(
    blocks: Mapping[str, Any], *, ids: Iterable[Hashable] | None = None
) -> pd.DataFrame:
    """Join blocks that came separately into one table with named columns.

    Rows are matched by position, or by id where blocks have ids. A row that a block
    lacks is NaN there, which every estimator here reads as a missing modality.

    Parameters
    ----------
    blocks : dict of str to block
        Modality name -> its block, as one of:

        - an array, tensor or sparse matrix of shape (n, width) or (n,);
        - an array of shape (n, n_tokens, width), or n arrays of the same shape
          (n_tokens, width): a sequence of vectors for each row, side by side in
          n_tokens x width columns. Pass ``tokens={name: n_tokens}`` to the estimator.
          Sequences of different lengths stay whole, in the cells of one column
          (:class:`~mofa_sklearn.preprocessing.TokenPooling`);
        - n strings, paths or other single values;
        - a DataFrame (pandas, polars) or a pyarrow Table, or a pandas Series. The
          index of a pandas block, unless it is the default one, are its ids;
        - a mapping id -> vector, array of shape (n_tokens, width), or single value;
          None where the row lacks it.

    ids : iterable of hashables of length n_samples, default=None
        The rows of the result, in their order. Blocks with ids are looked up, ids that
        are not asked for are left out; blocks without are taken to be in this order.
        None: all ids that any block has, in the order in which they first come, if
        every block has ids; else rows are matched by position.

    Returns
    -------
    DataFrame of shape (n_samples, n_features)
        Columns ``<modality>_<i>`` of arrays and vectors, ``<modality>__<column>`` of
        frames, and ``<modality>`` of single values and of sequences of different
        lengths: names from which ``modalities=None`` reads the modalities. The index
        has the ids.

    Raises
    ------
    TypeError
        If a block is of another kind.
    ValueError
        If lengths differ, an id comes twice, vectors of one block have different
        lengths, a block has none of the ids asked for, or some blocks have ids, others
        have none, and `ids` does not tell their order. The message names the block and
        the ids.

    See Also
    --------
    load_modalities : The same from files.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.datasets import join_modalities
    >>> covers = {"v1": [0.1, 0.2], "v3": [0.3, 0.4]}
    >>> titles = {"v3": [1.0], "v2": [2.0]}
    >>> join_modalities({"image": covers, "text": titles}, ids=["v1", "v2", "v3"])
        image_0  image_1  text_0
    v1      0.1      0.2     NaN
    v2      NaN      NaN     2.0
    v3      0.3      0.4     1.0
    >>> join_modalities({"image": np.zeros((2, 2)), "title": ["a cat", "a dog"]})
       image_0  image_1  title
    0      0.0      0.0  a cat
    1      0.0      0.0  a dog
    """
    if not isinstance(blocks, Mapping):
        raise TypeError(f"blocks must be a dict of modality name -> block; got {blocks!r:.60}.")
    if not blocks:
        raise ValueError("blocks is an empty dict: name at least one modality.")
    read = [_read(name, block) for name, block in blocks.items()]
    empty = [block.name for block in read if block.table.empty]
    if empty:
        raise ValueError(f"Modalities {first_few(empty)} have no rows.")
    index = _rows_of(read) if ids is None else _index_of(ids)
    _check_lengths(read, index)
    aligned = [_align(block, index) for block in read]
    joined = pd.concat(aligned, axis=1)
    if index is not None:
        joined.index = index
    _refuse_repeated(joined.columns, "columns")
    return joined


@dataclass
class _Block:
    """One modality's table, and the ids of its rows, if it has any."""

    name: str
    table: pd.DataFrame
    ids: pd.Index | None
    is_mapping: bool = False


def _read(name: str, block: Any) -> _Block:
    """Make a table of a block, whatever it came as."""
    if not isinstance(name, str) or not name:
        raise TypeError(f"A modality's name must be a non-empty string, got {name!r}.")
    if isinstance(block, (pd.DataFrame, pd.Series)):
        ids = None if isinstance(block.index, pd.RangeIndex) else block.index
        frame = _frame_of_series(name, block) if isinstance(block, pd.Series) else block
        return _Block(name, _named_columns(name, frame), _check_ids(name, ids))
    if hasattr(block, "to_pandas"):  # polars, pyarrow
        frame = block.to_pandas()
        frame = _frame_of_series(name, frame) if isinstance(frame, pd.Series) else frame
        return _Block(name, _named_columns(name, frame), None)
    if isinstance(block, Mapping):
        ids = pd.Index(list(block), tupleize_cols=False)
        return _Block(name, _of_cells(name, list(block.values()), ids), ids, is_mapping=True)
    if sparse.issparse(block):
        frame = pd.DataFrame.sparse.from_spmatrix(block)
        return _Block(name, frame.set_axis(_numbered(name, block.shape[1]), axis=1), None)
    if isinstance(block, (str, bytes)) or not hasattr(block, "__len__"):
        raise TypeError(
            f"The block of modality '{name}' must be an array, a table, a list of cells or a "
            f"mapping of id -> vector; got {block!r:.60} of type {type(block).__name__}."
        )
    if isinstance(block, (list, tuple)):
        return _Block(name, _of_cells(name, list(block), range(len(block))), None)
    return _Block(name, _of_array(name, to_numpy(block)), None)


def to_numpy(block: Any) -> np.ndarray:
    """Return an array or a tensor as an ndarray, memory maps as they are."""
    if hasattr(block, "detach"):  # a torch tensor
        block = block.detach().cpu()
        block = block.float() if str(block.dtype) == "torch.bfloat16" else block
    return np.asanyarray(block)


def _of_array(name: str, array: np.ndarray) -> pd.DataFrame:
    if array.dtype == object:
        return _of_cells(name, list(array), range(len(array)))
    if array.ndim not in (1, 2, 3) or 0 in array.shape[1:]:
        raise ValueError(
            f"The block of modality '{name}' has shape {array.shape}; expected (n,), (n, width) "
            "or (n, n_tokens, width), with at least one column."
        )
    if array.ndim == 1 and array.dtype.kind not in "biuf":
        return pd.DataFrame({name: array})
    array = array.reshape(len(array), -1)
    return pd.DataFrame(array, columns=_numbered(name, array.shape[1]), copy=False)


def _of_cells(name: str, cells: list, ids: Sequence) -> pd.DataFrame:
    """Make columns of vectors, and of sequences of one length; one column of all else."""
    cells = [to_numpy(cell) if hasattr(cell, "detach") else cell for cell in cells]
    lacking = np.array([pd.api.types.is_scalar(cell) and pd.isna(cell) for cell in cells])
    there = [cell for cell, lacks in zip(cells, lacking, strict=True) if not lacks]
    if not there or not all(isinstance(cell, (list, tuple, np.ndarray)) for cell in there):
        return pd.DataFrame({name: cells})
    vectors = [_vector_of(name, cell) for cell in there]
    shapes = Counter(vector.shape for vector in vectors)
    usual = shapes.most_common(1)[0][0]
    if len(shapes) > 1:
        if all(vector.ndim == 2 and vector.shape[1] == usual[-1] for vector in vectors):
            return pd.DataFrame({name: pd.Series(cells, dtype=object)})
        first = next(i for i, vector in enumerate(vectors) if vector.shape != usual)
        where = np.asarray(ids, dtype=object)[~lacking][first]
        raise ValueError(
            f"The vectors of modality '{name}' have different lengths: shape "
            f"{vectors[first].shape} in row {where!r}, {usual} in others."
        )
    width = int(np.prod(usual))
    values = np.full((len(cells), width), np.nan, dtype=np.result_type(np.float16, *vectors))
    values[~lacking] = np.stack(vectors).reshape(len(vectors), width)
    return pd.DataFrame(values, columns=_numbered(name, width), copy=False)


def _vector_of(name: str, cell: Any) -> np.ndarray:
    try:
        vector = np.asarray(cell)
    except ValueError as error:
        raise ValueError(f"A cell of modality '{name}' is no vector: {error}.") from error
    if vector.dtype.kind not in "biuf" or vector.ndim not in (1, 2) or vector.size == 0:
        raise ValueError(
            f"A cell of modality '{name}' is no vector of numbers: shape {vector.shape}, dtype "
            f"{vector.dtype}."
        )
    return vector


def _frame_of_series(name: str, series: pd.Series) -> pd.DataFrame:
    if series.dtype != object:
        return series.to_frame(name)
    return _of_cells(name, list(series), series.index).set_axis(series.index)


def _named_columns(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Let each column's name tell the modality."""
    names = [str(column) for column in frame.columns]
    told = [
        column if column == name or modality_of(column) == name else f"{name}__{column}"
        for column in names
    ]
    return frame.set_axis(told, axis=1)


def _numbered(name: str, width: int) -> list[str]:
    return [f"{name}_{i}" for i in range(width)]


def _index_of(ids: Iterable[Hashable]) -> pd.Index:
    if isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable):
        raise TypeError(f"ids must be the ids of the rows in their order, got {ids!r}.")
    index = ids if isinstance(ids, pd.Index) else pd.Index(list(ids), tupleize_cols=False)
    _refuse_repeated(index, "ids")
    return index


def _check_ids(name: str, ids: pd.Index | None) -> pd.Index | None:
    if ids is not None:
        _refuse_repeated(ids, f"ids of modality '{name}'")
    return ids


def _refuse_repeated(values: pd.Index, what: str) -> None:
    repeated = values[values.duplicated()].unique().tolist()
    if repeated:
        raise ValueError(f"Some {what} come more than once: {first_few(repeated)}.")


def _rows_of(blocks: list[_Block]) -> pd.Index | None:
    """Return the ids of all rows, or None where rows are matched by position."""
    indexes = [block.ids for block in blocks if block.ids is not None]
    without = [block.name for block in blocks if block.ids is None]
    if not indexes:
        return None
    if not without:
        union = indexes[0]
        for ids in indexes[1:]:
            union = union.append(ids.difference(union, sort=False))
        return union
    for block in blocks:
        if block.ids is None:
            continue
        if block.is_mapping or not block.ids.equals(indexes[0]):
            raise ValueError(
                f"Modality '{block.name}' has ids, and {first_few(without)} have none: pass ids=, "
                "the ids of the rows in their order. Where rows match by position, "
                "reset_index(drop=True) takes a frame's ids away."
            )
    return indexes[0]


def _align(block: _Block, index: pd.Index | None) -> pd.DataFrame:
    """Return a block's rows in the order of the result, on a default index."""
    table = block.table.reset_index(drop=True)
    if block.ids is None or index is None:
        return table
    rows = block.ids.get_indexer(index)
    lacking = rows < 0
    if lacking.all():
        raise ValueError(
            f"Modality '{block.name}' has none of the ids asked for: it has "
            f"{first_few(block.ids[:3].tolist())}, asked for are {first_few(index[:3].tolist())}."
        )
    if lacking.any():  # -1 is no row of the table: NaN
        return table.reindex(rows).reset_index(drop=True)
    return table.take(rows).reset_index(drop=True)


def _check_lengths(blocks: list[_Block], index: pd.Index | None) -> None:
    """Refuse blocks without ids whose lengths differ, or are not that of the ids."""
    without = [block for block in blocks if block.ids is None]
    if not without:
        return
    n_samples = len(without[0].table) if index is None else len(index)
    for block in without:
        if len(block.table) != n_samples:
            other = f"'{without[0].name}' has" if index is None else "there are ids of"
            raise ValueError(
                f"Modality '{block.name}' has {len(block.table)} rows, and {other} {n_samples}."
            )
