"""MM-IMDb's genre classifier."""

from __future__ import annotations

from ..estimators import MoFAClassifier
from ._default import default_steps
from ._recipe import Recipe


def mm_imdb() -> Recipe:
    return Recipe(
        name="mm-imdb",
        summary="Labels by self-attention over modality tokens, trained by the focal loss.",
        source="A genre classifier for MM-IMDb (data set: Arevalo et al., "
        '"Gated Multimodal Units for Information Fusion", ICLR workshops 2017)',
        task="classification",
        steps=default_steps(),
        estimator=MoFAClassifier,
        parameters={
            "fusion": "self_attention",
            "hidden_dim": 512,
            "loss": "focal",
            "label_smoothing": 0.1,
            "schedule": "cosine",
        },
        notes=(
            "y is an indicator of labels, (n_samples, n_labels); the original has 26 genres. "
            "Thresholds are tuned for macro F1.",
            "The focal loss has alpha 0.25 and gamma 2, and the schedule warms up, as published; "
            "that it falls as a cosine afterwards, and all other settings, are ours.",
        ),
    )
