"""Models that make vectors: loaded once in a process, and quietly."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..training.devices import resolve_precision
from ._errors import ModelNotFoundError, import_optional

# More weights than any network for which bfloat16 would not pay.
_MANY_WEIGHTS = 10**9
# Weights that a checkpoint may lack: they are not used, or only in training.
_UNUSED_WEIGHTS = ("pooler", "masked_spec_embed", "mask_token", "position_ids")


class Model(ABC):
    """Makes vectors of the cells that it is given."""

    #: Whether `encode` takes raw cells, so that it may meet an unreadable one.
    reads_cells = False

    @abstractmethod
    def encode(self, cells: list) -> list[np.ndarray]:
        """Return a vector (width,), or tokens (n_tokens, width), of float32 for each cell."""


# Clones share a model as long as one of them holds it.
_LOADED: weakref.WeakValueDictionary[tuple, Model] = weakref.WeakValueDictionary()


def load_once(key: tuple, load: Callable[[], Model]) -> Model:
    """Return the model that was loaded under a key, or load it."""
    model = _LOADED.get(key)
    if model is None:
        model = _LOADED[key] = load()
    return model


def torch_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """Return the type that a model computes in.

    Parameters
    ----------
    dtype : {"auto", "float32", "bfloat16", "float16"}
        "auto" is bfloat16 where the processor has instructions for it, else float32.

    device : torch.device
        Where to compute.

    Returns
    -------
    torch.dtype
    """
    if dtype == "auto":
        return resolve_precision("auto", device, _MANY_WEIGHTS) or torch.float32
    return getattr(torch, dtype)


def load_transformer(folder: Path, device: torch.device, dtype: torch.dtype) -> tuple[Any, set]:
    """Load a model of transformers, or one of timm through it.

    Parameters
    ----------
    folder : Path
        Of the model's files.

    device : torch.device
        Where it computes.

    dtype : torch.dtype
        What its weights become.

    Returns
    -------
    model : torch.nn.Module

    missing : set of str
        Names of the weights that the folder lacks.

    Raises
    ------
    ValueError
        If the folder lacks weights that vectors depend on.
    """
    transformers = import_optional("transformers", f"The model in {folder}")
    with quiet(), explained(folder):
        model, information = transformers.AutoModel.from_pretrained(
            str(folder), local_files_only=True, output_loading_info=True
        )
    missing = set(information["missing_keys"])
    needed = sorted(key for key in missing if not any(part in key for part in _UNUSED_WEIGHTS))
    if needed:
        raise ValueError(
            f"The model in {folder} lacks {len(needed)} weights that its vectors depend on "
            f"({', '.join(needed[:3])}, ...): they would be random."
        )
    return model.to(device=device, dtype=dtype).eval(), missing


def load_processor(folder: Path, *names: str) -> Any:
    """Load what brings cells into a model's form: the first of transformers' classes that can.

    Parameters
    ----------
    folder : Path
        Of the model's files.

    *names : str
        Of classes with `from_pretrained`.

    Returns
    -------
    processor

    Raises
    ------
    ModelNotFoundError
        If the folder has none.
    """
    transformers = import_optional("transformers", f"The model in {folder}")
    errors = []
    with quiet():
        for name in names:
            try:
                return getattr(transformers, name).from_pretrained(
                    str(folder), local_files_only=True
                )
            except (OSError, ValueError, ImportError, KeyError) as error:
                errors.append(f"{name}: {error}")
    raise ModelNotFoundError(
        f"The folder {folder} says not how its model's input is prepared (it lacks a "
        f"preprocessor_config.json that can be read). {' '.join(errors)}"
    )


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Name the folder in the errors of loading."""
    SafetensorError = import_optional("safetensors", f"The model in {folder}").SafetensorError
    try:
        yield
    except ImportError as error:
        raise ImportError(
            f"The model in {folder} needs a library that cannot be imported ({error}). Install "
            "the libraries of the encoders with: pip install mofa-sklearn[encoders]"
        ) from error
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelNotFoundError(f"The model in {folder} cannot be loaded: {error}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing bars, and from telling about weights we look at ourselves."""
    logging = import_optional("transformers.utils.logging", "Loading a model")
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
