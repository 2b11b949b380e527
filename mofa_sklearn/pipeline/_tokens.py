"""Estimators that attend over the tokens of a modality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.base import BaseEstimator, clone

from ..modalities._tokens import check_tokens


def tokens_for(estimator: Any, tokens: Mapping[str, int] | None) -> Mapping[str, int] | None:
    """Return the numbers of tokens: those passed, else those of the estimator.

    Parameters
    ----------
    estimator : estimator or None
        What comes after the preprocessing.
    tokens : mapping of str to int, or None
        What was passed.

    Returns
    -------
    mapping of str to int, or None

    Raises
    ------
    ValueError
        If they are no numbers of tokens, or others than the estimator has.
    """
    check_tokens(tokens)
    own = [] if estimator is None else [value for _, value in _parameters(estimator) if value]
    for value in own:
        if tokens and dict(value) != dict(tokens):
            raise ValueError(
                f"tokens is {dict(tokens)}, but that of estimator is {value}: pass them once."
            )
        tokens = value
    return tokens


def takes_tokens(estimator: BaseEstimator) -> bool:
    """Tell whether an estimator, or a part of it, has a parameter `tokens`."""
    return bool(_parameters(estimator))


def with_tokens(estimator: BaseEstimator, tokens: Mapping[str, int]) -> BaseEstimator:
    """Return a clone with these tokens."""
    names = [name for name, _ in _parameters(estimator)]
    return clone(estimator).set_params(**{name: dict(tokens) for name in names})


def _parameters(estimator: Any) -> list[tuple[str, Any]]:
    params = estimator.get_params() if hasattr(estimator, "get_params") else {}
    return [item for item in params.items() if item[0].split("__")[-1] == "tokens"]
