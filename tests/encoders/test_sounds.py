"""Sounds of any kind to samples of one channel."""

import io

import numpy as np
import pytest

from mofa_sklearn.encoders._sounds import read_sound, resampled

from ..lazily import Lazily

av = Lazily("av")
soundfile = Lazily("soundfile")

RATE = 8000


@pytest.fixture
def tone():
    return np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE).astype(np.float32) / 2


def wav(samples, rate=RATE, kind="WAV", **options):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, **options)
    return buffer.getvalue()


def test_paths_bytes_and_samples_are_the_same_sound(tone, tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(tone, subtype="FLOAT"))
    cells = [
        tmp_path / "a.wav",
        str(tmp_path / "a.wav"),
        wav(tone, subtype="FLOAT"),
        (tone, RATE),
        {"array": tone, "sampling_rate": RATE},
        {"array": tone.tolist(), "sampling_rate": RATE},
    ]
    for cell in cells:
        sound = read_sound(cell, None)
        assert sound.rate == RATE
        np.testing.assert_allclose(sound.samples, tone, atol=1e-6)


def test_samples_without_a_rate_have_the_given_one(tone):
    assert read_sound(tone, None).rate is None
    assert read_sound(tone, 44_100).rate == 44_100
    assert read_sound(tone.tolist(), 44_100).rate == 44_100


def test_channels_become_their_mean(tone):
    stereo = np.stack([tone, np.zeros_like(tone)], axis=1)
    for cell in [wav(stereo, subtype="FLOAT"), (stereo, RATE), (stereo.T, RATE)]:
        np.testing.assert_allclose(read_sound(cell, None).samples, tone / 2, atol=1e-6)


def test_integers_are_scaled_to_one(tone):
    integers = np.round(tone * 32767).astype(np.int16)
    np.testing.assert_allclose(read_sound((integers, RATE), None).samples, tone, atol=1e-4)


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100, 48_000])
def test_a_tone_keeps_its_pitch_at_another_rate(rate):
    tone = np.sin(np.arange(rate) * 2 * np.pi * 440 / rate).astype(np.float32)
    sound = resampled(tone, rate, 16_000)
    assert abs(len(sound) - 16_000) <= 1
    strongest = np.abs(np.fft.rfft(sound)).argmax() * 16_000 / len(sound)
    assert strongest == pytest.approx(440, abs=2)


def test_what_is_above_the_new_rates_half_goes():
    tone = np.sin(np.arange(48_000) * 2 * np.pi * 15_000 / 48_000).astype(np.float32)
    assert np.abs(resampled(tone, 48_000, 16_000)[100:-100]).max() < 0.05


def test_the_sound_of_a_video_is_read(tone):
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=RATE)
        frame = av.AudioFrame.from_ndarray(tone[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    sound = read_sound(buffer.getvalue(), None)
    assert sound.rate == RATE
    strongest = np.abs(np.fft.rfft(sound.samples)).argmax() * RATE / len(sound.samples)
    assert strongest == pytest.approx(440, abs=5)


def test_broken_sounds_are_errors(tmp_path, tone):
    for broken in [b"no sound", wav(tone)[:10]]:
        with pytest.raises(ValueError, match="no sound that libsndfile"):
            read_sound(broken, None)
    with pytest.raises(ValueError, match="no sample"):
        read_sound(wav(tone[:0]), None)
    with pytest.raises(ValueError, match="NaN or infinity"):
        read_sound(np.array([0.0, np.nan]), None)
    with pytest.raises(FileNotFoundError):
        read_sound(tmp_path / "nowhere.wav", None)


@pytest.mark.parametrize("cell", [3, {"a": 1}])
def test_other_types_are_errors(cell):
    with pytest.raises(TypeError, match="sounds are paths, bytes"):
        read_sound(cell, None)
