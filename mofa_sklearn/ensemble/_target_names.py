"""What the targets are called."""

from __future__ import annotations

from typing import Any


def target_names_of(y: Any) -> list[str] | None:
    """Return the names of the targets.

    Parameters
    ----------
    y : array-like, Series, DataFrame or Table
        As the user passes it: of pandas, polars or pyarrow, or without names.

    Returns
    -------
    list of str of length n_targets, or None
        None where y has no names.

    Examples
    --------
    >>> import pandas as pd
    >>> from mofa_sklearn.ensemble._target_names import target_names_of
    >>> target_names_of(pd.DataFrame({"views": [1, 2], "likes": [0, 1]}))
    ['views', 'likes']
    """
    if hasattr(y, "column_names"):  # pyarrow
        return [str(name) for name in y.column_names]
    if hasattr(y, "columns"):  # pandas, polars
        return [str(name) for name in y.columns]
    # A polars Series without a name has an empty one.
    name = getattr(y, "name", None)
    return None if name is None or name == "" else [str(name)]
