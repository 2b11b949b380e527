"""The steps of a pipeline before its ensemble."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from ..modalities._resolve import Modalities
from ..preprocessing import ModalityPreprocessor
from ..recipes import Recipe
from ..recipes._recipe import Steps


def preprocessing_steps(
    recipe: Recipe, modalities: Modalities, imputer: BaseEstimator | None, random_state: Any
) -> list:
    preprocess = make_preprocessor(recipe.steps, recipe.named_steps, modalities, imputer)
    joint = [
        (name, clone(step).set_params(random_state=random_state))
        for name, step in recipe.joint_steps
    ]
    return [("preprocess", preprocess), *joint]


def make_preprocessor(
    steps: Steps,
    named_steps: dict[str, Steps],
    modalities: Modalities,
    imputer: BaseEstimator | None,
) -> ModalityPreprocessor:
    named = [(name, _block_pipeline(own, imputer)) for name, own in named_steps.items()]
    return ModalityPreprocessor(
        _block_pipeline(steps, imputer), transformers=named, modalities=modalities
    ).set_output(transform="pandas")  # the column names tell the network the modalities


def _block_pipeline(steps: Steps, imputer: BaseEstimator | None) -> Pipeline | str:
    first = [] if imputer is None else [("impute", clone(imputer))]
    block = [*first, *((name, clone(step)) for name, step in steps)]
    return Pipeline(block) if block else "passthrough"
