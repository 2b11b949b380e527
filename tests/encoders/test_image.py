"""Pictures to vectors."""

import importlib.util

import numpy as np
import pytest
import torch
from PIL import Image

from mofa_sklearn.encoders import ImageEncoder, UnreadableCellError

from ..lazily import Lazily

transformers = Lazily("transformers")


def reference(folder, pictures):
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    pixels = processor(pictures, return_tensors="pt")["pixel_values"]
    return model, pixels


def test_clips_vectors_are_its_projected_pictures(models, pictures):
    for name in ("clip", "siglip"):
        model, pixels = reference(models(name), pictures)
        with torch.inference_mode():
            expected = model.get_image_features(pixel_values=pixels).pooler_output
        np.testing.assert_allclose(
            ImageEncoder(models(name)).fit_transform(pictures), expected, rtol=1e-4, atol=1e-5
        )


def test_an_untrained_pooling_layer_is_not_used(models, pictures):
    model, pixels = reference(models("vit"), pictures)
    with torch.inference_mode():
        expected = model(pixels).last_hidden_state[:, 0]
    for pooling in ("auto", "cls"):
        np.testing.assert_allclose(
            ImageEncoder(models("vit"), pooling=pooling).fit_transform(pictures),
            expected,
            rtol=1e-4,
            atol=1e-5,
        )


def test_convolutional_networks_have_their_own_pooling(models, pictures):
    model, pixels = reference(models("resnet"), pictures)
    with torch.inference_mode():
        expected = model(pixels).last_hidden_state.mean(dim=(2, 3))
    for pooling in ("auto", "mean"):
        np.testing.assert_allclose(
            ImageEncoder(models("resnet"), pooling=pooling).fit_transform(pictures),
            expected,
            rtol=1e-4,
            atol=1e-5,
        )


@pytest.mark.parametrize("name", ["clip", "vit", "resnet"])
def test_poolings_are_those_of_the_tokens(name, models, pictures):
    encoder = ImageEncoder(models(name), pooling="none")
    tokens = encoder.fit_transform(pictures).reshape(len(pictures), encoder.n_tokens_, 16)
    for pooling, expected in {"mean": tokens.mean(axis=1), "max": tokens.max(axis=1)}.items():
        np.testing.assert_allclose(
            ImageEncoder(models(name), pooling=pooling).fit_transform(pictures),
            expected,
            rtol=1e-4,
            atol=1e-5,
        )


def test_a_first_token_that_the_model_lacks_is_an_error(models, pictures):
    with pytest.raises(ValueError, match=r"pooling='cls'.*siglip.*no token"):
        ImageEncoder(models("siglip"), pooling="cls").fit(pictures)


def test_many_patches_are_merged(models, pictures):
    encoder = ImageEncoder(models("siglip"), pooling="none", n_tokens=4)
    merged = encoder.fit_transform(pictures).reshape(len(pictures), 4, 16)
    all_of_them = ImageEncoder(models("siglip"), pooling="none").fit_transform(pictures)
    expected = all_of_them.reshape(len(pictures), 4, 4, 16).mean(axis=2)
    np.testing.assert_allclose(merged, expected, rtol=1e-4, atol=1e-5)


def test_paths_bytes_images_and_arrays_have_the_same_vectors(models, pictures, png, tmp_path):
    image = pictures[0]
    (tmp_path / "a.png").write_bytes(png(image))
    cells = [image, np.asarray(image), png(image), tmp_path / "a.png", str(tmp_path / "a.png")]
    vectors = ImageEncoder(models("clip")).fit_transform(cells)
    assert np.ptp(vectors, axis=0).max() == 0


def test_grey_transparent_and_missing_pictures(models, pictures):
    cells = [pictures[0].convert("L"), pictures[1].convert("RGBA"), None, "", np.nan]
    missing = np.isnan(ImageEncoder(models("clip")).fit_transform(cells)).all(axis=1)
    assert missing.tolist() == [False, False, True, True, True]


def test_an_array_of_pictures_is_a_column(models, rng):
    pixels = rng.integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)
    np.testing.assert_array_equal(
        ImageEncoder(models("clip")).fit_transform(pixels),
        ImageEncoder(models("clip")).fit_transform(list(pixels)),
    )


@pytest.mark.parametrize("content", [b"no picture", None])
def test_an_unreadable_file_is_an_error_that_names_row_and_file(
    content, models, pictures, tmp_path
):
    path = tmp_path / "broken.jpg"
    if content is not None:
        path.write_bytes(content)
    encoder = ImageEncoder(models("clip"))
    with pytest.raises(UnreadableCellError, match=r"row 1 \('.*broken\.jpg'\)"):
        encoder.fit([pictures[0], str(path)])
    with pytest.raises(UnreadableCellError, match=r"row 1 \('.*broken\.jpg'\)"):
        encoder.fit(pictures).transform([pictures[0], path])


def test_unreadable_files_can_count_as_missing(models, pictures, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    cells = [pictures[0], tmp_path / "broken.jpg", tmp_path / "nowhere.jpg", pictures[1]]
    vectors = ImageEncoder(models("clip"), on_error="missing").fit_transform(cells)
    assert np.isnan(vectors).all(axis=1).tolist() == [False, True, True, False]
    np.testing.assert_array_equal(
        vectors[[0, 3]], ImageEncoder(models("clip")).fit_transform(pictures[:2])
    )


def test_cells_of_other_types_are_errors_whatever_on_error_is(models, pictures):
    for on_error in ("raise", "missing"):
        with pytest.raises(TypeError, match="row 1 holds object"):
            ImageEncoder(models("clip"), on_error=on_error).fit([pictures[0], object()])


def test_a_function_is_given_the_cells_as_they_are(tmp_path):
    given = []

    def encode(cells):
        given.extend(cells)
        return np.ones((len(cells), 2))

    array = np.zeros((4, 4))
    ImageEncoder(encode).fit(["no file", array, None])
    assert given[0] == "no file"
    assert given[1] is array
    assert len(given) == 2


@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")
def test_models_of_timm(tmp_path, pictures):
    config = transformers.TimmWrapperConfig.from_dict(
        {"architecture": "resnet18", "num_classes": 0}
    )
    transformers.TimmWrapperModel(config).save_pretrained(tmp_path)
    assert ImageEncoder(tmp_path).fit_transform(pictures).shape == (len(pictures), 512)


@pytest.mark.skipif(importlib.util.find_spec("timm") is not None, reason="timm is installed")
def test_a_model_of_timm_without_timm_says_what_to_install(tmp_path, pictures):
    (tmp_path / "config.json").write_text(
        '{"architecture": "resnet18", "model_type": "timm_wrapper", "num_classes": 0}'
    )
    with pytest.raises(ImportError, match=r"pip install mofa-sklearn\[encoders\]"):
        ImageEncoder(tmp_path).fit(pictures)


def test_pictures_that_pillow_draws_anew_are_remembered(tmp_path, models):
    encoder = ImageEncoder(models("clip"), memory=tmp_path)
    red = [Image.new("RGB", (40, 40), "red"), Image.new("RGB", (40, 40), "red")]
    first = encoder.fit_transform(red[:1])
    again = ImageEncoder(models("clip"), memory=tmp_path).fit(red[1:])
    assert again._model is None
    np.testing.assert_array_equal(first, again.transform(red[1:]))
