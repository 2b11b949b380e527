"""Our own recipe for classes."""

from __future__ import annotations

from ..estimators import LogisticPathClassifier, MoFAClassifier, RetrievalClassifier
from ._default import default
from ._recipe import Recipe


def classification() -> Recipe:
    return Recipe(
        name="classification",
        summary="The default for classes: two quick companions, and calibrated probabilities.",
        source="mofa-sklearn",
        task="classification",
        steps=default().steps,
        estimator=MoFAClassifier,
        # Few rows and much noise are a linear model's ground, rows of known creators that of
        # neighbours.
        companions=(
            ("logistic", LogisticPathClassifier(standardize=False)),
            ("neighbors", RetrievalClassifier(standardize=False)),
        ),
        calibrate="temperature",
        notes=(
            'recipe="default" with estimator=MoFAClassifier(...) is the same, with the '
            "parameters of your classifier.",
        ),
    )
