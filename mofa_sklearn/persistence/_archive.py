"""The zip archive: what is in a file, and what must not be."""

from __future__ import annotations

import os
import re
import uuid
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from ._errors import PersistenceError

MODEL = "model.json"
# Of version 0.1.
_OLD_MODEL = "schema.json"
MANIFEST = "mofa_sklearn.json"
_MEMBER = re.compile(r"\d+\.(npy|bin)")
# The time of every member: the same estimator gives the same bytes.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def check_path(path: str | os.PathLike) -> Path:
    """Return a path, or say by the argument's name what is none."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a str or path-like, got {path!r}.")
    return Path(path)


def pack_archive(members: Mapping[str, bytes]) -> bytes:
    """Return an archive of members, uncompressed.

    Parameters
    ----------
    members : mapping of str to bytes
        Content by name.

    Returns
    -------
    bytes
    """
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), content)
    return buffer.getvalue()


def unpack_archive(data: bytes) -> dict[str, bytes]:
    """Return the members of an archive that has nothing but what `dump` writes.

    Parameters
    ----------
    data : bytes
        The file's content.

    Returns
    -------
    dict of str to bytes
        Content by name. Nothing is written to the disk.

    Raises
    ------
    PersistenceError
        If it is no archive, is damaged, or has other members.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            infos = archive.infolist()
            _check_infos(infos, len(data))
            members = {info.filename: archive.read(info) for info in infos}
    except PersistenceError:
        raise
    except Exception as error:  # zipfile tells damage by many types of error
        raise PersistenceError(
            f"it is damaged, or was not written by mofa_sklearn.persistence.dump ({error})"
        ) from error
    for name in (MANIFEST, MODEL):
        if name not in members:
            raise PersistenceError(
                f"it has no {name}: it was not written by mofa_sklearn.persistence.dump"
            )
    return members


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that appears as a whole, or not at all.

    Parameters
    ----------
    path : Path
        A file that is there is replaced.
    data : bytes
        Its content.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _check_infos(infos: list[zipfile.ZipInfo], n_bytes: int) -> None:
    names = [info.filename for info in infos]
    if _OLD_MODEL in names and MANIFEST in names:
        raise PersistenceError(
            "its format is that of mofa_sklearn 0.1: load it with that version, and store the "
            "model with joblib.dump; joblib.load and dump of this version then make a new file"
        )
    strange = [n for n in names if n not in (MODEL, MANIFEST) and not _MEMBER.fullmatch(n)]
    if strange:
        raise PersistenceError(f"it has a member that dump never writes: {strange[0]!r}")
    if len(set(names)) < len(names):
        raise PersistenceError("it has two members of one name")
    stored = zipfile.ZIP_STORED
    if any(info.compress_type != stored or info.flag_bits & 1 for info in infos):
        raise PersistenceError("it has a compressed or encrypted member, which dump never writes")
    if sum(info.file_size for info in infos) > n_bytes:
        raise PersistenceError("its members are larger than the file")
