"""CHFEN, one modality guides the others."""

from __future__ import annotations

from ._default import default_steps
from ._recipe import Recipe


def chfen() -> Recipe:
    return Recipe(
        name="chfen",
        summary="One modality, the title say, queries the others; features fused, then decisions.",
        source='CHFEN, "Conditional Hybrid Fusion Emotion Net for Short Video Affective '
        'Computing", 2024',
        steps=default_steps(),
        parameters={"fusion": "conditional_query"},
        notes=(
            "The guide is the first modality. To name another: pipeline.set_params("
            'regressor__estimator__fusion=partial(ConditionalQuery, query="title")).',
            "With tokens={'video': 16}, say, it asks every frame.",
            "The network's settings are ours.",
        ),
    )
