"""What the most similar training rows tell, as columns more."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..preprocessing import RetrievalAugmenter
from ..preprocessing._memory import DISTANCES
from ._convert import converts, no_export
from ._memories import Memories, counted, filled_up, joined, multiple
from ._neighbors import Neighbors, Queries


class Retrieved(nn.Module):
    """Append the evidence of neighbours to each row.

    Parameters
    ----------
    blocks : list of ndarray of int
        Columns of every modality.
    queries : Queries
    neighbors : Neighbors
    farthest : ndarray of shape (n_spaces, 2)
        Distances of rows that lack the modality.
    n_kept : int
        How many columns of each space's evidence there are.
    passthrough : bool
        Whether the row itself is kept.
    """

    rounds = True

    def __init__(
        self,
        blocks: list[np.ndarray],
        queries: Queries,
        neighbors: Neighbors,
        farthest: np.ndarray,
        n_kept: int,
        passthrough: bool,
    ) -> None:
        super().__init__()
        self.queries, self.neighbors = queries, neighbors
        self.n_kept, self.passthrough = n_kept, passthrough
        n_features = sum(len(block) for block in blocks)
        belongs = np.zeros((n_features, len(farthest)), dtype=np.float32)
        for space, block in enumerate(blocks):
            belongs[block, space] = 1
        belongs[:, len(blocks) :] = 1  # jointly
        n_targets = neighbors.sums.shape[1]
        of_missing = np.pad(farthest, [(0, 0), (n_targets, 0)])[:, None]
        self.belongs: Tensor
        self.of_missing: Tensor
        self.register_buffer("belongs", torch.from_numpy(belongs))
        self.register_buffer("of_missing", torch.from_numpy(of_missing))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_samples, n_features_out)."""
        evidence = self.neighbors(self.queries(x))[:, 0]  # (n_spaces, n_samples, n_columns)
        missing = (x.isnan().to(torch.float32) @ self.belongs).T.unsqueeze(2) > 0
        evidence = torch.where(missing, self.of_missing, evidence)
        retrieved = evidence[..., : self.n_kept].transpose(0, 1).flatten(1).to(x.dtype)
        return torch.cat([x, retrieved], dim=1) if self.passthrough else retrieved


@converts(RetrievalAugmenter)
def _retrieval_augmenter(augmenter: RetrievalAugmenter, place: str) -> nn.Module:
    if augmenter.algorithm != "brute":
        raise no_export(place, "its search is approximate. Fit it with algorithm='brute'")
    blocks = [*augmenter.modalities_.values()]
    memories = _memories_of(augmenter)
    of_spaces = [*augmenter.memories_.values()]
    typical = np.array([[memory.typical_distance] for memory in of_spaces])
    return Retrieved(
        blocks,
        Queries(blocks, memories, unit_rows=augmenter.metric == "cosine"),
        Neighbors(memories, of_spaces[0].n_neighbors, of_spaces[0].temperature, typical),
        np.array([memory.farthest for memory in of_spaces]),
        augmenter.targets_.shape[1] + len(DISTANCES) * augmenter.include_distances,
        augmenter.passthrough,
    )


def _memories_of(augmenter: RetrievalAugmenter) -> Memories:
    """Lay out what one augmenter remembers: its rows, about their mean."""
    n_rows, n_modalities = len(augmenter.targets_), len(augmenter.modalities_)
    memories = [*augmenter.memories_.values()]
    labels = [np.full(n_rows, -1) for _ in memories]
    for own, memory in zip(labels, memories, strict=True):
        own[memory.rows] = memory.search.groups()
    targets = augmenter._targets().standardized(np.arange(n_rows)[:, None])[:, :, 0]
    representatives, *own = counted([targets], [np.arange(n_rows)], labels)
    centres = filled_up([memory.search.index.centre for memory in memories[:n_modalities]])
    width, n_groups = centres.shape[1], multiple(len(representatives))
    table = np.zeros((n_modalities, n_groups, width + 1), dtype=np.float32)
    for m, memory in enumerate(memories[:n_modalities]):
        index, places = memory.search.index, labels[m][representatives]
        has = np.flatnonzero(places >= 0)
        table[m, has, : index.rows.shape[1]] = index.rows[places[has]] - index.centre
    identity = np.concatenate([np.eye(width), np.zeros((1, width))])
    return Memories(
        table[:, None],
        centres=centres[:, None].astype(float),
        fill=centres[:, None].astype(float),
        axes=None,
        maps=np.broadcast_to(identity, (n_modalities, 1, *identity.shape)),
        squares=np.square(table[:, None], dtype=np.float64).sum(axis=3),
        **joined([own], n_groups),
    )
