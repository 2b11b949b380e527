"""Where a model is, and what is said if it is nowhere."""

import shutil
import socket
import time

import numpy as np
import pytest

from mofa_sklearn.encoders import ImageEncoder, ModelNotFoundError, TextEncoder
from mofa_sklearn.encoders import _find_model as module

from ..lazily import Lazily

huggingface_hub = Lazily("huggingface_hub")

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(models, tmp_path):
    """A cache as the hub's library writes it, with two models."""

    def put(name, folder):
        place = tmp_path / f"models--{name.replace('/', '--')}"
        shutil.copytree(folder, place / "snapshots" / COMMIT)
        (place / "refs").mkdir()
        (place / "refs" / "main").write_text(COMMIT)

    put("someone/tiny", models("bert"))
    put("sentence-transformers/short", models("bert"))
    return tmp_path


@pytest.fixture
def closed_hub(monkeypatch):
    """An address at which nobody answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("name", ["someone/tiny", "sentence-transformers/short", "short"])
def test_a_model_of_the_cache_is_used_without_a_network(name, cache, models):
    encoder = TextEncoder(name, cache_folder=cache).fit(["abc"])
    assert encoder.revision_ == COMMIT
    np.testing.assert_array_equal(
        encoder.transform(["abc", "de"]), TextEncoder(models("bert")).fit_transform(["abc", "de"])
    )


def test_a_revision_that_the_cache_lacks_is_not_another(cache):
    with pytest.raises(ModelNotFoundError, match="revision='2'"):
        TextEncoder("someone/tiny", cache_folder=cache, revision="2", local_files_only=True).fit(
            ["abc"]
        )


@pytest.mark.parametrize("kind", [TextEncoder, ImageEncoder])
def test_an_error_says_what_was_looked_for_and_where(kind, cache):
    encoder = kind("someone/else", cache_folder=cache, local_files_only=True)
    with pytest.raises(ModelNotFoundError) as raised:
        encoder.fit(["abc"])
    message = str(raised.value)
    assert all(part in message for part in ("someone/else", str(cache), "local_files_only=True"))
    assert isinstance(raised.value, (OSError, ValueError))


def test_the_hubs_own_switch_is_obeyed(cache, monkeypatch, closed_hub):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelNotFoundError, match="HF_HUB_OFFLINE is set"):
        TextEncoder("someone/else", cache_folder=cache).fit(["abc"])


def test_a_network_that_is_not_there_is_not_waited_for(cache, closed_hub):
    start = time.monotonic()
    with pytest.raises(ModelNotFoundError, match="the hub did not answer"):
        TextEncoder("someone/else", cache_folder=cache).fit(["abc"])
    assert time.monotonic() - start < 5


def test_a_hub_that_never_answers_is_not_waited_for(cache, monkeypatch):
    monkeypatch.setattr(module, "_TIMEOUT", 0.3)
    with socket.socket() as server:  # takes the question, and says nothing
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        start = time.monotonic()
        with pytest.raises(ModelNotFoundError, match="the hub did not answer"):
            TextEncoder("someone/else", cache_folder=cache).fit(["abc"])
        assert time.monotonic() - start < 5


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "a/b/c", "~/nowhere"])
def test_a_folder_that_is_not_there_is_never_looked_for_on_the_hub(name, closed_hub):
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        TextEncoder(name).fit(["abc"])


def test_a_path_object_is_a_folder(tmp_path, closed_hub):
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        TextEncoder(tmp_path / "model").fit(["abc"])


def test_a_folder_without_a_model_says_what_it_has(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(ModelNotFoundError, match=r"holds no model.*notes\.txt"):
        TextEncoder(tmp_path).fit(["abc"])


def test_a_name_that_cannot_be_one_is_an_error():
    with pytest.raises(ModelNotFoundError, match="nor a possible name on the hub"):
        TextEncoder("no name!").fit(["abc"])


@pytest.mark.parametrize("broken", ["config.json", "model.safetensors"])
def test_a_broken_model_is_an_error_that_names_its_folder(broken, models, tmp_path, pictures):
    folder = shutil.copytree(models("vit"), tmp_path / "model")
    (folder / broken).write_bytes(b"{")
    with pytest.raises(ValueError, match=str(folder)):
        ImageEncoder(folder).fit(pictures)


def test_weights_that_are_not_there_are_an_error_not_random(models, tmp_path, pictures):
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(models("vit"), tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    weights = {name: each for name, each in weights.items() if "layer.1." not in name}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"lacks \d+ weights that its vectors depend on"):
        ImageEncoder(folder).fit(pictures)
