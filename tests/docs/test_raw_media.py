"""The scripts of the page on raw media run, with tiny models of the same architectures."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import Ridge

from tests.encoders import tiny
from tests.lazily import Lazily

huggingface_hub = Lazily("huggingface_hub")

PAGE = Path(__file__).parents[2] / "docs" / "encoders.md"
SCRIPTS = re.findall(r"```python\n([^>].*?)```", PAGE.read_text("utf-8"), re.DOTALL)
SYSTEMS = {re.search('recipe="(.*?)"', script)[1]: script for script in SCRIPTS[1:]}
COMMIT = "0123456789abcdef0123456789abcdef01234567"
# What stands in the cache of the hub under which name.
MODELS = {
    "openai/clip-vit-base-patch32": tiny.clip,
    "google/siglip-base-patch16-224": tiny.siglip,
    "google/vit-base-patch16-224-in21k": tiny.vit,
    "sentence-transformers/all-MiniLM-L6-v2": tiny.bert,
    "google-bert/bert-base-uncased": tiny.bert,
    "microsoft/deberta-v3-base": tiny.deberta,
    "BAAI/bge-m3": tiny.xlm_roberta,
    "MCG-NJU/videomae-base-finetuned-kinetics": tiny.videomae_of_16,
    "facebook/timesformer-base-finetuned-k400": tiny.timesformer_of_8,
    "google/vivit-b-16x2-kinetics400": tiny.vivit_of_32,
    "facebook/wav2vec2-base-960h": tiny.wav2vec2,
}
N_ROWS = 24


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache of the hub that has all models of the page."""
    folder = tmp_path_factory.mktemp("hub")
    for name, make in MODELS.items():
        place = folder / f"models--{name.replace('/', '--')}"
        tiny.save(make, place / "snapshots" / COMMIT)
        (place / "refs").mkdir()
        (place / "refs" / "main").write_text(COMMIT)
    return folder


@pytest.fixture
def posts(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "covers").mkdir()
    clips = np.empty(N_ROWS, dtype=object)
    tracks = np.empty(N_ROWS, dtype=object)
    for i in range(N_ROWS):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "covers" / f"{i}.jpg")
        clips[i] = rng.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
        tracks[i] = rng.normal(size=1600)
    return pd.DataFrame(
        {
            "id": range(N_ROWS),
            "title": [f"title {'abc'[i % 3]}" for i in range(N_ROWS)],
            "cover": [str(tmp_path / "covers" / f"{i}.jpg") for i in range(N_ROWS)],
            "clip": clips,
            "track": tracks,
        }
    )


@pytest.fixture(autouse=True)
def place(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)


def test_the_first_script_goes_from_files_to_a_prediction(posts, tmp_path, capsys):
    posts.assign(likes=np.arange(N_ROWS))[["id", "title", "likes"]].to_csv(
        tmp_path / "posts.csv", index=False
    )
    small = SCRIPTS[0].replace("cv=5,", "cv=2, estimator=Ridge(), validation='inner',")
    assert small != SCRIPTS[0]
    exec(small, {"Ridge": Ridge})
    assert re.fullmatch(r"\[.*\] \S+\n", capsys.readouterr().out)
    shutil.rmtree(tmp_path / "vectors")  # what `memory` says is there


SMALL = {"hidden_dim": 8, "max_epochs": 2, "n_epochs": 2, "cv": 2, "max_iter": 5}


def make_smaller(model):
    """Set what makes a training long, wherever it is."""
    names = [name for name in model.get_params() if name.rpartition("__")[2] in SMALL]
    return model.set_params(**{name: SMALL[name.rpartition("__")[2]] for name in names})


def targets_for(recipe):
    rng = np.random.default_rng(0)
    if recipe == "mm-imdb":
        return (rng.random((N_ROWS, 3)) < 0.5).astype(int)
    if recipe == "pixelrec-ordinal":
        return np.arange(N_ROWS) % 5
    return rng.normal(size=(N_ROWS, 3 if recipe == "mofa-lite" else 2))


@pytest.mark.parametrize("recipe", SYSTEMS)
@pytest.mark.filterwarnings("ignore")
def test_published_systems_go_from_raw_media_to_predictions(recipe, posts):
    space = {"posts": posts}
    exec(SYSTEMS[recipe], space)
    model, posts, y = make_smaller(space["model"]), space["posts"], targets_for(recipe)
    modalities = model[0].modalities
    table = posts[[column for columns in modalities.values() for column in columns]]
    assert np.shape(model.fit(table, y).predict(table)) == y.shape
    assert list(model[0].modalities_) == list(modalities)
