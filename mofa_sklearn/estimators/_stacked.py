"""Fit several estimators together, and let them predict together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted
from torch import nn

from .._validation import check_array
from ..modalities import resolve_modalities
from ..modalities._numbers import numbers
from ..networks.stacking import is_stackable, is_stackable_loss
from ..training.chunks import n_products
from ..training.devices import prediction_precision, resolve_device
from ..training.inference import evaluate_members
from ..training.seeding import build_seeded
from ..training.stacked import train_stacked
from ..training.threads import torch_threads

# Up to so many products of weights a row each, ten members on one CPU core train faster
# together than one by one in two threads on two cores; with a million they are slower even than
# on one core. A weight makes one, that of a token's encoder one a token.
_MAX_PRODUCTS_ON_CPU = 50_000
# What makes a method's result of the network's outputs.
_FROM_OUTPUTS = {"predict": "_from_outputs", "predict_proba": "_probabilities"}


def stacks(
    estimator: Any,
    X: Any,
    y: np.ndarray,
    *,
    only_if_faster: bool = False,
    criterion: nn.Module | None = None,
) -> bool:
    """Tell whether clones of an estimator can be fitted together.

    They cannot with callbacks, with a fusion that does not work along a members
    axis, with a loss that has weights or mixes members up, or with a `fit` of a
    subclass's own.

    Parameters
    ----------
    estimator : estimator
        What the members are clones of.
    X : array-like or DataFrame of shape (n_samples, n_features)
        All rows.
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Their targets.
    only_if_faster : bool, default=False
        Whether to say no where training one by one is faster: on a CPU, for
        networks of more than 50,000 weights.
    criterion : nn.Module, default=None
        What a training minimises; None takes what the estimator says.

    Returns
    -------
    bool
        False also where the arguments are in error: the first fit will say so.
    """
    if not _defined_together(type(estimator), "fit", "_prepare"):
        return False
    n_targets = 1 if y.ndim == 1 else y.shape[1]
    try:
        estimator._validate_params()
        if estimator.callbacks is not None and len(estimator.callbacks) > 0:
            return False
        device = resolve_device(estimator.device)
        module = _trial_network(estimator, X, n_targets)
        loss = estimator._plan(False, [0, 0], [], criterion=criterion).criterion
    except (TypeError, ValueError):
        return False
    if only_if_faster and not _is_faster(module, device.type):
        return False
    with torch_threads(1):  # for a few rows, more threads only wait for each other
        return is_stackable(module, module.widths) and is_stackable_loss(loss, n_targets)


def takes_rows(estimator: Any, X: Any) -> bool:
    """Tell whether an estimator can learn from some rows of X without a copy of them.

    Parameters
    ----------
    estimator : estimator
        Unfitted.
    X : array-like of shape (n_samples, n_features)
        All rows.

    Returns
    -------
    bool
        True for arrays, memory-mapped ones included, that the network reads as they are.
    """
    ready = isinstance(X, np.ndarray) and X.dtype == np.float32 and X.ndim == 2
    return ready and X.flags.c_contiguous and _defined_together(type(estimator), "fit", "_prepare")


def fit_stacked(estimators: Sequence[Any], fit_arguments: Sequence[Mapping[str, Any]]) -> None:
    """Fit estimators as their `fit` would, but train their networks together.

    Parameters
    ----------
    estimators : sequence of n_members estimators
        Clones of one that :func:`stacks`, but for their random state.
    fit_arguments : sequence of n_members mappings
        The arguments of each one's `fit`, by name.
    """
    trainings = []
    for estimator, arguments in zip(estimators, fit_arguments, strict=True):
        estimator._validate_params()
        trainings.append(estimator._prepare(**arguments))
    # Folds a row apart may be on two sides of a bound of batch_size="auto".
    batch_size = min(training.plan.batch_size for training in trainings)
    for training in trainings:
        training.plan.batch_size = batch_size
    results = train_stacked(
        [training.module for training in trainings],
        [training.train_rows for training in trainings],
        [training.valid_rows for training in trainings],
        [training.plan for training in trainings],
    )
    for estimator, training, result in zip(estimators, trainings, results, strict=True):
        estimator._keep(training, result)


def predict_stacked(estimators: Sequence[Any], X: Any, method: str = "predict") -> np.ndarray:
    """Predict with every estimator; rows are checked once for all of them.

    Parameters
    ----------
    estimators : sequence of n_members estimators
        Fitted.
    X : array-like or DataFrame of shape (n_samples, n_features)
        The rows.
    method : {"predict", "predict_proba"}, default="predict"
        What to predict.

    Returns
    -------
    ndarray of shape (n_members, n_samples) or (n_members, n_samples, n_targets)
    """
    first = estimators[0]
    check_is_fitted(first, "net_")
    alike = all(_take_the_same_rows(first, other) for other in estimators[1:])
    part = _FROM_OUTPUTS[method]
    if not (alike and _defined_together(type(first), method, part)):
        return np.stack([getattr(estimator, method)(X) for estimator in estimators])
    X = first._check_features(X)
    modules = [estimator.net_.module_ for estimator in estimators]
    precision = prediction_precision(first.precision)
    outputs = evaluate_members(modules, X, resolve_device(first.device), precision)
    return np.stack(
        [getattr(each, part)(own) for each, own in zip(estimators, outputs, strict=True)]
    )


def _trial_network(estimator: Any, X: Any, n_targets: int):
    """Build the network that a fit would train, with other weights."""
    trial = clone(estimator)
    X = numbers(X)
    if not hasattr(X, "columns"):
        X = check_array(X, dtype=None, ensure_all_finite=False)
    blocks = resolve_modalities(X, trial.modalities)
    return build_seeded(lambda: trial._build(blocks, n_targets), 0)


def _defined_together(kind: type, method: str, part: str) -> bool:
    """Tell whether a public method was not overridden apart from the part of it used here."""
    owners = [next(c for c in kind.__mro__ if name in vars(c)) for name in (method, part)]
    return owners[0] is owners[1]


def _is_faster(module: Any, device_type: str) -> bool:
    if device_type == "cpu":
        return n_products(module) <= _MAX_PRODUCTS_ON_CPU
    return device_type == "cuda"


def _take_the_same_rows(first: Any, other: Any) -> bool:
    names: list[Any] = [
        getattr(estimator, "feature_names_in_", None) for estimator in (first, other)
    ]
    blocks = [list(estimator.modalities_.values()) for estimator in (first, other)]
    return (
        first.n_features_in_ == other.n_features_in_
        and first.device == other.device
        and first.precision == other.precision
        and np.array_equal(*names)
        and first.net_.module_.tokens == other.net_.module_.tokens
        and len(blocks[0]) == len(blocks[1])
        and all(map(np.array_equal, *blocks))
    )
