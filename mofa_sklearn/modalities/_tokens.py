"""Which blocks are sequences of vectors, and of how many."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from numbers import Integral
from typing import Any

import numpy as np

from ._positions import first_few


def resolve_tokens(
    tokens: Any, blocks: Mapping[str, np.ndarray], in_cells: Collection[str] = ()
) -> dict[str, int]:
    """Check which modalities are sequences of vectors.

    Parameters
    ----------
    tokens : dict of str to int, or None
        Modality name -> number of vectors that lie one after the other in its block.

    blocks : dict of str to ndarray of int
        Column positions of every modality, from :func:`~.modalities.resolve_modalities`.

    in_cells : collection of str, default=()
        Modalities whose columns are not the numbers of the tokens.

    Returns
    -------
    dict of str to int
        Empty for None.

    Raises
    ------
    ValueError
        If `tokens` is no such dict, names a modality that there is not, or a number that
        does not divide the width of the block.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.modalities._tokens import resolve_tokens
    >>> resolve_tokens({"video": 4}, {"image": np.arange(3), "video": np.arange(3, 15)})
    {'video': 4}
    """
    check_tokens(tokens)
    resolved = {}
    for name, n_tokens in (tokens or {}).items():
        if name not in blocks:
            raise ValueError(
                f"tokens names the unknown modality {name!r}; the modalities are "
                f"{first_few(list(blocks))}."
            )
        width = len(blocks[name])
        if width % n_tokens and name not in in_cells:
            raise ValueError(
                f"Modality '{name}' has {width} columns, which cannot be {n_tokens} tokens of one "
                f"width: {width} is no multiple of {n_tokens}."
            )
        resolved[name] = int(n_tokens)
    return resolved


def check_tokens(tokens: Any) -> None:
    """Refuse what is no dict of modality name -> number of tokens.

    Parameters
    ----------
    tokens : object
        What was passed.

    Raises
    ------
    ValueError
        If it is neither None nor a dict of str to int from 1 on.
    """
    if tokens is None:
        return
    if not isinstance(tokens, Mapping):
        raise ValueError(
            "tokens must be None or a dict of modality name -> number of tokens; got "
            f"{tokens!r} of type {type(tokens).__name__}."
        )
    for name, n_tokens in tokens.items():
        is_count = isinstance(n_tokens, Integral) and not isinstance(n_tokens, (bool, np.bool_))
        if not is_count or n_tokens < 1:
            raise ValueError(
                f"tokens has {n_tokens!r} for modality {name!r}: the number of tokens must be an "
                "int from 1 on."
            )
