"""Products with one matrix for each member, quick for a single row."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# Up to so many rows, to read the matrices as they lie is what counts: a row's modalities.
_FEW_ROWS = 3


def products(rows: Tensor, matrices: Tensor) -> Tensor:
    """Multiply every member's rows by its own matrix.

    Parameters
    ----------
    rows : Tensor of shape (n_members, n_samples, n_in)
    matrices : Tensor of shape (n_members, n_out, n_in)

    Returns
    -------
    Tensor of shape (n_members, n_samples, n_out)
    """
    if torch.onnx.is_in_onnx_export() and matrices.dtype == torch.float32:
        # These onnxruntime lays out as it reads them, but not stacks of matrices.
        return torch.cat(
            [functional.linear(rows[i : i + 1], own) for i, own in enumerate(matrices)]
        )
    if not torch.compiler.is_compiling() and rows.shape[1] <= _FEW_ROWS:
        return torch.bmm(matrices, rows.transpose(1, 2)).transpose(1, 2)
    return torch.bmm(rows, matrices.transpose(1, 2))
