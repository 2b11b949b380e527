"""Finished members on disk, so that an interrupted ensemble can go on."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from ._contents import content_hash
from ._members import Member

_MANIFEST = "manifest.json"
# A file that was begun and not written to for so long is what a killed process left.
_LEFTOVER_SECONDS = 3600
_UNFINISHED = ".unfinished"
# The lines in front of a member's pickle.
_FORMAT = 1
_FIELDS = ("mofa_sklearn-member", "fit", "fold", "sha256")
# A manifest has a hash for each parameter.
_MAX_MANIFEST_BYTES = 1_000_000
_MAX_SEED = 2**32


class Checkpoint:
    """A folder that holds the members of one ensemble fit as they are finished.

    A member's file begins with lines that tell the fit, the fold, and the digest of all that
    follows. Nothing is unpickled before they were found to be right.

    Parameters
    ----------
    folder : str or path-like
        Made if it is not there. Files in it are pickles: open only folders that
        you wrote yourself.

    Raises
    ------
    ValueError
        If the folder has no name. By :meth:`open`, if it belongs to a fit on other data, splits
        or parameters; the message names what differs. By :meth:`load`, if a file is damaged,
        or of another fit or fold.
    OSError
        If the folder cannot be written to, on a full disk say. What was stored before
        is intact.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        if not os.fspath(folder):
            raise ValueError("checkpoint='' names no folder; pass None for no checkpoint.")
        self.folder = Path(folder)
        self._fit: str | None = None  # tells the members of this fit from those of others

    def stored_seed(self) -> int | None:
        """Return the seed that an earlier fit drew everything from, or None."""
        manifest = self._manifest()
        return None if manifest is None else manifest["seed"]

    def check(self) -> None:
        """Make the folder; refuse one where no member can be stored, before one is trained."""
        self._make_folder()
        try:
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise self._cannot_write(self._name(0), error) from error

    def open(self, seed: int, fingerprint: dict[str, str]) -> None:
        """Begin, or go on with, the fit that has this seed and fingerprint.

        Parameters
        ----------
        seed : int
            What all random states are drawn from.
        fingerprint : dict of str to str
            A hash for everything that the result depends on.
        """
        self._fit = content_hash([seed, sorted(fingerprint.items())])
        self.check()
        manifest = self._manifest()
        if manifest is None:
            text = json.dumps({"seed": seed, "fingerprint": fingerprint}, indent=1)
            self._write(_MANIFEST, lambda file: file.write(text.encode()))
            return
        before = manifest["fingerprint"]
        names = sorted(before.keys() | fingerprint.keys())
        changed = [name for name in names if before.get(name) != fingerprint.get(name)]
        if changed:
            differ = "differs" if len(changed) == 1 else "differ"
            raise ValueError(
                f"The checkpoint folder '{self.folder}' belongs to another fit: "
                f"{', '.join(changed)} {differ}. Use another folder, or delete this one."
            )

    def load(self, index: int) -> Member | None:
        """Return the finished member of a fold, or None where there is none."""
        path = self.folder / self._name(index)
        if not path.exists():
            return None
        try:
            content = path.read_bytes()
        except OSError as error:
            raise self._refusal(path, f"cannot be read ({error.strerror})") from error
        lines = content.split(b"\n", len(_FIELDS))
        payload = lines.pop()
        expected = self._header(index, payload)
        if lines != expected:
            raise self._refusal(path, _what_differs(lines, expected))
        try:
            return joblib.load(io.BytesIO(payload))
        except Exception as error:
            raise self._refusal(path, f"cannot be read ({error})") from error

    def save(self, index: int, member: Member) -> None:
        """Store a finished member: the whole file appears at once, or none of it."""
        buffer = io.BytesIO()
        joblib.dump(member, buffer)
        payload = buffer.getvalue()
        content = b"\n".join([*self._header(index, payload), payload])
        self._write(self._name(index), lambda file: file.write(content))

    def _header(self, index: int, payload: bytes) -> list[bytes]:
        """Return the lines in front of a member's pickle."""
        values = (_FORMAT, self._fit, index, hashlib.sha256(payload).hexdigest())
        return [f"{name} {value}".encode() for name, value in zip(_FIELDS, values, strict=True)]

    @staticmethod
    def _refusal(path: Path, reason: str) -> ValueError:
        return ValueError(
            f"The checkpoint file '{path}' {reason}; delete it to fit that member again."
        )

    @staticmethod
    def _name(index: int) -> str:
        return f"member_{index:04d}.joblib"

    def _manifest(self) -> dict[str, Any] | None:
        path = self.folder / _MANIFEST
        if not path.exists():
            return None
        try:
            with path.open("rb") as file:
                text = file.read(_MAX_MANIFEST_BYTES)
            manifest = json.loads(text)
            seed, fingerprint = manifest["seed"], manifest["fingerprint"]
            hashes = [*fingerprint, *fingerprint.values()]
            is_ours = type(seed) is int and 0 <= seed < _MAX_SEED and isinstance(fingerprint, dict)
            if not is_ours or not all(isinstance(part, str) for part in hashes):
                raise TypeError("It holds values of other kinds.")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
            raise ValueError(
                f"'{path}' is no manifest of a checkpoint; use another folder."
            ) from error
        return {"seed": seed, "fingerprint": fingerprint}

    def _make_folder(self) -> None:
        """Make the folder, and take away what a killed process has left half written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(
                error.errno,
                f"The checkpoint folder '{self.folder}' cannot be made: {error.strerror}. "
                "Pass another folder as checkpoint.",
            ) from error
        for leftover in self.folder.glob(f".m*{_UNFINISHED}"):
            try:
                if time.time() - leftover.stat().st_mtime > _LEFTOVER_SECONDS:
                    leftover.unlink()
            except OSError:  # another process was quicker
                continue

    def _write(self, name: str, write: Callable[[Any], Any]) -> None:
        """Write a file under another name, and give it its own once it is complete."""
        temporary = None
        try:
            handle, temporary = tempfile.mkstemp(_UNFINISHED, f".{name}.", self.folder)
            with os.fdopen(handle, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.folder / name)
        except BaseException as error:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise self._cannot_write(name, error) from error
            raise

    def _cannot_write(self, name: str, error: OSError) -> OSError:
        return OSError(
            error.errno,
            f"'{name}' cannot be written to the checkpoint folder '{self.folder}': "
            f"{error.strerror}. The members stored there before are intact: make room, or move "
            "the folder to where there is room and pass its new path, and fit again on the same "
            "data with the same parameters; only the members that are missing will be fitted.",
        )


def fingerprint_of(estimator: BaseEstimator, **parts: Any) -> dict[str, str]:
    """Hash everything that the result of a fit depends on.

    Parameters
    ----------
    estimator : estimator
        What members are clones of; each of its parameters is hashed by itself, so
        that a difference can be named.
    **parts : object
        More to hash, by name: the data, the splits, ...

    Returns
    -------
    dict of str to str
    """
    hashes = {name: content_hash(part) for name, part in parts.items()}
    hashes["estimator"] = _hash_or_name(estimator)
    for name, value in estimator.get_params(deep=True).items():
        if name.rpartition("__")[2] not in {"n_jobs", "verbose"}:
            hashes[f"estimator__{name}"] = _hash_or_name(value)
    return hashes


def _hash_or_name(value: Any) -> str:
    # The parameters of an estimator are hashed by themselves, what it learned is of no account.
    if isinstance(value, BaseEstimator) and not isinstance(value, FrozenEstimator):
        return type(value).__qualname__
    try:
        return content_hash(value)
    except Exception:  # what cannot be pickled, as a lambda or a local class
        return getattr(value, "__qualname__", type(value).__qualname__)


def _what_differs(lines: list[bytes], expected: list[bytes]) -> str:
    """Say why a file is not the one that it should be."""
    if len(lines) < len(expected) or lines[0] != expected[0]:
        return "cannot be read (it is no member that this version stored, or is damaged)"
    if lines[1] != expected[1]:
        return f"is of another fit than the folder's {_MANIFEST}, or is damaged"
    if lines[2] != expected[2]:
        return "is the member of another fold, or is damaged"
    return "is damaged: its content is not what was stored"
