"""Precomputed embeddings in a folder of ``.npy`` files, as one matrix."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from sklearn.utils import Bunch

from .._sklearn_private import StrOptions, validate_params

_Matrix = TypeVar("_Matrix", bound=np.ndarray)

_FEATURES_SUFFIX = "_features"
_OWN_FIELDS = ("data", "target", "modalities", "feature_names")
_NUMERIC_KINDS = "biuf"  # bool, signed and unsigned integers, floats
_CHUNK_BYTES = 16 * 2**20  # of the matrix, filled at a time


@validate_params(
    {
        "folder": [str, os.PathLike],
        "target": [str],
        "log1p_target": ["boolean"],
        "mmap_mode": [StrOptions({"r", "c"}), None],
    },
    prefer_skip_nested_validation=True,
)
def load_modalities(
    folder: str | os.PathLike[str],
    *,
    target: str = "popularity_counts",
    log1p_target: bool = False,
    mmap_mode: Literal["r", "c"] | None = None,
) -> Bunch:
    """Load a folder of precomputed embeddings, one ``.npy`` file a modality, as one matrix.

    Every file ``<modality>_features.npy`` is a block of columns, ``<target>.npy`` is the target.
    The blocks stand side by side in the order of the modalities' names. Nothing is unpickled, so
    that files from strangers can be opened.

    Parameters
    ----------
    folder : str or path-like
        Where the files are. Subfolders and files whose names start with a dot are left alone.
    target : str, default="popularity_counts"
        Name of the target's file, without ``.npy``. It is not a modality, whatever its name.
    log1p_target : bool, default=False
        Whether to replace the target, raw counts, by ``log(1 + count)``.
    mmap_mode : {"r", "c"}, default=None
        None: all arrays are read into memory. "r" (read-only) or "c" (copy-on-write): all but the
        target stay on disk as :class:`numpy.memmap` and are read when needed. Where the data is
        one file that is a 2-D float32 array in C order, this file itself is mapped. Else the
        blocks are put together, some rows at a time, in a temporary file (in
        :func:`tempfile.gettempdir`, 4 bytes an entry), which is deleted when the last array that
        looks into it goes away, at the latest when Python ends. The folder is never written to.

    Returns
    -------
    dataset : :class:`~sklearn.utils.Bunch`
        With these fields:

        data : ndarray or memmap of shape (n_samples, n_features), float32
            The blocks, side by side. A 1-D file is a block of one column.
        target : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The target with the file's shape; with the file's dtype unless `log1p_target` makes
            it floating.
        modalities : dict of str to int
            Each modality's width, in the order of the blocks: the ``modalities=`` of the
            estimators.
        feature_names : list of str, of length n_features
            ``"<modality>_<i>"``, with i from 0 in each block.

        Every other array with n_samples rows is there by its file's name without ``.npy``, as
        ``creator_ids`` for ``creator_ids.npy``. Arrays of another length are left out.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, no ``<modality>_features.npy`` in it or no ``<target>.npy``.
    NotADirectoryError
        If `folder` is a file.
    ValueError
        If a file is damaged, holds Python objects, or is an array of another length than the
        others, of another shape than 1-D or 2-D, or not of real numbers; if a further array has
        the name of one of the fields above; if `log1p_target` meets a negative count. The message
        names the file.

    See Also
    --------
    make_micro_videos : Generated data of the same kind.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from mofa_sklearn.datasets import load_modalities
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "image_features.npy"), np.zeros((5, 3)))
    ...     np.save(Path(folder, "text_features.npy"), np.ones((5, 2)))
    ...     np.save(Path(folder, "popularity_counts.npy"), np.arange(5))
    ...     np.save(Path(folder, "creator_ids.npy"), np.array([0, 0, 1, 1, 2]))
    ...     videos = load_modalities(folder, log1p_target=True)
    >>> videos.data.shape, videos.modalities
    ((5, 5), {'image': 3, 'text': 2})
    >>> videos.target.round(2)
    array([0.  , 0.69, 1.1 , 1.39, 1.61])
    >>> videos.creator_ids
    array([0, 0, 1, 1, 2])
    """
    target_path, block_paths, other_paths = _find_files(Path(folder), target)
    blocks = {name: _open_block(path) for name, path in block_paths.items()}
    n_samples = _check_lengths(block_paths, blocks)
    modalities = {name: block.shape[1] for name, block in blocks.items()}
    return Bunch(
        data=_join_blocks(list(blocks.values()), mmap_mode),
        target=_read_target(target_path, n_samples, block_paths, log1p_target),
        modalities=modalities,
        feature_names=[f"{name}_{i}" for name, width in modalities.items() for i in range(width)],
        **_read_others(other_paths, n_samples, mmap_mode),
    )


def _find_files(folder: Path, target: str) -> tuple[Path, dict[str, Path], list[Path]]:
    """Sort the folder's files into the target, the blocks by their modality, and the others."""
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {str(folder)!r}")
    if not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is not a folder")
    files = [
        path
        for path in sorted(folder.glob("*.npy"))
        if path.is_file() and not path.name.startswith(".")
    ]
    target_path = folder / f"{target}.npy"
    blocks = {
        path.stem.removesuffix(_FEATURES_SUFFIX): path
        for path in files
        if _is_block(path) and path != target_path
    }
    if not blocks:
        raise FileNotFoundError(
            f"there is no file '<modality>{_FEATURES_SUFFIX}.npy' in {str(folder)!r}"
        )
    if not target_path.is_file():
        raise FileNotFoundError(f"there is no target file {str(target_path)!r}")
    others = [path for path in files if not _is_block(path) and path != target_path]
    return target_path, dict(sorted(blocks.items())), others


def _is_block(path: Path) -> bool:
    return path.stem.endswith(_FEATURES_SUFFIX) and path.stem != _FEATURES_SUFFIX


def _open(path: Path, mode: Literal["r", "c"] = "r") -> np.memmap:
    """Map an array file. Unlike numpy.load it takes nothing but .npy and never unpickles."""
    try:
        return np.lib.format.open_memmap(path, mode=mode)
    except (ValueError, OSError, EOFError, OverflowError, TypeError) as error:
        raise ValueError(f"{str(path)!r} cannot be read as a .npy array: {error}") from error


def _open_block(path: Path) -> np.ndarray:
    """Map a modality's file, shape (n_samples, width)."""
    block = _open(path)
    _check_numeric(path, block)
    if block.ndim not in (1, 2) or 0 in block.shape:
        raise ValueError(
            f"{str(path)!r} has shape {block.shape}; expected (n_samples, width) or (n_samples,), "
            "with at least one row and one column"
        )
    return block.reshape(-1, 1) if block.ndim == 1 else block


def _check_numeric(path: Path, array: np.ndarray) -> None:
    if array.dtype.kind not in _NUMERIC_KINDS:
        raise ValueError(f"{str(path)!r} has dtype {array.dtype}; expected real numbers")


def _check_lengths(paths: dict[str, Path], blocks: dict[str, np.ndarray]) -> int:
    """Check that all blocks have as many rows as the first; return how many."""
    (first_path, *_), (first, *_) = paths.values(), blocks.values()
    for path, block in zip(paths.values(), blocks.values(), strict=True):
        _check_length(path, len(block), first_path, len(first))
    return len(first)


def _check_length(path: Path, n_rows: int, reference: Path, n_samples: int) -> None:
    if n_rows != n_samples:
        raise ValueError(
            f"{str(path)!r} has {n_rows} rows, but {str(reference)!r} has {n_samples}"
        )


def _read_target(
    path: Path, n_samples: int, block_paths: dict[str, Path], log1p: bool
) -> np.ndarray:
    mapped = _open(path)
    _check_numeric(path, mapped)
    if mapped.ndim not in (1, 2):
        raise ValueError(f"{str(path)!r} has shape {mapped.shape}; expected one or two dimensions")
    _check_length(path, len(mapped), next(iter(block_paths.values())), n_samples)
    target = np.array(mapped)
    if not log1p:
        return target
    n_negative = np.count_nonzero(target < 0)
    if n_negative:
        raise ValueError(
            f"{str(path)!r} has {n_negative} negative value(s), smallest {target.min()}; "
            "log1p_target=True is for counts"
        )
    # Narrow integers would otherwise give half precision.
    return np.log1p(target, dtype=np.result_type(target, np.float32))


def _read_others(
    paths: list[Path], n_samples: int, mmap_mode: Literal["r", "c"] | None
) -> dict[str, np.ndarray]:
    """Open the other arrays that have a row a sample, by their files' names."""
    others = {}
    for path in paths:
        array = _open(path, mmap_mode or "r")
        if array.ndim == 0 or len(array) != n_samples:
            continue
        if path.stem in _OWN_FIELDS:
            raise ValueError(
                f"{str(path)!r} has the name of a field of the result ({', '.join(_OWN_FIELDS)}); "
                "rename the file"
            )
        others[path.stem] = array if mmap_mode else np.array(array)
    return others


def _join_blocks(blocks: list[np.ndarray], mmap_mode: Literal["r", "c"] | None) -> np.ndarray:
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
    return _open(Path(str(block.filename)), mode).reshape(block.shape)


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
