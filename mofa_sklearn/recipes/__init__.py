"""The published systems as recipes: lists of parts that can be read, changed and built.

:func:`list_recipes` tells which there are, :func:`get_recipe` what is in one, and
:func:`mofa_sklearn.make_mofa_pipeline` builds it.
"""

from ._recipe import Recipe
from ._registry import get_recipe, list_recipes

__all__ = ["Recipe", "get_recipe", "list_recipes"]
