"""Products with one matrix for each member, quick for a single row."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# Up to so many rows, to read the matrices as they lie is what counts: a row's modalities.
_FEW_ROWS = 3


class Products(nn.Module):
    """Products of every member's rows with its own matrix.

    Parameters
    ----------
    matrices : Tensor of shape (n_members, n_out, n_in)
    """

    def __init__(self, matrices: Tensor) -> None:
        super().__init__()
        self.matrices: Tensor
        self.register_buffer("matrices", matrices)
        for i, matrix in enumerate(matrices.unbind(0)):
            self.register_buffer(f"matrix{i}", matrix, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_members, n_samples, n_in) to (n_members, n_samples, n_out)."""
        if torch.onnx.is_in_onnx_export() and self.matrices.dtype == torch.float32:
            # These onnxruntime lays out as it reads them, but not stacks of matrices.
            products = [
                functional.linear(x[i : i + 1], getattr(self, f"matrix{i}"))
                for i in range(len(self.matrices))
            ]
            return torch.cat(products)
        if not torch.compiler.is_compiling() and x.shape[1] <= _FEW_ROWS:
            return torch.bmm(self.matrices, x.transpose(1, 2)).transpose(1, 2)
        return torch.bmm(x, self.matrices.transpose(1, 2))
