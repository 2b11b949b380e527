"""Pictures of any kind to RGB."""

import numpy as np
import pytest
from PIL import Image

from mofa_sklearn.encoders._pictures import read_picture

RED, WHITE = (255, 0, 0), (255, 255, 255)


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)


def test_paths_bytes_images_and_arrays_are_the_same_picture(pixels, png, tmp_path):
    image = Image.fromarray(pixels)
    (tmp_path / "a.png").write_bytes(png(image))
    cells = [
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
        png(image),
        bytearray(png(image)),
        image,
        pixels,
        np.moveaxis(pixels, 2, 0),
        pixels / 255,
        pixels.astype(np.float32),
        pixels.astype(np.int64),
        pixels.tolist(),
    ]
    for cell in cells:
        read = read_picture(cell)
        assert read.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(read), pixels)


def test_grey_pictures_become_rgb(pixels, png):
    grey = pixels[:, :, 0]
    image = Image.fromarray(grey)
    for cell in [grey, grey[:, :, np.newaxis], image, png(image), grey / 255]:
        np.testing.assert_array_equal(np.asarray(read_picture(cell)), np.dstack([grey] * 3))


def test_transparent_pictures_lie_on_white(png):
    image = Image.new("RGBA", (4, 4), (*RED, 0))
    image.putpixel((0, 0), (*RED, 255))
    palette = image.convert("P")
    palette.info["transparency"] = palette.getpixel((1, 1))
    for cell in [image, png(image), np.asarray(image), palette]:
        read = read_picture(cell)
        assert read.getpixel((1, 1)) == WHITE
    assert read_picture(image).getpixel((0, 0)) == RED


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_exif_says(orientation, png):
    stored = Image.new("RGB", (8, 16))
    stored.paste(RED, (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = read_picture(png(stored, exif=exif))
    # Where the upper half of the stored picture is to be shown.
    red_at = {1: (4, 4), 2: (4, 4), 3: (4, 12), 4: (4, 12), 5: (4, 4), 6: (12, 4), 7: (12, 4)}
    assert read.size == ((8, 16) if orientation < 5 else (16, 8))
    assert read.getpixel(red_at.get(orientation, (4, 4))) == RED


def test_sixteen_bits_are_scaled_not_clipped(png):
    image = Image.fromarray(np.array([[0, 32768, 65535]], dtype=np.uint16))
    assert np.asarray(read_picture(png(image)))[0, :, 0].tolist() == [0, 128, 255]


def test_animations_give_their_first_picture(png):
    frames = [Image.new("RGB", (8, 8), color) for color in (RED, WHITE)]
    assert read_picture(png(frames[0], "GIF", save_all=True, append_images=frames[1:])).getpixel(
        (0, 0)
    ) == pytest.approx(RED, abs=2)


def test_broken_pictures_are_errors(pixels, png, tmp_path):
    whole = png(Image.fromarray(np.tile(pixels, (20, 20, 1))), "JPEG")
    for broken in [whole[: len(whole) // 2], b"no picture", whole[:20]]:
        with pytest.raises(ValueError, match="no picture that Pillow can read"):
            read_picture(broken)
    with pytest.raises(FileNotFoundError):
        read_picture(tmp_path / "nowhere.png")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(5), "is no picture"),
        (np.zeros((5, 5, 7)), "is no picture"),
        (np.full((5, 5), np.nan), "NaN or infinity"),
        (np.full((5, 5), -1), "values go from"),
        (np.full((5, 5), 1e6), "values go from"),
        (np.full((5, 5), "a"), "is no picture"),
    ],
)
def test_arrays_that_are_no_pictures_are_errors(array, message):
    with pytest.raises(ValueError, match=message):
        read_picture(array)


@pytest.mark.parametrize("cell", [3, {"a": 1}, object()])
def test_other_types_are_errors(cell):
    with pytest.raises(TypeError, match="pictures are paths, bytes"):
        read_picture(cell)
