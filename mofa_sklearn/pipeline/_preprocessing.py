"""The steps of a pipeline before its ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from ..modalities._resolve import Modalities
from ..preprocessing import FloatColumns, GapFiller, ModalityPreprocessor, TokenPooling
from ..recipes import Recipe
from ..recipes._recipe import Steps
from ._raw_modalities import modalities_with_encoders


def preprocessing_steps(
    recipe: Recipe,
    modalities: Modalities,
    imputer: BaseEstimator | str | None,
    random_state: Any,
    encoders: Mapping[str, BaseEstimator] | None = None,
    tokens: Mapping[str, int] | None = None,
    pool: bool = False,
) -> list:
    """Make the steps before the ensemble; `pool`: it gets the mean over tokens."""
    preprocess = make_preprocessor(
        recipe.steps, recipe.named_steps, modalities, imputer, encoders, tokens
    )
    pooling = [("pool", make_pooling(tokens))] if tokens and pool else []
    joint = [
        (name, clone(step).set_params(random_state=random_state))
        for name, step in recipe.joint_steps
    ]
    return [("preprocess", preprocess), *pooling, *joint]


def make_pooling(tokens: Mapping[str, int]) -> ModalityPreprocessor:
    """Make the step that replaces preprocessed tokens by their mean."""
    return ModalityPreprocessor(
        transformers=[(name, TokenPooling(n_tokens=count)) for name, count in tokens.items()]
    ).set_output(transform="pandas")


def make_preprocessor(
    steps: Steps,
    named_steps: dict[str, Steps],
    modalities: Modalities,
    imputer: BaseEstimator | str | None,
    encoders: Mapping[str, BaseEstimator] | None = None,
    tokens: Mapping[str, int] | None = None,
) -> ModalityPreprocessor:
    """Make the step that turns every modality into floats, each by a pipeline of its own.

    Parameters
    ----------
    steps : tuple of (str, transformer)
        The recipe's, for float columns.
    named_steps : dict of str to tuple of (str, transformer)
        Those of single modalities, in place of `steps`.
    modalities : dict, callable or None
        Which columns form which modality.
    imputer : transformer, "passthrough" or None
        What fills single gaps; None chooses: a GapFiller, unless there are no `steps`,
        since what comes next then has its own preprocessing.
    encoders : mapping of str to transformer, default=None
        What takes the raw cells of some modalities, before all other steps.
    tokens : mapping of str to int, default=None
        Numbers of tokens of the modalities that are sequences.

    Returns
    -------
    ModalityPreprocessor
    """
    if isinstance(imputer, str) and imputer != "passthrough":
        raise ValueError(f"imputer must be a transformer, 'passthrough' or None, got {imputer!r}.")
    encoders = encoders or {}
    modalities = modalities_with_encoders(modalities, encoders)
    named = {name: _block_pipeline(own, imputer) for name, own in named_steps.items()}
    tokens = dict(tokens or {})
    for name, encoder in encoders.items():
        own, n_tokens = named_steps.get(name, steps), tokens.pop(name, None)
        named[name] = _encoded(name, encoder, own, imputer, n_tokens)
    return ModalityPreprocessor(
        _block_pipeline(steps, imputer),
        transformers=list(named.items()),
        modalities=modalities,
        tokens=tokens or None,
    ).set_output(transform="pandas")  # the column names tell the network the modalities


def _block_pipeline(steps: Steps, imputer: BaseEstimator | str | None) -> Pipeline:
    # A seed of its own: the components of text draw random numbers.
    return Pipeline([("columns", FloatColumns(random_state=0)), *_float_steps(steps, imputer)])


def _encoded(
    name: str,
    encoder: BaseEstimator,
    steps: Steps,
    imputer: BaseEstimator | str | None,
    n_tokens: int | None,
) -> Pipeline:
    """Put an encoder before the steps of its modality.

    They leave out the rows that the encoder finds missing: an empty text, say.
    """
    vectors = ModalityPreprocessor(
        Pipeline(_float_steps(steps, imputer)),
        modalities={name: slice(None)},
        tokens=None if n_tokens is None else {name: n_tokens},
    )
    columns = FloatColumns(random_state=0)  # of a sparse result, or of a table
    return Pipeline([("encode", clone(encoder)), ("columns", columns), ("vectors", vectors)])


def _float_steps(steps: Steps, imputer: BaseEstimator | str | None) -> list:
    if imputer is None:  # what comes without steps has its own preprocessing
        fill = GapFiller() if steps else "passthrough"
    else:
        fill = imputer if isinstance(imputer, str) else clone(imputer)
    return [("impute", fill), *((name, clone(step)) for name, step in steps)]
