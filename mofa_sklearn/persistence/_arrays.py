"""Arrays as .npy files inside a file, checked before they are used."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Literal, NamedTuple

import numpy as np

from ._errors import PersistenceError

# Read by patterns: numpy's own reader hands the header to Python's parser.
_MAGIC = b"\x93NUMPY\x01\x00"
_MAX_HEADER = 4096
_DTYPE = r"'[<>|][biufcSUMm]\d{1,9}(?:\[\d{0,4}[a-zA-Z]{1,2}\])?'"
# A field of a table, or the gap between two of them.
_FIELD = rf"\('\w*', (?:{_DTYPE}|'\|V\d{{1,4}}')\)"
_FIELD_PARTS = re.compile(r"\('(\w*)', '([^']+)'\)")
_HEADER = re.compile(
    rf"\{{'descr': ({_DTYPE}|\[(?:{_FIELD}(?:, )?)+\]), "
    r"'fortran_order': (True|False), 'shape': \(([\d, ]*)\), \}\s*"
)
_MAX_AXES = 32
# Elements of an array, were it not for an axis of length zero.
_MAX_EMPTY = 2**24
_KINDS = "biufcSUMm"
_LAST_CODE_POINT = 0x10FFFF


class Header(NamedTuple):
    """What a .npy file says about its array."""

    dtype: np.dtype
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    offset: int


def array_to_bytes(array: np.ndarray) -> bytes:
    """Return the .npy file of an array.

    Parameters
    ----------
    array : ndarray
        Without objects.

    Returns
    -------
    bytes

    Raises
    ------
    PersistenceError
        If an array of its dtype could not be read back.
    """
    if not _is_plain(array.dtype):
        raise PersistenceError(f"an array of dtype {array.dtype} has no plain form")
    buffer = BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def read_header(name: str, content: bytes) -> Header:
    """Read the header of a .npy file, and check that it fits the bytes that follow.

    Parameters
    ----------
    name : str
        Of the file, for the error.
    content : bytes
        The file.

    Returns
    -------
    Header

    Raises
    ------
    PersistenceError
        If it is no array, has objects, or another size than it says.
    """
    start = content[: len(_MAGIC) + _MAX_HEADER]
    length = int.from_bytes(start[len(_MAGIC) : len(_MAGIC) + 2], "little")
    offset = len(_MAGIC) + 2 + length
    text = start[len(_MAGIC) + 2 : offset].decode("latin-1")
    match = _HEADER.fullmatch(text)
    if not content.startswith(_MAGIC) or match is None:
        raise PersistenceError(f"its member {name} is no array")
    dtype, fortran_order, shape = match.groups()
    header = Header(
        _dtype_of(dtype),
        tuple(int(axis) for axis in shape.replace(",", " ").split()),
        "F" if fortran_order == "True" else "C",
        offset,
    )
    _check_size(name, header, len(content))
    return header


def view_of(header: Header, content: bytes) -> np.ndarray:
    """Return a read-only array that shares the memory of its .npy file."""
    flat = np.frombuffer(content, header.dtype, offset=header.offset)
    return flat.reshape(header.shape, order=header.order)


def _dtype_of(text: str) -> np.dtype:
    fields = _FIELD_PARTS.findall(text)
    if not fields:
        return np.dtype(text.strip("'"))
    formats = [np.dtype(dtype) for _, dtype in fields]
    ends = np.cumsum([dtype.itemsize for dtype in formats]).tolist()
    named = [i for i, (name, _) in enumerate(fields) if name]
    return np.dtype(
        {
            "names": [fields[i][0] for i in named],
            "formats": [formats[i] for i in named],
            "offsets": [ends[i] - formats[i].itemsize for i in named],
            "itemsize": ends[-1],
        }
    )


def check_values(name: str, array: np.ndarray) -> None:
    """Refuse values that no array of this dtype has: compiled code does not expect them.

    Parameters
    ----------
    name : str
        Of the file, for the error.
    array : ndarray
        It is looked at in place.
    """
    flat = array.reshape(-1, order="A")
    if array.dtype.kind == "b" and array.size and flat.view(np.uint8).max() > 1:
        raise PersistenceError(f"its member {name} has booleans that are neither 0 nor 1")
    if array.dtype.kind == "U" and array.size:
        code_points = flat.view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
        if code_points.max() > _LAST_CODE_POINT:
            raise PersistenceError(f"its member {name} has letters that are none")


def _check_size(name: str, header: Header, n_bytes: int) -> None:
    dtype, shape = header.dtype, header.shape
    if not _is_plain(dtype):
        raise PersistenceError(f"its member {name} has dtype {dtype}, which dump never writes")
    is_right = (
        are_lengths(shape, max(n_bytes, _MAX_EMPTY))
        and math.prod(shape) * dtype.itemsize == n_bytes - header.offset
    )
    if not is_right:
        raise PersistenceError(f"its member {name} has another size than it says")


def are_lengths(shape: Sequence[Any], most: int) -> bool:
    """Tell whether these are lengths of axes; a length of zero is no leave for long others."""
    return (
        len(shape) <= _MAX_AXES
        and all(type(length) is int and length >= 0 for length in shape)
        and math.prod(length for length in shape if length) <= most
    )


def _is_plain(dtype: np.dtype) -> bool:
    """Tell whether values of a dtype are numbers, words or times, or rows of numbers."""
    if dtype.names is None:
        return dtype.kind in _KINDS and dtype.itemsize > 0 and dtype.subdtype is None
    fields = [dtype[name] for name in dtype.names]
    return all(field.kind in "iuf" and field.subdtype is None for field in fields)
