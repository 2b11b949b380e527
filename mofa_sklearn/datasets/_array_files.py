"""Arrays in ``.npy`` files and ``.npz`` archives, read without unpickling anything."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

_NUMERIC_KINDS = "biuf"  # bool, signed and unsigned integers, floats


def open_npy(path: Path, mode: Literal["r", "c"] = "r") -> np.memmap:
    """Map an array file. Unlike numpy.load it takes nothing but .npy and never unpickles."""
    try:
        return np.lib.format.open_memmap(path, mode=mode)
    except (
        Exception
    ) as error:  # the header is parsed as Python's literals, which fail in many ways
        raise _unreadable(path, ".npy array", error) from error


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an archive."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it is no archive of arrays")
            return {name: archive[name] for name in archive.files}
    except Exception as error:
        raise _unreadable(path, ".npz archive", error) from error


def check_block(source: str, block: np.ndarray) -> np.ndarray:
    """Return a modality's array with its shape checked: (n, width) or (n, n_tokens, width)."""
    check_numeric(source, block)
    if block.ndim not in (1, 2, 3) or 0 in block.shape:
        raise ValueError(
            f"{source} has shape {block.shape}; expected (n_samples, width), (n_samples,) or "
            "(n_samples, n_tokens, width), with at least one row and one column"
        )
    return block.reshape(-1, 1) if block.ndim == 1 else block


def check_numeric(source: str, array: np.ndarray) -> None:
    if array.dtype.kind not in _NUMERIC_KINDS:
        raise ValueError(f"{source} has dtype {array.dtype}; expected real numbers")


def check_lengths(blocks: dict[str, np.ndarray], sources: dict[str, str]) -> int:
    """Check that all blocks have as many rows as the first; return how many."""
    first = next(iter(blocks))
    n_samples = len(blocks[first])
    for name, block in blocks.items():
        check_length(sources[name], block, sources[first], n_samples)
    return n_samples


def check_length(source: str, array: np.ndarray, reference: str, n_samples: int) -> None:
    if len(array) != n_samples:
        raise ValueError(f"{source} has {len(array)} rows, but {reference} has {n_samples}")


def _unreadable(path: Path, kind: str, error: Exception) -> ValueError:
    reason = str(error)[:200] or type(error).__name__
    return ValueError(f"{str(path)!r} cannot be read as a {kind}: {reason}")
