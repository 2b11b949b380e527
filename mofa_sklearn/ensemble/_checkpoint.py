"""Finished members on disk, so that an interrupted ensemble can go on."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
from sklearn.base import BaseEstimator

from ._members import Member

_MANIFEST = "manifest.json"
# A file that was begun and not written to for so long is what a killed process left.
_LEFTOVER_SECONDS = 3600
_UNFINISHED = ".unfinished"


class Checkpoint:
    """A folder that holds the members of one ensemble fit as they are finished.

    Parameters
    ----------
    folder : str or path-like
        Made if it is not there. Files in it are pickles: open only folders that
        you wrote yourself.

    Raises
    ------
    ValueError
        By :meth:`open`, if the folder belongs to a fit on other data, splits or
        parameters; the message names what differs. By :meth:`load`, if a file cannot be
        read or belongs to another fit.
    OSError
        If the folder cannot be written to, on a full disk say. What was stored before
        is intact.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)
        self._fit: str | None = None  # tells the members of this fit from those of others

    def stored_seed(self) -> int | None:
        """Return the seed that an earlier fit drew everything from, or None."""
        manifest = self._manifest()
        return None if manifest is None else manifest["seed"]

    def open(self, seed: int, fingerprint: dict[str, str]) -> None:
        """Begin, or go on with, the fit that has this seed and fingerprint.

        Parameters
        ----------
        seed : int
            What all random states are drawn from.
        fingerprint : dict of str to str
            A hash for everything that the result depends on.
        """
        self._fit = joblib.hash((seed, fingerprint))
        self._make_folder()
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
            stored = joblib.load(path)
        except Exception as error:
            raise ValueError(
                f"The checkpoint file '{path}' cannot be read ({error}); delete it to fit that "
                "member again."
            ) from error
        if not isinstance(stored, dict) or stored.get("fit") != self._fit:
            raise ValueError(
                f"The checkpoint file '{path}' is of another fit than the folder's "
                f"{_MANIFEST}; delete it to fit that member again."
            )
        return stored["member"]

    def save(self, index: int, member: Member) -> None:
        """Store a finished member: the whole file appears at once, or none of it."""
        stored = {"fit": self._fit, "member": member}
        self._write(self._name(index), lambda file: joblib.dump(stored, file))

    @staticmethod
    def _name(index: int) -> str:
        return f"member_{index:04d}.joblib"

    def _manifest(self) -> dict[str, Any] | None:
        path = self.folder / _MANIFEST
        if not path.exists():
            return None
        try:
            manifest = json.loads(path.read_text())
            return {"seed": manifest["seed"], "fingerprint": manifest["fingerprint"]}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"'{path}' is no manifest of a checkpoint; use another folder."
            ) from error

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
    # A memory-mapped array is the same data as one in memory.
    hashes = {name: joblib.hash(part, coerce_mmap=True) for name, part in parts.items()}
    hashes["estimator"] = type(estimator).__qualname__
    for name, value in estimator.get_params(deep=True).items():
        if name.rpartition("__")[2] not in {"n_jobs", "verbose"}:
            hashes[f"estimator__{name}"] = _hash_or_name(value)
    return hashes


def _hash_or_name(value: Any) -> str:
    if isinstance(value, BaseEstimator):  # its parameters are hashed by themselves
        return type(value).__qualname__
    try:
        return joblib.hash(value)
    except Exception:  # what cannot be pickled, as a lambda or a local class
        return getattr(value, "__qualname__", type(value).__qualname__)
