"""Arguments that have a value for each row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._sklearn_private import _num_samples


def check_one_for_each_row(name: str, values: Any, *rows: Any) -> None:
    """Refuse what is to have a value for each row and has not, by its name.

    Parameters
    ----------
    name : str
        What messages call them.
    values : array-like of shape (n_samples,) or None
        Groups or weights, say.
    *rows : array-like of n_samples rows
        The rows, their targets.

    Raises
    ------
    TypeError
        If they are no array.
    ValueError
        If they are another number than the rows.
    """
    if values is None:
        return
    if isinstance(values, (str, bytes)) or np.ndim(values) == 0:
        raise TypeError(f"{name} must have a value for each row, got {values!r}.")
    lengths = [_num_samples(each) for each in (*rows, values)]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {lengths}; {name} must "
            "have a value for each row."
        )
