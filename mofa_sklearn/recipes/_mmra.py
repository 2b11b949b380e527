"""MMRA, evidence from similar videos."""

from __future__ import annotations

from ..preprocessing import RetrievalAugmenter
from ._default import default_steps
from ._recipe import Recipe


def mmra() -> Recipe:
    # A network that has few rows does better without the distances.
    augment = RetrievalAugmenter(include_distances=False).set_output(transform="pandas")
    return Recipe(
        name="mmra",
        summary="The most similar training videos' popularity as one modality more.",
        source='Zhong et al., "Predicting Micro-video Popularity via Multi-modal Retrieval '
        'Augmentation", SIGIR 2024',
        steps=default_steps(),
        joint_steps=(("retrieve", augment),),
        notes=(
            "The attention over similar videos goes by their distances and is not learned.",
            "A training row's neighbours come from other folds, so that it never sees its own "
            "target; pass groups as fit(..., groups=creators).",
            "The number of neighbours and the network's settings are ours.",
        ),
    )
