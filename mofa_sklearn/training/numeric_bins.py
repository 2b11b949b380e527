"""Lay the bins of numbers where a network's training rows are, if bins are of use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ..networks import MoFANetwork
from ..networks.numeric import NumericEncoder, PiecewiseLinear
from .batches import Rows

# Rows that quantiles are taken of, and the trial is made on: more would hardly change them.
_MAX_ROWS = 5_000
_N_FOLDS = 5
_PENALTY = 10.0  # of the trial's ridge regressions, on standardised numbers
# Bins are of use where they lower the error by this part of it, and by so many standard errors
# of the folds' differences. Other bins make networks learn noise, or creators, by heart.
_LEAST_GAIN, _LEAST_CERTAINTY = 0.01, 2.0


def learn_bins(
    module: MoFANetwork,
    rows: Rows,
    groups: np.ndarray | None = None,
    only_if_useful: bool = False,
) -> None:
    """Give each column of a block of numbers bins that hold about as many rows each.

    Parameters
    ----------
    module : MoFANetwork
        The network, on the CPU. Changed in place.
    rows : Rows
        What it is about to learn from, on any device. Rows that lack a modality say nothing of
        its columns.
    groups : ndarray of shape (n_rows,), default=None
        Groups of the rows, for the trial.
    only_if_useful : bool, default=False
        Whether there are bins only where a ridge regression predicts rows that it has not seen,
        whole groups of them, clearly better with bins than without.
    """
    encoders = [layer for layer in module.encoders if isinstance(layer, NumericEncoder)]
    if not encoders:
        return
    some = np.linspace(0, len(rows) - 1, min(len(rows), _MAX_ROWS)).astype(np.int64)
    X, (y, _) = rows.take(torch.from_numpy(some).to(rows.X.device))
    blocks = [
        block
        for layer, block in zip(module.encoders, X.cpu().split(module.widths, dim=-1), strict=True)
        if isinstance(layer, NumericEncoder)
    ]
    for encoder, block in zip(encoders, blocks, strict=True):
        _lay_bins(encoder.embedding, block.numpy())
    if not only_if_useful:
        return
    groups = np.arange(len(some)) if groups is None else groups[some]
    embeddings = [encoder.embedding for encoder in encoders]
    if not _are_of_use(embeddings, blocks, y.cpu().numpy(), groups):
        for encoder in encoders:
            encoder.embedding.slopes.fill_(0)


def _lay_bins(embedding: PiecewiseLinear, block: np.ndarray) -> None:
    there = block[~np.isnan(block[:, 0])]  # NaN throughout or not at all
    levels = np.linspace(0, 1, embedding.n_bins + 1)
    for column, values in enumerate(there.T):
        quantiles = np.quantile(values, levels) if len(values) else []
        # Quantiles are the same where many rows have one value.
        edges = np.unique(np.asarray(quantiles, dtype=np.float32))
        embedding.set_edges(column, torch.from_numpy(edges))


def _are_of_use(
    embeddings: list[PiecewiseLinear], blocks: list[Tensor], y: np.ndarray, groups: np.ndarray
) -> bool:
    """Tell whether a ridge regression on the numbers gains by their bins, on rows held out."""
    numbers = np.hstack([_filled(block.numpy()) for block in blocks])
    bins = [
        embedding(torch.from_numpy(_filled(block.numpy())))
        for embedding, block in zip(embeddings, blocks, strict=True)
    ]
    numbers = _standardised(numbers.astype(np.float64))
    more = np.hstack([numbers, torch.cat(bins, dim=1).numpy()])
    y = _standardised(y.astype(np.float64))
    errors = np.array(
        [
            [_ridge_error(X[train], y[train], X[test], y[test]) for X in (numbers, more)]
            for train, test in _folds(groups)
        ]
    )
    if len(errors) < _N_FOLDS:
        return False
    gains = errors[:, 0] - errors[:, 1]
    uncertainty = gains.std(ddof=1) / np.sqrt(len(gains))
    return bool(
        gains.mean() > _LEAST_GAIN * errors[:, 0].mean()
        and gains.mean() > _LEAST_CERTAINTY * uncertainty
    )


def _folds(groups: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split rows, whole groups at a time; nothing where there are too few groups."""
    names, of_rows = np.unique(groups, return_inverse=True)
    if len(names) < _N_FOLDS:
        return
    folds = (np.random.RandomState(0).permutation(len(names)) % _N_FOLDS)[of_rows]
    for fold in range(_N_FOLDS):
        yield folds != fold, folds == fold


def _ridge_error(X: np.ndarray, y: np.ndarray, X_test: np.ndarray, y_test: np.ndarray) -> float:
    mean, y_mean = X.mean(axis=0), y.mean(axis=0)
    X, X_test = X - mean, X_test - mean
    covariance = X.T @ X
    covariance[np.diag_indices_from(covariance)] += _PENALTY
    coefficients = np.linalg.solve(covariance, X.T @ (y - y_mean))
    return float(np.mean((y_test - y_mean - X_test @ coefficients) ** 2))


def _filled(block: np.ndarray) -> np.ndarray:
    """Put the means of a block's columns into rows that lack it."""
    missing = np.isnan(block[:, 0])
    if missing.any():
        block = block.copy()
        block[missing] = 0.0 if missing.all() else block[~missing].mean(axis=0)
    return block


def _standardised(values: np.ndarray) -> np.ndarray:
    values = values - values.mean(axis=0)
    deviation = values.std(axis=0)
    return values / np.where(deviation > 0, deviation, 1.0)
