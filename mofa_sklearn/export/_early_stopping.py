"""Estimators that are fitted for one target each, and stopped early."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..baselines import (
    BoostingClassifier,
    BoostingRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingRegressor,
)
from ._convert import convert, no_export, part_of
from ._members import EachAlone, convert_members, converts_members


class TargetsOfParts(nn.Module):
    """Put what every member's parts predict side by side, in the targets' units.

    Parameters
    ----------
    parts : nn.Module
        Maps (n_samples, n_features) to (n_members * n_parts, n_samples, n_predicted).
    places : ndarray of int
        Which targets these are; the others are constant.
    mean, scale : ndarray of shape (n_members, n_targets)
    """

    def __init__(
        self, parts: nn.Module, places: np.ndarray, mean: np.ndarray, scale: np.ndarray
    ) -> None:
        super().__init__()
        self.parts = parts
        self.n_members, n_targets = mean.shape
        self.units: Tensor
        self.mean: Tensor
        units = np.eye(n_targets)[places] * scale[:, None]
        self.register_buffer("units", torch.from_numpy(units))
        self.register_buffer("mean", torch.from_numpy(mean[:, None].astype(np.float64)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_members, n_samples, n_targets)."""
        return _side_by_side(self.parts(x), self.n_members) @ self.units + self.mean


class LabelsOfParts(nn.Module):
    """Put every label's probability, of a classifier each, side by side.

    Parameters
    ----------
    parts : nn.Module
        Maps (n_samples, n_features) to (n_members * n_parts, n_samples, 2).
    n_members : int
    places : ndarray of int
        Which labels these are.
    always : ndarray of shape (n_members, n_labels)
        Probabilities of the others.
    """

    def __init__(
        self, parts: nn.Module, n_members: int, places: np.ndarray, always: np.ndarray
    ) -> None:
        super().__init__()
        self.parts, self.n_members = parts, n_members
        self.places: Tensor
        self.always: Tensor
        always = np.array(always, dtype=np.float64)
        always[:, places] = 0
        self.register_buffer("places", torch.from_numpy(np.eye(always.shape[1])[places]))
        self.register_buffer("always", torch.from_numpy(always[:, None]))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_members, n_samples, n_labels)."""
        chosen = self.parts(x)[:, :, 1:]
        return _side_by_side(chosen, self.n_members) @ self.places + self.always


def _side_by_side(predictions: Tensor, n_members: int) -> Tensor:
    """Lay the parts of (n_members * n_parts, n_samples, n_predicted) beside each other."""
    by_member = predictions.to(torch.float64).unflatten(
        0, (n_members, predictions.shape[0] // n_members)
    )
    return by_member.transpose(1, 2).flatten(2)


@converts_members(EarlyStoppingRegressor, BoostingRegressor)
def _regressors(estimators: Sequence[EarlyStoppingRegressor], place: str, rows: Any) -> nn.Module:
    varies = np.stack([each._varies for each in estimators])
    if len(np.unique(varies, axis=0)) > 1:  # a target that is constant in some folds
        return _each_alone(estimators, place)
    mean = np.stack([each._target_scale.mean for each in estimators])
    scale = np.stack([each._target_scale.scale for each in estimators])
    places = np.flatnonzero(varies[0])
    if len(places) == 0:
        return TargetsOfParts(_Nothing(len(estimators)), places, mean, scale)
    parts = [part for each in estimators for part in each.estimators_]
    module = convert_members(parts, part_of(place, "estimator"))
    return TargetsOfParts(module, places, mean, scale)


@converts_members(EarlyStoppingClassifier, BoostingClassifier)
def _classifiers(
    estimators: Sequence[EarlyStoppingClassifier], place: str, rows: Any
) -> nn.Module:
    parts = [part for each in estimators for part in each.estimators_]
    place = part_of(place, "estimator")
    if estimators[0].classes_.ndim == 1:
        known = np.arange(len(estimators[0].classes_))
        if len(parts) < len(estimators) or not _know(parts, known):
            raise _lacks_classes(place)
        return convert_members(parts, place)
    always = np.stack([each._always for each in estimators])
    varies = {tuple(np.ravel(each._parts()).tolist()) for each in estimators}
    has_one_each = all(np.ndim(columns) == 0 for each in estimators for columns in each._parts())
    if len(varies) > 1:
        return _each_alone(estimators, place)
    if not (has_one_each and _know(parts, np.arange(2))):
        raise _lacks_classes(place)
    (places,) = varies
    if not places:
        return LabelsOfParts(_Nothing(len(estimators)), len(estimators), np.array([], int), always)
    module = convert_members(parts, place)
    return LabelsOfParts(module, len(estimators), np.array(places), always)


def _know(parts: Sequence[Any], codes: np.ndarray) -> bool:
    return all(np.array_equal(part.classes_, codes) for part in parts)


def _lacks_classes(place: str) -> TypeError:
    return no_export(
        place, "its classifiers do not know all classes, or predict several labels at once"
    )


def _each_alone(estimators: Sequence[Any], place: str) -> nn.Module:
    return EachAlone([convert(estimator, place) for estimator in estimators])


class _Nothing(nn.Module):
    """The predictions of no parts at all."""

    def __init__(self, n_members: int) -> None:
        super().__init__()
        self.n_members = n_members

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(self.n_members, x.shape[0], 0)
