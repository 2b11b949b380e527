"""Blocks of raw numbers, and a signal that lies in steps of them."""

from __future__ import annotations

import numpy as np

from ._draws import draw_related, mix, standardise

_SHARED_SHARE = 0.4  # of the variance behind a column, with the other modalities
_N_STEPS = 3  # thresholds of every column
_N_PAIRS = 4  # pairs of thresholds of two columns, for every column
_STEPS, _PAIRS = 0.5, 0.5  # shares of the signal's variance
_QUANTILES = 0.15, 0.85  # between which thresholds lie
_FLAG_THRESHOLDS = 0.5, 1.5  # standard deviations that few rows exceed
_LEVELS = np.array([6, 10, 15, 30, 60, 90, 180])  # seconds, as durations are recorded


def fill_numbers(rng, block: np.ndarray, shared: np.ndarray) -> None:
    """Draw a block of numbers as they are recorded, in place.

    Column by column, over and over: counts over several orders of magnitude, flags, numbers of
    few values, small counts that mostly are zero, and shares of which many are zero or one.
    """
    n_samples, width = block.shape
    mixing = rng.standard_normal((shared.shape[1], width)) / np.sqrt(shared.shape[1])
    own = rng.standard_normal((n_samples, width))
    hidden = mix(shared @ mixing, own, _SHARED_SHARE)
    kinds = (_large_counts, _flags, _levels, _small_counts, _shares)
    for column in range(width):
        block[:, column] = kinds[column % len(kinds)](rng, hidden[:, column])


def read_numbers(rng, block: np.ndarray, n_targets: int) -> np.ndarray:
    """Compute what a block of numbers tells about each target, shape (n_samples, n_targets).

    It jumps where a column passes a threshold, and where one of two columns does while the other
    does not.
    """
    columns = rng.permutation(np.repeat(np.arange(block.shape[1]), _N_STEPS))
    signs = _signs(rng, block, columns)
    steps = signs @ draw_related(rng, len(columns), n_targets)

    n_pairs = _N_PAIRS * block.shape[1]
    one, other = (_signs(rng, block, rng.randint(block.shape[1], size=n_pairs)) for _ in range(2))
    pairs = (one * other) @ draw_related(rng, n_pairs, n_targets)

    parts = [(_STEPS, steps), (_PAIRS, pairs)]
    return standardise(sum(np.sqrt(share) * standardise(part) for share, part in parts))


def _signs(rng, block: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Say on which side of a threshold of its own each column is: -1 or 1."""
    quantiles = rng.uniform(*_QUANTILES, size=len(columns))
    thresholds = [
        np.quantile(block[:, column], quantile, method="lower")
        for column, quantile in zip(columns, quantiles, strict=True)
    ]
    # Of flags and other columns of few values, the lowest one is a side by itself.
    return np.where(block[:, columns] > np.array(thresholds), 1.0, -1.0)


def _large_counts(rng, hidden: np.ndarray) -> np.ndarray:
    return np.floor(np.exp(rng.uniform(4, 8) + rng.uniform(1.5, 2.5) * hidden))


def _flags(rng, hidden: np.ndarray) -> np.ndarray:
    return (hidden > rng.uniform(*_FLAG_THRESHOLDS)).astype(np.float64)


def _levels(rng, hidden: np.ndarray) -> np.ndarray:
    bounds = np.sort(rng.standard_normal(len(_LEVELS) - 1))
    return _LEVELS[np.searchsorted(bounds, hidden)]


def _small_counts(rng, hidden: np.ndarray) -> np.ndarray:
    return np.maximum(0, np.floor(np.exp(1.2 * hidden) * rng.uniform(0.7, 1.3)))


def _shares(rng, hidden: np.ndarray) -> np.ndarray:
    return np.round(np.clip(0.5 + 0.4 * hidden, 0, 1), 2)
