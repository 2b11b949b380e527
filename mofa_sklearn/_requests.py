"""Who takes which arguments of `fit`, and requests them where scikit-learn routes metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import Parameter, signature
from typing import Any

from sklearn import get_config
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

# What all of scikit-learn's searches descend from.
BaseSearchCV = GridSearchCV.__base__

#: method -> argument -> whether it is requested, where the method takes it
DEFAULTS = {
    "fit": {
        "sample_weight": True,
        "groups": True,
        "X_val": True,
        "y_val": True,
        "sample_weight_val": True,
    },
    # As without metadata routing: weights of the rows count in what is learned.
    "score": {"sample_weight": False},
    "predict": {"return_std": True},
}


class RequestsItsArguments:
    """Mixin of estimators whose methods request what they take, unless told otherwise.

    scikit-learn leaves that open by default, so that each estimator inside others has to be
    told by ``set_fit_request``. What is set so has precedence here, too. Put it to the left
    of ``BaseEstimator``.

    Examples
    --------
    >>> from sklearn import config_context
    >>> from mofa_sklearn import MoFARegressor
    >>> model = MoFARegressor()
    >>> model.get_metadata_routing().fit.requests["sample_weight"]
    True
    >>> with config_context(enable_metadata_routing=True):
    ...     model = model.set_fit_request(sample_weight=False)
    >>> model.get_metadata_routing().fit.requests["sample_weight"]
    False
    """

    def __init_subclass__(cls, **kwargs) -> None:
        for method, requests in DEFAULTS.items():
            taken = signature(getattr(cls, method)).parameters if hasattr(cls, method) else {}
            own = {name: value for name, value in requests.items() if name in taken}
            if own:
                setattr(cls, f"__metadata_request__{method}", own)
        super().__init_subclass__(**kwargs)


def takes(estimator: Any, argument: str) -> bool:
    """Tell whether an estimator's own `fit` takes an argument by this name."""
    return argument in _arguments(estimator, "fit")


def takers(estimator: Any, argument: str, prefix: str = "") -> Iterator[str]:
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
        The argument itself for an estimator that takes it, ``<step>__<argument>`` for a step
        of a pipeline. A search takes groups as they are, for its splitter, and hands on what
        its estimator's own `fit` is called with.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from mofa_sklearn._requests import takers
    >>> list(takers(make_pipeline(StandardScaler(), Ridge()), "sample_weight"))
    ['standardscaler__sample_weight', 'ridge__sample_weight']
    """
    if isinstance(estimator, Pipeline):
        for name, step in estimator.steps:
            yield from takers(step, argument, f"{prefix}{name}__")
    elif isinstance(estimator, BaseSearchCV):
        if argument == "groups":
            yield f"{prefix}{argument}"
        yield from takers(estimator.estimator, argument, prefix)
    elif _is_handed_over(estimator, argument):
        yield f"{prefix}{argument}"


def handed_over(estimator: Any, argument: str, value: Any) -> dict[str, Any]:
    """Return an argument under the names by which an estimator's `fit` hands it on.

    With metadata routing enabled that is its own name, if any part requests it.
    """
    if get_config()["enable_metadata_routing"]:
        # A pipeline may name an argument in its `fit` that none of its steps takes.
        own = not isinstance(estimator, Pipeline) and takes(estimator, argument)
        if own or get_routing_for_object(estimator).consumes("fit", [argument]):
            return {argument: value}
        return {}
    return dict.fromkeys(takers(estimator, argument), value)


def _is_handed_over(step: Any, argument: str) -> bool:
    """Tell whether a step gets an argument of a pipeline's `fit`: by `fit_transform`, if any."""
    asked = getattr(step, "_hands_over", None)
    if asked is not None:
        return takes(step, argument) and asked(argument)
    if not hasattr(step, "fit_transform"):
        return takes(step, argument)
    direct = _arguments(step, "fit_transform")
    passed_on = any(each.kind is Parameter.VAR_KEYWORD for each in direct.values())
    return argument in direct or (passed_on and takes(step, argument))


def _arguments(estimator: Any, method: str) -> Mapping[str, Parameter]:
    function = getattr(estimator, method, None)
    return {} if function is None else signature(function).parameters
