"""Which columns hold the raw cells that encoders take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..modalities import resolve_modalities
from ..modalities._positions import first_few
from ..modalities._resolve import Modalities
from ..modalities._tables import as_table, column_names, is_frame, take_columns


def modalities_with_encoders(modalities: Modalities, encoders: Mapping[str, Any]) -> Modalities:
    """Return modalities among which are those of the encoders.

    Parameters
    ----------
    modalities : dict, callable or None
        As the user gave them. None: a column with the name of an encoder is a modality, and the
        others are read from their names.

    encoders : mapping of str to transformer
        By modality.

    Returns
    -------
    dict, callable or None

    Raises
    ------
    ValueError
        If a dict lacks a modality that has an encoder.

    TypeError
        If an encoder is no transformer.
    """
    for name, encoder in encoders.items():
        if isinstance(encoder, type) or not hasattr(encoder, "transform"):
            raise TypeError(
                f"encoders={{{name!r}: ...}} must be a transformer of one column, such as "
                f"mofa_sklearn.encoders.TextEncoder(...); got {encoder!r}."
            )
    if not encoders:
        return modalities
    if isinstance(modalities, Mapping):
        _require(encoders, modalities)
        return modalities
    return RawModalities(modalities, tuple(encoders))


@dataclass(frozen=True)
class RawModalities:
    """Finds the modalities of a table whose raw columns have encoders.

    Parameters
    ----------
    modalities : callable or None
        As the user gave them.

    names : tuple of str
        Modalities that have an encoder.
    """

    modalities: Any
    names: tuple[str, ...]

    def __call__(self, X: Any) -> dict[str, np.ndarray]:
        """Return modality name -> positions of its columns."""
        if self.modalities is None:
            blocks = self._from_names(X)
        else:
            blocks = resolve_modalities(X, self.modalities)
        _require(self.names, blocks)
        return blocks

    def _from_names(self, X: Any) -> dict[str, np.ndarray]:
        names = column_names(X) or []
        own = {name: np.array([names.index(name)]) for name in self.names if name in names}
        if not own or not is_frame(as_table(X)):
            return resolve_modalities(X, None)
        others = np.setdiff1d(np.arange(len(names)), np.concatenate(list(own.values())))
        if not len(others):
            return own
        rest = resolve_modalities(take_columns(as_table(X), others), None)
        blocks = {name: others[positions] for name, positions in rest.items()}
        for name in own.keys() & blocks.keys():
            raise ValueError(
                f"The column {name!r} has an encoder, and the columns "
                f"{first_few([names[i] for i in blocks[name]])} are called after the same "
                "modality: pass modalities= with the columns of every modality."
            )
        return {**own, **blocks}


def _require(names: Iterable[str], blocks: Mapping[str, Any]) -> None:
    unknown = [name for name in names if name not in blocks]
    if unknown:
        raise ValueError(
            f"encoders= names the modalities {first_few(unknown)}, but the modalities are "
            f"{first_few(list(blocks))}."
        )
