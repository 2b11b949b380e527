"""From the tokens that a network gives to a vector, on its device."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def pooled_output(given: Any) -> np.ndarray:
    """Return the vectors (batch, width) that a network gives, by themselves or in its output."""
    vectors = given if isinstance(given, torch.Tensor) else given.pooler_output
    return vectors.flatten(1).float().cpu().numpy()


def as_tokens(hidden: torch.Tensor) -> torch.Tensor:
    """Return (batch, n_tokens, width), also of a convolutional (batch, width, height, width)."""
    return hidden.flatten(2).transpose(1, 2) if hidden.ndim == 4 else hidden


def pool_tokens(tokens: torch.Tensor, lengths: list[int] | None, pooling: str) -> list[np.ndarray]:
    """Pool tokens.

    Parameters
    ----------
    tokens : Tensor of shape (batch, n_tokens, width)

    lengths : list of int, or None
        How many tokens of each are there; None: all.

    pooling : {"mean", "cls", "max", "none"}

    Returns
    -------
    list of ndarray of float32 of shape (width,), or (n_tokens_i, width) with pooling "none"
    """
    tokens = tokens.float()
    if lengths is None:
        lengths = [tokens.shape[1]] * len(tokens)
    if pooling == "none":
        return [each[:n].cpu().numpy() for each, n in zip(tokens, lengths, strict=True)]
    if pooling == "cls":
        pooled = tokens[:, 0]
    else:
        kept = torch.arange(tokens.shape[1], device=tokens.device) < torch.tensor(
            lengths, device=tokens.device
        ).unsqueeze(1)
        kept = kept.unsqueeze(2)  # (batch, n_tokens, 1)
        if pooling == "max":
            pooled = tokens.masked_fill(~kept, -torch.inf).amax(dim=1)
        else:
            pooled = (tokens * kept).sum(dim=1) / kept.sum(dim=1)
    return list(pooled.cpu().numpy())
