"""A function of the user's in place of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._loading import Model


def refuse_ignored(encoder: Any, unseen: dict[str, tuple]) -> None:
    """Refuse arguments that a function of the user's would not see.

    Parameters
    ----------
    encoder : BaseEncoder
        Whose `model_name` is a function.

    unseen : dict of str to tuple
        Names of parameters, and the values that ask for nothing.

    Raises
    ------
    ValueError
        If one of them asks for something.
    """
    for name, values in unseen.items():
        value = getattr(encoder, name)
        if value not in values:
            raise ValueError(
                f"{name}={value!r} would be ignored: model_name is a function, which makes its "
                "vectors by itself."
            )


class FunctionModel(Model):
    """Makes vectors by a function of a list of cells.

    Parameters
    ----------
    function : callable
        List of n cells -> array of shape (n, width), or n arrays of (n_tokens, width).

    pooling : str
        Of the tokens, where it gives tokens.
    """

    reads_cells = True

    def __init__(self, function: Callable, pooling: str):
        self.function = function
        self.pooling = pooling

    def encode(self, cells: list) -> list[np.ndarray]:
        """Call the function, and check what it gives."""
        given = self.function(cells)
        if hasattr(given, "detach"):  # a tensor
            given = given.detach().float().cpu().numpy()
        try:
            n_given = len(given)
        except TypeError as error:
            raise RuntimeError(f"{self._named} must return an array or a list.") from error
        if n_given != len(cells):
            raise RuntimeError(f"{self._named} was given {len(cells)} cells, and gave {n_given}.")
        return [self._pooled(np.asarray(vector, dtype=np.float32)) for vector in given]

    @property
    def _named(self) -> str:
        return f"The function {getattr(self.function, '__qualname__', self.function)!r}"

    def _pooled(self, vector: np.ndarray) -> np.ndarray:
        if not np.isfinite(vector).all():
            raise RuntimeError(f"{self._named} gave a vector with NaN or infinity.")
        if vector.ndim == 1:
            if self.pooling == "none":
                raise RuntimeError(
                    f"{self._named} gives one vector for each cell: there are no tokens that "
                    "pooling='none' could keep."
                )
            if self.pooling != "auto":
                raise RuntimeError(
                    f"{self._named} gives one vector for each cell, not one for each token: "
                    f"pooling={self.pooling!r} would be ignored."
                )
            return vector
        if vector.ndim != 2:
            raise RuntimeError(
                f"{self._named} must give an array of shape (width,) or (n_tokens, width) for "
                f"each cell; got {vector.shape}."
            )
        pool = {
            "auto": lambda tokens: tokens.mean(axis=0),
            "mean": lambda tokens: tokens.mean(axis=0),
            "max": lambda tokens: tokens.max(axis=0),
            "cls": lambda tokens: tokens[0],
            "none": lambda tokens: tokens,
        }
        return pool[self.pooling](vector)
