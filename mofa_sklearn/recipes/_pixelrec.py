"""Three systems for engagement on PixelRec."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from ..estimators import MoFAClassifier
from ._default import default_steps
from ._recipe import Recipe

_DATA = (
    '(data set: Cheng et al., "An Image Dataset for Benchmarking Recommender Systems with Raw '
    'Pixels", 2023)'
)
_FIVE_CLASSES = (
    "y is one of five classes from low to high: bin counts by training quantiles with "
    "mofa_sklearn.preprocessing.EngagementBinner(5)."
)


def pixelrec_regression() -> Recipe:
    return Recipe(
        name="pixelrec-regression",
        summary="Modalities that query each other, trained by squared error plus Huber's loss.",
        source=f"A network for engagement on PixelRec {_DATA}",
        steps=default_steps(),
        parameters={"fusion": "cross_attention", "loss": "hybrid"},
        notes=(
            'The original has gated fusion besides the attention; here fusion="gated" is a '
            "fusion of its own, to be compared.",
            "The original selects by R^2, here the best epoch is that of the least validation "
            "loss. The network's settings are ours.",
        ),
    )


def pixelrec_catboost() -> Recipe:
    return Recipe(
        name="pixelrec-catboost",
        summary="CatBoost on embeddings and features made of them, five classes of engagement.",
        source=f"CLIP features and CatBoost for engagement on PixelRec {_DATA}",
        task="classification",
        # It has its own preprocessing.
        estimator=baseline_classifier,
        parameters={"name": "pixelrec"},
        notes=(
            _FIVE_CLASSES,
            "The features that are made of each modality (mean, spread, extremes, norm) and "
            "CatBoost's settings are ours; put others into X, as a modality of their own.",
            'It needs CatBoost: pip install "mofa-sklearn[gbdt]".',
        ),
    )


def pixelrec_ordinal() -> Recipe:
    return Recipe(
        name="pixelrec-ordinal",
        summary="The network for five ordered classes of engagement, ranks consistent.",
        source=f"ViT and BERT features for engagement on PixelRec {_DATA}",
        task="classification",
        steps=default_steps(),
        estimator=MoFAClassifier,
        parameters={"ordinal": True},
        notes=(
            _FIVE_CLASSES,
            "The embeddings are given: ViT and BERT are not tuned. The fusion and the network's "
            "settings are ours.",
        ),
    )


def baseline_classifier(name: str, *, random_state: Any = None) -> BaseEstimator:
    """Make one of :func:`mofa_sklearn.baselines.make_classifier_baselines`.

    Parameters
    ----------
    name : str
        Its name there.
    random_state : int, RandomState instance or None, default=None
        Determines all that is random in it.

    Returns
    -------
    classifier

    Raises
    ------
    ImportError
        If its library is not installed.
    """
    from ..baselines import make_classifier_baselines

    return make_classifier_baselines(names=name, random_state=random_state)[name]
