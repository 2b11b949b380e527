"""What a raw cell holds: whether it is missing, and a digest of its content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

#: Path -> digest of the file's content.
OfFile = Callable[[str], bytes]


def is_missing(cell: Any) -> bool:
    """Tell whether a cell is missing or empty.

    Parameters
    ----------
    cell : object
        A raw cell.

    Returns
    -------
    bool
        True of None, NaN, NaT, ``pandas.NA``, text without a letter, no bytes, and lists and
        arrays without an element.
    """
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    if isinstance(cell, str):
        return not cell.strip()
    if isinstance(cell, (float, np.floating)):
        return bool(np.isnan(cell))
    if isinstance(cell, (bytes, bytearray, memoryview, list, tuple, dict)):
        return len(cell) == 0
    return isinstance(cell, np.ndarray) and cell.size == 0


def file_name(cell: Any) -> str | None:
    """Return the path that a cell is, if it is one."""
    return os.fspath(cell) if isinstance(cell, (str, os.PathLike)) else None


def digest_text(text: str) -> bytes:
    """Return a digest of a text."""
    return _tagged(b"text", text.encode("utf-8", "surrogatepass"))


def digest_file(path: str) -> bytes:
    """Return a digest of a file's content.

    Raises
    ------
    OSError
        If it is not there, or cannot be read.
    """
    with open(path, "rb") as file:
        content = hashlib.file_digest(file, "sha256").digest()
    return _tagged(b"bytes", content)


def digest_media(cell: Any, of_file: OfFile = digest_file) -> bytes:
    """Return a digest of the content of a picture, a video or a sound.

    Parameters
    ----------
    cell : str, path, bytes, PIL image, ndarray, dict, or list or tuple of them
        A file has the same digest as its bytes.

    of_file : callable, default=digest_file
        Path -> digest of the file's content.

    Returns
    -------
    bytes

    Raises
    ------
    OSError
        If a file is not there, or cannot be read.

    TypeError
        If the cell is of another type.
    """
    if isinstance(cell, (str, os.PathLike)):
        return of_file(os.fspath(cell))
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return _tagged(b"bytes", hashlib.sha256(cell).digest())
    if isinstance(cell, np.ndarray):
        return _digest_array(cell, of_file)
    if isinstance(cell, (bool, int, float, np.generic)):
        return _tagged(b"number", repr(cell).encode())
    if isinstance(cell, (list, tuple)):
        if all(isinstance(part, (int, float)) for part in cell):
            return _digest_array(np.asarray(cell, dtype=np.float64), of_file)
        return _tagged(b"list", b"".join(digest_media(part, of_file) for part in cell))
    if isinstance(cell, dict):
        parts = (digest_text(str(key)) + digest_media(cell[key], of_file) for key in sorted(cell))
        return _tagged(b"dict", b"".join(parts))
    if hasattr(cell, "getexif"):  # a PIL image, whose orientation counts
        cell.load()
        described = f"{cell.mode} {cell.size} {cell.getexif().get(0x0112)} {cell.getpalette()}"
        return _tagged(b"image", described.encode(), cell.tobytes())
    raise TypeError(f"holds {type(cell).__name__}")


def digest_any(cell: Any, of_file: OfFile = digest_file) -> bytes:
    """Return a digest of a cell that a function of the user's will encode.

    A text that names a file stands for its content, any other for itself.
    """
    if isinstance(cell, (str, os.PathLike)):
        path = os.fspath(cell)
        is_file = os.path.isfile(path) if "\0" not in path else False
        return of_file(path) if is_file else digest_text(path)
    try:
        return digest_media(cell, of_file)
    except TypeError:
        return _tagged(b"object", joblib.hash(cell).encode())


def digest_folder(folder: Path) -> str:
    """Return a digest of all files of a model's folder, those without a meaning left out."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_file() and not hidden and path.suffix.lower() not in _NO_PART_OF_A_MODEL:
            total.update(_tagged(b"file", relative.as_posix().encode(), _known_digest(path)))
    return total.hexdigest()[:40]


_NO_PART_OF_A_MODEL = {".md", ".onnx", ".h5", ".msgpack", ".ot", ".png", ".jpg"}
# Digests of weights in this process: file, size and times -> digest.
_KNOWN: dict[tuple, bytes] = {}


def _known_digest(path: Path) -> bytes:
    status = path.stat()
    key = (str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if key not in _KNOWN:
        _KNOWN[key] = digest_file(str(path))
    return _KNOWN[key]


def _digest_array(array: np.ndarray, of_file: OfFile) -> bytes:
    if array.dtype == object:
        return _tagged(b"list", b"".join(digest_media(part, of_file) for part in array.tolist()))
    described = f"{array.dtype.str} {array.shape}"
    return _tagged(b"array", described.encode(), np.ascontiguousarray(array).tobytes())


def _tagged(tag: bytes, *parts: bytes) -> bytes:
    """Return a digest of parts of any length, which no other parts or tag share."""
    digest = hashlib.sha256(tag)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
