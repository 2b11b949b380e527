"""Read an estimator from a file."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from ._archive import MANIFEST, MODEL, check_path, unpack_archive
from ._document import Document
from ._errors import PersistenceError, VersionWarning
from ._names import names_of
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
    >>> path = Path(tempfile.mkdtemp()) / "transformer.mofa"
    >>> dump(RankGaussTransformer(n_quantiles=50), path)
    >>> load(path)
    RankGaussTransformer(n_quantiles=50)
    """
    path, own = check_path(path), names_of(trusted)
    with _naming(path):
        document, versions = _read(path.read_bytes())
    untrusted = {name: document.untrusted[name] for name in document.untrusted.keys() - own}
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
    with _naming(path):
        estimator = document.make()
        if not hasattr(estimator, "get_params"):
            raise PersistenceError("it holds no estimator")
    return estimator


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
    FileNotFoundError, PersistenceError
        As :func:`load`.
    """
    path = check_path(path)
    with _naming(path):
        document, _ = _read(path.read_bytes())
    return sorted(document.untrusted)


def read_document(data: bytes) -> Document:
    """Read and check a file, and make nothing of it.

    Parameters
    ----------
    data : bytes
        The file's content.

    Returns
    -------
    Document

    Raises
    ------
    PersistenceError
        If it was not written by `dump`, is damaged, or was tampered with.
    """
    return _read(data)[0]


def _read(data: bytes) -> tuple[Document, dict[str, str]]:
    members = unpack_archive(data)
    versions = read_manifest(members.pop(MANIFEST))
    try:
        root = json.loads(members.pop(MODEL), parse_constant=_refuse_constant)
    except Exception as error:  # also of nesting too deep, and numbers too long
        raise PersistenceError(f"its {MODEL} cannot be read: it is damaged") from error
    document = Document(root, members)
    document.check()
    return document, versions


def _refuse_constant(name: str) -> Any:
    raise PersistenceError(f"{name} is no JSON")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in an error."""
    try:
        yield
    except PersistenceError as error:
        raise PersistenceError(f"'{path}' cannot be loaded: {error}.") from error.__cause__


def _refusal(path: Path, untrusted: dict[str, str]) -> str:
    names = sorted(untrusted)
    reasons = "; ".join(f"{name}: {untrusted[name]}" for name in names)
    return (
        f"'{path}' is refused: it holds types that are not trusted: {', '.join(names)}. Nothing "
        f"of it was run. If you know what they are, and where the file comes from: load(path, "
        f"trusted={names}). ({reasons})"
    )
