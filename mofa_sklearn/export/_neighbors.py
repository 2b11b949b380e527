"""Regression on the most similar training rows, for all members at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..estimators import RetrievalClassifier, RetrievalRegressor
from ..preprocessing._memory import _NO_DISTANCE
from ._convert import no_export
from ._linear import Probabilities
from ._look_up import Columns, taken
from ._members import converts_members
from ._memories import PART, Memories, memories_of

_SPARE_CANDIDATES = 8
# Rows searched at a time: their distances to all training rows stay in the processor's cache.
_CHUNK_ROWS = 8


class Queries(nn.Module):
    """Rows as all members' memories hold theirs.

    Parameters
    ----------
    blocks : list of ndarray of int
        Columns of every modality.
    memories : Memories
    unit_rows : bool, default=False
        Whether each block is divided by its norm.
    """

    centres: Tensor
    fill: Tensor
    axes: Tensor | None

    def __init__(
        self, blocks: Sequence[np.ndarray], memories: Memories, unit_rows: bool = False
    ) -> None:
        super().__init__()
        self.unit_rows = unit_rows
        self.n_columns = memories.fill.shape[2]
        # Blocks are filled up to one width by a column of zeros.
        n_features = sum(len(block) for block in blocks)
        columns = np.full((len(blocks), self.n_columns), n_features)
        for own, block in zip(columns, blocks, strict=True):
            own[: len(block)] = block
        self.is_filled_up = bool((columns == n_features).any())
        self.columns = Columns(columns.ravel())
        centres = memories.centres[:, :, None]
        self.register_buffer("centres", torch.from_numpy(centres.copy()))
        self.register_buffer("fill", torch.from_numpy(memories.fill[:, :, None] - centres))
        axes = memories.axes
        self.register_buffer("axes", None if axes is None else torch.from_numpy(axes))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_modalities, n_members, n_samples, width + 1)."""
        if self.is_filled_up:
            x = torch.cat([x, torch.zeros_like(x[:, :1])], dim=1)
        blocks = self.columns(x).unflatten(1, (len(self.fill), self.n_columns))
        blocks = blocks.transpose(0, 1).unsqueeze(1).to(torch.float64)
        if self.unit_rows:
            norms = blocks.square().sum(dim=3, keepdim=True).sqrt()
            blocks = blocks / torch.where(norms == 0, 1.0, norms)
        queries = torch.where(blocks.isnan(), self.fill, blocks - self.centres)
        if self.axes is not None:
            queries = queries @ self.axes
        queries = queries.to(torch.float32)
        return torch.cat([queries, torch.ones_like(queries[..., :1])], dim=3)


class Neighbors(nn.Module):
    """Attend over the training rows that are nearest to each row, in every member's spaces.

    Rows that are the same are searched as one, as the estimator does: of rows that are
    equally far, the first ones count.

    Parameters
    ----------
    memories : Memories
    n_neighbors : int
    temperature : float
        See RetrievalAugmenter.
    typical : ndarray of shape (n_spaces, n_members)
        Typical distances.
    """

    rows: Tensor
    products: Tensor
    maps: Tensor
    constants: Tensor
    typical: Tensor
    groups: Tensor
    sums: Tensor
    group_start: Tensor
    table_start: Tensor
    steps: Tensor

    def __init__(
        self, memories: Memories, n_neighbors: int, temperature: float, typical: np.ndarray
    ) -> None:
        super().__init__()
        self.n_neighbors, self.temperature = n_neighbors, temperature
        n_groups = memories.counts.shape[2]
        self.n_groups = n_groups
        self.n_modalities, self.n_tables = memories.rows.shape[:2]
        self.n_spaces, self.n_members = typical.shape
        # A few more than are wanted: products of float32 put nearly equal ones in any order.
        self.n_candidates = min(n_groups, n_neighbors + _SPARE_CANDIDATES)
        self.n_found = min(n_groups, n_neighbors)
        # Twice, as |row - query|^2 has it; |query|^2 is the same for all rows. In units of the
        # typical distances, those of the joint space are sums.
        shares = typical[: self.n_modalities, :, None] ** -2.0
        products = -2 * shares[..., None] * memories.maps @ memories.maps.swapaxes(2, 3)
        squares = shares * memories.squares
        squares = [*squares, squares.sum(axis=0)]
        # What distances are, besides the products: infinite for rows that a member does not know.
        constants = np.where(memories.counts == 0, np.inf, squares[: self.n_spaces])
        tables = np.arange(self.n_modalities * self.n_tables)
        spaces = np.arange(self.n_spaces)[:, None, None]
        members = np.arange(self.n_members)[:, None]
        first = memories.first + (spaces * self.n_members + members) * memories.sums.shape[2]
        for m, tables_of_modality in enumerate(memories.rows.swapaxes(2, 3)):
            self._keep(**{f"table{m}": tables_of_modality})
        self._keep(
            rows=memories.rows.reshape(-1, memories.rows.shape[3]),
            constants=constants.astype(np.float32)[:, :, None],
            maps=memories.maps.astype(np.float32)[:, :, None],
            products=products.astype(np.float32),
            typical=typical[:, :, None, None],
            # A group's for all members side by side: where one looks, others do as well.
            groups=np.stack([memories.counts, first], axis=3).swapaxes(1, 2).reshape(-1, 2),
            sums=memories.sums.reshape(-1, memories.sums.shape[3]),
            group_start=(spaces * n_groups * self.n_members + members)[..., None],
            table_start=tables.reshape(*memories.rows.shape[:2], 1, 1) * n_groups,
            steps=np.arange(PART)[:, None] * (n_groups // PART),
        )

    def _keep(self, **arrays: np.ndarray) -> None:
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))

    def forward(self, queries: Tensor) -> Tensor:
        """Map queries to (n_spaces, n_members, n_samples, n_targets + 2)."""
        if torch.compiler.is_compiling():
            return self._found(queries)
        return torch.cat([self._found(chunk) for chunk in queries.split(_CHUNK_ROWS, 2)], dim=2)

    def _found(self, queries: Tensor) -> Tensor:
        nearest = self._candidates(queries)  # (n_spaces, n_members, n_samples, n_candidates)
        places = self.group_start + nearest * self.n_members
        distances = self._distances(queries, nearest) / self.typical
        counts, first = taken(self.groups, places).unbind(4)
        distances = torch.where(counts > 0, distances, torch.inf)
        distances, chosen = distances.topk(self.n_found, dim=3, largest=False)
        return self._attend(distances, counts.gather(3, chosen), first.gather(3, chosen))

    def _candidates(self, queries: Tensor) -> Tensor:
        lifted = queries @ self.products
        lifted = lifted.reshape(self.n_modalities, self.n_tables, -1, lifted.shape[3])
        shape = self.n_members, queries.shape[2], self.n_groups
        scores = [self._product(m, lifted[m]).reshape(shape) for m in range(self.n_modalities)]
        if self.n_spaces > self.n_modalities:
            jointly = scores[0] + scores[1]
            for own in scores[2:]:
                jointly = jointly.add_(own)
            scores.append(jointly)
        # Of large arrays, a new one takes time.
        pairs = zip(scores, self.constants, strict=True)
        return torch.stack([self._smallest(own.add_(constant)) for own, constant in pairs])

    def _product(self, modality: int, queries: Tensor) -> Tensor:
        """Multiply queries, (n_tables, n_queries, width + 1), by the tables of a modality."""
        table = getattr(self, f"table{modality}")
        # onnxruntime lays a matrix out as it reads it, but no stack of matrices.
        return queries @ table if self.n_tables > 1 else queries[0] @ table[0]

    def _smallest(self, scores: Tensor) -> Tensor:
        """Return the places of the smallest along the last axis.

        The k smallest are in the k parts whose own smallest are the smallest: found sooner.
        """
        k, n_parts = self.n_candidates, self.n_groups // PART
        if n_parts <= k:
            return _places_of_smallest(scores, k)
        parts = scores.unflatten(2, (PART, n_parts)).amin(dim=2)
        in_parts = _places_of_smallest(parts, k).unsqueeze(2)
        places = (in_parts + self.steps).flatten(2)
        return places.gather(2, _places_of_smallest(scores.gather(2, places), k))

    def _distances(self, queries: Tensor, nearest: Tensor) -> Tensor:
        """Measure the distances to the candidates anew, of differences."""
        own = nearest[: self.n_modalities]
        if self.n_spaces > self.n_modalities:
            own = torch.cat([own, nearest[self.n_modalities :].expand_as(own)], dim=3)
        n_wanted = own.shape[3]
        by_table = own.reshape(self.n_modalities, self.n_tables, -1, n_wanted)
        rows = taken(self.rows, self.table_start + by_table)
        rows = rows.reshape(*own.shape, self.rows.shape[1])
        squares = (rows.sub_(queries.unsqueeze(3)) @ self.maps).square_().sum(dim=4)
        if self.n_spaces == self.n_modalities:
            return squares.to(torch.float64).sqrt()
        alone, jointly = squares.to(torch.float64).split(self.n_candidates, dim=3)
        jointly = (jointly / self.typical[: self.n_modalities].square()).sum(dim=0, keepdim=True)
        return torch.cat([alone, jointly]).sqrt()

    def _attend(self, distances: Tensor, counts: Tensor, first: Tensor) -> Tensor:
        before = counts.cumsum(dim=3) - counts
        kept = torch.minimum((self.n_neighbors - before).clamp_min(0), counts)
        is_kept = kept > 0
        logits = -torch.log(distances + _NO_DISTANCE) / self.temperature
        weights = torch.where(is_kept, (logits - logits.amax(dim=3, keepdim=True)).exp(), 0.0)
        weights = weights / (weights * kept).sum(dim=3, keepdim=True)
        sums = taken(self.sums, first + kept) - taken(self.sums, first)
        attended = (weights.unsqueeze(4) * sums).sum(dim=3)
        mean = (weights * kept * torch.where(is_kept, distances, 0.0)).sum(dim=3, keepdim=True)
        smallest = torch.where(is_kept, distances, torch.inf).amin(dim=3, keepdim=True)
        return torch.cat([attended, torch.log1p(smallest), torch.log1p(mean)], dim=3)


def _places_of_smallest(values: Tensor, k: int) -> Tensor:
    """Return the places of the k smallest along the last axis, in any order."""
    return values.topk(k, dim=2, largest=False, sorted=False).indices


class Retrieval(nn.Module):
    """What the members' regressions make of the evidence of neighbours.

    Parameters
    ----------
    queries : Queries
    neighbors : Neighbors
    n_kept : int
        How many columns of each space's evidence there are.
    coef : ndarray of shape (n_members, n_targets, n_evidence)
    intercept : ndarray of shape (n_members, n_targets)
        Of each member's regression on all evidence side by side.
    """

    def __init__(
        self,
        queries: Queries,
        neighbors: Neighbors,
        n_kept: int,
        coef: np.ndarray,
        intercept: np.ndarray,
    ) -> None:
        super().__init__()
        self.queries, self.neighbors, self.n_kept = queries, neighbors, n_kept
        self.coef: Tensor
        self.intercept: Tensor
        self.register_buffer("coef", torch.from_numpy(coef.transpose(0, 2, 1).copy()))
        self.register_buffer("intercept", torch.from_numpy(intercept[:, None].copy()))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_members, n_samples, n_targets)."""
        evidence = self.neighbors(self.queries(x))[..., : self.n_kept]
        # (n_members, n_samples, n_spaces * n_kept)
        return torch.bmm(evidence.permute(1, 2, 0, 3).flatten(2), self.coef) + self.intercept


@converts_members(RetrievalRegressor)
def _retrievals(
    estimators: Sequence[RetrievalRegressor], place: str, rows: Sequence[np.ndarray] | None
) -> nn.Module:
    if any(each.augmenter_ is None for each in estimators):
        return _EachConstant([each.ridge_.predict(np.zeros((1, 1))) for each in estimators])
    return _retrieval(estimators, [each.ridge_ for each in estimators], place, rows)


@converts_members(RetrievalClassifier)
def _class_retrievals(
    estimators: Sequence[RetrievalClassifier], place: str, rows: Sequence[np.ndarray] | None
) -> nn.Module:
    if any(each.augmenter_ is None for each in estimators):
        shares = [each.logistic_.predict_proba(np.zeros((1, 1))) for each in estimators]
        return _EachConstant(shares)
    scores = _retrieval(estimators, [each.logistic_ for each in estimators], place, rows)
    return Probabilities(scores, estimators[0].classes_)


def _retrieval(
    estimators: Sequence[Any],
    linear: Sequence[Any],
    place: str,
    rows: Sequence[np.ndarray] | None,
) -> Retrieval:
    """Return the module of retrieving estimators, and of linear models on what they find."""
    augmenters = [each.augmenter_ for each in estimators]
    if augmenters[0].metric != "euclidean":
        raise no_export(place, "its metric is not euclidean")
    memories = memories_of(estimators, rows)
    of_spaces = [[*augmenter.memories_.values()] for augmenter in augmenters]
    typical = np.array([[memory.typical_distance for memory in own] for own in of_spaces]).T
    first = of_spaces[0][0]
    return Retrieval(
        Queries([*estimators[0].modalities_.values()], memories),
        Neighbors(memories, first.n_neighbors, first.temperature, typical),
        memories.sums.shape[3] + 2 * augmenters[0].include_distances,
        np.stack([np.atleast_2d(each.coef_) for each in linear]),
        np.stack([np.atleast_1d(each.intercept_) for each in linear]),
    )


class _EachConstant(nn.Module):
    """What members predict that had too few rows to search."""

    def __init__(self, predictions: list[np.ndarray]) -> None:
        super().__init__()
        self.predictions: Tensor
        stacked = np.stack([prediction.reshape(1, -1) for prediction in predictions])
        self.register_buffer("predictions", torch.from_numpy(stacked))

    def forward(self, x: Tensor) -> Tensor:
        return self.predictions.expand(-1, x.shape[0], -1)
