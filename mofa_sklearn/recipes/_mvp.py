"""MVP, the mean of a network and of boosting."""

from __future__ import annotations

from ._default import default_steps
from ._recipe import Recipe


def mvp() -> Recipe:
    return Recipe(
        name="mvp",
        summary="The mean of the network and of boosting on PCA'd embeddings and log counts.",
        source='Ye et al., "MVP: Winning Solution to SMP Challenge 2025 Video Track", '
        "arXiv:2507.00950",
        steps=default_steps(),
        baselines=("mvp",),
        notes=(
            "Embeddings come pooled, one row a video. Modalities of up to 32 columns count as "
            "figures of the user, whose logarithms boosting gets.",
            "The numbers of components and of trees, and the network's settings, are ours.",
        ),
    )
