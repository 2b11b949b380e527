"""What a row of the table says of one argument, and how it is tried."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from . import _data


@dataclass(frozen=True)
class Case:
    """A public estimator made small, and what it is fitted on.

    `fit` holds arguments of every fit, `targets` the name of a member of `_data.TARGETS`,
    `rows` one of `_data.ROWS`.
    """

    make: Callable
    base: dict = field(default_factory=dict)
    fit: dict = field(default_factory=dict)
    targets: str | None = "numbers"
    rows: str = "matrix"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One argument: its value, and what the other arguments are, where the case says otherwise."""

    base: dict = field(default_factory=dict)
    fit: dict = field(default_factory=dict)
    targets: str | None = None
    rows: str | None = None
    fits: int = 1


@dataclass(frozen=True)
class Changes(Row):
    """The value gives another result than the argument's absence."""

    value: Any


@dataclass(frozen=True)
class Same(Row):
    """The value gives the same result, for a reason."""

    value: Any
    because: str


@dataclass(frozen=True)
class Refused(Row):
    """The value is refused: it would be ignored."""

    value: Any
    message: str


@dataclass(frozen=True)
class Elsewhere:
    """Another test shows the effect."""

    file: str
    test: str


def fitted(case: Case, row: Row, params: dict, arguments: dict):
    """Fit a case's estimator; return it and its answers for the training rows, if it has any."""
    model = case.make(**{**case.base, **row.base, **params})
    X = _data.ROWS[row.rows or case.rows]
    targets = row.targets or case.targets
    y = () if targets is None else (_data.TARGETS[targets],)
    given = {**case.fit, **row.fit, **arguments}
    answer = None
    for _ in range(row.fits):
        if hasattr(model, "predict") or X is None:
            model.fit(*(y if X is None else (_data.copy(X), *y)), **given)
        else:
            answer = model.fit_transform(_data.copy(X), *y, **given)
    return model, answer


_results: dict[tuple, dict[str, np.ndarray]] = {}


def result(case: Case, row: Row, params: dict, arguments: dict) -> dict[str, np.ndarray]:
    """Return everything that a fitted estimator says, from a cache where it can be."""
    key = (
        repr(case),
        *map(repr, (row.base, row.fit, row.targets, row.rows, row.fits, params, arguments)),
    )
    if key not in _results:
        model, answer = fitted(case, row, params, arguments)
        rows, targets = row.rows or case.rows, row.targets or case.targets
        _results[key] = answers(
            model, _data.TARGETS[targets] if rows == "none" else _data.new(rows)
        )
        if answer is not None:
            _results[key]["fit_transform"] = np.asarray(answer)
    return _results[key]


def answers(model, X) -> dict[str, np.ndarray]:
    """Return what a fitted estimator says of new rows, and of those held out in its fit."""
    methods = ("predict", "predict_proba", "predict_interval", "transform")
    said = {name: np.asarray(getattr(model, name)(X)) for name in methods if hasattr(model, name)}
    for name in ("oof_prediction_", "oof_score_", "n_iter_"):
        if hasattr(model, name):
            said[name] = np.asarray(getattr(model, name))
    said["losses"] = np.asarray(losses_on_validation_rows(model))
    return said


def losses_on_validation_rows(model) -> list:
    """Return what the networks in an estimator, if there are any, looked at to stop early."""
    if isinstance(model, Pipeline):
        return losses_on_validation_rows(model[-1])
    if hasattr(model, "history_"):
        return model.history_[:, "valid_loss"] if "valid_loss" in model.history_[0] else []
    if hasattr(model, "validation_losses_"):
        return model.validation_losses_
    return [
        loss
        for part in getattr(model, "estimators_", ())
        for loss in losses_on_validation_rows(part)
    ]


def differ(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Tell whether anything that is said differs, by more than rounding does."""
    if one.keys() != other.keys():
        return True
    return any(not _alike(one[name], other[name]) for name in one)


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    if one.dtype.kind in "OUS":
        return bool((one == other).all())
    return np.allclose(one, other, rtol=1e-5, atol=1e-7, equal_nan=True)


def check(case: Case, name: str, row: Row, *, of_fit: bool) -> None:
    """Try one argument, of `fit` or of the constructor."""
    given = {name: row.value}
    params, arguments = ({}, given) if of_fit else (given, {})
    if isinstance(row, Refused):
        with pytest.raises((ValueError, TypeError, RuntimeError), match=row.message):
            fitted(case, row, params, arguments)
        return
    usual = partial(result, case, row)
    assert differ(usual({}, {}), usual(params, arguments)) == isinstance(row, Changes)
