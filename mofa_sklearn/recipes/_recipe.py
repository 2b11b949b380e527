"""What a system is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from textwrap import wrap
from typing import Any

from sklearn.base import BaseEstimator

from ..estimators import MoFARegressor

#: Names and unfitted transformers or regressors.
Steps = tuple[tuple[str, BaseEstimator], ...]

_WIDTH = 88
_INDENT = 4


@dataclass(frozen=True, repr=False)
class Recipe:
    """A system: what its pipeline is made of, where it comes from, and what it lacks.

    Parameters
    ----------
    name : str
        What :func:`mofa_sklearn.make_mofa_pipeline` calls it.

    summary : str
        What the system does, in a line.

    source : str
        The paper or the place where the system was described.

    task : {"regression", "classification"}, default="regression"
        What it predicts.

    steps : tuple of (str, transformer), default=()
        The preprocessing of every modality, by itself.

    named_steps : dict of str to tuple of (str, transformer), default={}
        That of modalities of this name, in place of `steps`.

    joint_steps : tuple of (str, transformer), default=()
        What comes after it, for all modalities together.

    estimator : callable, default=MoFARegressor
        The class of the estimator, or a function that makes it.

    parameters : dict of str to object, default={}
        The estimator's parameters; all others keep their defaults.

    companions : tuple of (str, regressor), default=()
        What the ensemble blends in with weights that it learns, see
        :class:`~mofa_sklearn.KFoldEnsembleRegressor`.

    class_companions : tuple of (str, classifier), default=()
        The same where classes are to be predicted: with
        ``make_mofa_pipeline(estimator=MoFAClassifier())``.

    class_networks : dict of str to dict, default={}
        More networks beside the classifier then: name, and which of its parameters are others.

    calibrate : str or None, default=None
        How probabilities are calibrated then, see
        :class:`~mofa_sklearn.KFoldEnsembleClassifier`.

    baselines : tuple of str, default=()
        Names of :func:`~mofa_sklearn.baselines.make_baselines`: what is averaged with
        the estimator's ensemble, all counting the same.

    notes : tuple of str, default=()
        What of the original is different here, or cannot be had from embeddings that
        were computed before.

    See Also
    --------
    get_recipe : Returns one.

    Examples
    --------
    >>> from mofa_sklearn.recipes import get_recipe
    >>> recipe = get_recipe("mmved")
    >>> recipe.estimator.__name__, recipe.parameters
    ('MoFARegressor', {'fusion': 'product_of_experts'})
    """

    name: str
    summary: str
    source: str
    task: str = "regression"
    steps: Steps = ()
    named_steps: dict[str, Steps] = field(default_factory=dict)
    joint_steps: Steps = ()
    estimator: Callable[..., BaseEstimator] = MoFARegressor
    parameters: dict[str, Any] = field(default_factory=dict)
    companions: Steps = ()
    class_companions: Steps = ()
    class_networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    calibrate: str | None = None
    baselines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def make_estimator(self, random_state: Any = None) -> BaseEstimator:
        """Make the estimator, unfitted.

        Parameters
        ----------
        random_state : int, RandomState instance or None, default=None
            Determines all that is random in it.

        Returns
        -------
        estimator

        Raises
        ------
        ImportError
            If it is of a library that is not installed.
        """
        return self.estimator(**self.parameters, random_state=random_state)

    def __repr__(self) -> str:
        """Return the recipe as a cook would want to read it."""
        lines = [f"Recipe '{self.name}' ({self.task})", *_indented(self.summary)]
        lines += _entry("source", self.source)
        lines += _entry("each modality", _chain(self.steps))
        for name, steps in self.named_steps.items():
            lines += _entry(f"modality '{name}'", _chain(steps))
        if self.joint_steps:
            lines += _entry("then", _chain(self.joint_steps))
        lines += _entry("estimator", _call(self.estimator, self.parameters))
        if self.companions:
            lines += _entry("blended with", _named(self.companions))
        if self.class_networks:
            networks = [_given(name, changed) for name, changed in self.class_networks.items()]
            lines += _entry("classes blended with networks", "; ".join(networks))
        if self.class_companions:
            lines += _entry("classes blended with", _named(self.class_companions))
        if self.calibrate:
            lines += _entry("classes calibrated by", self.calibrate)
        if self.baselines:
            lines += _entry("averaged with", f"baseline {', '.join(map(repr, self.baselines))}")
        for note in self.notes:
            lines += _entry("note", note)
        lines += _entry("build", f'make_mofa_pipeline(recipe="{self.name}")')
        return "\n".join(lines)


def _entry(label: str, text: str) -> list[str]:
    return _indented(f"{label}: {text}")


def _indented(text: str) -> list[str]:
    blank = " " * _INDENT
    # Names with hyphens stay in one piece, so that they can be searched for and copied.
    return wrap(
        text,
        _WIDTH,
        initial_indent=blank,
        subsequent_indent=2 * blank,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _named(parts: Steps) -> str:
    return "; ".join(f"{name}: {_one_line(part)}" for name, part in parts)


def _chain(steps: Steps) -> str:
    return " -> ".join(_one_line(step) for _, step in steps) or "as it is"


def _call(function: Any, arguments: dict[str, Any]) -> str:
    return _given(function.__name__, arguments)


def _given(name: str, arguments: dict[str, Any]) -> str:
    told = [f"{key}={_value(value)}" for key, value in arguments.items()]
    return f"{name}({', '.join(told)})"


def _value(value: Any) -> str:
    if isinstance(value, partial):
        bound = [f"{name}={bound!r}" for name, bound in value.keywords.items()]
        return f"partial({', '.join([value.func.__name__, *bound])})"
    return value.__name__ if isinstance(value, type) else repr(value)


def _one_line(estimator: BaseEstimator) -> str:
    return " ".join(repr(estimator).split())
