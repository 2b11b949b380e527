"""Blocks put side by side in one float32 matrix, in memory or on disk."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from ._array_files import open_npy

_Matrix = TypeVar("_Matrix", bound=np.ndarray)

_CHUNK_BYTES = 16 * 2**20  # of the matrix, filled at a time


def join_blocks(blocks: list[np.ndarray], mmap_mode: Literal["r", "c"] | None) -> np.ndarray:
    """Put blocks side by side in one float32 matrix, in memory or on disk."""
    shape = len(blocks[0]), sum(block.shape[1] for block in blocks)
    if mmap_mode is None:
        return _fill(np.empty(shape, dtype=np.float32), blocks)
    only = blocks[0]
    is_ready = only.dtype == np.float32 and only.flags.c_contiguous
    if len(blocks) == 1 and is_ready and isinstance(only, np.memmap):
        return _reopen(only, mmap_mode)
    return _join_on_disk(blocks, shape, mmap_mode)


def _fill(matrix: _Matrix, blocks: list[np.ndarray]) -> _Matrix:
    """Copy blocks into a matrix, some rows at a time."""
    for rows in _row_chunks(matrix):
        start = 0
        for block in blocks:
            stop = start + block.shape[1]
            matrix[rows, start:stop] = block[rows]
            start = stop
    return matrix


def _row_chunks(matrix: np.ndarray) -> Iterator[slice]:
    n_rows = max(1, _CHUNK_BYTES // (matrix.shape[1] * matrix.itemsize))
    for start in range(0, len(matrix), n_rows):
        yield slice(start, start + n_rows)


def _reopen(block: np.memmap, mode: Literal["r", "c"]) -> np.ndarray:
    """Map a block's file once more, in another mode."""
    return open_npy(Path(str(block.filename)), mode).reshape(block.shape)


def _join_on_disk(
    blocks: list[np.ndarray], shape: tuple[int, int], mode: Literal["r", "c"]
) -> np.memmap:
    """Put blocks side by side in a temporary file and map it."""
    descriptor, name = tempfile.mkstemp(prefix="mofa_sklearn-", suffix=".npy")
    os.close(descriptor)
    try:
        matrix = np.lib.format.open_memmap(name, mode="w+", dtype=np.float32, shape=shape)
        _fill(matrix, blocks).flush()
        del matrix
        data = np.lib.format.open_memmap(name, mode=mode)
    except BaseException:
        _remove(name, os.getpid())
        raise
    # Every view of the data holds on to the mapping under it (`base`), so its end is the file's.
    weakref.finalize(data.base, _remove, name, os.getpid())
    return data


def _remove(name: str, owner: int) -> None:
    """Delete a temporary file; a forked child leaves its parent's alone."""
    if os.getpid() != owner:
        return
    with suppress(OSError):
        os.remove(name)
