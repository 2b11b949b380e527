"""Tiny models, made once in a run, and media of all kinds."""

import io

import numpy as np
import pytest
from PIL import Image

from . import tiny


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Name of a maker in `tiny` -> folder of the model."""
    made = {}

    def folder_of(name):
        if name not in made:
            made[name] = tiny.save(getattr(tiny, name), tmp_path_factory.mktemp(name))
        return made[name]

    return folder_of


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def pictures(rng):
    """Six pictures of different sizes."""
    sizes = [(40, 50), (32, 32), (64, 33), (35, 70), (40, 50), (90, 90)]
    return [Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in sizes]


@pytest.fixture
def png():
    """PIL image -> bytes of a file."""

    def to_bytes(image, kind="PNG", **options):
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return to_bytes
