"""Pictures of any kind to RGB."""

from __future__ import annotations

import os
from io import BytesIO
from typing import Any

import numpy as np

from ._errors import import_optional

_MAX_8_BIT = 255
_MAX_16_BIT = 65535
# Numbers of channels: grey, grey with transparency, RGB, RGB with transparency.
_CHANNELS = (1, 2, 3, 4)


def read_picture(cell: Any) -> Any:
    """Read a picture.

    Parameters
    ----------
    cell : str, path, bytes, PIL image, or ndarray
        An array of shape (height, width), (height, width, channels) or (channels, height, width)
        holds integers up to 255 (or 65535), or floats from 0 to 1 (or to 255).

    Returns
    -------
    PIL image
        In RGB, turned as its EXIF orientation says, on white where it is transparent.

    Raises
    ------
    ValueError
        If it is broken.

    OSError
        If the file is not there.

    TypeError
        If the cell is of another type.
    """
    library = import_optional("PIL.Image", "Reading pictures")
    if isinstance(cell, np.ndarray):
        return _to_rgb(_from_array(cell, library), library)
    if isinstance(cell, (list, tuple)):  # a column of polars or pyarrow
        return read_picture(np.asarray(cell))
    if isinstance(cell, (str, os.PathLike)):
        with open(cell, "rb") as file:  # an error of its own, if it is not there
            return _decode(file, library)
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return _decode(BytesIO(cell), library)
    if isinstance(cell, library.Image):
        return _decoded(cell, library)
    raise TypeError(
        f"holds {type(cell).__name__}; pictures are paths, bytes, PIL images or arrays"
    )


def _decode(file: Any, library: Any) -> Any:
    try:
        with library.open(file) as image:
            return _decoded(image, library)
    except MemoryError:
        raise
    except Exception as error:  # each of Pillow's formats raises what it likes
        raise ValueError(f"no picture that Pillow can read: {error}") from error


def _decoded(image: Any, library: Any) -> Any:
    operations = import_optional("PIL.ImageOps", "Reading pictures")
    image.load()
    return _to_rgb(operations.exif_transpose(image), library)


def _to_rgb(image: Any, library: Any) -> Any:
    if image.mode == "RGB":
        return image
    if image.mode.startswith(("I", "F")):  # more than 8 bits, which Pillow would clip
        return _to_rgb(_from_array(np.asarray(image), library), library)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = library.new("RGBA", image.size, (_MAX_8_BIT,) * 4)
        return library.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _from_array(array: np.ndarray, library: Any) -> Any:
    if array.ndim == 3 and array.shape[2] not in _CHANNELS and array.shape[0] in _CHANNELS:
        array = np.moveaxis(array, 0, 2)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in _CHANNELS):
        raise ValueError(
            f"an array of shape {array.shape} is no picture: take (height, width) or (height, "
            "width, channels) with 1, 3 or 4 channels"
        )
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    return library.fromarray(np.ascontiguousarray(_to_8_bits(array)))


def _to_8_bits(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * _MAX_8_BIT
    if not np.issubdtype(array.dtype, np.number):
        raise ValueError(f"an array of {array.dtype} is no picture")
    if not np.isfinite(array).all():
        raise ValueError("the array holds NaN or infinity")
    low, high = array.min(), array.max()
    if np.issubdtype(array.dtype, np.floating) and high <= 1:
        scale = float(_MAX_8_BIT)
    else:
        scale = 1.0 if high <= _MAX_8_BIT else _MAX_8_BIT / _MAX_16_BIT
    if low < 0 or high > _MAX_16_BIT:
        raise ValueError(f"the array's values go from {low} to {high}; 0 to 255 is the range")
    return np.rint(array * scale).astype(np.uint8)
