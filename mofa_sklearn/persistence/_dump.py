"""Write an estimator to a file."""

from __future__ import annotations

import json
from os import PathLike
from typing import Any

from ._archive import MANIFEST, MODEL, check_path, pack_archive, write_atomically
from ._document import forget
from ._errors import PersistenceError
from ._load import read_document
from ._loader import Node
from ._versions import write_manifest
from ._write import Writer


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

    See Also
    --------
    load : Reads the file.

    Notes
    -----
    Folders that an estimator would read pickles from in a later `fit`, the `checkpoint`
    of an ensemble and the `memory` of a pipeline, are not stored: they are None after
    :func:`load`. So is `n_jobs`: who loads a file says how many threads or processes it may
    start.

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
    >>> path = Path(tempfile.mkdtemp()) / "model.mofa"
    >>> dump(model, path)
    >>> bool((load(path).predict(X) == model.predict(X)).all())
    True
    """
    if isinstance(estimator, type) or not hasattr(estimator, "get_params"):
        raise PersistenceError(f"dump stores estimators, got estimator={estimator!r}.")
    path = check_path(path)
    data = _as_file(estimator)
    _check_readable(estimator, data)
    write_atomically(path, data)


def _as_file(estimator: Any) -> bytes:
    writer = Writer()
    try:
        root = writer.write(estimator)
    except PersistenceError as error:
        raise _not_storable(estimator, error) from error.__cause__
    except RecursionError as error:
        raise _not_storable(estimator, "it is nested too deep") from error
    forget(root)
    members = writer.members
    for name in members.keys() - _members_of(root):
        del members[name]
    text = json.dumps(root, separators=(",", ":"), allow_nan=False).encode()
    return pack_archive({MANIFEST: write_manifest(), MODEL: text, **members})


def _members_of(root: Node) -> set[str]:
    """Return the names of the members that nodes still speak of."""
    names, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            named = (node.get(tag) for tag in ("array", "bytes", "bytearray"))
            names |= {name for name in named if isinstance(name, str)}
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return names


def _check_readable(estimator: Any, data: bytes) -> None:
    """Find out now, while the estimator is there, what could not be read back."""
    try:
        document = read_document(data)
        document.make()
    except PersistenceError as error:
        raise _not_storable(estimator, error) from error.__cause__


def _not_storable(estimator: Any, reason: Any) -> PersistenceError:
    return PersistenceError(
        f"This {type(estimator).__name__} cannot be stored without a pickle: {reason}."
    )
