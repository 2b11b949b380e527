"""Vectors remembered on disk: one SQLite database that several processes share."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from ._contents import digest_file
from ._errors import VectorMemoryError

#: Of the database, in the folder that `memory=` names.
FILE_NAME = "vectors.sqlite3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS models (id INTEGER PRIMARY KEY, settings TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS vectors (
    model INTEGER NOT NULL, cell BLOB NOT NULL, n_tokens INTEGER NOT NULL, width INTEGER NOT NULL,
    data BLOB NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (model, cell)
);
CREATE TABLE IF NOT EXISTS claims (
    model INTEGER NOT NULL, cell BLOB NOT NULL, owner TEXT NOT NULL, since REAL NOT NULL,
    PRIMARY KEY (model, cell)
);
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
    cell BLOB NOT NULL
);
"""
# Seconds to wait while another process writes.
_BUSY_SECONDS = 120.0
_BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# Seconds after which a claim of another machine counts as abandoned.
_CLAIM_SECONDS = 900.0
# Variables in one statement, below SQLite's oldest limit of 999.
_CHUNK = 500
# A file that was written so shortly ago could change again within the same tick of its clock.
_SETTLED_SECONDS = 2.0


class VectorMemory:
    """The remembered vectors of one model with one set of settings.

    Open it in a ``with`` block. A vector is found by the digest of its cell; beside it stands a
    checksum, and an entry that does not agree with its own counts as absent. Of several processes
    that want the same vectors, one claims a batch, and the others wait for it.

    Parameters
    ----------
    folder : str or path
        Made if it is not there.

    settings : str
        What else than the cell determines a vector: the model, its revision, pooling and so on.
    """

    def __init__(self, folder: str | os.PathLike, settings: str):
        self.path = Path(folder).expanduser() / FILE_NAME
        self.settings = settings
        self._digests: list[tuple] = []
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"

    def __enter__(self) -> VectorMemory:
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VectorMemoryError(
                f"memory={str(folder)!r} must be a folder that can be written to: {error}"
            ) from error
        with self._explained():
            self._database = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._explained():
                self._set_up()
        except BaseException:
            self._database.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._database.close()

    def find(self, cells: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """Look vectors up.

        Parameters
        ----------
        cells : sequence of bytes
            Digests of cells.

        Returns
        -------
        dict of bytes to ndarray of float32 of shape (width,) or (n_tokens, width)
            Those that are there and undamaged.
        """
        found = {}
        query = "SELECT cell, n_tokens, width, data, checksum FROM vectors WHERE model = ?"
        with self._explained():
            for cell, n_tokens, width, data, checksum in self._select(query, cells):
                vector = _unpack(cell, n_tokens, width, data, checksum)
                if vector is not None:
                    found[cell] = vector
        return found

    def claim(self, cells: Sequence[bytes]) -> list[bytes]:
        """Say which cells this process is about to encode.

        Parameters
        ----------
        cells : sequence of bytes
            Digests of cells.

        Returns
        -------
        list of bytes
            Those that are neither remembered by now, nor claimed by somebody who still works.
        """
        with self._transaction():
            now = time.time()
            known = set(self.find(cells))
            query = "SELECT cell, owner, since FROM claims WHERE model = ?"
            others = {
                cell
                for cell, owner, since in self._select(query, cells)
                if owner != self._owner and _still_works(owner, since, now)
            }
            free = [cell for cell in cells if cell not in known and cell not in others]
            self._database.executemany(
                "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)",
                [(self._model, cell, self._owner, now) for cell in free],
            )
        return free

    def keep(self, vectors: Mapping[bytes, np.ndarray], claimed: Iterable[bytes]) -> None:
        """Remember vectors, all of them or none.

        Parameters
        ----------
        vectors : dict of bytes to ndarray of float32 of shape (width,) or (n_tokens, width)
            By the digests of their cells.

        claimed : iterable of bytes
            What was claimed for it.
        """
        rows = [(self._model, cell, *_pack(cell, vector)) for cell, vector in vectors.items()]
        with self._transaction():
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?,?,?,?,?,?)", rows)
            self._release(claimed)

    @contextmanager
    def giving_back(self, claimed: Sequence[bytes]) -> Iterator[None]:
        """Give claims back on an error, so that nobody waits for them."""
        try:
            yield
        except BaseException:
            with suppress(VectorMemoryError), self._transaction():
                self._release(claimed)
            raise

    def digest_file(self, path: str) -> bytes:
        """Return a digest of a file's content, without reading a file that has not changed.

        Parameters
        ----------
        path : str
            Of the file.

        Returns
        -------
        bytes

        Raises
        ------
        OSError
            If it is not there, or cannot be read.
        """
        path = os.path.abspath(path)
        status = os.stat(path)
        state = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        with self._explained():
            row = self._database.execute(
                "SELECT cell FROM files WHERE path = ? AND size = ? AND mtime = ? AND ctime = ?",
                (path, *state),
            ).fetchone()
        if row is not None:
            return row[0]
        started = time.time()
        digest = digest_file(path)
        if started - max(state[1:]) / 1e9 > _SETTLED_SECONDS:
            self._digests.append((path, *state, digest))
        return digest

    def keep_digests(self) -> None:
        """Remember the digests of files that were read since the last time."""
        rows, self._digests = self._digests, []
        if rows:
            with self._transaction():
                self._database.executemany("INSERT OR REPLACE INTO files VALUES (?,?,?,?,?)", rows)

    def _set_up(self) -> None:
        # Readers and a writer at once; a process that is killed loses what it had not committed.
        self._set_journal()
        self._database.execute("PRAGMA synchronous = NORMAL")
        with self._transaction():
            for statement in _SCHEMA.split(";"):
                self._database.execute(statement)
            self._database.execute(
                "INSERT OR IGNORE INTO models (settings) VALUES (?)", (self.settings,)
            )
        query = "SELECT id FROM models WHERE settings = ?"
        self._model: int = self._database.execute(query, (self.settings,)).fetchone()[0]

    def _set_journal(self) -> None:
        """Change to write-ahead logging, which does not wait for others by itself."""
        end = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF in (
                    sqlite3.SQLITE_BUSY,
                    sqlite3.SQLITE_LOCKED,
                )
                if not busy or time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def _select(self, query: str, cells: Sequence[bytes]) -> Iterator[tuple]:
        for start in range(0, len(cells), _CHUNK):
            part = cells[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            rows = self._database.execute(f"{query} AND cell IN ({marks})", (self._model, *part))
            yield from rows.fetchall()

    def _release(self, cells: Iterable[bytes]) -> None:
        self._database.executemany(
            "DELETE FROM claims WHERE model = ? AND cell = ? AND owner = ?",
            [(self._model, cell, self._owner) for cell in cells],
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._explained():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say what to do about errors of the database."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                advice = "is damaged or no database; delete it, and its vectors are computed again"
            elif code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                advice = (
                    "cannot be written: the disk is full, or fails. The vectors that are in it "
                    "stay; make room and run again, and only the others are computed"
                )
            else:
                advice = "cannot be used"
            raise VectorMemoryError(
                f"The memory of vectors {self.path} {advice} ({error})."
            ) from error


def _pack(cell: bytes, vector: np.ndarray) -> tuple[int, int, bytes, int]:
    """Return the number of tokens (-1 without tokens), the width, the bytes, and a checksum."""
    vector = np.ascontiguousarray(vector, dtype="<f4")
    n_tokens = -1 if vector.ndim == 1 else len(vector)
    data = vector.tobytes()
    return n_tokens, vector.shape[-1], data, _checksum(cell, n_tokens, vector.shape[-1], data)


def _unpack(
    cell: bytes, n_tokens: int, width: int, data: bytes, checksum: int
) -> np.ndarray | None:
    if not isinstance(data, bytes) or _checksum(cell, n_tokens, width, data) != checksum:
        return None
    vector = np.frombuffer(data, dtype="<f4")
    return vector if n_tokens < 0 else vector.reshape(n_tokens, width)


def _checksum(cell: bytes, n_tokens: int, width: int, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(cell + f"{n_tokens} {width}".encode()))


def _still_works(owner: str, since: float, now: float) -> bool:
    """Tell whether a claim is to be waited for: its process lives, or it is not old."""
    try:
        host, pid, _ = owner.rsplit(":", 2)
        if host == socket.gethostname() and os.name == "posix":
            os.kill(int(pid), 0)
        return now - since < _CLAIM_SECONDS
    except PermissionError:  # it lives, and is another user's
        return now - since < _CLAIM_SECONDS
    except (ProcessLookupError, ValueError, TypeError, AttributeError, OverflowError):
        return False  # dead, or a damaged entry
