"""MMVED, a product of experts."""

from __future__ import annotations

from ._default import default_steps
from ._recipe import Recipe


def mmved() -> Recipe:
    return Recipe(
        name="mmved",
        summary="A Gaussian from each modality, multiplied: a variational network that "
        "tolerates missing ones.",
        source="Xie, Zhu, Zhang, Peng, Yi, Hu, Liu and Chen, "
        '"A Multimodal Variational Encoder-Decoder Framework for Micro-video Popularity '
        'Prediction", WWW 2020',
        steps=default_steps(),
        parameters={"fusion": "product_of_experts"},
        notes=(
            "The decoder is the network's head, which predicts all targets at once.",
            "The weight of the KL term, 1e-3, and the network's settings are ours.",
        ),
    )
