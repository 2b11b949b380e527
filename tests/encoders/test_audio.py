"""Sounds to vectors."""

import io

import numpy as np
import pytest
import torch

from mofa_sklearn.encoders import AudioEncoder, UnreadableCellError

from ..lazily import Lazily

soundfile = Lazily("soundfile")
transformers = Lazily("transformers")

RATE = 16_000


@pytest.fixture
def sounds(rng):
    return [rng.normal(size=n).astype(np.float32) / 10 for n in (4000, 7000, 4000, 20)]


def test_vectors_are_means_of_wav2vecs_tokens(models, sounds):
    folder = models("wav2vec2")
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    vectors = AudioEncoder(folder).fit_transform(sounds)
    for sound, vector in zip(sounds[:3], vectors, strict=False):
        inputs = extractor(sound, sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            expected = model(**inputs).last_hidden_state[0].mean(dim=0)
        np.testing.assert_allclose(vector, expected, rtol=1e-3, atol=1e-5)


def test_the_silence_that_whisper_is_filled_with_does_not_count(models, sounds):
    folder = models("whisper")
    encoder = AudioEncoder(folder, pooling="none").fit(sounds)
    tokens = encoder.transform(sounds).reshape(len(sounds), -1, 16)
    there = ~np.isnan(tokens).any(axis=2)
    assert there.sum(axis=1).tolist() == [13, 22, 13, 2]  # 50 tokens a second, begun ones too
    means = AudioEncoder(folder).fit_transform(sounds)
    np.testing.assert_allclose(means, np.nanmean(tokens, axis=1), rtol=1e-3, atol=1e-5)


def test_claps_vectors_are_its_projected_sounds(models, sounds):
    folder = models("clap")
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    inputs = extractor(sounds[0], sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        expected = model.get_audio_features(**inputs).pooler_output[0]
    vector = AudioEncoder(folder).fit_transform(sounds)[0]
    np.testing.assert_allclose(vector, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["wav2vec2", "whisper", "clap"])
def test_a_vector_does_not_depend_on_the_sounds_beside_it(name, models, sounds):
    encoder = AudioEncoder(models(name)).fit(sounds)
    together = encoder.transform(sounds)
    alone = np.vstack([encoder.transform([sound]) for sound in sounds])
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-5)


def test_long_sounds_go_through_in_windows(models, sounds):
    encoder = AudioEncoder(models("wav2vec2"), window=0.125)  # 2000 samples
    halves = [sounds[0][:2000], sounds[0][2000:]]
    expected = encoder.fit_transform(halves).mean(axis=0)
    np.testing.assert_allclose(
        encoder.fit_transform(sounds[:1])[0], expected, rtol=1e-3, atol=1e-5
    )


def test_a_window_that_the_model_cannot_hear_is_an_error(models, sounds):
    with pytest.raises(ValueError, match=r"window=10.*whisper.*hears 2 seconds at once"):
        AudioEncoder(models("whisper"), window=10).fit(sounds)


def test_tokens_are_merged_to_few(models, sounds):
    encoder = AudioEncoder(models("wav2vec2"), pooling="none", n_tokens=5)
    tokens = encoder.fit_transform([*sounds, None]).reshape(5, 5, 16)
    assert (~np.isnan(tokens).any(axis=2)).sum(axis=1).tolist() == [5, 5, 5, 3, 0]


def test_sounds_are_resampled(models):
    def tone(rate):
        return np.sin(np.arange(rate // 2) * 2 * np.pi * 300 / rate).astype(np.float32)

    encoder = AudioEncoder(models("whisper"))
    same, other, unsaid = encoder.fit_transform(
        [(tone(RATE), RATE), (tone(44_100), 44_100), tone(RATE)]
    )
    np.testing.assert_allclose(other, same, atol=0.05)
    np.testing.assert_array_equal(unsaid, same)
    said = AudioEncoder(models("whisper"), sampling_rate=44_100).fit_transform([tone(44_100)])
    np.testing.assert_array_equal(said[0], other)


def test_files_bytes_missing_and_broken(models, sounds, tmp_path):
    buffer = io.BytesIO()
    soundfile.write(buffer, sounds[0], RATE, format="FLAC")
    (tmp_path / "a.flac").write_bytes(buffer.getvalue())
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    encoder = AudioEncoder(models("wav2vec2"))
    cells = [tmp_path / "a.flac", buffer.getvalue(), None, ""]
    vectors = encoder.fit_transform(cells)
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert np.isnan(vectors).all(axis=1).tolist() == [False, False, True, True]
    with pytest.raises(UnreadableCellError, match=r"row 4 \('.*broken\.wav'\)"):
        encoder.fit([*cells, tmp_path / "broken.wav"])
