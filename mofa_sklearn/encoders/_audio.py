"""Sounds to vectors."""

from __future__ import annotations

from collections import defaultdict
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch

from .._sklearn_private import Interval, StrOptions
from ..training.devices import resolve_device
from ._base import BaseEncoder
from ._contents import digest_any, digest_media
from ._find_model import FoundModel
from ._loading import Model, load_processor, load_transformer, torch_dtype
from ._pooling import as_tokens, pool_tokens, pooled_output
from ._sounds import Sound, read_sound, resampled

# Of networks that set no limit themselves: their memory grows with the square of it.
_LONGEST_SECONDS = 30.0
# Below this, convolutions have nothing to slide over.
_SHORTEST_SECONDS = 0.025


class AudioEncoder(BaseEncoder):
    """Turn sounds into vectors, by a model of transformers.

    A plain transformer of one column of sounds: paths (of sound files, and of videos with sound),
    bytes of a file, samples, or samples and their rate: ``(samples, 44_100)`` or
    ``{"array": samples, "sampling_rate": 44_100}``. Channels become their mean, and all sounds are
    resampled to the model's rate.

    Parameters
    ----------
    model_name : str, path or callable
        A model that hears: wav2vec 2.0, HuBERT, WavLM, Whisper, CLAP. A name on the hub is looked
        for in the cache first, and downloaded if it is not there; a path is a folder with the
        model's files. A function takes a list of cells, as they are in the column, without the
        missing ones, and returns an array of shape (n_cells, width), or an array (n_tokens, width)
        for each cell.

    pooling : {"auto", "mean", "max", "none"}, default="auto"
        How the vectors of a sound's short stretches become one. "auto" is the model's own vector
        where it has one (CLAP), else their mean. "none" keeps them side by side, for `tokens=` of
        the estimators; `n_tokens` makes them few.

    normalize : bool, default=False
        Whether every vector (every token) is brought to length one.

    n_components : int, default=None
        Number of principal components that replace a vector's columns (a token's). They are
        learned in `fit`. None keeps the columns.

    device : str, default="auto"
        Where the model computes: "auto" (a CUDA GPU where there is one, else the CPU), or any
        name that torch knows.

    dtype : {"float32", "bfloat16", "float16", "auto"}, default="float32"
        What the model computes in; vectors are float32 always. "auto" is bfloat16 where the
        processor has instructions for it: faster, with about three digits.

    batch_size : int, default=8
        Cells that go through the model together, and are remembered together.

    cache_folder : str or path, default=None
        Where downloaded models are kept. None is the hub's own cache (``HF_HOME``).

    memory : str or path, default=None
        A folder in which vectors are remembered, in one SQLite database for all encoders and
        processes. A vector is found by its cell's content, the model, its revision and all
        settings that it depends on; `normalize` and `n_components` come after. None remembers
        nothing.

    verbose : int, default=0
        Whether to show a progress bar.

    random_state : int, RandomState instance or None, default=None
        Of the principal components of large data.

    on_error : {"raise", "missing"}, default="raise"
        Whether a cell that cannot be read is an error or counts as missing.

    sampling_rate : int, default=None
        Samples a second of cells that are samples without a rate. None is the model's own.

    window : float, default=None
        Seconds that go through the model at once; a longer sound is cut into windows of equal
        length, whose tokens follow each other. None is what the model hears at once (Whisper: 30,
        CLAP: 10), or 30.

    n_tokens : int, default=None
        With pooling "none": more tokens than that are merged to means of so many stretches. None
        keeps all, 50 a second in most models.

    revision : str, default=None
        Branch, tag or commit on the hub; None is the main branch, or what the cache has of it.
        Of a function, any text that changes when its vectors do; None looks into its code and
        what it holds, where `memory` needs it.

    local_files_only : bool, default=False
        Whether to leave the network alone. ``HF_HUB_OFFLINE=1`` does so for all models.

    Attributes
    ----------
    width_ : int
        Length of a vector, as the model gives it.

    n_components_ : int
        Length of a vector (a token) of the result.

    n_tokens_ : int or None
        Tokens in a row of the result, which has ``n_tokens_ * n_components_`` columns; None
        unless `pooling` is "none".

    revision_ : str or None
        Commit of the hub, or digest of a local folder's files.

    pca_ : PCA or None
        The principal components.

    n_features_in_ : int
        1.

    feature_names_in_ : ndarray of str of shape (1,)
        Name of the column, where it has one.

    See Also
    --------
    TextEncoder : Encodes texts.
    ImageEncoder : Encodes pictures.
    VideoEncoder : Encodes videos.
    mofa_sklearn.make_mofa_pipeline : Takes encoders of raw modalities.

    Notes
    -----
    A missing or empty cell (None, NaN, an empty path, no samples) is a row of NaN: the modality is
    missing there.

    Copies and files of a fitted encoder hold no weights: the model is found again by its name
    and revision when it is needed.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.encoders import AudioEncoder
    >>> def loudness(sounds):  # or the name of a model
    ...     return np.array([[np.abs(sound).mean()] for sound in sounds])
    >>> AudioEncoder(loudness).fit_transform([np.full(100, 0.5), None])
    array([[0.5],
           [nan]], dtype=float32)
    """

    _cell_ndim = 1
    _unseen_by_functions = {
        **BaseEncoder._unseen_by_functions,
        "sampling_rate": (None,),
        "window": (None,),
    }

    _parameter_constraints: dict = {
        **BaseEncoder._parameter_constraints,
        "pooling": [StrOptions({"auto", "mean", "max", "none"})],
        "window": [Interval(Real, 0, None, closed="neither"), None],
        "sampling_rate": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        model_name,
        *,
        pooling="auto",
        normalize=False,
        n_components=None,
        device="auto",
        dtype="float32",
        batch_size=8,
        cache_folder=None,
        memory=None,
        verbose=0,
        random_state=None,
        on_error="raise",
        sampling_rate=None,
        window=None,
        n_tokens=None,
        revision=None,
        local_files_only=False,
    ):
        self.model_name = model_name
        self.pooling = pooling
        self.normalize = normalize
        self.n_components = n_components
        self.device = device
        self.dtype = dtype
        self.batch_size = batch_size
        self.cache_folder = cache_folder
        self.memory = memory
        self.verbose = verbose
        self.random_state = random_state
        self.on_error = on_error
        self.sampling_rate = sampling_rate
        self.window = window
        self.n_tokens = n_tokens
        self.revision = revision
        self.local_files_only = local_files_only

    def _digest(self, cell: Any, of_file: Any) -> bytes:
        digest = digest_any if callable(self.model_name) else digest_media
        return digest(cell, of_file)

    def _read(self, cell: Any) -> Sound:
        return read_sound(cell, self.sampling_rate)

    def _load(self, found: FoundModel) -> Model:
        return _AudioModel(found, self.pooling, self.device, self.dtype, self.window)

    def _own_settings(self) -> dict[str, Any]:
        if callable(self.model_name):
            return {}
        return {"sampling_rate": self.sampling_rate, "window": self.window}


class _AudioModel(Model):
    """A network of transformers that hears."""

    def __init__(self, found, pooling, device, dtype, window):
        self.device = resolve_device(device)
        self.dtype = torch_dtype(dtype, self.device)
        self.network, missing = load_transformer(found.folder, self.device, self.dtype)
        self.extractor = load_processor(found.folder, "AutoFeatureExtractor")
        self.pooling = pooling
        self.rate = self.extractor.sampling_rate
        self._pooler_is_trained = not any("pooler" in key for key in missing)
        self._tower = getattr(self.network, "audio_model", self.network)
        if self.network.config.is_encoder_decoder:
            self._tower = self.network.get_encoder()
        self.window = self._window(found, window)

    def _window(self, found: FoundModel, seconds: float | None) -> int:
        """Return the most samples that go through the network at once."""
        own = getattr(self.extractor, "n_samples", getattr(self.extractor, "nb_max_samples", None))
        if seconds is None:
            return own or round(_LONGEST_SECONDS * self.rate)
        if own is not None and seconds * self.rate > own:
            raise ValueError(
                f"window={seconds}, but the {self.network.config.model_type} in {found.folder} "
                f"hears {own / self.rate:g} seconds at once: take window=None, or less."
            )
        return max(1, round(seconds * self.rate))

    def encode(self, cells: list[Sound]) -> list[np.ndarray]:
        """Return vectors of sounds, whose windows go through the network by their lengths.

        Windows of one length need no padding, so that a vector does not depend on the others.
        """
        parts: list[list] = []
        by_length = defaultdict(list)
        for i, sound in enumerate(cells):
            windows = self._windows(sound)
            parts.append([None] * len(windows))
            for j, window in enumerate(windows):
                by_length[len(window)].append((i, j, window))
        for group in by_length.values():
            for start in range(0, len(group), len(cells)):
                batch = group[start : start + len(cells)]
                for (i, j, _), vector in zip(batch, self._encode(batch), strict=True):
                    parts[i][j] = vector
        return [self._joined(each) for each in parts]

    def _windows(self, sound: Sound) -> list[np.ndarray]:
        samples = resampled(sound.samples, sound.rate or self.rate, self.rate)
        lacking = round(_SHORTEST_SECONDS * self.rate) - len(samples)
        if lacking > 0:
            samples = np.pad(samples, (0, lacking))
        return np.array_split(samples, -(-len(samples) // self.window))

    @torch.inference_mode()
    def _encode(self, batch: list[tuple[int, int, np.ndarray]]) -> list[np.ndarray]:
        """Return tokens, or a vector, of windows of one length."""
        windows = [window for _, _, window in batch]
        prepared = self.extractor(windows, sampling_rate=self.rate, return_tensors="pt")
        inputs = {
            name: value.to(self.device, self.dtype if value.is_floating_point() else None)
            for name, value in prepared.items()
        }
        if self.pooling == "auto" and hasattr(self.network, "get_audio_features"):
            return list(pooled_output(self.network.get_audio_features(**inputs)))
        given = self._tower(**inputs)
        pooled = getattr(given, "pooler_output", None)
        if self.pooling == "auto" and pooled is not None and self._pooler_is_trained:
            return list(pooled_output(given))
        tokens = as_tokens(given.last_hidden_state)
        return pool_tokens(tokens, [self._n_tokens(windows[0], tokens)] * len(windows), "none")

    def _n_tokens(self, window: np.ndarray, tokens: torch.Tensor) -> int:
        """Return how many tokens are of the sound, and not of what its window is filled with."""
        if self.network.config.model_type != "whisper":
            return tokens.shape[1]
        samples_of_a_token = self.extractor.n_samples / tokens.shape[1]
        return min(tokens.shape[1], max(1, int(np.ceil(len(window) / samples_of_a_token))))

    def _joined(self, parts: list[np.ndarray]) -> np.ndarray:
        """Return one vector of all windows, or their tokens one after the other."""
        joined = np.vstack(parts)
        if self.pooling == "none":
            return joined
        return joined.max(axis=0) if self.pooling == "max" else joined.mean(axis=0)
