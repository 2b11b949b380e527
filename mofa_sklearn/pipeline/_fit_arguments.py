"""Hand the arguments of a pipeline's `fit` to the steps that take them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._requests import takers, takes
from ..ensemble._validation_sets import (
    takes_eval_set,
    uses_validation_rows,
    validation_arguments,
)

#: What a pipeline may call of its steps while it is fitted.
METHODS = ("fit", "fit_transform", "fit_predict", "transform")
#: What has a value for each training row.
OF_ROWS = ("sample_weight", "groups")
#: Rows that no step learns from.
VALIDATION = ("X_val", "y_val", "sample_weight_val")
#: Other libraries' names for validation rows.
RAW_ROWS = ("eval_set", "eval_X")


def named_for_steps(
    steps: Sequence[tuple[str, Any]], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Write a pipeline's own arguments as those of the steps that take them.

    Parameters
    ----------
    steps : sequence of (str, estimator)
        The steps.
    arguments : mapping of str to object
        Those of `OF_ROWS`, and others as ``<step>__<argument>``.

    Returns
    -------
    dict
        All of them as ``<step>__<argument>``.

    Raises
    ------
    TypeError
        If no step takes an argument, if the last step does not take weights, or if an
        argument was passed under both names.
    """
    named = {name: value for name, value in arguments.items() if name not in OF_ROWS}
    for argument in OF_ROWS:
        if argument not in arguments:
            continue
        names = [taker for name, step in steps for taker in takers(step, argument, f"{name}__")]
        _check_takers(steps, argument, names)
        twice = sorted(set(names) & set(named))
        if twice:
            raise TypeError(f"Got both {argument} and {', '.join(twice)}: pass one of them.")
        named.update(dict.fromkeys(names, arguments[argument]))
    return named


def add_validation_rows(
    arguments: dict[str, Any], validation: Mapping[str, Any], step: str
) -> None:
    """Add validation rows to what the last step's `fit` is about to get.

    Parameters
    ----------
    arguments : dict
        Changed in place.
    validation : mapping of str to object
        Those of `VALIDATION` that were passed.
    step : str
        The last step's name.

    Raises
    ------
    TypeError
        If an argument was passed under both names.
    """
    twice = sorted(set(arguments) & set(validation))
    if twice:
        raise TypeError(f"Got both {twice[0]} and {step}__{twice[0]}: pass one of them.")
    arguments.update(validation)


def check_last_arguments(
    arguments: Mapping[str, Any], name: str, last: Any, transformed: Collection[str]
) -> None:
    """Refuse validation rows that are incomplete, not taken, or would not be transformed.

    Parameters
    ----------
    arguments : mapping of str to object
        What the last step's `fit` is about to get.
    name : str
        The last step's name.
    last : estimator
        The last step.
    transformed : collection of str
        Arguments that need not be transformed any more.

    Raises
    ------
    ValueError
        If rows come without targets, or the other way round, or if the last step would
        ignore them.
    TypeError
        If the last step's `fit` has no argument for them, or they go by another name than
        ``X_val``, under which they would not go through the steps before.
    """
    for key in set(arguments) - set(transformed):
        if key != "X_val" and key.rpartition("__")[2] in ("X_val", *RAW_ROWS):
            raise TypeError(
                f"{name}__{key} would not go through the steps before {name!r}. Pass the rows as "
                "X_val= and y_val=, where the last step takes these; else transform them "
                "yourself, and fit the last step alone."
            )
    given = [key for key in VALIDATION if key in arguments]
    if given and not {"X_val", "y_val"} <= set(given):
        raise ValueError(f"Pass both X_val and y_val; got only {', '.join(given)}.")
    if given:
        _check_last_uses(last, given, arguments, name)


def as_last_takes_them(arguments: Mapping[str, Any], last: Any, y: Any) -> dict[str, Any]:
    """Write validation rows as the last step takes them: as ``eval_set``, for boosting.

    Parameters
    ----------
    arguments : mapping of str to object
        What the last step's `fit` is about to get, `X_val` transformed.
    last : estimator
        The last step.
    y : array-like of n_samples rows
        The targets to learn.

    Returns
    -------
    dict
    """
    if "X_val" not in arguments or takes(last, "X_val"):
        return dict(arguments)
    rows = [arguments.get(key) for key in VALIDATION]
    others = {key: value for key, value in arguments.items() if key not in VALIDATION}
    return {**validation_arguments(last, y, others, *rows), **others}


def _check_last_uses(
    last: Any, given: Sequence[str], arguments: Mapping[str, Any], name: str
) -> None:
    """Refuse validation rows that the last step does not take, or would ignore."""
    kind = f"{name} ({type(last).__name__})"
    missing = [key for key in given if not takes(last, key)]
    if missing and not takes_eval_set(last):
        raise TypeError(
            f"{missing[0]} was passed, but the fit of the last step, {kind}, does not take it."
        )
    if missing and not uses_validation_rows(last, arguments):
        raise ValueError(
            f"{given[0]} was passed, but the last step, {kind}, was not told to stop early: set "
            "its early_stopping_rounds."
        )
    if not missing and last.get_params(deep=False).get("early_stopping") == "auto":
        raise ValueError(
            f"{given[0]} was passed, but with early_stopping='auto' the last step, {kind}, "
            "ignores it beside few training rows: set early_stopping=True."
        )


def _check_takers(steps: Sequence[tuple[str, Any]], argument: str, names: list[str]) -> None:
    name, last = steps[-1]
    of_last = [taker for taker in names if taker.startswith(f"{name}__")]
    if of_last or (names and argument == "groups"):
        return
    raise TypeError(
        f"{argument} was passed, but the fit of the last step, {name} ({type(last).__name__}), "
        "does not take it."
    )
