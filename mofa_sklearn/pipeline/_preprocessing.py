"""The steps of a pipeline before its ensemble."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from ..modalities._resolve import Modalities
from ..preprocessing import FloatColumns, GapFiller, ModalityPreprocessor
from ..recipes import Recipe
from ..recipes._recipe import Steps


def preprocessing_steps(
    recipe: Recipe,
    modalities: Modalities,
    imputer: BaseEstimator | str | None,
    random_state: Any,
    encoders: Mapping[str, BaseEstimator] | None = None,
) -> list:
    preprocess = make_preprocessor(recipe.steps, recipe.named_steps, modalities, imputer, encoders)
    joint = [
        (name, clone(step).set_params(random_state=random_state))
        for name, step in recipe.joint_steps
    ]
    return [("preprocess", preprocess), *joint]


def make_preprocessor(
    steps: Steps,
    named_steps: dict[str, Steps],
    modalities: Modalities,
    imputer: BaseEstimator | str | None,
    encoders: Mapping[str, BaseEstimator] | None = None,
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

    Returns
    -------
    ModalityPreprocessor
    """
    if isinstance(imputer, str) and imputer != "passthrough":
        raise ValueError(f"imputer must be a transformer, 'passthrough' or None, got {imputer!r}.")
    encoders = encoders or {}
    named = {
        name: _block_pipeline(named_steps.get(name, steps), imputer, encoders.get(name))
        for name in {**named_steps, **encoders}
    }
    return ModalityPreprocessor(
        _block_pipeline(steps, imputer), transformers=list(named.items()), modalities=modalities
    ).set_output(transform="pandas")  # the column names tell the network the modalities


def _block_pipeline(
    steps: Steps, imputer: BaseEstimator | str | None, encoder: BaseEstimator | None = None
) -> Pipeline:
    # A seed of its own: the components of text draw random numbers.
    first: list = [("columns", FloatColumns(random_state=0))]
    if encoder is not None:
        first.insert(0, ("encode", clone(encoder)))
    if imputer is None:  # what comes without steps has its own preprocessing
        fill = GapFiller() if steps else "passthrough"
    else:
        fill = imputer if isinstance(imputer, str) else clone(imputer)
    return Pipeline([*first, ("impute", fill), *((name, clone(step)) for name, step in steps)])
