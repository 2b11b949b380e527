"""Our own recipe for those who have time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..baselines import BoostingRegressor
from ..estimators import MoFARegressor
from ._default import default
from ._mofa_lite import mofa_lite
from ._recipe import Recipe, Steps


def best() -> Recipe:
    return replace(
        default(),
        name="best",
        summary="The default, and more networks and trees, blended by their out-of-fold errors.",
        companions=(*default().companions, *_networks(), *_trees()),
        class_networks=_class_networks(),
        notes=(
            "It takes four to ten times the default's time, and as much more to predict where "
            "all of it has weight.",
            "Of the original's recipe it has the network and its long training; the columns are "
            "the default's.",
        ),
    )


def _networks() -> Steps:
    """Return networks that err elsewhere than the default's: in how they fuse, and train."""
    return (
        ("cross_attention", MoFARegressor(fusion="cross_attention", loss="hybrid")),
        ("concat", MoFARegressor(fusion="concat")),
        ("long_training", MoFARegressor(**mofa_lite().parameters)),
    )


def _class_networks() -> dict[str, dict[str, Any]]:
    """Return in what other networks of classes differ from the user's."""
    return {
        "cross_attention": {"fusion": "cross_attention"},
        "concat": {"fusion": "concat"},
        "numeric": {"numeric_embedding": "auto"},
        "long_training": {
            name: value for name, value in mofa_lite().parameters.items() if name != "hidden_dim"
        },
    }


def _trees() -> Steps:
    """Return trees of another size, in smaller steps."""
    large = BoostingRegressor(max_leaf_nodes=63, learning_rate=0.03, n_iter_no_change=40)
    return (("large_trees", large),)
