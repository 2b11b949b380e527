"""Where a model is: a local folder, the cache of the hub, or the hub."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._contents import digest_folder
from ._errors import ModelNotFoundError, import_optional

# Seconds to wait for the hub's first answer.
_TIMEOUT = 5.0
_WEIGHTS = ("*.safetensors", "*.bin")
# What other libraries read.
_NOT_DOWNLOADED = [
    "*.onnx", "*.onnx_data", "*.h5", "*.msgpack", "*.ot", "*.tflite", "*.gguf", "*.ckpt", "*.pt",
    "onnx/*", "openvino/*", "coreml/*", "*.md", "*.png", "*.jpg", ".*",
]  # fmt: skip


@dataclass(frozen=True)
class FoundModel:
    """A model that is there.

    Parameters
    ----------
    folder : Path or None
        Its files; None for a function of the user's.

    name : str
        On the hub; "folder" for a local one, which is known by its content alone.

    revision : str or None
        The commit of the hub, or a digest of a local folder's files.
    """

    folder: Path | None
    name: str
    revision: str | None


def find_model(
    model_name: str | os.PathLike,
    *,
    revision: str | None,
    cache_folder: str | os.PathLike | None,
    local_files_only: bool,
    short_names_of: str | None = None,
) -> FoundModel:
    """Find a model's files, and download them if they are on the hub only.

    Parameters
    ----------
    model_name : str or path
        A local folder, or a name on the hub.

    revision : str or None
        Branch, tag or commit of the hub.

    cache_folder : str, path or None
        Where downloads are kept; None is the hub's own cache (``HF_HOME``).

    local_files_only : bool
        Whether to leave the network alone; so does ``HF_HUB_OFFLINE=1``.

    short_names_of : str, default=None
        The organization that names without a slash belong to.

    Returns
    -------
    FoundModel

    Raises
    ------
    ModelNotFoundError
        If the model is in none of these places.
    """
    name = os.fspath(model_name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _local(folder)
    if _is_path(model_name):
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise ModelNotFoundError(
            f"model_name={name!r}: the folder {folder.absolute()} {what}. Give the folder that "
            "holds the model's config.json and weights, or a name on the hub."
        )
    hub = import_optional("huggingface_hub", f"model_name={name!r}, a name on the hub,")
    if "/" not in name and short_names_of is not None:
        full_name = f"{short_names_of}/{name}"
        for each in (full_name, name):
            cached = _cached(hub, each, revision, cache_folder)
            if cached is not None:
                return FoundModel(cached, each, cached.name)
        name = full_name
    cached = _cached(hub, name, revision, cache_folder)
    if cached is None:
        cached = _download(hub, name, revision, cache_folder, local_files_only)
    return FoundModel(cached, name, cached.name)


def _local(folder: Path) -> FoundModel:
    if not any((folder / name).is_file() for name in ("config.json", "modules.json")):
        inside = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
        raise ModelNotFoundError(
            f"The folder {folder.absolute()} holds no model: neither config.json nor "
            f"modules.json; it has {inside}."
        )
    return FoundModel(folder, "folder", digest_folder(folder))


def _is_path(model_name: Any) -> bool:
    """Tell a path from a name on the hub, which has one slash at most."""
    if not isinstance(model_name, str):
        return True
    rooted = model_name.startswith((".", "~", "/", "\\")) or os.path.isabs(model_name)
    return rooted or model_name.count("/") > 1 or "\\" in model_name


def _cached(hub: Any, name: str, revision: str | None, cache_folder: Any) -> Path | None:
    """Return the folder of a model in the cache, if it is there with its weights."""
    try:
        folder = Path(
            hub.snapshot_download(
                name, revision=revision, cache_dir=cache_folder, local_files_only=True
            )
        )
    except hub.errors.LocalEntryNotFoundError:
        return None
    except hub.errors.HFValidationError as error:
        raise ModelNotFoundError(
            f"model_name={name!r} is neither a local folder (looked for "
            f"{Path(name).absolute()}) nor a possible name on the hub: {error}"
        ) from error
    return folder if any(any(folder.rglob(pattern)) for pattern in _WEIGHTS) else None


def _download(
    hub: Any, name: str, revision: str | None, cache_folder: Any, local_files_only: bool
) -> Path:
    place = Path(cache_folder or hub.constants.HF_HUB_CACHE).expanduser().absolute()
    at = f", revision={revision!r}" if revision else ""
    looked = (
        f"model_name={name!r}{at}: looked for a folder {Path(name).absolute()}, and for the model "
        f"in the cache {place}"
    )
    if local_files_only or hub.constants.HF_HUB_OFFLINE:
        why = "local_files_only=True" if local_files_only else "HF_HUB_OFFLINE is set"
        raise ModelNotFoundError(
            f"{looked}; it is in neither, and the hub was not asked, since {why}. Download it "
            f"where there is a network (hf download {name}), and copy the cache, or give its "
            "folder as model_name."
        )
    try:
        files = hub.HfApi().model_info(name, revision=revision, timeout=_TIMEOUT).siblings
        unwanted = list(_NOT_DOWNLOADED)
        if any(file.rfilename.endswith(".safetensors") for file in files):
            unwanted.append("*.bin")
        return Path(
            hub.snapshot_download(
                name,
                revision=revision,
                cache_dir=cache_folder,
                ignore_patterns=unwanted,
                etag_timeout=_TIMEOUT,
            )
        )
    except hub.errors.RepositoryNotFoundError as error:
        why = "the hub has no such model, or one that asks for a login (hf auth login)"
        raise ModelNotFoundError(f"{looked}; it is in neither, and {why}.") from error
    except hub.errors.RevisionNotFoundError as error:
        raise ModelNotFoundError(f"{looked}; the hub has no such revision of it.") from error
    except Exception as error:  # of several network libraries
        raise ModelNotFoundError(
            f"{looked}; it is in neither, and the hub did not answer "
            f"({type(error).__name__}: {error}). Where there is no network, download it elsewhere "
            f"(hf download {name}), and give its folder as model_name."
        ) from error
