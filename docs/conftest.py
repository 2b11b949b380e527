"""What the code blocks of the user guide start with: a folder of embeddings.

What takes long to import waits for the first of them: pytest reads this file before all else.
"""

from copy import deepcopy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

# Sphinx's own, and what it makes: no doctests.
collect_ignore = ["conf.py", "_build", "_ext", "api", "auto_examples"]

# Pages that tell which companions there are.
_WITH_ALL_COMPANIONS = {"classification", "foundation_models", "training"}


@pytest.fixture(autouse=True)
def _folder(doctest_namespace, tmp_path):
    from mofa_sklearn.datasets import make_micro_videos

    videos = make_micro_videos(
        120,
        modalities={"image": 8, "text": 6},
        n_targets=2,
        n_creators=30,
        noise=0.2,
        return_bunch=True,
        random_state=0,
    )
    np.save(tmp_path / "image_features.npy", videos.data[:, :8])
    np.save(tmp_path / "text_features.npy", videos.data[:, 8:])
    np.save(tmp_path / "popularity_counts.npy", videos.counts)
    np.save(tmp_path / "creator_ids.npy", videos.creator_ids)
    doctest_namespace["folder"] = tmp_path
    doctest_namespace["small"] = _small


@pytest.fixture(autouse=True)
def _short_recipe(request, monkeypatch):
    """Let the slowest companions of the default recipe end at once: what they do, tests show.

    Pages that do not show companions have the quickest alone.
    """
    from mofa_sklearn.baselines import BoostingRegressor
    from mofa_sklearn.recipes import _registry, get_recipe

    if request.path.stem in _WITH_ALL_COMPANIONS:
        quick = partial(BoostingRegressor, max_iter=5)
        monkeypatch.setattr("mofa_sklearn.recipes._default.BoostingRegressor", quick)
        return
    recipe = get_recipe("default")
    shorter = replace(
        recipe, companions=recipe.companions[:1], class_companions=recipe.class_companions[:1]
    )
    monkeypatch.setitem(_registry.RECIPES, "default", partial(deepcopy, shorter))


def _small(model):
    """Let a pipeline train a small network for a moment, and one companion beside it."""
    network = "regressor__estimator__"
    ridge = [each for each in model[-1].companions if each[0] == "ridge"]
    quick = {"hidden_dim": 16, "max_epochs": 1, "numeric_embedding": None}
    quick = {f"{network}{name}": value for name, value in quick.items()}
    return model.set_params(regressor__companions=ridge, **quick)
