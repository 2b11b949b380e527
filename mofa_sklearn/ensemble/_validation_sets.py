"""Hand a fold's held-out rows to a member that can stop early on them."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object


def last_step(estimator: BaseEstimator) -> Any:
    """Return the estimator that predicts: a pipeline's last step, else itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def stops_early_on_rows(estimator: Any) -> bool:
    """Tell whether an estimator stops early on validation rows that its `fit` is given.

    Parameters
    ----------
    estimator : estimator
        A regressor, classifier or pipeline.

    Returns
    -------
    bool
        False also where it would take such rows, but was told not to stop early.
    """
    return _validation_style(last_step(estimator)) is not None


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
        More arguments of its `fit`.
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
    if in_steps and stops_early_on_rows(estimator):
        return _fit_pipeline(estimator, X, y, fit_params, X_val, y_val, sample_weight_val)
    extra = validation_arguments(estimator, X_val, y_val, sample_weight_val)
    return estimator.fit(X, y, **fit_params, **extra)


def validation_arguments(
    estimator: BaseEstimator, X_val: Any, y_val: Any, sample_weight_val: Any = None
) -> dict[str, Any]:
    """Return the arguments that hand validation rows to an estimator's own `fit`.

    Parameters
    ----------
    estimator : estimator
        A regressor or classifier.
    X_val, y_val : array-like of n_val rows
        The held-out rows.
    sample_weight_val : array-like of shape (n_val,), default=None
        Their weights; passed over where all of them are zero.

    Returns
    -------
    dict
        Empty where it does not stop early on rows that it is given.
    """
    style = _validation_style(last_step(estimator))
    if style is None:
        return {}
    if _takes_x_val(estimator):
        style = _x_val_arguments
    if sample_weight_val is not None and not np.any(sample_weight_val):
        sample_weight_val = None
    return style(estimator, X_val, y_val, sample_weight_val)


def _takes_x_val(estimator: Any) -> bool:
    return {"X_val", "y_val"} <= set(signature(estimator.fit).parameters)


def _validation_style(estimator: Any):
    """Return the function that writes the arguments an estimator's `fit` takes, or None."""
    if not hasattr(estimator, "fit"):
        return None
    arguments = signature(estimator.fit).parameters
    parameters = estimator.get_params(deep=False)
    if _takes_x_val(estimator):
        return None if parameters.get("early_stopping") is False else _x_val_arguments
    if "eval_set" in arguments:
        # XGBoost evaluates, round by round and for nothing, unless it may stop.
        stops = parameters.get("early_stopping_rounds", True) is not None
        return _eval_set_arguments if stops else None
    return None


def _x_val_arguments(estimator, X_val, y_val, sample_weight_val) -> dict[str, Any]:
    arguments = {"X_val": X_val, "y_val": y_val}
    if sample_weight_val is not None:
        arguments["sample_weight_val"] = sample_weight_val
    return arguments


def _eval_set_arguments(estimator, X_val, y_val, sample_weight_val) -> dict[str, Any]:
    known = signature(estimator.fit).parameters
    arguments: dict[str, Any]
    if "eval_X" in known:  # LightGBM since 4.7
        arguments = {"eval_X": (X_val,), "eval_y": (y_val,)}
    else:
        arguments = {"eval_set": [(X_val, y_val)]}
    for name in ("sample_weight_eval_set", "eval_sample_weight"):
        if name in known and sample_weight_val is not None:
            arguments[name] = [sample_weight_val]
    if "verbose" in known:
        arguments["verbose"] = False  # XGBoost and CatBoost print every round
    if sample_weight_val is not None and _is_catboost(estimator):
        from catboost import Pool

        arguments["eval_set"] = Pool(X_val, y_val, weight=sample_weight_val)
    return arguments


def _is_catboost(estimator: Any) -> bool:
    """Tell whether weights of validation rows go into CatBoost's own kind of data set."""
    return any(base.__module__.startswith("catboost.") for base in type(estimator).__mro__)


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
