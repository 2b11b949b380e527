"""AFEW-VA, a small network on principal components."""

from __future__ import annotations

from sklearn.preprocessing import StandardScaler

from ..preprocessing import BlockPCA
from ._recipe import Recipe

_N_COMPONENTS = 100


def afew_va() -> Recipe:
    return Recipe(
        name="afew-va",
        summary="PCA to 100 columns and a small network, trained by concordance (CCC).",
        source="VideoMAE, TimeSformer or ViViT features and an MLP on AFEW-VA (Kossaifi et al., "
        '"AFEW-VA database for valence and arousal estimation in-the-wild", Image and Vision '
        "Computing 65, 2017)",
        # A seed of its own: the decomposition of large blocks draws random numbers.
        steps=(("pca", BlockPCA(_N_COMPONENTS, random_state=0)), ("scale", StandardScaler())),
        parameters={"fusion": "concat", "hidden_dim": 128, "loss": "ccc"},
        notes=(
            "It is to be scored by CCC: predictions spread as wide as the targets, which costs "
            "squared error.",
            "Targets of any scale are standardised; the original ends in tanh, for valence and "
            "arousal from -1 to 1.",
            "Token features (1568 x 768): by attention over their components with "
            "tokens={'video': 1568}, or by column means of TokenPooling before. The network's "
            "width, 128, is ours.",
        ),
    )
