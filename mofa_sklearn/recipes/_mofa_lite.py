"""MoFA-Lite, the original."""

from __future__ import annotations

from sklearn.preprocessing import Normalizer, StandardScaler

from ..preprocessing import RankGaussTransformer
from ._recipe import Recipe, Steps


def mofa_lite() -> Recipe:
    return Recipe(
        name="mofa-lite",
        summary="The original: softmax attention over modalities, long training, ten folds.",
        source="MoFA-Lite: modality attention over CLIP, VideoMAE and BGE-M3 embeddings for "
        "micro-video popularity prediction",
        steps=_norm_and_scale(),
        # Video features are heavy-tailed.
        named_steps={"video": (("rank_gauss", RankGaussTransformer(1000)), *_norm_and_scale())},
        parameters={
            "hidden_dim": 512,
            "dropout": 0.2,
            "modality_dropout": 0.0,
            "anneal_dropout": False,
            "batch_size": 128,
            "learning_rate": 5e-4,
            "weight_decay": 1e-3,
            "schedule": "plateau",
            "max_epochs": 300,
            "early_stopping": True,
            "n_iter_no_change": 20,
            "average_epochs": None,
        },
        notes=(
            "RankGauss and scaling are fitted on the training rows alone; the original fitted "
            "them on all rows before the folds.",
        ),
    )


def _norm_and_scale() -> Steps:
    return (("norm", Normalizer()), ("scale", StandardScaler()))
