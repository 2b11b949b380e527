"""Sequences of tokens: each token by itself, and their means."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..preprocessing import TokenPooling
from ..preprocessing._per_token import PerToken
from ._convert import convert, converts, no_export


class EachToken(nn.Module):
    """Transform every token by itself; tokens that are not there stay NaN.

    Parameters
    ----------
    step : nn.Module
        Maps (n_tokens_of_all_rows, width) to (n_tokens_of_all_rows, width_out).
    n_tokens : int
        Number of tokens of a row.
    """

    def __init__(self, step: nn.Module, n_tokens: int) -> None:
        super().__init__()
        self.step, self.n_tokens = step, n_tokens

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.unflatten(1, (self.n_tokens, -1)).flatten(0, 1)
        is_missing = tokens.isnan().all(dim=1, keepdim=True)
        transformed = self.step(torch.where(is_missing, 0.0, tokens))
        transformed = torch.where(is_missing, torch.nan, transformed)
        return transformed.unflatten(0, (-1, self.n_tokens)).flatten(1)


class MeanToken(nn.Module):
    """The mean of the tokens that are there, NaN where none is."""

    rounds = True

    def __init__(self, n_tokens: int) -> None:
        super().__init__()
        self.n_tokens = n_tokens

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.unflatten(1, (self.n_tokens, -1))
        is_there = ~tokens.isnan().all(dim=2, keepdim=True)
        total = torch.where(is_there, tokens, 0.0).sum(dim=1)
        return total / is_there.to(x.dtype).sum(dim=1)


@converts(PerToken)
def _per_token(transformer: PerToken, place: str) -> nn.Module:
    _refuse_cells(transformer, "_padding", place)
    return EachToken(convert(transformer.transformer_, place), transformer.n_tokens)


@converts(TokenPooling)
def _token_pooling(pooling: TokenPooling, place: str) -> nn.Module:
    if pooling._holds_cells or pooling.pooling != "mean":
        raise no_export(place, "of poolings only the mean of a block of columns can")
    return MeanToken(pooling.n_tokens_)


def _refuse_cells(transformer: Any, attribute: str, place: str) -> None:
    if hasattr(transformer, attribute):
        raise no_export(
            place,
            "it takes sequences in cells. Pad them first (TokenPooling('none')), and fit the "
            "pipeline on the columns",
        )
