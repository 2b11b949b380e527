"""Sounds of any kind to samples of one channel."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np
from scipy.signal import resample_poly

from ._errors import import_optional

# Ratios of odd rates are brought to fractions of at most this denominator.
_MAX_DENOMINATOR = 1000


@dataclass
class Sound:
    """Samples of one channel.

    Parameters
    ----------
    samples : ndarray of float32 of shape (n_samples,)
        From -1 to 1.

    rate : int or None
        Samples a second; None where nobody said.
    """

    samples: np.ndarray
    rate: int | None


def read_sound(cell: Any, rate_of_samples: int | None) -> Sound:
    """Read a sound.

    Parameters
    ----------
    cell : str, path, bytes, ndarray, list of float, (ndarray, int), or dict
        A sound file or a video with sound, its bytes, samples, samples and their rate, or a
        dict with "array" and "sampling_rate", as the library datasets has them. Samples have
        shape (n,), (n, channels) or (channels, n).

    rate_of_samples : int or None
        Of samples without a rate of their own.

    Returns
    -------
    Sound
        The channels' mean.

    Raises
    ------
    ValueError
        If the sound is broken, or has no sample.

    OSError
        If the file is not there.

    TypeError
        If the cell is of another type.
    """
    samples, rate = _samples_and_rate(cell, rate_of_samples)
    if not samples.size:
        raise ValueError("the sound has no sample")
    mono = _mono(samples)
    if not np.isfinite(mono).all():
        raise ValueError("the sound holds NaN or infinity")
    return Sound(mono, rate)


def resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Bring samples to another rate, by a polyphase filter.

    Examples
    --------
    >>> import numpy as np
    >>> len(resampled(np.zeros(44_100, dtype=np.float32), 44_100, 16_000))
    16000
    """
    if rate == wanted or not len(samples):
        return samples
    ratio = Fraction(int(wanted), int(rate)).limit_denominator(_MAX_DENOMINATOR)
    return resample_poly(samples, ratio.numerator, ratio.denominator).astype(np.float32)


def _samples_and_rate(cell: Any, rate_of_samples: int | None) -> tuple[np.ndarray, int | None]:
    if isinstance(cell, (str, os.PathLike)):
        with open(cell, "rb") as file:
            return _decode(file)
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return _decode(BytesIO(cell))
    if isinstance(cell, dict) and {"array", "sampling_rate"} <= cell.keys():
        return np.asarray(cell["array"]), int(cell["sampling_rate"])
    if isinstance(cell, tuple) and len(cell) == 2 and np.ndim(cell[0]) > np.ndim(cell[1]) == 0:
        return np.asarray(cell[0]), int(cell[1])
    if isinstance(cell, (list, np.ndarray)):
        return np.asarray(cell), rate_of_samples
    raise TypeError(
        f"holds {type(cell).__name__}; sounds are paths, bytes, samples, or (samples, rate)"
    )


def _mono(samples: np.ndarray) -> np.ndarray:
    if not np.issubdtype(samples.dtype, np.number) or samples.ndim not in (1, 2):
        raise ValueError(f"an array of {samples.dtype} of shape {samples.shape} is no sound")
    if np.issubdtype(samples.dtype, np.signedinteger):
        # Small integers are those of a file; large ones may be numbers in a column of a table.
        is_of_file = samples.dtype.itemsize <= 4
        scale = np.iinfo(samples.dtype).max if is_of_file else 1
        samples = samples.astype(np.float32) / scale
    samples = samples.astype(np.float32, copy=False)
    if samples.ndim == 2:
        samples = samples.mean(axis=int(np.argmin(samples.shape)))
    return samples


def _decode(file: Any) -> tuple[np.ndarray, int]:
    """Decode by libsndfile, or by FFmpeg what that does not know, as the sound of a video."""
    soundfile = import_optional("soundfile", "Reading sounds")
    try:
        return soundfile.read(file, dtype="float32")
    except (soundfile.LibsndfileError, RuntimeError) as error:
        first = error
    file.seek(0)
    library = import_optional("av", "Reading sounds of other files than libsndfile knows")
    try:
        return _decode_by_ffmpeg(file, library)
    except library.error.FFmpegError as error:
        raise ValueError(
            f"no sound that libsndfile ({first}) or FFmpeg ({error}) can read"
        ) from error


def _decode_by_ffmpeg(file: Any, library: Any) -> tuple[np.ndarray, int]:
    with library.open(file) as container:
        if not container.streams.audio:
            raise ValueError("the file has no sound")
        stream = container.streams.audio[0]
        resampler = library.AudioResampler(format="fltp", layout="mono", rate=stream.rate)
        parts = [
            part.to_ndarray()[0]
            for frame in container.decode(stream)
            for part in resampler.resample(frame)
        ]
        parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    if not parts:
        raise ValueError("the sound has no sample")
    return np.concatenate(parts), stream.rate
