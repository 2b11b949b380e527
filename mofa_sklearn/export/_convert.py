"""Which torch module does what a fitted estimator does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from torch import nn

#: Makes the module of a fitted estimator; the second argument is its place in the pipeline.
Converter = Callable[[Any, str], nn.Module]

#: A type, or the full name of one in a library that need not be installed.
Kind = type | str

#: Kind -> its converter. Subclasses are not taken for their parents: they may do something else.
CONVERTERS: dict[Kind, Converter] = {}

_Registered = TypeVar("_Registered")


def converts(*kinds: Kind) -> Callable[[Converter], Converter]:
    """Register a converter of estimators of some types."""

    def register(converter: Converter) -> Converter:
        CONVERTERS.update(dict.fromkeys(kinds, converter))
        return converter

    return register


def registered(table: Mapping[Kind, _Registered], kind: type) -> _Registered | None:
    """Return what was registered for a type, or for its name."""
    return table.get(kind) or table.get(f"{kind.__module__}.{kind.__qualname__}")


def convert(estimator: Any, place: str) -> nn.Module:
    """Return a module that does what a fitted estimator does.

    Parameters
    ----------
    estimator : estimator
        Fitted. Transformers map (n_samples, n_features) to (n_samples, n_features_out),
        regressors to (n_samples, n_targets), classifiers to (n_samples, n_classes).
    place : str
        Where in the pipeline it is, as a parameter's prefix.

    Returns
    -------
    nn.Module
        With an attribute `rounds` where it computes in another order than the estimator.

    Raises
    ------
    TypeError
        If there is no converter for it; the message names its place.
    """
    converter = registered(CONVERTERS, type(estimator))
    if converter is None:
        advice = "to_module's notes list what can"
        if place:
            advice += (
                ". Fit a pipeline without it, or keep it in Python before the exported model "
                "(to_module(pipeline[-1]))"
            )
        raise no_export(place, advice, estimator)
    return converter(estimator, place)


def part_of(place: str, name: str) -> str:
    """Return the place of a part of what is at a place."""
    return f"{place}__{name}" if place else name


def no_export(place: str, reason: str, estimator: Any = None) -> TypeError:
    """Return the error for what has no counterpart: it tells where, and an estimator's type."""
    kind = None if estimator is None else type(estimator).__name__
    if place:
        what = f"The step '{place}'" if kind is None else f"The step '{place}' ({kind})"
    else:
        what = "The model" if kind is None else kind
    return TypeError(f"{what} cannot be exported: {reason}.")
