"""Lay the bins of numbers where a network's training rows are."""

from __future__ import annotations

import numpy as np
import torch

from ..networks import MoFANetwork
from ..networks.numeric import NumericEncoder, PiecewiseLinear
from .batches import Rows

# Rows that quantiles are taken of: more of them would hardly move a bin.
_MAX_ROWS = 10_000


def learn_bins(module: MoFANetwork, rows: Rows) -> None:
    """Give each column of a block of numbers bins that hold about as many rows each.

    Parameters
    ----------
    module : MoFANetwork
        The network, on the CPU. Changed in place.
    rows : Rows
        What it is about to learn from, on any device. Rows that lack a modality say nothing of
        its columns.
    """
    if not any(isinstance(layer, NumericEncoder) for layer in module.encoders):
        return
    some = torch.linspace(0, len(rows) - 1, min(len(rows), _MAX_ROWS)).long()
    X, _ = rows.take(some.to(rows.X.device))
    for layer, block in zip(module.encoders, X.cpu().split(module.widths, dim=-1), strict=True):
        if isinstance(layer, NumericEncoder):
            _learn_edges(layer.embedding, block.numpy())


def _learn_edges(embedding: PiecewiseLinear, block: np.ndarray) -> None:
    there = block[~np.isnan(block[:, 0])]  # NaN throughout or not at all
    levels = np.linspace(0, 1, embedding.n_bins + 1)
    for column, values in enumerate(there.T):
        quantiles = np.quantile(values, levels) if len(values) else []
        # Quantiles are the same where many rows have one value.
        edges = np.unique(np.asarray(quantiles, dtype=np.float32))
        embedding.set_edges(column, torch.from_numpy(edges))
