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

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_members, n_samples, n_in), or (n_samples, n_in) for all members.

        Returns a Tensor of shape (n_members, n_samples, n_out).
        """
        if x.dim() == 2:
            products = functional.linear(x, self.matrices.flatten(0, 1))
            # A length would become a constant of an exported graph; a shape does not.
            return products.view(x.shape[0], *self.matrices.shape[:2]).transpose(0, 1)
        if torch.onnx.is_in_onnx_export() and self.matrices.dtype == torch.float32:
            # These onnxruntime lays out as it reads them, but not stacks of matrices.
            return torch.cat(
                [functional.linear(x[i : i + 1], own) for i, own in enumerate(self.matrices)]
            )
        if not torch.compiler.is_compiling() and x.shape[1] <= _FEW_ROWS:
            return torch.bmm(self.matrices, x.transpose(1, 2)).transpose(1, 2)
        return torch.bmm(x, self.matrices.transpose(1, 2))
