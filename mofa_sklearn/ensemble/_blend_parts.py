"""What a blend asks of its parts: the same splits, and out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ._base import BaseKFoldEnsemble
from ._members import Fold
from ._validation_sets import last_step


class SplitsOfBlend:
    """Splits that were made once, for all parts of a blend.

    Parameters
    ----------
    folds : sequence of Fold
        The splits.
    """

    def __init__(self, folds: Sequence[Fold]) -> None:
        self.splits = [(fold.train, fold.test) for fold in folds]

    def __repr__(self) -> str:
        return f"<{len(self.splits)} splits of a blend>"

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits."""
        return len(self.splits)

    def split(
        self, X: Any = None, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (train, test) row positions."""
        yield from self.splits


def out_of_fold(name: str, part: BaseEstimator, y: np.ndarray) -> np.ndarray:
    """Return a fitted part's out-of-fold predictions.

    Parameters
    ----------
    name : str
        The part's name, for messages.
    part : estimator
        Fitted, with ``oof_prediction_``, or a pipeline that ends in such a one.
    y : ndarray of shape (n_samples, n_targets)
        The targets.

    Returns
    -------
    ndarray of the shape of y
        NaN for rows that were never held out.

    Raises
    ------
    NotFittedError
        If the part is not fitted.
    ValueError
        If it has no out-of-fold predictions, or not those of as many rows and targets.
    """
    last = last_step(part)
    kind = type(last).__name__
    if has_own_scale(part):
        raise ValueError(
            f"The part '{name}' has out-of-fold predictions on the scale of its target_transform, "
            "which cv='prefit' can not blend with others: let the blend fit its parts with "
            "another cv."
        )
    try:
        check_is_fitted(last)
    except NotFittedError:
        raise NotFittedError(
            f"The part '{name}' ({kind}) is not fitted: fit it first, or let the blend fit its "
            "parts with another cv than 'prefit'."
        ) from None
    if not hasattr(last, "oof_prediction_"):
        raise ValueError(
            f"The part '{name}' ({kind}) has no out-of-fold predictions (oof_prediction_), which "
            "cv='prefit' needs: wrap it in a KFoldEnsembleRegressor and fit that, or let the "
            "blend fit its parts with another cv."
        )
    prediction = np.asarray(last.oof_prediction_, dtype=np.float64)
    shape = (len(prediction), int(np.prod(prediction.shape[1:])))
    if shape != y.shape:
        raise ValueError(
            f"The part '{name}' ({kind}) has out-of-fold predictions of {shape[0]} rows and "
            f"{shape[1]} target(s), but y has {y.shape[0]} rows and {y.shape[1]} target(s): pass "
            "the y that it was fitted on."
        )
    return prediction.reshape(shape)


def member_predictions(part: BaseEstimator, X: Any, n_targets: int) -> np.ndarray:
    """Return what every member of a part predicts; the part itself where it has no folds.

    Parameters
    ----------
    part : estimator
        A fitted part.
    X : array-like of n_samples rows
        The rows.
    n_targets : int
        Number of targets.

    Returns
    -------
    ndarray of shape (n_members, n_samples, n_targets)
    """
    last = last_step(part)
    if _held_out(last) is None:
        predictions = np.asarray(part.predict(X))[None]
    else:
        while isinstance(part, Pipeline):
            X = part[:-1].transform(X) if len(part.steps) > 1 else X
            part = part.steps[-1][1]
        predictions = last._member_predictions(X, "predict")
    return predictions.reshape(*predictions.shape[:2], n_targets)


def unseen_by_members(part: BaseEstimator, n_samples: int) -> np.ndarray:
    """Tell which rows the members of a part never saw.

    Parameters
    ----------
    part : estimator
        A fitted part.
    n_samples : int
        Number of rows it was fitted on.

    Returns
    -------
    ndarray of bool of shape (n_samples, n_members)
        One column, all True, for a part without folds of its own.
    """
    held_out = _held_out(last_step(part))
    if held_out is None:
        return np.ones((n_samples, 1), dtype=bool)
    mask = np.zeros((n_samples, len(held_out)), dtype=bool)
    for member, rows in enumerate(held_out):
        mask[rows, member] = True
    return mask


def has_own_scale(part: BaseEstimator) -> bool:
    """Tell whether a pipeline learns targets on another scale than the one they come in."""
    while isinstance(part, Pipeline):
        if getattr(part, "target_transform", None) is not None:
            return True
        part = part.steps[-1][1]
    return False


def _held_out(last: BaseEstimator) -> list[np.ndarray] | None:
    """Return every member's rows held out; None for what is no K-fold ensemble."""
    return last._held_out if isinstance(last, BaseKFoldEnsemble) else None
