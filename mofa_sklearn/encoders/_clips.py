"""Videos to frames that are spread evenly over them."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np

from ._errors import import_optional
from ._pictures import read_picture

_QUARTER_TURN = 90


def spread(n_there: int, n_wanted: int) -> np.ndarray:
    """Return which frames to take: the middle ones of so many stretches of equal length.

    Parameters
    ----------
    n_there : int
        Frames of the video.

    n_wanted : int
        Frames to take.

    Returns
    -------
    ndarray of int of shape (n_wanted,)
        In ascending order; a short video's frames are taken repeatedly.

    Examples
    --------
    >>> spread(100, 4).tolist(), spread(2, 4).tolist()
    ([12, 37, 62, 87], [0, 0, 1, 1])
    """
    return ((np.arange(n_wanted) + 0.5) * n_there / n_wanted).astype(int)


def read_frames(cell: Any, n_frames: int) -> list:
    """Read frames of a video.

    Parameters
    ----------
    cell : str, path, bytes, or list or array of frames
        A video file, its bytes, or pictures as :func:`~._pictures.read_picture` takes them.

    n_frames : int
        How many to take, spread evenly.

    Returns
    -------
    list of PIL images
        In RGB, turned as the file says.

    Raises
    ------
    ValueError
        If the video is broken, or has no frame.

    OSError
        If the file is not there.

    TypeError
        If the cell is of another type.
    """
    if isinstance(cell, (str, os.PathLike)):
        with open(cell, "rb") as file:
            return _decode(file, n_frames)
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return _decode(BytesIO(cell), n_frames)
    if isinstance(cell, np.ndarray) and cell.ndim in (3, 4):
        cell = list(cell)
    if isinstance(cell, np.ndarray) and cell.dtype == object:
        cell = cell.tolist()
    if not isinstance(cell, (list, tuple)):
        raise TypeError(
            f"holds {type(cell).__name__}; videos are paths, bytes, or lists or arrays of frames"
        )
    wanted = spread(len(cell), n_frames).tolist()
    read = {i: read_picture(cell[i]) for i in set(wanted)}
    return [read[i] for i in wanted]


def _decode(file: Any, n_frames: int) -> list:
    library = import_optional("av", "Reading videos")
    try:
        with library.open(file) as container:
            if not container.streams.video:
                raise ValueError("the file has no video stream")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            times, keys = _timetable(container, stream)
            if not times:
                raise ValueError("the video has no frame")
            wanted = [times[i] for i in spread(len(times), n_frames)]
            frames = list(_frames_at(container, stream, wanted, keys))
    except library.error.FFmpegError as error:
        raise ValueError(f"no video that FFmpeg can read: {error}") from error
    return frames


def _timetable(container: Any, stream: Any) -> tuple[list[int], list[int]]:
    """Return when each frame is shown, and when key frames are, without decoding them."""
    times, keys = [], []
    for packet in container.demux(stream):
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None or not packet.size:
            continue
        times.append(time)
        if packet.is_keyframe:
            keys.append(time)
    return sorted(times), sorted(keys)


def _frames_at(container: Any, stream: Any, wanted: list[int], keys: list[int]) -> Iterator[Any]:
    """Yield the frames of ascending times; jump to key frames where that skips some."""
    frame = image = None
    decoded: Iterator = iter(())
    for time in wanted:
        if frame is None or frame.pts is None or frame.pts < time:
            key = keys[max(bisect_right(keys, time) - 1, 0)] if keys else 0
            if frame is None or key > frame.pts:
                container.seek(key, stream=stream)
                decoded = container.decode(stream)
            for frame in decoded:
                if frame.pts is None or frame.pts >= time:
                    break
            if frame is None:
                raise ValueError("no frame of the video can be decoded")
            image = _upright(frame)
        yield image


def _upright(frame: Any) -> Any:
    """Return a frame as a picture, turned as a player would."""
    turns = round(getattr(frame, "rotation", 0) / _QUARTER_TURN) % 4  # counterclockwise
    library = import_optional("PIL.Image", "Reading videos")
    array = np.rot90(frame.to_ndarray(format="rgb24"), turns)
    return library.fromarray(np.ascontiguousarray(array))
