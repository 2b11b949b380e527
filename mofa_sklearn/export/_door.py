"""What rows an exported model takes: its modalities, and what of them may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from sklearn.pipeline import Pipeline
from torch import Tensor, nn

from ..modalities._missing import check_blocks, check_finite_or_missing
from ..modalities._tokens import resolve_tokens
from ..preprocessing import ModalityPreprocessor


class Door(nn.Module):
    """Knows rows that cannot be predicted.

    Parameters
    ----------
    blocks : dict of str to ndarray of int
        Columns of every modality; empty where the model knows of none.
    tokens : dict of str to int
        Number of vectors in each block that is a sequence.
    takes_gaps : bool
        Whether a row may have NaN in some of a block's columns.
    """

    def __init__(
        self, blocks: Mapping[str, np.ndarray], tokens: Mapping[str, int], takes_gaps: bool
    ) -> None:
        super().__init__()
        self.blocks, self.tokens, self.takes_gaps = dict(blocks), dict(tokens), takes_gaps
        for i, columns in enumerate(blocks.values()):
            self.register_buffer(f"columns{i}", torch.from_numpy(np.asarray(columns)))

    def check(self, x: Tensor) -> None:
        """Refuse rows that cannot be predicted, with the names of blocks."""
        if torch.isfinite(x.sum()):
            return
        X = x.detach().cpu().numpy()
        if not self.blocks:
            if np.isinf(X).any():
                raise ValueError("Input X contains infinity, or a value too large for float32.")
            return
        if self.takes_gaps:
            for name, columns in self.blocks.items():
                check_finite_or_missing(X, name, columns)
            # What is left to tell is which rows have no value at all.
            X = np.where(np.isnan(X).all(axis=1, keepdims=True), X, 0)
        check_blocks(X, self.blocks, self.tokens)

    def forward(self, x: Tensor) -> Tensor:
        """Tell, of (n_samples, n_features), which rows cannot be predicted: (n_samples, 1)."""
        missing = x.isnan()
        refused = x.isinf().any(dim=1, keepdim=True)
        if self.blocks:
            refused = refused | missing.all(dim=1, keepdim=True)
        if self.takes_gaps:
            return refused
        for i, name in enumerate(self.blocks):
            block = missing.index_select(1, getattr(self, f"columns{i}"))
            vectors = block.unflatten(1, (self.tokens.get(name, 1), -1))
            in_part = vectors.any(dim=2) & ~vectors.all(dim=2)
            refused = refused | in_part.any(dim=1, keepdim=True)
        return refused


def door_of(model: Any) -> Door:
    """Read from a fitted model which rows it takes.

    Parameters
    ----------
    model : estimator
        Fitted.

    Returns
    -------
    Door
    """
    first = _first_that_knows_blocks(model)
    if first is None:
        return Door({}, {}, takes_gaps=True)
    blocks = first.modalities_
    tokens = resolve_tokens(getattr(first, "tokens", None), blocks)
    return Door(blocks, tokens, isinstance(first, ModalityPreprocessor))


def _first_that_knows_blocks(model: Any) -> Any:
    if isinstance(model, Pipeline):
        return _first_that_knows_blocks(model.steps[0][1])
    if hasattr(model, "modalities_"):
        return model
    found = (_first_that_knows_blocks(each) for each in _members_of(model))
    return next((each for each in found if each is not None), None)


def _members_of(model: Any) -> list[Any]:
    members = getattr(model, "estimators_", None)
    return members if isinstance(members, list) else []
