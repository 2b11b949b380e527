"""Hand a fold's held-out rows to a member that can stop early on them."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

# LightGBM's names for the number of rounds after which it stops.
_LIGHTGBM_PATIENCE = (
    "early_stopping_round",
    "early_stopping_rounds",
    "early_stopping",
    "n_iter_no_change",
)


def last_step(estimator: BaseEstimator) -> Any:
    """Return the estimator that predicts: a pipeline's last step, else itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def stops_early_on_rows(estimator: Any, fit_params: Mapping[str, Any] | None = None) -> bool:
    """Tell whether an estimator stops early on rows of a fold that its `fit` is given.

    Parameters
    ----------
    estimator : estimator
        A regressor, classifier or pipeline.
    fit_params : mapping of str to object, default=None
        More arguments of its `fit`, among which there may be callbacks that stop it.

    Returns
    -------
    bool
        False also where it would take such rows, but was told not to stop early, and for
        ensembles, whose members have folds of their own to stop on.
    """
    has_folds = getattr(type(last_step(estimator)), "_has_folds", False)
    return not has_folds and uses_validation_rows(estimator, fit_params)


def uses_validation_rows(estimator: Any, fit_params: Mapping[str, Any] | None = None) -> bool:
    """Tell whether validation rows of the user have an effect on an estimator.

    Parameters
    ----------
    estimator : estimator
        A regressor, classifier or pipeline.
    fit_params : mapping of str to object, default=None
        More arguments of its `fit`.

    Returns
    -------
    bool
        As :func:`stops_early_on_rows`, and for ensembles what holds for their members.
    """
    last = last_step(estimator)
    if isinstance(last, FrozenEstimator):  # it would answer for the estimator inside
        return False
    asked = getattr(last, "_uses_validation_rows", None)
    if asked is not None:
        return asked()
    return _validation_style(last, fit_params or {}) is not None


def stop_for_certain(estimator: BaseEstimator) -> BaseEstimator:
    """Let an estimator stop early whose default is to do so for many rows alone.

    scikit-learn's boosting has ``early_stopping="auto"``, and with it ignores validation rows
    beside 10,000 rows or fewer.

    Parameters
    ----------
    estimator : estimator
        Changed in place.

    Returns
    -------
    estimator
        The same object.
    """
    last = last_step(estimator)
    if hasattr(last, "get_params") and last.get_params(deep=False).get("early_stopping") == "auto":
        last.set_params(early_stopping=True)
    return estimator


def fit_with_validation(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    fit_params: dict[str, Any],
    X_val: Any,
    y_val: Any,
    sample_weight_val: Any = None,
) -> BaseEstimator:
    """Fit an estimator, and let it stop early on given rows where it can.

    It can where its `fit` takes ``X_val`` and ``y_val`` (MoFARegressor,
    HistGradientBoostingRegressor) or ``eval_set`` (XGBoost, LightGBM, CatBoost), and
    it was not told not to stop early. In a pipeline, the steps before the last one
    are fitted on the training rows and transform the validation rows.

    Parameters
    ----------
    estimator : estimator
        An unfitted regressor, classifier or pipeline.
    X, y : array-like of n_samples rows
        What to learn from.
    fit_params : dict
        More arguments of its `fit`; they win over those that come with validation rows.
    X_val, y_val : array-like of n_val rows
        The held-out rows.
    sample_weight_val : array-like of shape (n_val,), default=None
        Their weights; passed over where all of them are zero, which say nothing about
        the best epoch.

    Returns
    -------
    estimator
        The same object, fitted.
    """
    # A pipeline whose `fit` takes validation rows transforms them, and maybe y, by itself.
    in_steps = isinstance(estimator, Pipeline) and not _takes_x_val(estimator)
    if in_steps and uses_validation_rows(estimator, fit_params):
        return _fit_pipeline(estimator, X, y, fit_params, X_val, y_val, sample_weight_val)
    extra = validation_arguments(estimator, y, fit_params, X_val, y_val, sample_weight_val)
    return estimator.fit(X, y, **{**extra, **fit_params})


def validation_arguments(
    estimator: BaseEstimator,
    y: Any,
    fit_params: Mapping[str, Any],
    X_val: Any,
    y_val: Any,
    sample_weight_val: Any = None,
) -> dict[str, Any]:
    """Return the arguments that hand validation rows to an estimator's own `fit`.

    Parameters
    ----------
    estimator : estimator
        A regressor or classifier.
    y : array-like of n_samples rows
        The targets to learn.
    fit_params : mapping of str to object
        More arguments of its `fit`.
    X_val, y_val : array-like of n_val rows
        The held-out rows.
    sample_weight_val : array-like of shape (n_val,), default=None
        Their weights; passed over where all of them are zero.

    Returns
    -------
    dict
        Empty where it does not stop early on rows that it is given.
    """
    if not uses_validation_rows(estimator, fit_params):
        return {}
    style = _x_val_arguments if _takes_x_val(estimator) else _eval_set_arguments
    if sample_weight_val is not None and not np.any(sample_weight_val):
        sample_weight_val = None
    return style(estimator, y, X_val, y_val, sample_weight_val)


def takes_eval_set(estimator: Any) -> bool:
    """Tell whether an estimator's own `fit` takes validation rows as ``eval_set``."""
    return hasattr(estimator, "fit") and "eval_set" in signature(estimator.fit).parameters


def is_of_library(estimator: Any, library: str) -> bool:
    """Tell whether the class of an estimator, or one that it descends from, is of a library."""
    return any(base.__module__.split(".")[0] == library for base in type(estimator).__mro__)


def _takes_x_val(estimator: Any) -> bool:
    return {"X_val", "y_val"} <= set(signature(estimator.fit).parameters)


def _validation_style(estimator: Any, fit_params: Mapping[str, Any]):
    """Return the function that writes the arguments an estimator's `fit` takes, or None."""
    if not hasattr(estimator, "fit"):
        return None
    parameters = estimator.get_params(deep=False)
    if _takes_x_val(estimator):
        return None if parameters.get("early_stopping") is False else _x_val_arguments
    if takes_eval_set(estimator):
        return _eval_set_arguments if _may_stop(estimator, parameters, fit_params) else None
    return None


def _may_stop(
    estimator: Any, parameters: Mapping[str, Any], fit_params: Mapping[str, Any]
) -> bool:
    """Tell whether boosting would do more with an ``eval_set`` than to evaluate every round."""
    if is_of_library(estimator, "lightgbm"):
        told = any(parameters.get(name) for name in _LIGHTGBM_PATIENCE)
        return told or any(name.rpartition("__")[2] == "callbacks" for name in fit_params)
    if "early_stopping_rounds" not in parameters:  # CatBoost keeps the best round in any case
        return True
    return any(parameters.get(name) is not None for name in ("early_stopping_rounds", "callbacks"))


def _x_val_arguments(estimator, y, X_val, y_val, sample_weight_val) -> dict[str, Any]:
    arguments = {"X_val": X_val, "y_val": y_val}
    if sample_weight_val is not None:
        arguments["sample_weight_val"] = sample_weight_val
    return arguments


def _eval_set_arguments(estimator, y, X_val, y_val, sample_weight_val) -> dict[str, Any]:
    known = signature(estimator.fit).parameters
    arguments: dict[str, Any]
    if "eval_X" in known:  # LightGBM since 4.7, which encodes classes of an eval_set alone
        y_val = _encoded(y, y_val) if is_classifier(estimator) else y_val
        arguments = {"eval_X": (X_val,), "eval_y": (y_val,)}
    else:
        arguments = {"eval_set": [(X_val, y_val)]}
    for name in ("sample_weight_eval_set", "eval_sample_weight"):
        if name in known and sample_weight_val is not None:
            arguments[name] = [sample_weight_val]
    if "verbose" in known:
        arguments["verbose"] = False  # XGBoost and CatBoost print every round
    if sample_weight_val is not None and is_of_library(estimator, "catboost"):
        from catboost import Pool

        arguments["eval_set"] = Pool(X_val, y_val, weight=sample_weight_val)
    return arguments


def _encoded(y: Any, y_val: Any) -> np.ndarray:
    """Return classes as their positions among those to learn, sorted."""
    classes, y_val = np.unique(np.asarray(y)), np.asarray(y_val)
    unknown = np.setdiff1d(y_val, classes)
    if len(unknown):
        raise ValueError(
            f"y_val has class(es) {unknown.tolist()} that are none of those to learn, "
            f"{classes.tolist()}."
        )
    return np.searchsorted(classes, y_val)


def _fit_pipeline(
    pipeline: Pipeline,
    X: Any,
    y: Any,
    fit_params: dict[str, Any],
    X_val: Any,
    y_val: Any,
    sample_weight_val: Any,
) -> Pipeline:
    """Fit the steps before the last one, transform the validation rows, fit the last one."""
    name, final = pipeline.steps[-1]
    head_params, final_params = _split_params(pipeline, name, fit_params)
    if len(pipeline.steps) > 1:
        head = pipeline[:-1]
        X = head.fit_transform(X, y, **head_params)
        X_val = head.transform(X_val)
        # With a memory, the pipeline fits copies of its steps: take those.
        pipeline.steps[:-1] = head.steps
    fit_with_validation(final, X, y, final_params, X_val, y_val, sample_weight_val)
    return pipeline


def _split_params(
    pipeline: Pipeline, final_name: str, fit_params: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide the arguments of a pipeline's `fit` between its last step and the others."""
    if not fit_params:
        return {}, {}
    if get_config()["enable_metadata_routing"]:
        routed = get_routing_for_object(pipeline).route_params(params=fit_params, caller="fit")
        head_params: dict[str, Any] = {}
        if len(pipeline.steps) > 1:
            head = get_routing_for_object(pipeline[:-1])
            wanted = head.consumes("fit_transform", fit_params)
            head_params = {key: fit_params[key] for key in wanted}
        return head_params, dict(routed[final_name]["fit"])
    prefix = f"{final_name}__"
    final_params = {
        key.removeprefix(prefix): value
        for key, value in fit_params.items()
        if key.startswith(prefix)
    }
    return {k: v for k, v in fit_params.items() if not k.startswith(prefix)}, final_params
