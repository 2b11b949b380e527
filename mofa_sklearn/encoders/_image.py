"""Pictures to vectors."""

from __future__ import annotations

from typing import Any

from ._base import BaseEncoder
from ._contents import digest_any, digest_media
from ._find_model import FoundModel
from ._loading import Model
from ._pictures import read_picture
from ._vision import VisionModel


class ImageEncoder(BaseEncoder):
    """Turn pictures into vectors, by a model of transformers or timm.

    A plain transformer of one column of pictures: paths, bytes, PIL images, or arrays of shape
    (height, width), (height, width, channels) or (channels, height, width). Pictures are turned
    as their EXIF orientation says, and laid on white where they are transparent; grey ones become
    RGB.

    Parameters
    ----------
    model_name : str, path or callable
        A model that sees: CLIP, SigLIP, DINOv2, ViT, a convolutional network, a model of timm
        ("timm/..."). A name on the hub is looked for in the cache first, and downloaded if it is
        not there; a path is a folder with the model's files. A function takes a list of cells, as
        they are in the column, without the missing ones, and returns an array of shape (n_cells,
        width), or an array (n_tokens, width) for each cell.

    pooling : {"auto", "mean", "cls", "max", "none"}, default="auto"
        How the vectors of a picture's patches become one. "auto" is what the model's authors take:
        the projected picture of CLIP, a trained pooling layer, else the token that stands for
        the whole picture, else the mean. "none" keeps all of them side by side, for `tokens=` of
        the estimators.

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

    batch_size : int, default=32
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
        With pooling "none": more patches than that are merged to means of so many stretches. None
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
    VideoEncoder : Encodes videos.
    AudioEncoder : Encodes sounds.
    mofa_sklearn.make_mofa_pipeline : Takes encoders of raw modalities.

    Notes
    -----
    A missing or empty cell (None, NaN, an empty path, no bytes) is a row of NaN: the modality is
    missing there.

    Copies and files of a fitted encoder hold no weights: the model is found again by its name
    and revision when it is needed.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.encoders import ImageEncoder
    >>> def mean_color(pictures):  # or the name of a model
    ...     return np.array([picture.mean(axis=(0, 1)) for picture in pictures])
    >>> red = np.zeros((4, 6, 3), dtype=np.uint8) + np.array([255, 0, 0], dtype=np.uint8)
    >>> ImageEncoder(mean_color).fit_transform([red, None])
    array([[255.,   0.,   0.],
           [ nan,  nan,  nan]], dtype=float32)
    """

    _cell_ndim = 2

    def __init__(
        self,
        model_name,
        *,
        pooling="auto",
        normalize=False,
        n_components=None,
        device="auto",
        dtype="float32",
        batch_size=32,
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

    def _read(self, cell: Any) -> Any:
        return read_picture(cell)

    def _load(self, found: FoundModel) -> Model:
        return VisionModel(found, self.pooling, self.device, self.dtype)
