"""What the targets are called."""

from __future__ import annotations

from typing import Any

import pandas as pd


def target_names_of(y: Any) -> list[str] | None:
    """Return the names of the targets.

    Parameters
    ----------
    y : array-like, Series or DataFrame
        As the user passes it.

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
    if isinstance(y, pd.Series):
        return None if y.name is None else [str(y.name)]
    return [str(name) for name in y.columns] if isinstance(y, pd.DataFrame) else None
