"""Trees of CatBoost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from torch import nn

from ._convert import no_export
from ._members import converts_members
from ._trees import Boosting, Tree, Trees

_KINDS = "catboost.core.CatBoostRegressor", "catboost.core.CatBoostClassifier"
_OF_CLASSES = "Logloss", "CrossEntropy", "MultiClass"
_OF_LOGARITHMS = "Poisson", "Tweedie"
_OF_NUMBERS = (
    "RMSE",
    "MultiRMSE",
    "MAE",
    "MAPE",
    "Quantile",
    "Expectile",
    "Huber",
    "LogCosh",
)


@converts_members(*_KINDS)
def _boosters(estimators: Sequence[Any], place: str, rows: Any) -> nn.Module:
    models = [_read(each) for each in estimators]
    loss = models[0]["model_info"]["params"]["loss_function"]["type"]
    if is_classifier(estimators[0]):
        kind = "classes" if loss in _OF_CLASSES else None
    elif loss in _OF_LOGARITHMS:
        kind = "log"
    else:
        kind = "identity" if loss in _OF_NUMBERS else None
    if kind is None:
        raise no_export(place, f"its loss is {loss!r}")
    trees, start = [], []
    for model in models:
        scale, bias = model["scale_and_bias"]
        trees.append(_trees_of(model, scale, place))
        start.append(np.atleast_1d(bias))
    return Boosting(Trees(trees, np.stack(start), side=0), len(estimators), kind)


def _read(estimator: Any) -> dict[str, Any]:
    """Return a model as CatBoost writes it, to a file only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        estimator.save_model(str(path), format="json")
        return json.loads(path.read_text())


def _trees_of(model: dict[str, Any], scale: float, place: str) -> list[Tree]:
    if "oblivious_trees" not in model:
        raise no_export(place, "its grow_policy is not 'SymmetricTree'")
    columns = model["features_info"]["float_features"]
    return [_tree(tree, columns, scale, place) for tree in model["oblivious_trees"]]


def _tree(
    tree: dict[str, Any], columns: Sequence[dict[str, Any]], scale: float, place: str
) -> Tree:
    """Lay out a tree whose nodes of one depth all ask the same."""
    splits = tree["splits"] or []
    if any(split["split_type"] != "FloatFeature" for split in splits):
        raise no_export(place, "its trees split categories")
    depth = len(splits)
    # Each level's nodes in the order of the answers so far, the first one's bit the lowest.
    starts = 2 ** np.arange(depth + 1) - 1
    level = np.repeat(np.arange(depth + 1), 2 ** np.arange(depth + 1))
    of_level = [columns[split["float_feature_index"]] for split in splits]
    is_leaf = level == depth
    left = np.full(len(level), -1)
    left[~is_leaf] = (np.arange(len(level)) - starts[level] + starts[level] * 2 + 1)[~is_leaf]
    right = np.where(is_leaf, -1, left + 2**level)

    def for_nodes(values: list[Any]) -> np.ndarray:
        return np.array([*values, 0])[level]

    leaf_values = np.array(tree["leaf_values"], dtype=float).reshape(2**depth, -1)
    value = np.zeros((len(level), leaf_values.shape[1]))
    value[is_leaf] = scale * leaf_values
    return Tree(
        feature=for_nodes([column["flat_feature_index"] for column in of_level]),
        threshold=for_nodes([split["border"] for split in splits]).astype(float),
        left=left,
        right=right,
        missing_left=for_nodes(
            [column["nan_value_treatment"] != "AsTrue" for column in of_level]
        ).astype(bool),
        is_leaf=is_leaf,
        value=value,
    )
