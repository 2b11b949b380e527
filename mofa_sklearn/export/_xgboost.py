"""Trees of XGBoost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from torch import nn

from ._convert import no_export
from ._members import converts_members
from ._trees import Boosting, Tree, Trees

_KINDS = "xgboost.sklearn.XGBRegressor", "xgboost.sklearn.XGBClassifier"
_OF_CLASSES = "binary:logistic", "multi:softprob", "multi:softmax"
_OF_LOGARITHMS = "count:poisson", "reg:gamma", "reg:tweedie"
_OF_NUMBERS = (
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:quantileerror",
)


@converts_members(*_KINDS)
def _boosters(estimators: Sequence[Any], place: str, rows: Any) -> nn.Module:
    learners = [json.loads(each.get_booster().save_raw("json"))["learner"] for each in estimators]
    objective = learners[0]["objective"]["name"]
    missing = estimators[0].missing
    if not np.isnan(missing):
        raise no_export(place, f"it takes {missing!r} for missing, only NaN can be")
    if callable(estimators[0].objective):
        raise no_export(place, "its objective is a function")
    if is_classifier(estimators[0]):
        kind = "classes" if objective in _OF_CLASSES else None
        if int(learners[0]["learner_model_param"]["num_target"]) > 1:
            raise no_export(place, "it predicts several labels")
    elif objective in _OF_LOGARITHMS:
        kind = "log"
    else:
        kind = "identity" if objective in _OF_NUMBERS else None
    if kind is None:
        raise no_export(place, f"its objective is {objective!r}")
    trees, start = [], []
    for learner in learners:
        own = _start_of(learner, objective)
        start.append(own)
        trees += _trees_of(learner, len(own), place)
    joined = Trees(trees, np.concatenate(start)[:, None], side=-1)
    return Boosting(joined, len(estimators), kind)


def _start_of(learner: dict[str, Any], objective: str) -> np.ndarray:
    """Return what is added to each output's trees: numbers as the trees add them up."""
    params = learner["learner_model_param"]
    n_outputs = max(1, int(params["num_class"]), int(params["num_target"]))
    base = np.atleast_1d(np.array(json.loads(params["base_score"]), dtype=float))
    if objective == "binary:logistic":
        base = np.log(base / (1 - base))
    elif objective in _OF_LOGARITHMS:
        base = np.log(base)
    return np.broadcast_to(base, n_outputs)


def _trees_of(learner: dict[str, Any], n_outputs: int, place: str) -> list[list[Tree]]:
    """Return the trees of each output that predict: up to the best iteration."""
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise no_export(place, f"its booster is {booster['name']!r}")
    model = booster["model"]
    last = learner["attributes"].get("best_iteration")
    n_trees = len(model["trees"]) if last is None else model["iteration_indptr"][int(last) + 1]
    trees: list[list[Tree]] = [[] for _ in range(n_outputs)]
    for output, tree in zip(model["tree_info"][:n_trees], model["trees"][:n_trees], strict=True):
        if any(tree["split_type"]):
            raise no_export(place, "its trees split categories")
        if int(tree["tree_param"]["size_leaf_vector"]) > 1:
            raise no_export(place, "its trees have several outputs")
        trees[output].append(_tree(tree))
    return trees


def _tree(tree: dict[str, Any]) -> Tree:
    left = np.array(tree["left_children"])
    condition = np.array(tree["split_conditions"], dtype=np.float32)
    return Tree(
        feature=np.array(tree["split_indices"]),
        # Values below it go to the left.
        threshold=np.nextafter(condition, np.float32(-np.inf)).astype(float),
        left=left,
        right=np.array(tree["right_children"]),
        missing_left=np.array(tree["default_left"], dtype=bool),
        is_leaf=left < 0,
        value=condition[:, None].astype(float),  # of a leaf
    )
