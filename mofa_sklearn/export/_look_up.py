"""Looking up entries of tables, in a form that runtimes do quickly."""

from __future__ import annotations

from torch import Tensor


def taken(table: Tensor, places: Tensor) -> Tensor:
    """Return the rows of a table at some places.

    Parameters
    ----------
    table : Tensor of shape (n_rows, ...)
    places : int64 Tensor of any shape

    Returns
    -------
    Tensor of shape (*places.shape, ...)
    """
    # An index with several axes would become another operator of ONNX, and a slower one.
    return table.index_select(0, places.flatten()).reshape(*places.shape, *table.shape[1:])
