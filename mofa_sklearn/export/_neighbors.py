"""Regression on the most similar training rows, for all members at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..estimators import RetrievalClassifier, RetrievalRegressor
from ..preprocessing._memory import _NO_DISTANCE, Memory
from ._convert import converts
from ._linear import Probabilities
from ._members import FirstMember, convert_members, converts_members

_SPARE_CANDIDATES = 8


class MemberSpaces(nn.Module):
    """The columns in which each member measures distances.

    Parameters
    ----------
    mean : ndarray of shape (n_members, n_features)
        What NaN counts as.
    axes : ndarray of shape (n_members, n_features, n_columns)
    """

    def __init__(self, mean: np.ndarray, axes: np.ndarray) -> None:
        super().__init__()
        self.axes: Tensor
        self.of_missing: Tensor
        self.shift: Tensor
        self.n_columns = axes.shape[2]
        flat = np.concatenate([*axes], axis=1)
        of_missing = np.concatenate([*(mean[:, :, None] * axes)], axis=1)
        self.register_buffer("axes", torch.from_numpy(flat))
        self.register_buffer("of_missing", torch.from_numpy(of_missing))
        self.register_buffer("shift", torch.from_numpy(of_missing.sum(axis=0)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_members, n_samples, n_columns)."""
        x = x.to(torch.float64)
        missing = x.isnan()
        columns = torch.where(missing, 0.0, x) @ self.axes
        columns = columns + missing.to(torch.float64) @ self.of_missing - self.shift
        return columns.unflatten(1, (-1, self.n_columns)).transpose(0, 1).to(torch.float32)


class Attention(nn.Module):
    """Attend over the training rows that are nearest to each row, in every member's space.

    Rows that are the same are searched as one, as the estimator does: of rows that are
    equally far, the first ones count.

    Parameters
    ----------
    memories : list of n_members Memory
        Of one modality, or of all of them jointly.
    targets : list of n_members ndarrays of shape (n_rows, n_targets)
        Targets of the training rows, standardised.
    """

    centre: Tensor
    rows: Tensor
    squares: Tensor
    counts: Tensor
    first: Tensor
    sums: Tensor
    typical: Tensor

    def __init__(self, memories: Sequence[Memory], targets: Sequence[np.ndarray]) -> None:
        super().__init__()
        self.n_neighbors = memories[0].n_neighbors
        self.temperature = memories[0].temperature
        groups = [memory.search.index.rows for memory in memories]
        centres = np.stack([memory.search.index.rows.mean(axis=0) for memory in memories])
        n_groups = max(self.n_neighbors, *(len(rows) for rows in groups))
        # A few more than are wanted: products of float32 put nearly equal ones in any order.
        self.n_candidates = min(n_groups, self.n_neighbors + _SPARE_CANDIDATES)
        shape = len(memories), n_groups
        rows = np.zeros((*shape, groups[0].shape[1]), dtype=np.float32)
        squares = np.full(shape, np.inf, dtype=np.float32)
        counts = np.zeros(shape, dtype=np.int64)
        n_rows = max(len(memory.rows) for memory in memories)
        sums = np.zeros((len(memories), n_rows + 1, targets[0].shape[1]))
        for i, (memory, own) in enumerate(zip(memories, targets, strict=True)):
            n_own = len(groups[i])
            rows[i, :n_own] = groups[i] - centres[i]
            squares[i, :n_own] = np.einsum("ij,ij->i", rows[i, :n_own], rows[i, :n_own])
            counts[i, :n_own] = memory.search.counts
            in_order = own[memory.rows[memory.search.order]]
            sums[i, 1 : len(in_order) + 1] = np.cumsum(in_order, axis=0)
        typical = np.array([memory.typical_distance for memory in memories])
        self._keep(
            centre=centres[:, None],
            rows=rows,
            squares=squares[:, None],
            counts=counts,
            first=np.cumsum(counts, axis=1) - counts,
            sums=sums,
            typical=typical[:, None, None],
        )

    def _keep(self, **arrays: np.ndarray) -> None:
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(array))

    def forward(self, space: Tensor) -> Tensor:
        """Map (n_members, n_samples, n_columns) to (n_members, n_samples, n_targets + 2)."""
        queries = space - self.centre
        order = self.squares - 2 * torch.bmm(queries, self.rows.transpose(1, 2))
        nearest = order.topk(self.n_candidates, dim=2, largest=False).indices
        distances = self._distances(queries, nearest)  # (n_members, n_samples, n_candidates)
        distances, places = distances.topk(self.n_neighbors, dim=2, largest=False)
        nearest = nearest.gather(2, places)
        taken = self._taken(nearest)
        logits = -torch.log(distances + _NO_DISTANCE) / self.temperature
        weights = torch.where(taken > 0, (logits - logits.amax(dim=2, keepdim=True)).exp(), 0.0)
        total = (weights * taken).sum(dim=2, keepdim=True)
        attended = (weights.unsqueeze(3) * self._sums(nearest, taken)).sum(dim=2) / total
        mean = (weights * taken * distances).sum(dim=2, keepdim=True) / total
        smallest = torch.where(taken > 0, distances, torch.inf).amin(dim=2, keepdim=True)
        return torch.cat([attended, torch.log1p(smallest), torch.log1p(mean)], dim=2)

    def _distances(self, queries: Tensor, nearest: Tensor) -> Tensor:
        width = queries.shape[2]
        flat = nearest.flatten(1).unsqueeze(2).expand(-1, -1, width)
        rows = self.rows.gather(1, flat).unflatten(1, (-1, self.n_candidates))
        squares = (queries.unsqueeze(2) - rows).square().sum(dim=3)
        return squares.sqrt().to(torch.float64) / self.typical

    def _taken(self, nearest: Tensor) -> Tensor:
        """Count of each group of equal rows those that are among the nearest."""
        counts = self._look_up(self.counts, nearest)
        before = counts.cumsum(dim=2) - counts
        return torch.minimum((self.n_neighbors - before).clamp_min(0), counts)

    def _sums(self, nearest: Tensor, taken: Tensor) -> Tensor:
        """Sum the targets of the rows that are taken of each group."""
        first = self._look_up(self.first, nearest)
        ends = [first + taken, first]
        n_targets = self.sums.shape[2]
        upper, lower = (
            self.sums.gather(1, end.flatten(1).unsqueeze(2).expand(-1, -1, n_targets))
            for end in ends
        )
        return (upper - lower).unflatten(1, (-1, self.n_neighbors))

    @staticmethod
    def _look_up(table: Tensor, positions: Tensor) -> Tensor:
        return table.gather(1, positions.flatten(1)).view_as(positions)


class Retrieval(nn.Module):
    """What the members' regressions make of the evidence of neighbours.

    Parameters
    ----------
    spaces : MemberSpaces
    widths : list of int
        Columns of each modality in them.
    attentions : list of Attention
        One a modality, then that of the joint space.
    n_kept : int
        How many columns of each one's evidence there are.
    coef : ndarray of shape (n_members, n_targets, n_evidence)
    intercept : ndarray of shape (n_members, n_targets)
        Of each member's regression on all evidence side by side.
    """

    def __init__(
        self,
        spaces: MemberSpaces,
        widths: list[int],
        attentions: list[Attention],
        n_kept: int,
        coef: np.ndarray,
        intercept: np.ndarray,
    ) -> None:
        super().__init__()
        self.spaces, self.widths, self.n_kept = spaces, widths, n_kept
        self.attentions = nn.ModuleList(attentions)
        self.coef: Tensor
        self.intercept: Tensor
        self.register_buffer("coef", torch.from_numpy(coef.transpose(0, 2, 1).copy()))
        self.register_buffer("intercept", torch.from_numpy(intercept[:, None].copy()))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_members, n_samples, n_targets)."""
        blocks = list(self.spaces(x).split(self.widths, dim=2))
        if len(self.attentions) > len(blocks):
            pairs = zip(blocks, self.attentions, strict=False)
            joint = [block / attention.typical for block, attention in pairs]
            blocks.append(torch.cat(joint, dim=2).to(torch.float32))
        evidence = torch.cat(
            [
                attention(block)[:, :, : self.n_kept]
                for attention, block in zip(self.attentions, blocks, strict=True)
            ],
            dim=2,
        )
        return torch.bmm(evidence, self.coef) + self.intercept


@converts_members(RetrievalRegressor)
def _retrievals(estimators: Sequence[RetrievalRegressor], place: str) -> nn.Module:
    if any(each.augmenter_ is None for each in estimators):
        return _EachConstant([each.ridge_.predict(np.zeros((1, 1))) for each in estimators])
    return _retrieval(estimators, [each.ridge_ for each in estimators], place)


@converts_members(RetrievalClassifier)
def _class_retrievals(estimators: Sequence[RetrievalClassifier], place: str) -> nn.Module:
    if any(each.augmenter_ is None for each in estimators):
        shares = [each.logistic_.predict_proba(np.zeros((1, 1))) for each in estimators]
        return _EachConstant(shares)
    scores = _retrieval(estimators, [each.logistic_ for each in estimators], place)
    return Probabilities(scores, estimators[0].classes_)


def _retrieval(estimators: Sequence[Any], linear: Sequence[Any], place: str) -> Retrieval:
    """Return the module of retrieving estimators, and of linear models on what they find."""
    first = estimators[0]
    augmenters = [each.augmenter_ for each in estimators]
    if augmenters[0].metric != "euclidean":
        raise TypeError(f"The step '{place}' cannot be exported: its metric is not euclidean.")
    spaces = MemberSpaces(
        np.stack([each._mean for each in estimators]),
        np.stack([each._directions / each._scale[:, None] for each in estimators]),
    )
    targets = [_standardized(augmenter.targets_) for augmenter in augmenters]
    names = [*augmenters[0].memories_]
    attentions = [
        Attention([augmenter.memories_[name] for augmenter in augmenters], targets)
        for name in names
    ]
    n_kept = targets[0].shape[1] + 2 * augmenters[0].include_distances
    coef = np.stack([np.atleast_2d(each.coef_) for each in linear])
    intercept = np.stack([np.atleast_1d(each.intercept_) for each in linear])
    return Retrieval(spaces, first._widths, attentions, n_kept, coef, intercept)


class _EachConstant(nn.Module):
    """What members predict that had too few rows to search."""

    def __init__(self, predictions: list[np.ndarray]) -> None:
        super().__init__()
        self.predictions: Tensor
        stacked = np.stack([prediction.reshape(1, -1) for prediction in predictions])
        self.register_buffer("predictions", torch.from_numpy(stacked))

    def forward(self, x: Tensor) -> Tensor:
        return self.predictions.expand(-1, x.shape[0], -1)


def _standardized(targets: np.ndarray) -> np.ndarray:
    scale = targets.std(axis=0)
    return (targets - targets.mean(axis=0)) / np.where(scale > 0, scale, 1)


@converts(RetrievalRegressor, RetrievalClassifier)
def _one(estimator: Any, place: str) -> nn.Module:
    return FirstMember(convert_members([estimator], place))
