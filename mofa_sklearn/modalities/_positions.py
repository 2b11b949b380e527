"""Column positions, and how messages write them down."""

from __future__ import annotations

import numpy as np


def as_slice(positions: np.ndarray) -> slice | np.ndarray:
    """Return consecutive positions as a slice, which takes a view instead of a copy.

    Parameters
    ----------
    positions : ndarray of int
        Column positions.

    Returns
    -------
    slice or ndarray of int
        A slice where the positions are consecutive and ascending, else the
        positions as they are.
    """
    if len(positions) and np.array_equal(
        positions, np.arange(positions[0], positions[0] + len(positions))
    ):
        return slice(int(positions[0]), int(positions[-1]) + 1)
    return positions


def first_few(values: list, limit: int = 5) -> str:
    """Write down the first few values, and how many there are, for an error's message."""
    shown = ", ".join(repr(value) for value in values[:limit])
    return shown if len(values) <= limit else f"{shown}, ... ({len(values)} in all)"
