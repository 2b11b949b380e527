"""Go through all objects that an estimator is made of."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from ._schema import FOLDERS_OF_PICKLES, is_own_or_sklearn


def objects_of(root: Any) -> Iterator[Any]:
    """Yield every object but plain values, each once, from attributes and containers.

    Parameters
    ----------
    root : object
        Where to begin.

    Yields
    ------
    object
    """
    # Objects are kept, so that no id is used again.
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, (type, str, bytes, int, float)):
            continue
        seen[id(item)] = item
        if isinstance(item, dict):
            waiting += item.values()
        if isinstance(item, (list, tuple, set)):
            waiting += item
        if isinstance(item, np.ndarray) and item.dtype == object:
            waiting += item.ravel().tolist()
        if isinstance(item, partial):
            waiting += [item.func, *item.args, *item.keywords.values()]
        if hasattr(item, "__dict__"):
            waiting += vars(item).values()
        yield item


def disarm(root: Any) -> None:
    """Forget folders that a later `fit` would read pickles from; changes the objects.

    Parameters
    ----------
    root : object
        The estimator.
    """
    for item in objects_of(root):
        if is_own_or_sklearn(type(item).__module__) and hasattr(item, "__dict__"):
            attributes = vars(item)
            attributes.update({name: None for name in FOLDERS_OF_PICKLES if name in attributes})
