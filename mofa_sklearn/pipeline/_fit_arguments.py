"""Hand the arguments of a pipeline's `fit` to the steps that take them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

#: What a pipeline may call of its steps while it is fitted.
METHODS = ("fit", "fit_transform", "fit_predict", "transform")
#: What has a value for each training row.
OF_ROWS = ("sample_weight", "groups")
#: Rows that no step learns from.
VALIDATION = ("X_val", "y_val", "sample_weight_val")
#: Other libraries' names for validation rows.
RAW_ROWS = ("eval_set", "eval_X")

# What all of scikit-learn's searches descend from.
_BaseSearchCV = GridSearchCV.__base__


def takes(estimator: Any, argument: str) -> bool:
    """Tell whether an estimator's own `fit` takes an argument by this name."""
    return argument in _arguments(estimator, "fit")


def names_of_takers(estimator: Any, argument: str, prefix: str = "") -> Iterator[str]:
    """Yield the names under which `fit` hands an argument to the parts that take it.

    Parameters
    ----------
    estimator : estimator
        An estimator, a pipeline or a search.
    argument : str
        ``"groups"`` or ``"sample_weight"``.
    prefix : str, default=""
        What the names begin with.

    Yields
    ------
    str
        ``<step>__<argument>``, for instance.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from mofa_sklearn.pipeline._fit_arguments import names_of_takers
    >>> list(names_of_takers(make_pipeline(StandardScaler(), Ridge()), "sample_weight"))
    ['standardscaler__sample_weight', 'ridge__sample_weight']
    """
    if isinstance(estimator, Pipeline):
        for name, step in estimator.steps:
            yield from names_of_takers(step, argument, f"{prefix}{name}__")
    elif isinstance(estimator, _BaseSearchCV):
        if argument == "groups":  # for its splitter
            yield f"{prefix}{argument}"
        # A search hands over what its estimator's own `fit` is called with.
        yield from names_of_takers(estimator.estimator, argument, prefix)
    elif _is_handed_over(estimator, argument):
        yield f"{prefix}{argument}"


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
        takers = [
            taker for name, step in steps for taker in names_of_takers(step, argument, f"{name}__")
        ]
        _check_takers(steps, argument, takers)
        twice = sorted(set(takers) & set(named))
        if twice:
            raise TypeError(f"Got both {argument} and {', '.join(twice)}: pass one of them.")
        named.update(dict.fromkeys(takers, arguments[argument]))
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
        If rows come without targets, or the other way round.
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
    missing = [key for key in given if not takes(last, key)]
    if missing:
        raise TypeError(
            f"{missing[0]} was passed, but the fit of the last step, {name} "
            f"({type(last).__name__}), does not take it."
        )


def _check_takers(steps: Sequence[tuple[str, Any]], argument: str, takers: list[str]) -> None:
    name, last = steps[-1]
    of_last = [taker for taker in takers if taker.startswith(f"{name}__")]
    if of_last or (takers and argument == "groups"):
        return
    raise TypeError(
        f"{argument} was passed, but the fit of the last step, {name} ({type(last).__name__}), "
        "does not take it."
    )


def _is_handed_over(step: Any, argument: str) -> bool:
    """Tell whether a step gets an argument of a pipeline's `fit`: by `fit_transform`, if any."""
    if not hasattr(step, "fit_transform"):
        return takes(step, argument)
    direct = _arguments(step, "fit_transform")
    passed_on = any(each.kind is Parameter.VAR_KEYWORD for each in direct.values())
    return argument in direct or (passed_on and takes(step, argument))


def _arguments(estimator: Any, method: str) -> Mapping[str, Parameter]:
    function = getattr(estimator, method, None)
    return {} if function is None else signature(function).parameters
