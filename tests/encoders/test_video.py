"""Videos to vectors."""

import numpy as np
import pytest
import torch
from PIL import Image

from mofa_sklearn.encoders import ImageEncoder, UnreadableCellError, VideoEncoder

from ..lazily import Lazily
from .test_clips import make_video

transformers = Lazily("transformers")

N_FRAMES = 4


@pytest.fixture
def clips(rng):
    """Three videos of four, nine and one frames."""
    return [
        [Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)) for _ in range(n)]
        for n in (4, 9, 1)
    ]


@pytest.mark.parametrize(("name", "first"), [("videomae", 0), ("timesformer", 1), ("vivit", 1)])
def test_vectors_are_those_of_transformers(name, first, models, clips):
    folder = models(name)
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        pixels = processor([clips[0]], return_tensors="pt")["pixel_values"]
        tokens = model(pixels).last_hidden_state
    vectors = VideoEncoder(folder, n_frames=N_FRAMES).fit_transform(clips)
    expected = {"auto": tokens[0, 0] if first else tokens[0].mean(dim=0)}
    if name == "vivit":  # its pooling layer is trained
        with torch.inference_mode():
            expected = {"auto": model(pixels).pooler_output[0]}
    np.testing.assert_allclose(vectors[0], expected["auto"], rtol=1e-4, atol=1e-5)
    means = VideoEncoder(folder, n_frames=N_FRAMES, pooling="mean").fit_transform(clips)
    np.testing.assert_allclose(means[0], tokens[0].mean(dim=0), rtol=1e-4, atol=1e-5)


def test_a_model_of_pictures_sees_the_frames(models, clips):
    frames = ImageEncoder(models("clip")).fit_transform(clips[0])
    encode = {
        pooling: VideoEncoder(models("clip"), n_frames=N_FRAMES, pooling=pooling).fit_transform(
            clips
        )
        for pooling in ("auto", "mean", "max", "none")
    }
    np.testing.assert_allclose(encode["auto"][0], frames.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(encode["mean"][0], frames.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(encode["max"][0], frames.max(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(encode["none"][0], frames.ravel(), rtol=1e-4, atol=1e-5)
    # The third video has one frame: the other tokens are not there.
    there = ~np.isnan(encode["none"][2].reshape(N_FRAMES, -1)).any(axis=1)
    assert there.tolist() == [True, False, False, False]


def test_another_number_of_frames_than_the_models_is_an_error(models, clips):
    with pytest.raises(ValueError, match=r"n_frames=16.*takes clips of 4 frames.*n_frames=4"):
        VideoEncoder(models("videomae")).fit(clips)
    assert VideoEncoder(models("timesformer"), n_frames=6).fit_transform(clips).shape == (3, 16)


def test_files_of_one_frame_upright_missing_and_broken(models, tmp_path):
    one = make_video(tmp_path / "one.mp4", n_frames=1)
    many = make_video(tmp_path / "many.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    encoder = VideoEncoder(models("videomae"), n_frames=N_FRAMES)
    cells = [str(one), many, None, many.read_bytes()]
    vectors = encoder.fit_transform(cells)
    assert np.isnan(vectors).all(axis=1).tolist() == [False, False, True, False]
    np.testing.assert_array_equal(vectors[1], vectors[3])
    with pytest.raises(UnreadableCellError, match=r"row 4 \('.*broken\.mp4'\)"):
        encoder.fit([*cells, tmp_path / "broken.mp4"])
    encoder.set_params(on_error="missing")
    assert np.isnan(encoder.fit_transform([*cells, tmp_path / "broken.mp4"])[4]).all()


def test_a_broken_frame_is_an_error_that_names_the_row(models, clips):
    with pytest.raises(UnreadableCellError, match="row 1"):
        VideoEncoder(models("videomae"), n_frames=N_FRAMES).fit([clips[0], [b"no picture"]])


def test_the_number_of_frames_belongs_to_what_is_remembered(models, clips, tmp_path):
    few, many = (
        VideoEncoder(models("clip"), n_frames=n, memory=tmp_path).fit_transform(clips[1:2])
        for n in (2, 9)
    )
    assert not np.allclose(few, many)
