"""Each modality's transformer, and rows that lack a modality."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..preprocessing import ModalityPreprocessor
from ._convert import convert, converts


class Blocks(nn.Module):
    """Transform each modality by itself; a modality that is missing stays NaN throughout.

    Parameters
    ----------
    positions : list of ndarray of int
        Columns of every modality.
    modules : list of nn.Module
        What does each one's part.
    """

    def __init__(self, positions: list[np.ndarray], modules: list[nn.Module]) -> None:
        super().__init__()
        self.steps = nn.ModuleList(modules)
        for i, columns in enumerate(positions):
            self.register_buffer(f"columns{i}", torch.from_numpy(np.asarray(columns)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_samples, n_features_out)."""
        return torch.cat([self._block(x, i) for i in range(len(self.steps))], dim=1)

    def _block(self, x: Tensor, i: int) -> Tensor:
        block = x[:, getattr(self, f"columns{i}")]
        if isinstance(self.steps[i], nn.Identity):
            return block
        is_missing = block.isnan().all(dim=1, keepdim=True)
        # What is put in does not matter, as long as it is a number.
        transformed = self.steps[i](torch.where(is_missing, 0.0, block))
        return torch.where(is_missing, torch.nan, transformed)


@converts(ModalityPreprocessor)
def _modality_preprocessor(preprocessor: ModalityPreprocessor, place: str) -> nn.Module:
    modules = [
        nn.Identity() if isinstance(step, str) else convert(step, f"{place}__{name}")
        for name, step in preprocessor.transformers_.items()
    ]
    return Blocks([preprocessor.modalities_[name] for name in preprocessor.transformers_], modules)
