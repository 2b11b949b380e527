"""The names under which `fit` hands weights and groups on to the parts that take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from .._requests import takers
from ._validation_sets import last_step

# Their `fit` takes weights, and refuses them where that of their `estimator` takes none.
_WRAPPERS = (MultiOutputClassifier, MultiOutputRegressor)


def takes_sample_weight(estimator: BaseEstimator) -> bool:
    """Tell whether what predicts takes the rows' weights; a frozen estimator needs none."""
    weighted = _weighted(estimator)
    return isinstance(weighted, FrozenEstimator) or has_fit_parameter(weighted, "sample_weight")


def _weighted(estimator: BaseEstimator) -> BaseEstimator:
    """Return what uses the weights that an estimator is given."""
    last = last_step(estimator)
    return last.estimator if isinstance(last, _WRAPPERS) else last


def weighs_all(estimator: BaseEstimator) -> bool:
    """Tell whether an estimator weighs all that it learns: no step learns without weights."""
    return not isinstance(estimator, Pipeline) and takes_sample_weight(estimator)


def sample_weight_name(estimator: BaseEstimator) -> str:
    """Return the name under which `fit` takes weights for what predicts.

    Parameters
    ----------
    estimator : estimator
        An estimator or a pipeline.

    Returns
    -------
    str
        ``"sample_weight"``, or ``"laststep__sample_weight"``.

    Raises
    ------
    TypeError
        If it takes none.
    """
    if not takes_sample_weight(estimator):
        raise TypeError(
            f"Underlying estimator {type(_weighted(estimator)).__name__} does not support sample "
            "weights."
        )
    return name_at_last_step(estimator, "sample_weight")


def name_at_last_step(estimator: BaseEstimator, argument: str) -> str:
    """Return the name of an argument of a pipeline's last step in the pipeline's `fit`."""
    path = []
    while isinstance(estimator, Pipeline):
        name, estimator = estimator.steps[-1]
        path.append(name)
    return "__".join([*path, argument])


def consumed(estimator: BaseEstimator, names: Iterable[str]) -> set[str]:
    """Return those names of metadata that the `fit` of an estimator requests."""
    return set(get_routing_for_object(estimator).consumes("fit", list(names)))


def arguments_of_rows(
    estimator: BaseEstimator, sample_weight: Any, groups: Any
) -> tuple[BaseEstimator, dict[str, Any]]:
    """Hand weights and groups to an estimator where its `fit` takes them.

    Parameters
    ----------
    estimator : estimator
        An unfitted estimator or pipeline.
    sample_weight, groups : array-like of shape (n_samples,) or None
        What there is.

    Returns
    -------
    estimator : estimator
        With metadata routing enabled a clone, if it has to request what it gets.
    arguments : dict
        More arguments of its `fit`.
    """
    given = {"sample_weight": sample_weight, "groups": groups}
    given = {name: value for name, value in given.items() if value is not None}
    if get_config()["enable_metadata_routing"]:
        return _requested(estimator, given)
    arguments = {}
    if "sample_weight" in given and takes_sample_weight(estimator):
        arguments[sample_weight_name(estimator)] = sample_weight
    if "groups" in given:
        arguments |= dict.fromkeys(takers(estimator, "groups"), groups)
    return estimator, arguments


def _requested(
    estimator: BaseEstimator, given: Mapping[str, Any]
) -> tuple[BaseEstimator, dict[str, Any]]:
    """Return the metadata that an estimator requests, or by default what it takes."""
    estimator = clone(estimator)
    last = last_step(estimator)
    for step in _steps(estimator):
        for name in given:
            if _is_undecided(step, name):
                step.set_fit_request(**{name: step is last or name == "groups"})
    asked = consumed(estimator, given)
    arguments = {name: value for name, value in given.items() if name in asked}
    if isinstance(estimator, Pipeline):
        # What a step neither requests nor declines is an error, and that before any training.
        routing = get_routing_for_object(estimator)
        routing.validate_metadata(method="fit", params=arguments)
        routing.route_params(caller="fit", params=arguments)
    return estimator, arguments


def _steps(estimator: Any) -> Iterator[Any]:
    """Yield an estimator, or the steps of a pipeline and of pipelines in it."""
    if not isinstance(estimator, Pipeline):
        yield estimator
        return
    for _, step in estimator.steps:
        yield from _steps(step)


def _is_undecided(step: Any, argument: str) -> bool:
    """Tell whether a step takes an argument, and was not told whether it gets it."""
    if not hasattr(step, "set_fit_request") or not has_fit_parameter(step, argument):
        return False
    requests = getattr(step.get_metadata_routing(), "fit", None)
    return requests is not None and requests.requests.get(argument) is None
