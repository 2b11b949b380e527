"""Videos to frames that are spread evenly over them."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from mofa_sklearn.encoders._clips import read_frames, spread

from ..lazily import Lazily

av = Lazily("av")

N_FRAMES, HEIGHT, WIDTH = 30, 32, 64


def make_video(path, n_frames=N_FRAMES, codec="mpeg4", key_every=12):
    """Write a video whose brightness tells the number of a frame; the left half is black."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10, options={"g": str(key_every)})
        stream.width, stream.height, stream.bit_rate = WIDTH, HEIGHT, 4_000_000
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for i in range(n_frames):
            pixels = np.full((HEIGHT, WIDTH, 3), 20 + 7 * i, dtype=np.uint8)
            pixels[:, : WIDTH // 2] = 0
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def turned(path, matrix):
    """Write the matrix of an MP4 file that says how it is to be shown."""
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    content[start : start + 36] = struct.pack(">9i", *matrix)
    return bytes(content)


def numbers(frames):
    """Which frames these are, by their brightness."""
    return [round((np.asarray(frame)[:, -8:].mean() - 20) / 7) for frame in frames]


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("video") / "a.mp4")


@pytest.mark.parametrize("n_there", [1, 2, 7, 16, 301])
@pytest.mark.parametrize("n_wanted", [1, 4, 16])
def test_frames_are_spread_evenly(n_there, n_wanted):
    taken = spread(n_there, n_wanted)
    assert taken.min() >= 0
    assert taken.max() < n_there
    gaps = np.diff(taken)
    assert len(taken) == n_wanted
    assert n_wanted == 1 or np.ptp(gaps) <= 1
    assert abs(taken[0] - (n_there - 1 - taken[-1])) <= 1  # as far from either end


@pytest.mark.parametrize("n_wanted", [1, 2, 3, 16, 30, 45])
def test_the_frames_of_a_file_are_those_that_were_asked_for(video, n_wanted):
    assert numbers(read_frames(video, n_wanted)) == spread(N_FRAMES, n_wanted).tolist()


def test_paths_and_bytes_give_the_same_frames(video):
    of_path, of_bytes = read_frames(str(video), 4), read_frames(video.read_bytes(), 4)
    for one, other in zip(of_path, of_bytes, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "mpeg4"), ("a.avi", "mjpeg")])
def test_files_that_do_not_say_their_length_are_counted(name, codec, tmp_path):
    video = make_video(tmp_path / name, codec=codec)
    assert numbers(read_frames(video, 5)) == spread(N_FRAMES, 5).tolist()


def test_a_video_of_one_frame_repeats_it(tmp_path):
    frames = read_frames(make_video(tmp_path / "a.mp4", n_frames=1), 3)
    assert numbers(frames) == [0, 0, 0]


ONE = 1 << 16
LAST = 1 << 30


@pytest.mark.parametrize(
    ("matrix", "black"),
    [
        ((ONE, 0, 0, 0, ONE, 0, 0, 0, LAST), "left"),
        ((0, ONE, 0, -ONE, 0, 0, 0, 0, LAST), "top"),  # a quarter turn clockwise
        ((-ONE, 0, 0, 0, -ONE, 0, 0, 0, LAST), "right"),
        ((0, -ONE, 0, ONE, 0, 0, 0, 0, LAST), "bottom"),
    ],
)
def test_videos_are_turned_as_their_file_says(video, matrix, black):
    frame = np.asarray(read_frames(turned(video, matrix), 1)[0])
    sides = {
        "left": frame[:, :8],
        "right": frame[:, -8:],
        "top": frame[:8],
        "bottom": frame[-8:],
    }
    assert min(sides, key=lambda side: sides[side].mean()) == black
    assert frame.shape[:2] == ((HEIGHT, WIDTH) if black in ("left", "right") else (WIDTH, HEIGHT))


def test_lists_and_arrays_of_frames_are_videos(rng, png, tmp_path):
    pixels = rng.integers(0, 256, (5, 6, 8, 3), dtype=np.uint8)
    (tmp_path / "1.png").write_bytes(png(Image.fromarray(pixels[1])))
    mixed = [Image.fromarray(pixels[0]), tmp_path / "1.png", *pixels[2:]]
    objects = np.empty(5, dtype=object)
    objects[:] = mixed
    for cell in [pixels, list(pixels), mixed, tuple(mixed), objects]:
        np.testing.assert_array_equal(
            [np.asarray(frame) for frame in read_frames(cell, 3)], pixels[[0, 2, 4]]
        )


def test_grey_frames_become_rgb():
    assert read_frames(np.zeros((4, 6, 8)), 2)[0].mode == "RGB"


def test_broken_videos_are_errors(video, tmp_path):
    with pytest.raises(ValueError, match="no video that FFmpeg can read"):
        read_frames(b"no video", 2)
    with pytest.raises(ValueError, match="no video that FFmpeg can read"):
        read_frames(video.read_bytes()[:500], 2)
    with pytest.raises(FileNotFoundError):
        read_frames(tmp_path / "nowhere.mp4", 2)


def test_a_file_without_pictures_is_an_error():
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 100), dtype=np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(ValueError, match="no video stream"):
        read_frames(buffer.getvalue(), 2)


@pytest.mark.parametrize("cell", [3, {"a": 1}])
def test_other_types_are_errors(cell):
    with pytest.raises(TypeError, match="videos are paths, bytes"):
        read_frames(cell, 2)
