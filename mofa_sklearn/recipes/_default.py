"""Our own recipe."""

from __future__ import annotations

from sklearn.preprocessing import StandardScaler

from ..baselines import BoostingClassifier, BoostingRegressor
from ..estimators import (
    KernelPathRegressor,
    LogisticPathClassifier,
    RetrievalClassifier,
    RetrievalRegressor,
    RidgePathRegressor,
)
from ..preprocessing import BlockPCA, RankGaussTransformer
from ._recipe import Recipe, Steps


def default_steps() -> Steps:
    """Make every column normal: what systems get whose own preprocessing is not known.

    Scores are bounded: a value that is its column's largest but for a rounding error would have a
    score of 3 where the largest has 5.
    """
    return (
        ("rank_gauss", RankGaussTransformer(1000, max_absolute_value=3.0)),
        ("scale", StandardScaler()),
    )


def reduction() -> BlockPCA:
    """Take of wide blocks the directions in which rows vary most.

    Those in which few rows vary little are mostly noise, which networks learn by heart.
    """
    return BlockPCA("auto", impute=False, standardize=False, random_state=0)


def default() -> Recipe:
    return Recipe(
        name="default",
        summary="Short training with dropout that fades out, and five quick companions.",
        source="mofa-sklearn",
        steps=(*default_steps(), ("reduce", reduction())),
        parameters={
            # Of many modalities, as good as encodings of the network's width, and quicker.
            "encoding_dim": "auto",
            # Where steps in raw numbers tell something, and not only who a row's creator is.
            "numeric_embedding": "auto",
        },
        # Few rows and much noise are a linear model's ground, with components where blocks
        # are wide; rows of known creators are that of neighbours; few rows and little noise
        # that of a kernel; steps in raw numbers that of trees.
        companions=(
            ("ridge", RidgePathRegressor(standardize=False)),
            ("pca_ridge", RidgePathRegressor(n_components=32, standardize=False)),
            ("neighbors", RetrievalRegressor(standardize=False)),
            # The last ones, since what they add to the others is asked on two folds first.
            ("kernel", KernelPathRegressor()),
            ("boosting", BoostingRegressor()),
        ),
        class_companions=(
            ("logistic", LogisticPathClassifier(standardize=False)),
            ("neighbors", RetrievalClassifier(standardize=False)),
            # A tree for each class in every round: few rounds.
            ("boosting", BoostingClassifier(learning_rate=0.1)),
        ),
        calibrate="temperature",
    )
