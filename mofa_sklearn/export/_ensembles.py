"""Ensembles and blends: weighted means of what their parts predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.multioutput import MultiOutputRegressor
from torch import Tensor, nn

from ..ensemble import BlendRegressor, KFoldEnsembleClassifier, KFoldEnsembleRegressor
from ._calibration import CALIBRATIONS
from ._convert import convert, converts, part_of
from ._members import EachAlone, MeanOfMembers, convert_members


class WeightedMean(nn.Module):
    """The weighted mean of several parts, with weights for each target.

    Parameters
    ----------
    parts : list of nn.Module
        Each maps (n_samples, n_features) to (n_samples, n_targets).
    weights : ndarray of shape (n_parts, n_targets)
    """

    def __init__(self, parts: list[nn.Module], weights: np.ndarray) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.weights: Tensor
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        predictions = torch.stack([part(x).to(torch.float64) for part in self.parts])
        return (predictions * self.weights.unsqueeze(1)).sum(dim=0)


class InColumns(nn.Module):
    """Put the probabilities of some classes in the columns of all; the others get zero."""

    def __init__(self, inner: nn.Module, positions: np.ndarray, n_classes: int) -> None:
        super().__init__()
        self.inner = inner
        self.places: Tensor
        self.register_buffer("places", torch.eye(n_classes, dtype=torch.float64)[positions])

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x).to(torch.float64) @ self.places


@converts(KFoldEnsembleRegressor)
def _regressor(ensemble: KFoldEnsembleRegressor, place: str) -> nn.Module:
    members = MeanOfMembers(convert_members(ensemble.estimators_, part_of(place, "estimator")))
    if not ensemble.companions_:
        return members
    rows = _rows_of_members(ensemble)
    weights = ensemble.blend_weights_.loc[["estimator", *ensemble.companions_]].to_numpy()
    parts = [
        MeanOfMembers(convert_members(fitted, part_of(place, name), rows))
        for name, fitted in ensemble.companions_.items()
    ]
    return WeightedMean([members, *parts], weights)


def _rows_of_members(ensemble: Any) -> list[np.ndarray] | None:
    """Return which rows each member was fitted on, if that are all but those held out.

    None where the ensemble does not know them.
    """
    held_out = getattr(ensemble, "_held_out", None)
    if held_out is None:
        return None
    n_rows = max(own.max() for own in held_out) + 1
    return [np.setdiff1d(np.arange(n_rows), own) for own in held_out]


@converts(KFoldEnsembleClassifier)
def _classifier(ensemble: KFoldEnsembleClassifier, place: str) -> nn.Module:
    n_members = len(ensemble.estimators_)
    named = {"estimator": ensemble.estimators_, **ensemble.companions_}
    codes = {
        "estimator": ensemble._classes_of_members,
        **(ensemble._classes_of_companions or {}),
    }
    rows = _rows_of_members(ensemble)
    parts = [
        _aligned(
            ensemble, members, codes.get(name) or [None] * n_members, part_of(place, name), rows
        )
        for name, members in named.items()
    ]
    blend = parts[0]
    if len(parts) > 1:
        blend = WeightedMean(parts, ensemble.blend_weights_.loc[[*named]].to_numpy())
    if ensemble.calibrator_ is None:
        return blend
    kind = CALIBRATIONS[type(ensemble.calibrator_)]
    return kind(blend, ensemble.calibrator_, ensemble.classes_.ndim == 2)


def _aligned(
    ensemble: KFoldEnsembleClassifier,
    members: Sequence[Any],
    codes: Sequence[Any],
    place: str,
    rows: Sequence[np.ndarray] | None,
) -> nn.Module:
    """Return the mean of members, some of which may not know all classes."""
    if all(
        own is None and ensemble._knows_all(each) for own, each in zip(codes, members, strict=True)
    ):
        return MeanOfMembers(convert_members(members, place, rows))
    aligned: list[nn.Module] = []
    for own, member in zip(codes, members, strict=True):
        known = member.classes_ if own is None else own
        positions = np.searchsorted(ensemble.classes_, known)
        aligned.append(InColumns(convert(member, place), positions, len(ensemble.classes_)))
    return MeanOfMembers(EachAlone(aligned))


@converts(BlendRegressor)
def _blend(blend: BlendRegressor, place: str) -> nn.Module:
    names = [name for name, part in blend.estimators if part != "drop"]
    parts = [
        convert(part, part_of(place, name))
        for name, part in zip(names, blend.estimators_, strict=True)
    ]
    return WeightedMean(parts, blend.weights_)


class SideBySide(nn.Module):
    """A column of each part.

    Parameters
    ----------
    parts : list of nn.Module
        Each maps (n_samples, n_features) to (n_samples, 1).
    """

    def __init__(self, parts: list[nn.Module]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([part(x) for part in self.parts], dim=1)


@converts(MultiOutputRegressor)
def _one_for_each_target(model: MultiOutputRegressor, place: str) -> SideBySide:
    return SideBySide([convert(each, part_of(place, "estimator")) for each in model.estimators_])
