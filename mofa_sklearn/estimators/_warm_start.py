"""What a warm start continues with, and what must not have changed since the last fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from ..networks import MoFANetwork
from ..networks.fusions import FUSIONS
from ._labels import Coding, OneClass, OrderedClass

# Arguments of a network that do not change its weights, or are checked with the data.
_MAY_CHANGE = {"dropout", "modality_dropout", "widths", "modality_names"}


def check_same_blocks(before: Mapping[str, np.ndarray], now: Mapping[str, np.ndarray]) -> None:
    """Refuse modalities of other names, widths or order."""
    was, is_now = (
        {name: len(positions) for name, positions in blocks.items()} for blocks in (before, now)
    )
    if list(was.items()) != list(is_now.items()):  # in one order
        raise ValueError(
            f"warm_start=True continues with the modalities of the last fit, {was}, but "
            f"this X has {is_now}."
        )


def check_same_tokens(before: dict[str, int], now: dict[str, int]) -> None:
    """Refuse other numbers of tokens."""
    if before != now:
        raise ValueError(
            f"warm_start=True continues with the tokens of the last fit, {before}, but tokens is "
            f"{now} now."
        )


def check_same_classes(before: Coding, now: Coding, ordinal: Any) -> None:
    """Refuse classes of another kind, or in another order."""
    kinds = {type(before), type(now)}
    if kinds == {OneClass, OrderedClass}:
        was = isinstance(before, OrderedClass)
        raise ValueError(
            "warm_start=True continues with the classes of the last fit, "
            f"{'with' if was else 'without'} an order, but ordinal has changed to {ordinal!r}."
        )
    if len(kinds) > 1:
        raise ValueError(
            "warm_start=True continues with the classes of the last fit, "
            f"{_told(before.classes)}, but this y has {_told(now.classes)}."
        )
    if isinstance(now, OrderedClass):
        _check_same_order(before, now)


def _told(classes: np.ndarray) -> str:
    return f"{len(classes)} labels" if classes.ndim == 2 else f"{classes.tolist()}"


def _check_same_order(before: Any, now: OrderedClass) -> None:
    ranks = dict(zip(before.classes.tolist(), before.ranks.tolist(), strict=True))
    ordered = [now.classes.tolist()[i] for i in np.argsort(now.ranks)]
    shared = [ranks[name] for name in ordered if name in ranks]
    if shared != sorted(shared):
        raise ValueError(
            "warm_start=True continues with the classes of the last fit in their order, but "
            f"ordinal has changed: it is {ordered} now."
        )


def check_same_network(before: MoFANetwork, now: MoFANetwork) -> None:
    """Refuse a network of another architecture."""
    for name in before.arguments.keys() & now.arguments.keys() - _MAY_CHANGE:
        was, is_now = before.arguments[name], now.arguments[name]
        if _parts_of(was) == _parts_of(is_now):
            continue
        if name == "n_outputs":  # the number of targets is the same
            name, was, is_now = "loss", f"one of {was} output(s)", f"one of {is_now}"
        raise ValueError(
            f"warm_start=True continues with the network of the last fit, but {name} has changed "
            f"from {_name_of(was)} to {_name_of(is_now)}: set it back, or warm_start=False."
        )
    shapes = [
        {name: tuple(value.shape) for name, value in module.state_dict().items()}
        for module in (before, now)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "warm_start=True continues with the network of the last fit, but fusion makes one "
            "with other weights now: set its parameters back, or warm_start=False."
        )


def _parts_of(value: Any) -> Any:
    """Make partials comparable."""
    if isinstance(value, partial):
        return _parts_of(value.func), value.args, value.keywords
    return value


def _name_of(value: Any) -> str:
    """Write down a fusion as the parameter would be."""
    name = next((name for name, kind in FUSIONS.items() if kind is value), value)
    return repr(name) if name is not value or not isinstance(value, str) else value
