"""Texts to vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..training.devices import resolve_device
from ._base import BaseEncoder
from ._contents import digest_text
from ._errors import import_optional
from ._find_model import FoundModel
from ._loading import Model, explained, quiet, torch_dtype


class TextEncoder(BaseEncoder):
    """Turn texts into vectors, by a model of sentence-transformers or transformers.

    A plain transformer of one column of strings: in a Pipeline, in a ColumnTransformer, or as
    ``make_mofa_pipeline(encoders={"plot": TextEncoder(...)})``. The model is used as it is, not
    trained; `fit` loads it, and learns principal components where they are asked for.

    Parameters
    ----------
    model_name : str, path or callable
        A text model, such as "all-MiniLM-L6-v2" or "BAAI/bge-base-en-v1.5". A name on the hub is
        looked for in the cache first, and downloaded if it is not there; a path is a folder with
        the model's files. A function takes a list of cells, as they are in the column, without the
        missing ones, and returns an array of shape (n_cells, width), or an array (n_tokens, width)
        for each cell.

    pooling : {"auto", "mean", "cls", "max", "none"}, default="auto"
        How a text's tokens become a vector. "auto" is what the model says; of one that says
        nothing, their mean. "none" keeps them side by side, for `tokens=` of the estimators.

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
        With pooling "none": how many tokens of a text are kept. None keeps as many as the longest
        text of the fit has. Shorter texts have NaN for the others.

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
    ImageEncoder : Encodes pictures.
    VideoEncoder : Encodes videos.
    AudioEncoder : Encodes sounds.
    mofa_sklearn.make_mofa_pipeline : Takes encoders of raw modalities.

    Notes
    -----
    A missing or empty cell (None, NaN, white space) is a row of NaN: the modality is missing
    there.

    Copies and files of a fitted encoder hold no weights: the model is found again by its name
    and revision when it is needed.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.encoders import TextEncoder
    >>> def count_letters(texts):  # or the name of a model
    ...     return np.array([[text.count(letter) for letter in "abc"] for text in texts])
    >>> encoder = TextEncoder(count_letters)
    >>> encoder.fit_transform(["a cab", None, "b"])
    array([[ 2.,  1.,  1.],
           [nan, nan, nan],
           [ 0.,  1.,  0.]], dtype=float32)
    """

    _short_names_of = "sentence-transformers"
    _merges_tokens = False

    _parameter_constraints: dict = {**BaseEncoder._parameter_constraints}

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
        return digest_text(self._read(cell))

    def _read(self, cell: Any) -> str:
        if not isinstance(cell, str):
            raise TypeError(
                f"holds {type(cell).__name__} ({cell!r:.50}); texts are strings, or missing: "
                "None, NaN or ''"
            )
        # Halves of characters, which no tokenizer takes, become question marks.
        return cell.encode("utf-8", "replace").decode("utf-8")

    def _length(self, cell: str) -> int:
        return len(cell)

    def _load(self, found: FoundModel) -> Model:
        device = resolve_device(self.device)
        return _TextModel(found, self.pooling, device, torch_dtype(self.dtype, device))


class _TextModel(Model):
    """A model of sentence-transformers, which also takes plain ones of transformers."""

    def __init__(self, found, pooling, device, dtype):
        library = import_optional("sentence_transformers", "TextEncoder")
        with quiet(), explained(found.folder):
            self.model = library.SentenceTransformer(
                str(found.folder), device=str(device), local_files_only=True
            )
        self.model.to(dtype)
        self.pooling = pooling

    def encode(self, cells: list[str]) -> list[np.ndarray]:
        kind = "sentence_embedding" if self.pooling == "auto" else "token_embeddings"
        given = self.model.encode(
            cells,
            batch_size=len(cells),
            show_progress_bar=False,
            output_value=kind,
            convert_to_numpy=self.pooling == "auto",
        )
        if self.pooling == "auto":
            return list(np.asarray(given, dtype=np.float32))
        tokens = [each.float().cpu().numpy() for each in given]
        pool = {
            "mean": lambda each: each.mean(axis=0),
            "max": lambda each: each.max(axis=0),
            "cls": lambda each: each[0],
            "none": lambda each: each,
        }
        return [pool[self.pooling](each) for each in tokens]
