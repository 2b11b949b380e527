"""AdaptCLIP, modalities in turn and residual features."""

from __future__ import annotations

from ._default import default_steps
from ._recipe import Recipe


def adaptclip() -> Recipe:
    return Recipe(
        name="adaptclip",
        summary="Modalities trained in turn, and what sets each apart from the others' mean.",
        source='Gao et al., "AdaptCLIP: Adapting CLIP for Universal Visual Anomaly Detection", '
        "2025",
        steps=default_steps(),
        parameters={"alternate_modalities": True, "residual_features": True},
        notes=(
            "Two ideas of a system that adapts CLIP to find anomalies. Here encoders learn from "
            "embeddings, and a modality's context is the mean of its row's other encodings.",
            "The encoders take turns batch by batch. The network's settings are ours.",
        ),
    )
