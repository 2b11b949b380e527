"""The user's own validation rows: how they are passed, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._sklearn_private import _check_sample_weight, _num_samples
from ._validation_sets import is_of_library, last_step, takes_eval_set, uses_validation_rows

# What libraries call validation rows, their targets and their weights.
_EVAL_ROWS = ("eval_X", "eval_y")
_EVAL_WEIGHTS = ("sample_weight_eval_set", "eval_sample_weight")
_NAMES = {"X_val", "y_val", "sample_weight_val", "eval_set", *_EVAL_ROWS, *_EVAL_WEIGHTS}


@dataclass(frozen=True)
class ValidationRows:
    """Rows that no member learns from, and that all members stop early on.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_val, n_features)
        The rows.
    y : array-like of shape (n_val,) or (n_val, n_targets)
        Their targets.
    sample_weight : array-like of shape (n_val,) or None
        Their weights.
    """

    X: Any
    y: Any
    sample_weight: Any = None

    def weighed(self) -> ValidationRows:
        """Return the same rows with checked weights.

        Raises
        ------
        ValueError
            If there are no rows, not as many targets or weights, or none of any weight.
        """
        n_rows = _num_samples(self.X)
        if n_rows == 0 or len(self.y) != n_rows:
            raise ValueError(
                f"X_val has {n_rows} rows and y_val {len(self.y)}: they must be the same, and "
                "more than none."
            )
        if self.sample_weight is None:
            return self
        weight = _check_sample_weight(
            self.sample_weight, self.y, dtype=np.float64, ensure_non_negative=True
        )
        if not weight.any():
            raise ValueError("sample_weight_val is zero for every row: nothing to stop early on.")
        return ValidationRows(self.X, self.y, weight)


def passed_rows(
    template: BaseEstimator,
    X_val: Any,
    y_val: Any,
    sample_weight_val: Any,
    params: dict[str, Any],
) -> tuple[ValidationRows | None, dict[str, Any]]:
    """Find the validation rows among the arguments of an ensemble's `fit`.

    Parameters
    ----------
    template : estimator
        What the members are clones of.
    X_val, y_val, sample_weight_val : object
        The arguments of these names.
    params : dict
        All other arguments, among which a member's own names for them may be.

    Returns
    -------
    rows : ValidationRows or None
        As they were passed.
    params : dict
        The other arguments.

    Raises
    ------
    ValueError
        If rows lack targets or the other way round, if they are passed twice, or for one
        step of a pipeline, which would get them as no step before it has made them.
    TypeError
        If the members know no ``eval_set``.
    """
    own = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
    given = [name for name, value in own.items() if value is not None]
    members_own = {name for name in params if name.rpartition("__")[2] in _NAMES}
    rest = {name: value for name, value in params.items() if name not in members_own}
    foreign = {name: params[name] for name in sorted(members_own) if params[name] is not None}
    if foreign:
        _refuse_foreign(template, given, list(foreign))
        return _from_eval_set(foreign), rest
    if not given:
        return None, rest
    if X_val is None or y_val is None:
        lacking = "X_val" if X_val is None else "y_val"
        raise ValueError(
            f"{' and '.join(given)} passed without {lacking}: pass both X_val and y_val."
        )
    return ValidationRows(X_val, y_val, sample_weight_val), rest


def check_used(estimators: Sequence[BaseEstimator], fit_params: dict[str, Any]) -> None:
    """Refuse validation rows that have no effect on any of the estimators.

    Parameters
    ----------
    estimators : sequence of estimators
        What the members are clones of, and their companions.
    fit_params : dict
        More arguments of the members' `fit`.

    Raises
    ------
    ValueError
        If none of them stops early on rows that it is given.
    """
    if any(uses_validation_rows(estimator, fit_params) for estimator in estimators):
        return
    names = " and ".join(dict.fromkeys(type(last_step(each)).__name__ for each in estimators))
    raise ValueError(
        f"X_val and y_val would be ignored: {names} does not stop early on rows that its fit is "
        "given, or was not told to stop early (early_stopping, early_stopping_rounds). Leave them "
        "out, or let it stop early."
    )


def check_holds_back(estimator: BaseEstimator, fit_params: dict[str, Any]) -> None:
    """Refuse boosting that stops early on rows that it is given alone, where there are none.

    Parameters
    ----------
    estimator : estimator
        What members are clones of.
    fit_params : dict
        More arguments of its `fit`.

    Raises
    ------
    ValueError
        If it is of XGBoost or LightGBM, and told to stop early.
    """
    last = last_step(estimator)
    cannot = any(is_of_library(last, library) for library in ("xgboost", "lightgbm"))
    if cannot and uses_validation_rows(last, fit_params):
        raise ValueError(
            f"{type(last).__name__} stops early on rows that it is given, and holds none back "
            "itself: with validation='inner', pass X_val and y_val, or wrap it in "
            "mofa_sklearn.baselines.EarlyStoppingRegressor or EarlyStoppingClassifier."
        )


def _refuse_foreign(template: BaseEstimator, given: list[str], foreign: list[str]) -> None:
    if given:
        raise ValueError(
            f"Validation rows are passed twice, as {', '.join([*given, *foreign])}: pass X_val "
            "and y_val alone."
        )
    in_steps = [name for name in foreign if "__" in name]
    if in_steps:
        raise ValueError(
            f"{', '.join(in_steps)} would reach one step of a pipeline as no step before it has "
            "made them: pass X_val= and y_val= to the ensemble's fit, and every member's own "
            "steps transform them."
        )
    last = last_step(template)
    if template is not last or not takes_eval_set(last):
        raise TypeError(
            f"{type(last).__name__} takes no {', '.join(foreign)} in an ensemble: pass X_val= and "
            "y_val=."
        )


def _from_eval_set(passed: dict[str, Any]) -> ValidationRows:
    """Read the one set of rows of gradient-boosting libraries' arguments."""
    pairs: list[Any] = []
    if "eval_set" in passed:
        eval_set = passed["eval_set"]
        is_bare = isinstance(eval_set, tuple) and not isinstance(eval_set[0], (tuple, list))
        pairs += [eval_set] if is_bare else _as_list(eval_set)
    if "eval_X" in passed or "eval_y" in passed:
        tables, targets = (_as_list(passed.get(name)) for name in _EVAL_ROWS)
        pairs += zip(tables, targets, strict=True) if len(tables) == len(targets) else [None]
    weights = [weight for name in _EVAL_WEIGHTS for weight in _as_list(passed.get(name))]
    is_pair = len(pairs) == 1 and isinstance(pairs[0], (tuple, list)) and len(pairs[0]) == 2
    if not is_pair or len(weights) > 1:
        raise ValueError(
            f"{', '.join(passed)} must hold one pair (X_val, y_val), the rows that all members "
            "stop early on, and their weights: pass X_val=, y_val= and sample_weight_val=."
        )
    return ValidationRows(*pairs[0], *weights)


def _as_list(value: Any) -> list[Any]:
    """Return a list of sets, also of a single one that is in no list."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
