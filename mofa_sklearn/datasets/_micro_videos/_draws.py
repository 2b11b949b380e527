"""Random values, and sums of them whose variance is known."""

from __future__ import annotations

import numpy as np

_TARGET_SIMILARITY = 0.7  # share of the targets' coefficients, and of their noise, in common
_CONSTANT = 1e-9  # a standard deviation below this is rounding error


def draw_related(rng, n_rows: int, n_targets: int) -> np.ndarray:
    """Draw standard normal columns that are correlated, shape (n_rows, n_targets)."""
    common = rng.standard_normal((n_rows, 1))
    return mix(common, rng.standard_normal((n_rows, n_targets)), _TARGET_SIMILARITY)


def mix(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Add independent values of variance one; `share` of the variance is the first's."""
    return np.sqrt(share) * one + np.sqrt(1 - share) * other


def standardise(values: np.ndarray) -> np.ndarray:
    """Give columns mean 0 and standard deviation 1; constant ones become 0."""
    values = values - np.mean(values, axis=0)
    deviation = np.std(values, axis=0)
    return values / np.where(deviation > _CONSTANT, deviation, np.inf)
