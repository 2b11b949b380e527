"""Videos to vectors."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from .._sklearn_private import Interval
from ._base import BaseEncoder
from ._clips import read_frames
from ._contents import digest_any, digest_media
from ._find_model import FoundModel
from ._loading import Model
from ._vision import VisionModel


class VideoEncoder(BaseEncoder):
    """Turn videos into vectors, by a model of clips or of pictures.

    A plain transformer of one column of videos: paths, bytes of a file, or frames (a list of
    pictures as :class:`ImageEncoder` takes them, or an array of shape (n_frames, height, width,
    channels)). Frames are spread evenly over a video, and turned as its file says.

    Parameters
    ----------
    model_name : str, path or callable
        A model of clips (VideoMAE, TimeSformer, ViViT), or one of pictures (CLIP, ...), which sees
        the frames one by one. A name on the hub is looked for in the cache first, and downloaded
        if it is not there; a path is a folder with the model's files. A function takes a list of
        cells, as they are in the column, without the missing ones, and returns an array of shape
        (n_cells, width), or an array (n_tokens, width) for each cell.

    n_frames : int, default=16
        Frames that are taken of a video. A video of fewer frames repeats them for a model of
        clips. Most such models take one number of frames only.

    pooling : {"auto", "mean", "cls", "max", "none"}, default="auto"
        Of a model of clips: how its tokens become a vector; "auto" is the token that stands for
        the whole clip where there is one (TimeSformer, ViViT), else the mean (VideoMAE). Of a
        model of pictures: how the frames' vectors become one; "auto" is their mean, and "cls"
        the mean of the frames' first tokens. "none" keeps the tokens, or a vector for each
        frame, side by side, for `tokens=` of the estimators.

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

    n_tokens : int, default=None
        With pooling "none": more tokens than that are merged to means of so many stretches. None
        keeps all.

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
    AudioEncoder : Encodes sounds.
    mofa_sklearn.make_mofa_pipeline : Takes encoders of raw modalities.

    Notes
    -----
    A missing or empty cell (None, NaN, an empty path, no frames) is a row of NaN: the modality is
    missing there.

    Copies and files of a fitted encoder hold no weights: the model is found again by its name
    and revision when it is needed.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.encoders import VideoEncoder
    >>> def brightness(videos):  # or the name of a model
    ...     return np.array([[frames.mean(), np.ptp(frames)] for frames in videos])
    >>> fading = np.linspace(0, 100, 5)[:, None, None, None] * np.ones((5, 4, 4, 3))
    >>> VideoEncoder(brightness).fit_transform([fading, None])
    array([[ 50., 100.],
           [ nan,  nan]], dtype=float32)
    """

    _cell_ndim = 4
    _unseen_by_functions = {**BaseEncoder._unseen_by_functions, "n_frames": (16,)}

    _parameter_constraints: dict = {
        **BaseEncoder._parameter_constraints,
        "n_frames": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        model_name,
        *,
        n_frames=16,
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
        n_tokens=None,
        revision=None,
        local_files_only=False,
    ):
        self.model_name = model_name
        self.n_frames = n_frames
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
        self.n_tokens = n_tokens
        self.revision = revision
        self.local_files_only = local_files_only

    def _digest(self, cell: Any, of_file: Any) -> bytes:
        digest = digest_any if callable(self.model_name) else digest_media
        return digest(cell, of_file)

    def _read(self, cell: Any) -> list:
        return read_frames(cell, self.n_frames)

    def _load(self, found: FoundModel) -> Model:
        return _VideoModel(found, self.pooling, self.device, self.dtype, self.n_frames)

    def _own_settings(self) -> dict[str, Any]:
        return {} if callable(self.model_name) else {"n_frames": self.n_frames}


class _VideoModel(Model):
    """A network of clips, or one of pictures, frame by frame."""

    def __init__(self, found, pooling, device, dtype, n_frames):
        self.model = VisionModel(found, pooling, device, dtype)
        self.pooling = pooling
        needed = self.model.n_frames
        if needed not in (None, n_frames):
            raise ValueError(
                f"n_frames={n_frames}, but the {self.model.network.config.model_type} in "
                f"{found.folder} takes clips of {needed} frames: write n_frames={needed}."
            )
        if not self.model.takes_clips:
            self.model.pooling = "cls" if pooling == "cls" else "auto"

    def encode(self, cells: list[list]) -> list[np.ndarray]:
        if self.model.takes_clips:
            return self.model.encode(cells)
        return [self._of_frames(cell) for cell in cells]

    def _of_frames(self, frames: list) -> np.ndarray:
        distinct = list({id(frame): frame for frame in frames}.values())
        vectors = np.stack(self.model.encode(distinct))
        if self.pooling == "none":
            return vectors
        return vectors.max(axis=0) if self.pooling == "max" else vectors.mean(axis=0)
