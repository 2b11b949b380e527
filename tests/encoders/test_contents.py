"""Which cells are missing, and digests of what the others hold."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mofa_sklearn.encoders._contents import digest_any, digest_folder, digest_media, is_missing

MISSING = [None, np.nan, float("nan"), pd.NA, pd.NaT, "", " \n", b"", [], np.array([])]


@pytest.mark.parametrize("cell", MISSING, ids=repr)
def test_empty_cells_are_missing(cell):
    assert is_missing(cell)


@pytest.mark.parametrize("cell", ["a", 0, 0.0, False, b"\0", [0], np.zeros(1)], ids=repr)
def test_cells_that_hold_something_are_not(cell):
    assert not is_missing(cell)


def test_a_file_is_known_by_its_content(tmp_path):
    for name, content in [("a", b"one"), ("b", b"one"), ("c", b"two")]:
        (tmp_path / name).write_bytes(content)
    a, b, c = (digest_media(tmp_path / name) for name in "abc")
    assert a == b == digest_media(str(tmp_path / "a")) == digest_media(b"one")
    assert a != c


def test_different_contents_have_different_digests(rng):
    pixels = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    turned = image.copy()
    turned.getexif()[0x0112] = 6
    cells = [
        pixels,
        pixels.reshape(6, 4, 3),
        pixels.astype(np.float32),
        pixels[:, ::-1],
        image,
        image.transpose(Image.Transpose.ROTATE_90),
        turned,
        [image],
        [image, image],
        (pixels, 16_000),
        (pixels, 8_000),
        {"array": pixels, "sampling_rate": 8_000},
        [0.0, 1.0],
    ]
    assert len({digest_media(cell) for cell in cells}) == len(cells)


def test_equal_contents_have_equal_digests(rng):
    pixels = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    assert digest_media(pixels) == digest_media(np.asfortranarray(pixels))
    assert digest_media(Image.fromarray(pixels)) == digest_media(Image.fromarray(pixels.copy()))


def test_other_types_are_an_error_or_known_by_their_pickle():
    with pytest.raises(TypeError, match="holds set"):
        digest_media({1, 2})
    assert digest_any({1, 2}) == digest_any({2, 1}) != digest_any({1, 3})


def test_a_folder_is_known_by_its_files_not_by_its_place(tmp_path):
    for folder, weights in [("a", b"w"), ("b", b"w"), ("c", b"v")]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.json").write_text("{}")
        (tmp_path / folder / "model.safetensors").write_bytes(weights)
        (tmp_path / folder / "README.md").write_text(folder)
    a, b, c = (digest_folder(tmp_path / name) for name in "abc")
    assert a == b != c
