"""Estimators of one kind, fitted on different folds, that predict together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ._convert import Kind, convert, converts, registered

#: Makes the module of several fitted estimators, from their place and the rows of each one's fit
#: where they are known: (n_samples, n_features) to (n_members, n_samples, n_predicted).
MembersConverter = Callable[[Sequence[Any], str, Sequence[np.ndarray] | None], nn.Module]

MEMBERS_CONVERTERS: dict[Kind, MembersConverter] = {}


def converts_members(*kinds: Kind) -> Callable[[MembersConverter], MembersConverter]:
    """Register a converter of several estimators of one type, and of a single one."""

    def register(converter: MembersConverter) -> MembersConverter:
        MEMBERS_CONVERTERS.update(dict.fromkeys(kinds, converter))
        converts(*kinds)(_single)
        return converter

    return register


def _single(estimator: Any, place: str) -> nn.Module:
    return FirstMember(convert_members([estimator], place))


def convert_members(
    estimators: Sequence[Any], place: str, rows: Sequence[np.ndarray] | None = None
) -> nn.Module:
    """Return a module that predicts with several estimators.

    Parameters
    ----------
    estimators : sequence of n_members estimators
        Fitted clones of one.
    place : str
        Where in the pipeline they are.
    rows : sequence of n_members ndarrays of int, default=None
        Which rows of one table each was fitted on, ascending; None: not known.

    Returns
    -------
    nn.Module
        Maps (n_samples, n_features) to (n_members, n_samples, n_predicted).
    """
    kinds = {type(estimator) for estimator in estimators}
    converter = registered(MEMBERS_CONVERTERS, next(iter(kinds))) if len(kinds) == 1 else None
    if converter is not None:
        return converter(estimators, place, rows)
    return EachAlone([convert(estimator, place) for estimator in estimators])


class EachAlone(nn.Module):
    """Members that have nothing in common."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members])


class FirstMember(nn.Module):
    """What a single estimator predicts."""

    def __init__(self, members: nn.Module) -> None:
        super().__init__()
        self.members = members

    def forward(self, x: Tensor) -> Tensor:
        return self.members(x)[0]


class MeanOfMembers(nn.Module):
    """The mean of what members predict."""

    def __init__(self, members: nn.Module) -> None:
        super().__init__()
        self.members = members

    def forward(self, x: Tensor) -> Tensor:
        return self.members(x).mean(dim=0)
