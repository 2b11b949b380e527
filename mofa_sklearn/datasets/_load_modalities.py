"""Precomputed embeddings in files, as one table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from .._sklearn_private import StrOptions, validate_params
from ..modalities._names import modality_of
from ..modalities._positions import first_few
from ._array_files import (
    check_block,
    check_length,
    check_lengths,
    check_numeric,
    open_npy,
    read_npz,
)
from ._matrix import join_blocks
from ._table_files import TABLE_SUFFIXES, read_table

_PATTERN = "*_features"
_OWN_FIELDS = ("data", "target", "target_names", "modalities", "tokens", "feature_names")
#: The modality of those columns of a table whose names tell none.
_REST = "table"


@validate_params(
    {
        "folder": [str, os.PathLike],
        "target": [str, list, tuple],
        "pattern": [str, None],
        "metadata": [list, tuple],
        "log1p_target": ["boolean"],
        "mmap_mode": [StrOptions({"r", "c"}), None],
    },
    prefer_skip_nested_validation=True,
)
def load_modalities(
    folder: str | os.PathLike[str],
    *,
    target: str | Sequence[str] = "popularity_counts",
    pattern: str | None = None,
    metadata: Sequence[str] = (),
    log1p_target: bool = False,
    mmap_mode: Literal["r", "c"] | None = None,
) -> Bunch:
    """Load precomputed embeddings from a folder of arrays, an archive or a table.

    Nothing is unpickled, so that files from strangers can be opened.

    Parameters
    ----------
    folder : str or path-like
        One of:

        - a folder of ``.npy`` files: every file ``<modality>_features.npy`` is a block
          of columns, ``<target>.npy`` is the target. Subfolders and files whose names
          start with a dot are left alone;
        - an ``.npz`` archive of such arrays. Where no name ends in ``_features``, every
          array of two or three dimensions but the target is a block;
        - a ``.parquet`` or ``.csv`` file: a column for the target, or several; all other
          columns are features, whatever they hold: numbers, strings, dates, vectors. (Of
          a CSV file, text such as ``[0.1, 0.2]`` is a vector.)

    target : str or list of str, default="popularity_counts"
        Name of the target's array, without ``.npy``, or of the table's column. Several
        are put side by side. It is not a modality, whatever its name.
    pattern : str, default=None
        Which files or arrays are modalities, where it is not ``"*_features"``: the part
        under the star is the modality's name, as in ``"clip_*.npy"`` or ``"*"``.
    metadata : list of str, default=()
        Arrays or columns that are no features: ids, groups, weights, dates to split by.
        They become fields of the result. Arrays that `pattern` does not name are so
        without being listed.
    log1p_target : bool, default=False
        Whether to replace the target, raw counts, by ``log(1 + count)``.
    mmap_mode : {"r", "c"}, default=None
        For folders. None: all arrays are read into memory. "r" (read-only) or "c"
        (copy-on-write): all but the target stay on disk as :class:`numpy.memmap` and are
        read when needed. Where the data is one file that is a 2-D float32 array in C
        order, this file itself is mapped. Else the blocks are put together, some rows at
        a time, in a temporary file (in :func:`tempfile.gettempdir`, 4 bytes an entry),
        which is deleted when the last array that looks into it goes away, at the latest
        when Python ends. The folder is never written to.

    Returns
    -------
    dataset : :class:`~sklearn.utils.Bunch`
        With these fields:

        data : ndarray or memmap of shape (n_samples, n_features), float32; or DataFrame
            The blocks, side by side in the order of their names; of a table, its columns
            as they are. A 1-D array is a block of one column.
        target : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The target with the file's shape; with the file's dtype unless `log1p_target`
            makes it floating.
        target_names : list of str, of length n_targets
            Only where `target` is a list, or the data a table.
        modalities : dict
            The ``modalities=`` of the estimators: each modality's width, in the order of
            the blocks; of a table, its columns. A column whose name tells its modality
            belongs to that, one of vectors is a modality of its own, and all others
            together are the modality ``"table"``.
        tokens : dict of str to int
            The ``tokens=`` of the estimators: number of tokens of each array of shape
            (n_samples, n_tokens, width), whose block has ``n_tokens * width`` columns.
        feature_names : list of str, of length n_features
            ``"<modality>_<i>"``, with i from 0 in each block; of a table, its columns.

        Every other array with n_samples rows, and everything in `metadata`, is there by
        its name, as ``creator_ids`` for ``creator_ids.npy``. Arrays of another length are
        left out.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or file, no modality in it or no target.
    ValueError
        If the path is of another kind; if a file is damaged, holds Python objects, or is
        an array of another length than the others, of another shape, or not of real
        numbers; if a further array has the name of one of the fields above; if
        `log1p_target` meets a negative count; if `pattern` has not exactly one star, or
        an argument would be ignored. The message names the file.
    ImportError
        If a ``.parquet`` file needs pyarrow, which the extra `tables` brings.

    See Also
    --------
    join_modalities : Joins blocks that are in memory, by position or by id.
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
    path = Path(folder)
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {str(path)!r}")
    if mmap_mode is not None and not path.is_dir():
        raise ValueError(
            f"mmap_mode={mmap_mode!r} is for folders of .npy files; {str(path)!r} is read into "
            "memory"
        )
    if not path.is_dir() and path.suffix in TABLE_SUFFIXES:
        if pattern is not None:
            raise ValueError(
                "pattern is for arrays; of a table, the columns' names tell the modality"
            )
        return _from_table(path, target, metadata, log1p_target)
    arrays = _open_all(path, mmap_mode)
    return _from_arrays(arrays, target, pattern, metadata, log1p_target, mmap_mode)


class _Arrays(dict):
    """Arrays by name, and how messages call each."""

    def __init__(self, arrays: Mapping[str, np.ndarray], place: Path, in_archive: bool) -> None:
        super().__init__(arrays)
        self.place, self.in_archive = place, in_archive

    def source(self, name: str) -> str:
        if self.in_archive:
            return f"{name!r} in {str(self.place)!r}"
        return repr(str(self.place / f"{name}.npy"))


def _open_all(path: Path, mmap_mode: Literal["r", "c"] | None) -> _Arrays:
    """Open every array of a folder or an archive."""
    if path.is_dir():
        files = [
            file
            for file in sorted(path.glob("*.npy"))
            if file.is_file() and not file.name.startswith(".")
        ]
        opened = {file.stem: open_npy(file, mmap_mode or "r") for file in files}
        return _Arrays(opened, path, in_archive=False)
    if path.suffix == ".npz":
        return _Arrays(read_npz(path), path, in_archive=True)
    raise ValueError(
        f"{str(path)!r} is of no kind that can be loaded: expected a folder of .npy files, or a "
        "file .npz, .parquet or .csv"
    )


def _from_arrays(
    arrays: _Arrays,
    target: str | Sequence[str],
    pattern: str | None,
    metadata: Sequence[str],
    log1p_target: bool,
    mmap_mode: Literal["r", "c"] | None,
) -> Bunch:
    targets = [target] if isinstance(target, str) else list(target)
    for name in [*targets, *metadata]:
        if name not in arrays:
            what = "target" if name in targets else "metadata"
            raise FileNotFoundError(f"there is no {what} {arrays.source(name)}")
    names = _modality_names(arrays, pattern, exclude={*targets, *metadata})
    sources = {modality: arrays.source(name) for modality, name in names.items()}
    blocks = {
        modality: check_block(sources[modality], arrays[name]) for modality, name in names.items()
    }
    n_samples = check_lengths(blocks, sources)
    tokens = {name: block.shape[1] for name, block in blocks.items() if block.ndim == 3}
    blocks = {name: block.reshape(len(block), -1) for name, block in blocks.items()}
    modalities = {name: block.shape[1] for name, block in blocks.items()}
    others = [
        name
        for name, array in arrays.items()
        if name not in {*targets, *names.values()} and array.ndim and len(array) == n_samples
    ]
    _check_free({name: arrays.source(name) for name in others})
    return _bunch(
        data=join_blocks(list(blocks.values()), mmap_mode),
        target=_read_target(arrays, target, log1p_target, next(iter(sources.values())), n_samples),
        target_names=None if isinstance(target, str) else targets,
        modalities=modalities,
        tokens=tokens,
        feature_names=[f"{name}_{i}" for name, width in modalities.items() for i in range(width)],
        others={name: arrays[name] if mmap_mode else np.array(arrays[name]) for name in others},
    )


def _modality_names(arrays: _Arrays, pattern: str | None, exclude: set[str]) -> dict[str, str]:
    """Return the array's name of every modality, in the order of the modalities' names."""
    before, after = _ends_of(pattern or _PATTERN)
    candidates = [name for name in arrays if name not in exclude]
    names = {
        name[len(before) : len(name) - len(after)]: name
        for name in candidates
        if fnmatchcase(name, f"{_literal(before)}?*{_literal(after)}")
    }
    if not names and pattern is None and arrays.in_archive:
        names = {name: name for name in candidates if arrays[name].ndim in (2, 3)}
    if not names:
        ending = "" if arrays.in_archive else ".npy"
        raise FileNotFoundError(
            f"there is no array '{before}<modality>{after}{ending}' in {str(arrays.place)!r}; it "
            f"has {first_few(sorted(arrays))}. pattern= takes other names"
        )
    return dict(sorted(names.items()))


def _ends_of(pattern: str) -> tuple[str, str]:
    """Return what a pattern has before and after its star."""
    parts = pattern.removesuffix(".npy").split("*")
    if len(parts) != 2:
        raise ValueError(
            f"pattern={pattern!r} must have one star, in place of the modality's name"
        )
    return parts[0], parts[1]


def _literal(text: str) -> str:
    return "".join(f"[{each}]" if each in "*?[" else each for each in text)


def _read_target(
    arrays: _Arrays, target: str | Sequence[str], log1p: bool, reference: str, n_samples: int
) -> np.ndarray:
    columns = []
    for name in [target] if isinstance(target, str) else target:
        source, array = arrays.source(name), arrays[name]
        check_numeric(source, array)
        if array.ndim not in (1, 2):
            raise ValueError(f"{source} has shape {array.shape}; expected one or two dimensions")
        check_length(source, array, reference, n_samples)
        columns.append(_log1p(array, source) if log1p else np.array(array))
    return columns[0] if isinstance(target, str) else np.column_stack(columns)


def _from_table(
    path: Path, target: str | Sequence[str], metadata: Sequence[str], log1p_target: bool
) -> Bunch:
    frame = read_table(path)
    targets = [target] if isinstance(target, str) else list(target)
    unknown = [name for name in [*targets, *metadata] if name not in frame.columns]
    if unknown:
        raise FileNotFoundError(
            f"{str(path)!r} has no column {first_few(unknown)}; it has "
            f"{first_few(list(frame.columns), 20)}"
        )
    data = frame.drop(columns=[*targets, *metadata])
    if data.shape[1] == 0:
        raise ValueError(f"{str(path)!r} has no column left for the features")
    columns = {name: frame[name].to_numpy() for name in targets}
    for name, column in columns.items() if log1p_target else ():
        columns[name] = _log1p(column, f"the column {name!r} in {str(path)!r}")
    y = columns[target] if isinstance(target, str) else np.column_stack([*columns.values()])
    _check_free({name: f"the column {name!r} in {str(path)!r}" for name in metadata})
    return _bunch(
        data=data,
        target=y,
        target_names=targets,
        modalities=_modalities_of(data),
        tokens={},
        feature_names=list(data.columns),
        others={name: frame[name].to_numpy() for name in metadata},
    )


def _modalities_of(frame: pd.DataFrame) -> dict[str, Any]:
    """Return columns by the modality in their names, of vectors each by itself, and the rest."""
    modalities: dict[str, Any] = {}
    has_rest = False
    for name in frame.columns:
        modality = name if _has_vectors(frame[name]) else modality_of(name)
        if modality is None:
            has_rest = True
        else:
            modalities.setdefault(modality, []).append(name)
    if has_rest:
        modalities[_REST if _REST not in modalities else f"{_REST}_rest"] = "rest"
    return modalities


def _has_vectors(column: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(column):
        return False
    there = column.dropna()
    return len(there) > 0 and isinstance(there.iloc[0], (list, tuple, np.ndarray))


def _log1p(target: np.ndarray, source: str) -> np.ndarray:
    check_numeric(source, target)
    n_negative = np.count_nonzero(target < 0)
    if n_negative:
        raise ValueError(
            f"{source} has {n_negative} negative value(s), smallest {target.min()}; "
            "log1p_target=True is for counts"
        )
    # Narrow integers would otherwise give half precision.
    return np.log1p(target, dtype=np.result_type(target, np.float32))


def _check_free(sources: dict[str, str]) -> None:
    """Refuse a further array that has the name of a field of the result."""
    for name in sources.keys() & {*_OWN_FIELDS}:
        raise ValueError(
            f"{sources[name]} has the name of a field of the result ({', '.join(_OWN_FIELDS)}); "
            "rename it"
        )


def _bunch(others: dict[str, Any], target_names: list[str] | None, **fields: Any) -> Bunch:
    """Put the result together; names of files such as ``self`` are no arguments."""
    bunch = Bunch(**fields)
    if target_names is not None:
        bunch["target_names"] = target_names
    bunch.update(others)
    return bunch
