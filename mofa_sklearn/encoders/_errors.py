"""What goes wrong on the way from raw cells to vectors."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class ModelNotFoundError(FileNotFoundError, ValueError):
    """A model is neither a local folder, nor in the cache, nor to be had from the hub."""


class UnreadableCellError(OSError, ValueError):
    """A cell that is there cannot be read: a broken file, a file that is not there."""


class VectorMemoryError(OSError):
    """The database of remembered vectors cannot be read or written."""


# The distributions of the modules whose names differ.
_DISTRIBUTIONS = {"PIL": "Pillow", "sentence_transformers": "sentence-transformers"}


def import_optional(name: str, purpose: str) -> ModuleType:
    """Import a library of the extra ``encoders``.

    Parameters
    ----------
    name : str
        Of the module.

    purpose : str
        What needs it, as a sentence begins.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        If it is not installed; the message says what to install.
    """
    try:
        return import_module(name)
    except ImportError as error:
        distribution = _DISTRIBUTIONS.get(name.partition(".")[0], name.partition(".")[0])
        raise ImportError(
            f"{purpose} needs {distribution}, which cannot be imported ({error}). Install the "
            "libraries of the encoders with: pip install mofa-sklearn[encoders]"
        ) from error
