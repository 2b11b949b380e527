"""Check the trees of scikit-learn whose compiled code believes what a file says.

The nodes of a tree name children, features and rows by position, and a search follows
them without a look at the bounds. A forged position would read memory that is not the
tree's.
"""

from __future__ import annotations

from collections.abc import Collection
from inspect import isfunction
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neighbors import KDTree

from .._sklearn_private import TreePredictor
from ._errors import PersistenceError
from ._objects import objects_of
from ._types import BOOSTED_TREE, NEIGHBOR_TREE

_BOOSTING = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
_NODE_TABLES = {"nodes", "binned_left_cat_bitsets", "raw_left_cat_bitsets"}


def check_trees(root: Any, trusted: Collection[str] = ()) -> None:
    """Refuse trees that could not be followed safely.

    Parameters
    ----------
    root : object
        What was loaded.
    trusted : collection of str
        Full names of types that the caller trusts unchecked.

    Raises
    ------
    PersistenceError
        If a position is out of bounds, or if a boosting model has categorical features,
        whose tables are not checked.
    """
    objects = list(objects_of(root))
    if BOOSTED_TREE not in trusted:
        _check_boosting(objects)
    if NEIGHBOR_TREE not in trusted:
        for item in objects:
            if isinstance(item, KDTree):
                _check_neighbors(item)


def _check_boosting(objects: list[Any]) -> None:
    checked: set[int] = set()
    for item in objects:
        if isinstance(item, _BOOSTING) and "_predictors" in vars(item):
            trees = _trees_of(item)
            for tree in trees:
                _check_tree(tree, item.n_features_in_)
            checked.update(map(id, trees))
    if any(isinstance(item, TreePredictor) and id(item) not in checked for item in objects):
        raise PersistenceError("it has a tree that belongs to no boosting model")


def _trees_of(model: Any) -> list[TreePredictor]:
    """Return the trees of a boosting model that takes rows as its trees expect them."""
    attributes = vars(model)
    # What validates the rows must be scikit-learn's own, and know how many columns there are.
    hidden = [name for name in attributes if isfunction(getattr(type(model), name, None))]
    if hidden or "_in_fit" in attributes or type(attributes.get("n_features_in_")) is not int:
        raise PersistenceError("the state of a boosting model was tampered with")
    if attributes.get("_preprocessor") is not None:
        raise PersistenceError(
            "a boosting model with categorical features, whose tables are not checked, needs "
            f"trusted=['{BOOSTED_TREE}']"
        )
    trees = [tree for iteration in model._predictors for tree in iteration]
    if not all(
        type(tree) is TreePredictor and vars(tree).keys() == _NODE_TABLES for tree in trees
    ):
        raise PersistenceError("the trees of a boosting model were tampered with")
    return trees


def _check_tree(tree: TreePredictor, n_features: int) -> None:
    nodes = tree.nodes
    if not isinstance(nodes, np.ndarray) or nodes.ndim != 1 or len(nodes) == 0:
        raise PersistenceError("a tree has no nodes")
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    splits = nodes[inner]
    children = np.stack([splits["left"], splits["right"]]).astype(np.int64)
    # A child comes after its parent, so that every way ends.
    in_bounds = (
        (children > inner).all()
        and (children < len(nodes)).all()
        and len(np.unique(children)) == children.size
        and (splits["feature_idx"] >= 0).all()
        and (splits["feature_idx"] < n_features).all()
        and not nodes["is_categorical"].any()
    )
    if not in_bounds:
        raise PersistenceError("a tree has positions out of bounds: it was tampered with")


def _check_neighbors(tree: KDTree) -> None:
    _, rows, nodes, bounds = (np.asarray(part) for part in tree.get_arrays())
    data = np.asarray(tree.data)
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    in_bounds = (
        len(nodes) > 0
        and np.array_equal(np.sort(rows), np.arange(len(data)))
        and (nodes["idx_start"] >= 0).all()
        and (nodes["idx_end"] <= len(data)).all()
        # The children of node i are nodes 2 i + 1 and 2 i + 2.
        and (2 * inner + 2 < len(nodes)).all()
        and bounds.shape == (2, len(nodes), data.shape[1])
        and type(tree.__getstate__()[-2]).__name__ == "EuclideanDistance64"
    )
    if not in_bounds:
        raise PersistenceError("a tree of neighbours was tampered with")
