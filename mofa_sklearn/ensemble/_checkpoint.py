"""Finished members on disk, so that an interrupted ensemble can go on."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import joblib
from sklearn.base import BaseEstimator

from ._members import Member

_MANIFEST = "manifest.json"


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
        parameters; the message names what differs.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)

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
        self.folder.mkdir(parents=True, exist_ok=True)
        manifest = self._manifest()
        if manifest is None:
            text = json.dumps({"seed": seed, "fingerprint": fingerprint}, indent=1)
            self._write(_MANIFEST, lambda file: file.write(text.encode()))
            return
        before = manifest["fingerprint"]
        names = sorted(before.keys() | fingerprint.keys())
        changed = [name for name in names if before.get(name) != fingerprint.get(name)]
        if changed:
            raise ValueError(
                f"The checkpoint folder '{self.folder}' belongs to another fit: "
                f"{', '.join(changed)} differ(s). Use another folder, or delete this one."
            )

    def load(self, index: int) -> Member | None:
        """Return the finished member of a fold, or None where there is none."""
        path = self.folder / self._name(index)
        if not path.exists():
            return None
        try:
            return joblib.load(path)
        except Exception as error:
            raise ValueError(
                f"The checkpoint file '{path}' cannot be read ({error}); delete it to fit that "
                "member again."
            ) from error

    def save(self, index: int, member: Member) -> None:
        """Store a finished member: the whole file appears at once, or none of it."""
        self._write(self._name(index), lambda file: joblib.dump(member, file))

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

    def _write(self, name: str, write) -> None:
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.folder / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


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
