"""Write an estimator to a file."""

from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from ._archive import MANIFEST, SCHEMA, pack_archive, write_atomically
from ._errors import PersistenceError
from ._schema import check_storable, forget_folders, nodes_of
from ._skops import skops_io
from ._versions import write_manifest


def dump(estimator: Any, path: str | PathLike) -> None:
    """Write an estimator to a file that holds no code and no pickle.

    Parameters
    ----------
    estimator : estimator
        Of this package, of scikit-learn, or composed of them: pipelines, ensembles,
        searches. XGBoost's, LightGBM's and CatBoost's can be stored as well. Fitted or
        not.

    path : str or path-like
        The file. It is replaced if it is there, and appears as a whole or not at all.

    Raises
    ------
    PersistenceError
        If a part of the estimator has no plain form; the message names it. Lambdas,
        functions and classes defined inside others, bare torch modules, skorch nets
        and open resources have none.
    OSError
        If the file cannot be written.
    ImportError
        If skops is not installed.

    See Also
    --------
    load : Reads the file.

    Notes
    -----
    Folders that an estimator would read pickles from in a later `fit`, the `checkpoint`
    of an ensemble and the `memory` of a pipeline, are not stored: they are None after
    :func:`load`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.linear_model import Ridge
    >>> from mofa_sklearn import KFoldEnsembleRegressor
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.persistence import dump, load
    >>> X, y = make_micro_videos(60, modalities={"image": 4, "text": 4}, random_state=0)
    >>> model = KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0).fit(X, y)
    >>> path = Path(tempfile.mkdtemp()) / "model.skops"
    >>> dump(model, path)
    >>> bool((load(path).predict(X) == model.predict(X)).all())
    True
    """
    if isinstance(estimator, type) or not hasattr(estimator, "get_params"):
        raise PersistenceError(f"dump stores estimators, got {estimator!r}.")
    data = _as_file(estimator)
    _check_readable(estimator, data)
    write_atomically(Path(path), data)


def _as_file(estimator: Any) -> bytes:
    try:
        raw = skops_io().dumps(estimator)
    except ImportError:
        raise
    except Exception as error:  # skops raises what the object's own state raises
        raise _not_storable(estimator, f"{_culprit(estimator)} has no plain form") from error
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members.pop(SCHEMA))
    forget_folders(schema)
    try:
        check_storable(schema)
    except PersistenceError as error:
        raise _not_storable(estimator, error) from None
    contents = _renumber(schema, members)
    text = json.dumps(schema, separators=(",", ":")).encode()
    return pack_archive({MANIFEST: write_manifest(), SCHEMA: text, **contents})


def _renumber(schema: dict[str, Any], members: dict[str, bytes]) -> dict[str, bytes]:
    """Count objects and files from one, and keep equal files once; changes the schema.

    skops names them by their addresses in memory.
    """
    ids: dict[int, int] = {}
    names: dict[tuple[str, bytes], str] = {}
    contents: dict[str, bytes] = {}
    for node, _ in nodes_of(schema):
        if "__id__" in node:
            node["__id__"] = ids.setdefault(node["__id__"], len(ids) + 1)
        if "file" in node:
            content, suffix = members[node["file"]], Path(node["file"]).suffix
            key = (suffix, hashlib.sha256(content).digest())
            node["file"] = names.setdefault(key, f"{len(names) + 1}{suffix}")
            contents[node["file"]] = content
    return contents


def _check_readable(estimator: Any, data: bytes) -> None:
    """Find out now, while the estimator is there, what could not be read back."""
    try:
        skops_io().loads(data, trusted=skops_io().get_untrusted_types(data=data))
    except Exception as error:
        raise _not_storable(estimator, error or type(error).__name__) from error


def _culprit(part: Any, path: str = "", seen: frozenset[int] = frozenset()) -> str:
    """Tell which part it is that skops cannot write: the deepest that fails by itself."""
    for name, child in _children(part):
        if id(child) in seen:
            continue
        try:
            skops_io().dumps(child)
        except Exception:
            return _culprit(child, f"{path}.{name}", seen | {id(part)})
    return f"{type(part).__module__}.{type(part).__qualname__} at {path.removeprefix('.')}"


def _children(part: Any) -> list[tuple[Any, Any]]:
    if isinstance(part, (list, tuple)):
        return list(enumerate(part))
    if not isinstance(part, dict) and not isinstance(part, (type, torch.Tensor)):
        part = part.__getstate__()
    return list(part.items()) if isinstance(part, dict) else []


def _not_storable(estimator: Any, reason: Any) -> PersistenceError:
    return PersistenceError(
        f"This {type(estimator).__name__} cannot be stored without a pickle: {reason}."
    )
