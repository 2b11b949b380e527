"""Tables in ``.parquet`` and ``.csv`` files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

TABLE_SUFFIXES = (".parquet", ".csv")


def read_table(path: Path) -> pd.DataFrame:
    """Read a table. Lists of numbers that a CSV file has as text become vectors."""
    try:
        if path.suffix == ".csv":
            frame = pd.read_csv(path)
            return frame.assign(**{name: _vectors_of(frame[name]) for name in _lists_in(frame)})
        return pd.read_parquet(path)
    except ImportError as error:
        raise ImportError(
            f"reading {str(path)!r} needs pyarrow: pip install mofa-sklearn[tables]"
        ) from error
    except Exception as error:
        raise ValueError(
            f"{str(path)!r} cannot be read as a {path.suffix[1:]} file: {str(error)[:200]}"
        ) from error


def _lists_in(frame: pd.DataFrame) -> list[str]:
    """Return the columns whose cells are all written as ``[...]``."""
    found = []
    for name, column in frame.items():
        if pd.api.types.is_numeric_dtype(column):
            continue
        text = column.dropna().astype(str).str.strip()
        if len(text) and (text.str.startswith("[") & text.str.endswith("]")).all():
            found.append(name)
    return found


def _vectors_of(column: pd.Series) -> pd.Series:
    """Parse ``[0.1, 0.2]`` and NumPy's ``[0.1 0.2]``; a column of other lists stays text."""
    try:
        cells = [_parse(cell) if isinstance(cell, str) else None for cell in column]
    except ValueError:
        return column
    return pd.Series(cells, index=column.index, dtype=object)


def _parse(text: str) -> np.ndarray:
    try:
        values = json.loads(text)
    except json.JSONDecodeError:
        values = text.strip()[1:-1].split()
    return np.asarray(values, dtype=np.float64)
