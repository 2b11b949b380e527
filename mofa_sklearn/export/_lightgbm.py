"""Trees of LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from torch import nn

from ._convert import no_export
from ._members import converts_members
from ._trees import Boosting, Tree, Trees

_KINDS = "lightgbm.sklearn.LGBMRegressor", "lightgbm.sklearn.LGBMClassifier"
_OF_CLASSES = "binary", "multiclass"
_OF_LOGARITHMS = "poisson", "gamma", "tweedie"
_OF_NUMBERS = "regression", "regression_l1", "huber", "fair", "quantile", "mape"


@converts_members(*_KINDS)
def _boosters(estimators: Sequence[Any], place: str, rows: Any) -> nn.Module:
    models = [each.booster_.dump_model() for each in estimators]
    objective, *options = models[0].get("objective", "none").split()
    scale = 1.0
    if is_classifier(estimators[0]):
        kind = "classes" if objective in _OF_CLASSES else None
        scale = next((float(each[8:]) for each in options if each.startswith("sigmoid:")), 1.0)
    elif objective in _OF_LOGARITHMS:
        kind = "log"
    else:
        kind = "identity" if objective in _OF_NUMBERS and "sqrt" not in options else None
    if kind is None:
        raise no_export(place, f"its objective is {' '.join([objective, *options])!r}")
    trees = []
    for model in models:
        trees += _trees_of(model, scale, place)
    return Boosting(Trees(trees, np.zeros((len(trees), 1)), side=0), len(estimators), kind)


def _trees_of(model: dict[str, Any], scale: float, place: str) -> list[list[Tree]]:
    """Return each output's trees."""
    n_outputs = model["num_tree_per_iteration"]
    trees: list[list[Tree]] = [[] for _ in range(n_outputs)]
    if model["average_output"]:
        scale /= len(model["tree_info"]) / n_outputs
    for i, tree in enumerate(model["tree_info"]):
        trees[i % n_outputs].append(_tree(tree["tree_structure"], scale, place))
    return trees


def _tree(root: dict[str, Any], scale: float, place: str) -> Tree:
    nodes, children = [root], []
    for node in nodes:  # which grow meanwhile
        if "leaf_coeff" in node:
            raise no_export(place, "its leaves are linear models")
        if "split_feature" not in node:
            children.append((-1, -1))
            continue
        if node["decision_type"] != "<=":
            raise no_export(place, "its trees split categories")
        if node["missing_type"] == "Zero":
            raise no_export(place, "it takes zeros for missing values")
        children.append((len(nodes), len(nodes) + 1))
        nodes += [node["left_child"], node["right_child"]]
    threshold = np.array([node.get("threshold", 0.0) for node in nodes])
    left, right = np.array(children).T
    # Trees that saw nothing missing take NaN for 0.
    missing_left = [
        node["default_left"] if node.get("missing_type") == "NaN" else bool(at >= 0)
        for node, at in zip(nodes, threshold, strict=True)
    ]
    return Tree(
        feature=np.array([node.get("split_feature", 0) for node in nodes]),
        threshold=threshold,
        left=left,
        right=right,
        missing_left=np.array(missing_left),
        is_leaf=left < 0,
        value=scale * np.array([[node.get("leaf_value", 0.0)] for node in nodes]),
    )
