"""Which columns of one 2-D matrix form which modality.

A *block* is a set of columns of ``X``, a *modality* is what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np

from ._kinds import SEQUENCES, VECTORS, kinds_of
from ._names import UNNAMED_MODALITY, modality_of
from ._positions import first_few
from ._tables import as_table, column_names, is_frame, is_pyarrow

Modalities: TypeAlias = Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] | None

#: What stands for all columns that no other modality names.
REST = "rest"


def resolve_modalities(X: Any, modalities: Modalities = None) -> dict[str, np.ndarray]:
    """Find the columns of every modality of ``X``.

    Parameters
    ----------
    X : array-like, DataFrame or Table of shape (n_samples, n_features)
        The table that holds all modalities side by side, also of polars or pyarrow.
        Only its width, its column names and the kinds of its columns are read.

    modalities : dict, callable or None, default=None
        Which columns form which modality.

        - None: read from the column names: the part before the first ``"__"``
          (as ColumnTransformer writes them), else the part before a last
          ``"_<digits>"``, or level 0 of a pandas MultiIndex. A column whose cells
          hold vectors is a modality of its own name. Without column names, or where
          no name has such a part, all columns are one block called ``"x"``.
        - dict: modality name -> its columns, as one of: a width (int; all
          values are widths then, and the blocks lie side by side in the
          dict's order), a slice of positions or of names (of names: both ends
          included), a list of names or of positions, a boolean mask, a
          callable that gets ``X`` and returns one of the last three, or, once,
          ``"rest"``: all columns that no other modality has.
        - callable: gets ``X`` and returns such a dict.

    Returns
    -------
    dict of str to ndarray of int of shape (n_columns_of_the_modality,)
        Column positions of every modality. Every column of ``X`` belongs to
        exactly one of them.

    Raises
    ------
    ValueError
        If blocks overlap, leave a gap, are empty, do not add up to the width
        of ``X``, or name columns that ``X`` does not have.
    TypeError
        If ``modalities``, or the columns of a modality, are of another kind.

    See Also
    --------
    sklearn.compose.ColumnTransformer : Gives columns the prefixes read here.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.modalities import resolve_modalities
    >>> X = np.zeros((4, 5))
    >>> resolve_modalities(X, {"image": 3, "text": 2})
    {'image': array([0, 1, 2]), 'text': array([3, 4])}
    >>> import pandas as pd
    >>> frame = pd.DataFrame(X, columns=["image_0", "image_1", "text_0", "text_1", "text_2"])
    >>> resolve_modalities(frame)
    {'image': array([0, 1]), 'text': array([2, 3, 4])}
    >>> resolve_modalities(frame, {"image": ["image_0", "image_1"], "others": "rest"})
    {'image': array([0, 1]), 'others': array([2, 3, 4])}
    """
    names = column_names(X)
    n_features = _width(X)
    if n_features == 0:
        raise ValueError(f"Found array with 0 feature(s) (shape={np.shape(X)}).")
    if callable(modalities):
        modalities = modalities(X)
    if modalities is None:
        return _from_names(X, names, n_features)
    if not isinstance(modalities, Mapping):
        raise TypeError(
            "modalities must be None, a dict of modality name -> columns, or a callable that "
            f"returns such a dict; got {modalities!r} of type {type(modalities).__name__}."
        )
    _check_modality_names(modalities)
    rest = _the_rest(modalities)
    given = {name: columns for name, columns in modalities.items() if name != rest}
    if _all_widths(given):
        blocks = _from_widths(given, n_features, exactly=rest is None)
    else:
        blocks = {
            name: _positions(name, columns, X, names, n_features)
            for name, columns in given.items()
        }
    if rest is not None:
        blocks = _with_rest(blocks, rest, modalities, n_features)
    _check_partition(blocks, names, n_features)
    return blocks


def _width(X: Any) -> int:
    shape = X.shape if hasattr(X, "shape") else np.shape(X)
    if len(shape) != 2:
        raise ValueError(
            f"Expected 2D array, got {len(shape)}D array instead: X must be one matrix with all "
            "modalities side by side."
        )
    return int(shape[1])


def _check_modality_names(modalities: Mapping[str, Any]) -> None:
    if not modalities:
        raise ValueError("modalities is an empty dict: name at least one modality.")
    for name in modalities:
        if not isinstance(name, str) or not name:
            raise TypeError(f"A modality's name must be a non-empty string, got {name!r}.")
        if "__" in name:
            raise ValueError(
                f"The modality name {name!r} must not contain '__', which separates a modality "
                "from its columns."
            )


def _all_widths(modalities: Mapping[str, Any]) -> bool:
    widths = [name for name, columns in modalities.items() if _is_int(columns)]
    if widths and len(widths) < len(modalities):
        others = [name for name in modalities if name not in widths]
        raise ValueError(
            f"Modalities {first_few(widths)} are given by width and {first_few(others)} by "
            "columns: give all of them by width, or all by columns."
        )
    return bool(widths)


def _the_rest(modalities: Mapping[str, Any]) -> str | None:
    """Return the name of the modality that has all columns which no other has."""
    texts = {name: columns for name, columns in modalities.items() if isinstance(columns, str)}
    found = [name for name, columns in texts.items() if columns == REST]
    if len(found) > 1:
        raise ValueError(f"Modalities {first_few(found)} are given by 'rest': only one can be.")
    return found[0] if found else None


def _with_rest(
    blocks: dict[str, np.ndarray], rest: str, modalities: Mapping[str, Any], n_features: int
) -> dict[str, np.ndarray]:
    """Give the columns that no block has to one more, and keep the order of the dict."""
    taken = np.zeros(n_features, dtype=bool)
    for positions in blocks.values():
        taken[positions] = True
    if taken.all():
        raise ValueError(
            f"Modality '{rest}' is empty: it is given by 'rest', but the others have all "
            f"{n_features} columns."
        )
    blocks = {**blocks, rest: np.flatnonzero(~taken)}
    return {name: blocks[name] for name in modalities}


def _is_int(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, (bool, np.bool_))


def _from_names(X: Any, names: list[str] | None, n_features: int) -> dict[str, np.ndarray]:
    names = names or []
    prefixes = [modality_of(name) for name in names]
    for position in _vector_columns(X) if names else ():
        own = names[position]
        prefixes[position] = prefixes[position] if "__" in own else own
    if not any(prefixes):
        return {UNNAMED_MODALITY: np.arange(n_features)}
    blocks: dict[str, list[int]] = {}
    without = []
    for position, prefix in enumerate(prefixes):
        if prefix is None:
            without.append(names[position])
        else:
            blocks.setdefault(prefix, []).append(position)
    if without:
        raise ValueError(
            f"Columns {first_few(without)} have no modality in their names, while others have "
            f"(modalities {first_few(list(blocks))}): name them '<modality>_<number>' or "
            "'<modality>__<name>', or pass modalities= with the columns of every modality, "
            "{..., 'others': 'rest'} for what no other has."
        )
    return {name: np.array(positions) for name, positions in blocks.items()}


def _vector_columns(X: Any) -> list[int]:
    """Return the positions of columns whose cells hold vectors."""
    if not is_frame(X):
        return []
    table = as_table(X.slice(0, 1000) if is_pyarrow(X) else X)
    return [i for i, kind in enumerate(kinds_of(table)) if kind in (VECTORS, SEQUENCES)]


def _from_widths(
    modalities: Mapping[str, int], n_features: int, exactly: bool
) -> dict[str, np.ndarray]:
    for name, width in modalities.items():
        if width < 1:
            raise ValueError(f"Modality '{name}' is empty: its width is {width}.")
    total = sum(modalities.values())
    if total > n_features or (exactly and total < n_features):
        widths = " + ".join(f"{name} {width}" for name, width in modalities.items())
        raise ValueError(
            f"The widths of the modalities add up to {total} ({widths}), but X has {n_features} "
            "features."
        )
    blocks, start = {}, 0
    for name, width in modalities.items():
        blocks[name] = np.arange(start, start + width)
        start += width
    return blocks


def _positions(
    name: str, columns: Any, X: Any, names: list[str] | None, n_features: int
) -> np.ndarray:
    """Return the column positions of one modality given by slice, list, mask or callable."""
    if callable(columns):
        columns = columns(X)
    if isinstance(columns, str):
        columns = [columns]
    if isinstance(columns, slice):
        positions = _slice_positions(name, columns, names, n_features)
    else:
        positions = _list_positions(name, columns, names, n_features)
    if len(positions) == 0:
        raise ValueError(f"Modality '{name}' is empty: {columns!r} selects no column.")
    return positions


def _slice_positions(
    name: str, columns: slice, names: list[str] | None, n_features: int
) -> np.ndarray:
    start, stop = columns.start, columns.stop
    if isinstance(start, str):
        start = _position_of(name, start, names)
    if isinstance(stop, str):
        stop = _position_of(name, stop, names) + 1
    if (stop or 0) > n_features:
        raise ValueError(
            f"Modality '{name}' ends at column {stop}, but X has {n_features} features."
        )
    return np.arange(n_features)[start : stop : columns.step]


def _list_positions(
    name: str, columns: Any, names: list[str] | None, n_features: int
) -> np.ndarray:
    # NumPy, pandas, polars and their scalars all become Python's own types.
    for to_list in ("tolist", "to_list"):
        columns = getattr(columns, to_list)() if hasattr(columns, to_list) else columns
    if not isinstance(columns, (list, tuple, range)):
        raise TypeError(
            f"The columns of modality '{name}' must be a width, a slice, a list of names or "
            f"positions, a mask, a callable or 'rest'; got {columns!r} of type "
            f"{type(columns).__name__}."
        )
    if columns and all(isinstance(column, bool) for column in columns):
        if len(columns) != n_features:
            raise ValueError(
                f"The mask of modality '{name}' has {len(columns)} entries, but X has "
                f"{n_features} features."
            )
        return np.flatnonzero(columns)
    positions = []
    for column in columns:
        if isinstance(column, str):
            positions.append(_position_of(name, column, names))
        elif _is_int(column) and -n_features <= column < n_features:
            positions.append(column % n_features)
        elif _is_int(column):
            raise ValueError(
                f"Modality '{name}' names column {column}, but X has {n_features} features."
            )
        else:
            raise TypeError(
                f"The columns of modality '{name}' must be names or positions; got {column!r}."
            )
    return np.array(positions, dtype=np.intp)


def _position_of(name: str, column: str, names: list[str] | None) -> int:
    if names is None:
        raise ValueError(
            f"Modality '{name}' names the column {column!r}, but X has no column names: pass a "
            "DataFrame, or give positions."
        )
    if column not in names:
        raise ValueError(
            f"Modality '{name}' names the unknown column {column!r}; X has {first_few(names)}."
        )
    return names.index(column)


def _check_partition(
    blocks: Mapping[str, np.ndarray], names: list[str] | None, n_features: int
) -> None:
    owner: dict[int, str] = {}
    for name, positions in blocks.items():
        for position in positions.tolist():
            if position in owner:
                column = position if names is None else names[position]
                raise ValueError(
                    f"Modalities '{owner[position]}' and '{name}' overlap: both hold column "
                    f"{column!r}."
                )
            owner[position] = name
    gaps = [position for position in range(n_features) if position not in owner]
    if gaps:
        columns = gaps if names is None else [names[position] for position in gaps]
        raise ValueError(
            f"The modalities {first_few(list(blocks))} leave a gap: {len(gaps)} of {n_features} "
            f"columns belong to none of them ({first_few(columns)}). Give every column to a "
            "modality, or select the columns first (sklearn.compose.ColumnTransformer)."
        )
