"""Each modality's transformer, and rows that lack a modality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..preprocessing import ModalityPreprocessor
from ._convert import convert, converts, part_of
from ._look_up import Columns
from ._rank_gauss import RankGauss
from ._steps import Fill, Standardize, Stretch

# What treats every column by itself, so that the blocks' columns can be treated together.
_BY_COLUMN = (Fill, RankGauss, Standardize, Stretch)


class Blocks(nn.Module):
    """Transform each modality by itself; a modality that is missing stays NaN throughout.

    Parameters
    ----------
    positions : list of ndarray of int
        Columns of every modality.
    modules : list of nn.Module
        What does each one's part.
    """

    def __init__(self, positions: Sequence[np.ndarray], modules: Sequence[nn.Module]) -> None:
        super().__init__()
        self.widths = [len(columns) for columns in positions]
        self.columns = Columns(np.concatenate(positions))
        steps = [[*_steps(module)] for module in modules]
        self.is_passed = [not own for own in steps]
        #: Blocks whose first steps are done together.
        self.together = [i for i, own in enumerate(steps) if own and type(own[0]) in _BY_COLUMN]
        n_common = _n_common([steps[i] for i in self.together])
        first = [nn.Sequential(*steps[i][:n_common]) for i in self.together]
        self.first = nn.Sequential(
            *(type(same[0]).joined(same) for same in zip(*first, strict=True))  # type: ignore
        )
        self.is_filled = len(self.first) > 0 and isinstance(self.first[0], Fill)
        #: Their widths after it.
        self.widths_between = [
            own(torch.zeros(1, self.widths[i])).shape[1]
            for i, own in zip(self.together, first, strict=True)
        ]
        for i in self.together:
            del steps[i][:n_common]
        self.steps = nn.ModuleList(nn.Sequential(*own) for own in steps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_samples, n_features_out)."""
        x = self.columns(x)
        blocks = list(x.split(self.widths, dim=1))
        missing = [block.isnan().all(dim=1, keepdim=True) for block in blocks]
        for i, is_missing in enumerate(missing):
            if not (self.is_passed[i] or (self.is_filled and i in self.together)):
                # What is put in does not matter, as long as it is a number.
                blocks[i] = torch.where(is_missing, 0.0, blocks[i])
        if self.together:
            if not self.is_filled or len(self.together) < len(blocks):
                x = torch.cat([blocks[i] for i in self.together], dim=1)
            joined = self.first(x)
            for i, block in zip(
                self.together, joined.split(self.widths_between, dim=1), strict=True
            ):
                blocks[i] = block
        for i, is_missing in enumerate(missing):
            if not self.is_passed[i]:
                blocks[i] = torch.where(is_missing, torch.nan, self.steps[i](blocks[i]))
        return torch.cat(blocks, dim=1)


def _steps(module: nn.Module) -> Iterator[nn.Module]:
    """Yield what a module does one after the other."""
    if isinstance(module, nn.Sequential):
        for each in module:
            yield from _steps(each)
    elif not isinstance(module, nn.Identity):
        yield module


def _n_common(sequences: Sequence[Sequence[nn.Module]]) -> int:
    """Count the first steps that all sequences share, and that can be joined."""
    kinds = [[type(step) for step in steps] for steps in sequences]
    n_common = 0
    for same in zip(*kinds, strict=False):
        if len(set(same)) > 1 or same[0] not in _BY_COLUMN:
            break
        n_common += 1
    return n_common


@converts(ModalityPreprocessor)
def _modality_preprocessor(preprocessor: ModalityPreprocessor, place: str) -> nn.Module:
    modules = [
        nn.Identity() if isinstance(step, str) else convert(step, part_of(place, name))
        for name, step in preprocessor.transformers_.items()
    ]
    return Blocks([preprocessor.modalities_[name] for name in preprocessor.transformers_], modules)
