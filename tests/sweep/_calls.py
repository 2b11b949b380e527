"""How the arguments of public functions and methods are tried, as `_rows` tries parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from ._rows import Changes, Refused, Row, differ


@dataclass(frozen=True)
class Call:
    """A function or method, and what makes the arguments of every call."""

    function: Callable[[], Callable]
    arguments: Callable[[], dict]


@dataclass(frozen=True)
class Argument:
    """One argument: a row that shows its effect, and values that are refused by its name.

    `told` is another name that the message may have.
    """

    row: Any
    wrong: tuple = ()
    told: str | None = None


@dataclass(frozen=True)
class Later:
    """A value that takes a while to make."""

    make: Callable[[], Any]


def call(case: Call, row: Any, given: dict):
    arguments = {**case.arguments(), **getattr(row, "base", {}), **given}
    arguments = {
        name: value.make() if isinstance(value, Later) else value
        for name, value in arguments.items()
    }
    return case.function()(**arguments)


def check_effect(case: Call, name: str, row: Row) -> None:
    """Assert that an argument does what its row says."""
    given = {name: row.value}
    if isinstance(row, Refused):
        with pytest.raises((ValueError, TypeError), match=row.message):
            call(case, row, given)
        return
    usual, other = usually_said(case, row), said(call(case, row, given))
    assert differ(usual, other) == isinstance(row, Changes)


_usual: dict[tuple, dict[str, np.ndarray]] = {}


def usually_said(case: Call, row: Row) -> dict[str, np.ndarray]:
    """Return what a call without the argument tells, from a cache where it can be."""
    key = (id(case), repr(row.base))
    if key not in _usual:
        _usual[key] = said(call(case, row, {}))
    return _usual[key]


def check_refusal(case: Call, name: str, argument: Argument, value: Any) -> None:
    """Assert that a wrong value of an argument is refused by its name."""
    told = argument.told or name
    with pytest.raises((ValueError, TypeError, OSError), match=rf"\b{told}\b"):
        call(case, argument.row, {name: value})


def said(result: Any) -> dict[str, np.ndarray]:
    """Return all that a result tells, by name."""
    return {name: np.asarray(value) for name, value in _parts(result, "")}


def _parts(value, name):
    if isinstance(value, Mapping):
        yield f"{name} keys", [str(key) for key in value]
        for key, part in value.items():
            yield from _parts(part, f"{name}.{key}")
    elif isinstance(value, pd.DataFrame):
        yield f"{name} columns", [str(column) for column in value.columns]
        yield f"{name} index", [str(each) for each in value.index]
        for column in value.columns:
            if not str(column).endswith("_seconds"):  # of the clock
                yield from _parts(value[column].to_numpy(), f"{name}.{column}")
    elif hasattr(value, "compute"):  # what Dask has not computed yet
        yield from _parts(value.compute(), name)
    elif hasattr(value, "figure_"):
        yield from _drawn(value.figure_, name)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _parts(getattr(value, field.name), f"{name}.{field.name}")
    elif isinstance(value, tuple):
        for i, part in enumerate(value):
            yield from _parts(part, f"{name}.{i}")
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield name, value
    else:
        yield name, repr(value)


def _drawn(figure, name):
    """Yield what is on a figure: texts, points, lines and bars, in the order of their making."""
    for i, artist in enumerate(figure.findobj(Artist)):
        place = f"{name}.{i}"
        if isinstance(artist, Text):
            yield place, artist.get_text()
        elif isinstance(artist, Line2D):
            yield place, artist.get_xydata()
        elif isinstance(artist, Collection):
            yield place, np.asarray(artist.get_offsets())
            yield (
                f"{place} paths",
                np.concatenate(
                    [np.zeros((0, 2)), *(path.vertices for path in artist.get_paths())]
                ),
            )
        elif isinstance(artist, Rectangle):
            yield place, artist.get_bbox().bounds
        elif isinstance(artist, Axes):
            yield place, [*artist.get_xlim(), *artist.get_ylim()]
