"""Ensembles and blends: weighted means of what their parts predict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ..ensemble import BlendRegressor, KFoldEnsembleClassifier, KFoldEnsembleRegressor
from ._convert import convert, converts
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
    members = MeanOfMembers(convert_members(ensemble.estimators_, f"{place}__estimator"))
    if not ensemble.companions_:
        return members
    rows = _rows_of_members(ensemble._held_out)
    weights = ensemble.blend_weights_.loc[["estimator", *ensemble.companions_]].to_numpy()
    parts = [
        MeanOfMembers(convert_members(fitted, f"{place}__{name}", rows))
        for name, fitted in ensemble.companions_.items()
    ]
    return WeightedMean([members, *parts], weights)


def _rows_of_members(held_out: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return which rows each member was fitted on, if that are all but those held out."""
    n_rows = max(own.max() for own in held_out) + 1
    return [np.setdiff1d(np.arange(n_rows), own) for own in held_out]


@converts(KFoldEnsembleClassifier)
def _classifier(ensemble: KFoldEnsembleClassifier, place: str) -> nn.Module:
    place, members = f"{place}__estimator", ensemble.estimators_
    if all(ensemble._knows_all(member) for member in members):
        return MeanOfMembers(convert_members(members, place))
    aligned: list[nn.Module] = [
        InColumns(
            convert(member, place),
            np.searchsorted(ensemble.classes_, member.classes_),
            len(ensemble.classes_),
        )
        for member in members
    ]
    return MeanOfMembers(EachAlone(aligned))


@converts(BlendRegressor)
def _blend(blend: BlendRegressor, place: str) -> nn.Module:
    names = [name for name, part in blend.estimators if part != "drop"]
    parts = [
        convert(part, f"{place}__{name}")
        for name, part in zip(names, blend.estimators_, strict=True)
    ]
    return WeightedMean(parts, blend.weights_)
