"""Read an estimator from a file."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from ._archive import MANIFEST, SCHEMA, unpack_archive
from ._errors import PersistenceError, VersionWarning
from ._objects import disarm
from ._skops import skops_io
from ._trees import check_trees
from ._types import names_of, trusted_types
from ._versions import differences, read_manifest


def load(path: str | PathLike, *, trusted: Iterable[str | type] | None = None) -> Any:
    """Read an estimator that :func:`dump` wrote.

    No code runs from the file, whoever wrote it: it names types, and a file that names
    one that is not trusted is refused before any of its modules is imported.

    Parameters
    ----------
    path : str or path-like
        The file.

    trusted : list of str or type, default=None
        Types and functions that may be made from the file besides those of this package
        and of scikit-learn: your own classes, or those of XGBoost, LightGBM and
        CatBoost, whose readers are not made for files of unknown origin. The error of a
        refused file and :func:`get_untrusted_types` name them.

    Returns
    -------
    estimator
        With the parameters, fitted attributes and predictions of the one that was
        stored, bit for bit, on the CPU.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    PersistenceError
        If the file is damaged, was not written by :func:`dump`, or holds types that are
        not trusted; the message names the file.
    ImportError
        If skops is not installed.

    Warns
    -----
    VersionWarning
        If the file was written with other versions of mofa_sklearn, scikit-learn,
        numpy, scipy, torch, skorch, skops or Python.

    See Also
    --------
    dump : Writes the file.
    get_untrusted_types : What `trusted` is asked for.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from mofa_sklearn import RankGaussTransformer
    >>> from mofa_sklearn.persistence import dump, load
    >>> path = Path(tempfile.mkdtemp()) / "transformer.skops"
    >>> dump(RankGaussTransformer(n_quantiles=50), path)
    >>> load(path)
    RankGaussTransformer(n_quantiles=50)
    """
    path, own = Path(path), names_of(trusted)
    data = path.read_bytes()
    skops_io()
    try:
        versions = _check_file(data)
        untrusted = _untrusted(data) - own
    except PersistenceError as error:
        raise PersistenceError(f"'{path}' cannot be loaded: {error}.") from error.__cause__
    if untrusted:
        raise PersistenceError(_refusal(path, untrusted))
    changed = differences(versions)
    if changed:
        warnings.warn(
            f"'{path}' was written with {changed}. Predictions may differ; fit again, or use "
            "those versions.",
            VersionWarning,
            stacklevel=2,
        )
    try:
        return _construct(data, own)
    except PersistenceError as error:
        raise PersistenceError(f"'{path}' cannot be loaded: {error}.") from error.__cause__


def get_untrusted_types(path: str | PathLike) -> list[str]:
    """Tell which types a file holds that :func:`load` does not trust by itself.

    Nothing is made from the file, and none of its modules is imported.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    list of str
        Full names, sorted. Look at each before you pass it to :func:`load`: a type
        that you do not know may run anything.

    Raises
    ------
    FileNotFoundError, PersistenceError, ImportError
        As :func:`load`.
    """
    path = Path(path)
    data = path.read_bytes()
    skops_io()
    try:
        _check_file(data)
        return sorted(_untrusted(data))
    except PersistenceError as error:
        raise PersistenceError(f"'{path}' cannot be loaded: {error}.") from error.__cause__


def _check_file(data: bytes) -> dict[str, str]:
    """Check all but the types; return the versions that wrote the file."""
    members = unpack_archive(data)
    versions = read_manifest(members[MANIFEST])
    try:
        schema = json.loads(members[SCHEMA])
        loader = schema["__loader__"]
    except Exception as error:
        raise PersistenceError("its schema cannot be read: it is damaged") from error
    if loader != "ObjectNode":
        raise PersistenceError("it holds no estimator")
    return versions


def _untrusted(data: bytes) -> set[str]:
    try:
        untrusted = skops_io().get_untrusted_types(data=data)
    except Exception as error:  # a forged schema fails in any way
        raise _damaged(error) from error
    return set(untrusted) - trusted_types()


def _construct(data: bytes, own: set[str]) -> Any:
    trusted = sorted(trusted_types() | own)
    try:
        estimator = skops_io().loads(data, trusted=trusted)
    except Exception as error:
        raise _damaged(error) from error
    if not hasattr(estimator, "get_params"):
        raise PersistenceError("it holds no estimator")
    disarm(estimator)
    check_trees(estimator, own)
    return estimator


def _damaged(error: Exception) -> PersistenceError:
    return PersistenceError(f"it is damaged ({type(error).__name__}: {error})")


def _refusal(path: Path, untrusted: set[str]) -> str:
    return (
        f"'{path}' is refused: it holds types that are not trusted: "
        f"{', '.join(sorted(untrusted))}. Nothing of it was run. If you know what they are, and "
        f"where the file comes from: load(path, trusted={sorted(untrusted)})."
    )
