"""The cells of a call: each distinct one is read, encoded and remembered once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from tqdm import tqdm

from ._columns import Column
from ._contents import OfFile, digest_file, file_name, is_missing
from ._errors import UnreadableCellError
from ._loading import Model
from ._vector_memory import VectorMemory
from ._vectors import merged

# Seconds between two looks whether others have finished what they are encoding.
_WAIT_SECONDS = 0.05
# Longer names of files, and texts, are cut in messages.
_LONGEST_NAME = 200


@dataclass
class Encoding:
    """The vectors of a column.

    Parameters
    ----------
    cells : list of bytes or None
        The digest of each row's cell; None where it is missing.

    vectors : dict of bytes to ndarray of shape (width,) or (n_tokens, width)
        By the digests of their cells.
    """

    cells: list[bytes | None]
    vectors: dict[bytes, np.ndarray]


class Cells:
    """The cells of one call.

    Parameters
    ----------
    column : Column
        The raw cells.

    kind : str
        Name of the encoder, for errors.

    digest : callable
        Cell and a function of paths -> digest of the content.

    read : callable
        Cell -> what the model takes.

    length : callable
        Cell -> how long it is.

    on_error : {"raise", "missing"}
        What an unreadable cell is.

    n_tokens : int or None
        Most tokens of a cell: more are merged.
    """

    def __init__(
        self,
        column: Column,
        *,
        kind: str,
        digest: Callable[[Any, OfFile], bytes],
        read: Callable[[Any], Any],
        length: Callable[[Any], int],
        on_error: str,
        n_tokens: int | None,
    ):
        self.column = column
        self.kind = kind
        self.digest = digest
        self.read = read
        self.length = length
        self.on_error = on_error
        self.n_tokens = n_tokens
        self.first_rows: dict[bytes, int] = {}

    def encode(
        self,
        model: Callable[[], Model],
        *,
        memory: str | os.PathLike | None,
        settings: str,
        batch_size: int,
        verbose: int,
    ) -> Encoding:
        """Encode what is not remembered yet.

        Parameters
        ----------
        model : callable
            Loads the model; called if there is something to encode.

        memory : str, path or None
            Folder of remembered vectors.

        settings : str
            What else than its cell determines a vector.

        batch_size : int
            Cells that go through the model together, and are remembered together.

        verbose : int
            Whether to show a bar.

        Returns
        -------
        Encoding
        """
        opened = nullcontext() if memory is None else VectorMemory(memory, settings)
        with opened as store:
            rows = self._digests(store)
            vectors = {} if store is None else store.find(list(self.first_rows))
            pending = [cell for cell in self.first_rows if cell not in vectors]
            pending.sort(key=self._sorting_key, reverse=True)
            hidden = not verbose or not pending
            with tqdm(total=len(pending), desc=self.kind, unit="cell", disable=hidden) as bar:
                for batch in self._batches(pending, batch_size, store, vectors, bar):
                    with nullcontext() if store is None else store.giving_back(batch):
                        given = self._encode_batch(batch, model)
                        done = {cell: merged(each, self.n_tokens) for cell, each in given.items()}
                        if store is not None:
                            store.keep(done, claimed=batch)
                    vectors.update(done)
                    bar.update(len(batch))
        cells = [cell if cell in vectors else None for cell in rows]
        return Encoding(cells, vectors)

    def _digests(self, store: VectorMemory | None) -> list[bytes | None]:
        """Return the digest of each row's cell, and note the first row of each content."""
        of_file = digest_file if store is None else store.digest_file
        rows: list[bytes | None] = []
        for i, cell in enumerate(self.column.cells):
            found = None
            if not is_missing(cell):
                found = self._try(partial(self.digest, cell, of_file), i)
            if found is not None:
                self.first_rows.setdefault(found, i)
            rows.append(found)
        if store is not None:
            store.keep_digests()
        return rows

    def _sorting_key(self, cell: bytes) -> int:
        return self.length(self.column.cells[self.first_rows[cell]])

    def _batches(
        self,
        pending: list[bytes],
        batch_size: int,
        store: VectorMemory | None,
        vectors: dict[bytes, np.ndarray],
        bar: tqdm,
    ) -> Iterator[list[bytes]]:
        """Yield what to encode next, and take over what other processes have encoded."""
        if store is None:
            yield from _chunks(pending, batch_size)
            return
        while pending:
            others: list[bytes] = []
            for chunk in _chunks(pending, batch_size):
                batch = store.claim(chunk)
                if batch:
                    yield batch
                claimed = set(batch)
                others += [cell for cell in chunk if cell not in claimed]
            found = store.find(others)
            vectors.update(found)
            bar.update(len(found))
            pending = [cell for cell in others if cell not in found]
            if pending:
                time.sleep(_WAIT_SECONDS)

    def _encode_batch(self, batch: Sequence[bytes], model: Callable[[], Model]) -> dict:
        """Read and encode cells; unreadable ones are left out, or an error."""
        read = {}
        for cell in batch:
            row = self.first_rows[cell]
            content = self._try(partial(self.read, self.column.cells[row]), row)
            if content is not None:
                read[cell] = content
        if not read:
            return {}
        loaded = model()
        if not loaded.reads_cells:
            return _paired(read, loaded.encode(list(read.values())))
        try:
            return _paired(read, loaded.encode(list(read.values())))
        except (OSError, ValueError):
            return self._encode_singly(read, loaded)

    def _encode_singly(self, read: dict[bytes, Any], model: Model) -> dict:
        """Encode the cells one by one, to find the one that cannot be read."""
        vectors = {}
        for cell, content in read.items():
            vector = self._try(partial(model.encode, [content]), self.first_rows[cell])
            if vector is not None:
                vectors[cell] = vector[0]
        return vectors

    def _try(self, read: Callable[[], Any], row: int) -> Any:
        """Read a cell; None stands for an unreadable one that counts as missing."""
        try:
            return read()
        except TypeError as error:
            raise TypeError(f"{self.kind}: row {self._label(row)} {error}.") from error
        except (OSError, ValueError, EOFError, SyntaxError) as error:  # the last two: Pillow's
            if self.on_error == "missing":
                return None
            raise UnreadableCellError(
                f"{self.kind} cannot read row {self._label(row)}{self._named(row)}: "
                f"{type(error).__name__}: {error}. With on_error='missing' it counts as missing."
            ) from error

    def _label(self, row: int) -> str:
        label = self.column.labels[row]
        return str(label) if isinstance(label, (int, np.integer)) else repr(label)

    def _named(self, row: int) -> str:
        cell = self.column.cells[row]
        name = file_name(cell)
        if name is None:
            return f" ({type(cell).__name__})"
        return f" ({name[:_LONGEST_NAME]!r})"


def _paired(read: dict[bytes, Any], vectors: Iterable[np.ndarray]) -> dict[bytes, np.ndarray]:
    return dict(zip(read, vectors, strict=True))


def _chunks(cells: list[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(cells), size):
        yield cells[start : start + size]
