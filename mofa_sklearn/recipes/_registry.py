"""The recipes by their names."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ._adaptclip import adaptclip
from ._afew_va import afew_va
from ._best import best
from ._chfen import chfen
from ._default import default
from ._mm_imdb import mm_imdb
from ._mmra import mmra
from ._mmved import mmved
from ._mofa_lite import mofa_lite
from ._mvp import mvp
from ._pixelrec import pixelrec_catboost, pixelrec_ordinal, pixelrec_regression
from ._recipe import Recipe

#: name -> what writes the recipe: our own, the original's, those of other systems
RECIPES: dict[str, Callable[[], Recipe]] = {
    "default": default,
    "best": best,
    "mofa-lite": mofa_lite,
    "mvp": mvp,
    "mmra": mmra,
    "mmved": mmved,
    "adaptclip": adaptclip,
    "afew-va": afew_va,
    "chfen": chfen,
    "mm-imdb": mm_imdb,
    "pixelrec-regression": pixelrec_regression,
    "pixelrec-catboost": pixelrec_catboost,
    "pixelrec-ordinal": pixelrec_ordinal,
}


def list_recipes() -> pd.DataFrame:
    """List the recipes.

    Returns
    -------
    DataFrame of shape (n_recipes, 2)
        Indexed by the recipes' names: ``task``, "regression" or "classification", and
        ``summary``.

    See Also
    --------
    get_recipe : All of one recipe.

    Examples
    --------
    >>> from mofa_sklearn.recipes import list_recipes
    >>> recipes = list_recipes()
    >>> recipes.index[:4].tolist()
    ['default', 'best', 'mofa-lite', 'mvp']
    >>> recipes.loc["mmved", "summary"]
    'A Gaussian from each modality, multiplied: a variational network that tolerates missing ones.'
    """
    recipes = [get_recipe(name) for name in RECIPES]
    rows = {recipe.name: (recipe.task, recipe.summary) for recipe in recipes}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["task", "summary"])
    return table.rename_axis("recipe")


def get_recipe(name: str) -> Recipe:
    """Return a recipe by its name.

    Parameters
    ----------
    name : str
        One of :func:`list_recipes`.

    Returns
    -------
    Recipe
        A new one at each call. Print it to read it.

    Raises
    ------
    ValueError
        If there is none of this name.

    See Also
    --------
    mofa_sklearn.make_mofa_pipeline : Builds it.

    Examples
    --------
    >>> from mofa_sklearn.recipes import get_recipe
    >>> get_recipe("mvp").baselines
    ('mvp',)
    """
    if not isinstance(name, str) or name not in RECIPES:
        raise ValueError(f"recipe must be one of {list(RECIPES)}, got {name!r}.")
    return RECIPES[name]()
