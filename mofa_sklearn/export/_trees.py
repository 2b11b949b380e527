"""Trees of scikit-learn: all of them are walked through at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)
from torch import Tensor, nn

from ._convert import no_export
from ._linear import probabilities_of
from ._look_up import taken
from ._members import converts_members

# What steps before trees may differ by: of a column's largest threshold; and of normal scores.
_ROUNDING, _ROUNDING_OF_SCORES = 1e-6, 1e-6
_BEYOND_NUMBERS = 1e38


@dataclass
class Tree:
    """One tree: an entry for each node, the root first.

    Attributes
    ----------
    feature : ndarray of int of shape (n_nodes,)
    threshold : float64 ndarray of shape (n_nodes,)
        Values up to it go to the left.
    left, right : ndarray of int of shape (n_nodes,)
        Children; those of a leaf do not count.
    missing_left : ndarray of bool of shape (n_nodes,)
        Whether NaN goes to the left.
    is_leaf : ndarray of bool of shape (n_nodes,)
    value : ndarray of shape (n_nodes, n_values)
        What a leaf adds to the prediction.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    is_leaf: np.ndarray
    value: np.ndarray

    def depth(self) -> int:
        """Return how many steps there are from the root to the farthest leaf."""
        level, n_steps = np.array([0]), 0
        while not self.is_leaf[level].all():
            inner = level[~self.is_leaf[level]]
            level, n_steps = np.concatenate([self.left[inner], self.right[inner]]), n_steps + 1
        return n_steps


class Trees(nn.Module):
    """Sums of what trees say.

    Parameters
    ----------
    trees : list of n_sums lists of Tree
        Those of every sum.
    start : ndarray of shape (n_sums, n_values)
        What is added to each.
    side : {1, 0, -1}, default=1
        Where training rows are whose value is a threshold: 1 to the left, as in scikit-learn's
        boosting, -1 to the right; 0: there are none, since thresholds lie between values.
    """

    roots: Tensor
    feature: Tensor
    threshold: Tensor
    missing_right: Tensor
    left: Tensor
    to_right: Tensor
    value: Tensor
    belongs: Tensor
    start: Tensor

    def __init__(self, trees: Sequence[Sequence[Tree]], start: np.ndarray, side: int = 1) -> None:
        super().__init__()
        self.side = side
        every = [tree for own in trees for tree in own]
        sizes = [len(tree.feature) for tree in every]
        roots = np.cumsum([0, *sizes])[:-1]
        self.depth = max((tree.depth() for tree in every), default=0)

        def joined(name: str) -> np.ndarray:
            return np.concatenate([getattr(tree, name) for tree in every])

        is_leaf, at = joined("is_leaf"), np.arange(sum(sizes))
        first = np.repeat(roots, sizes)
        left = np.where(is_leaf, at, joined("left") + first)
        right = np.where(is_leaf, at, joined("right") + first)
        of_sum = np.repeat(np.arange(len(trees)), [len(own) for own in trees])
        keep = {
            "roots": roots,
            "feature": np.where(is_leaf, 0, joined("feature")).astype(np.int64),
            "threshold": _rounded_down(joined("threshold")),
            "missing_right": ~joined("missing_left"),
            "left": left,
            "to_right": right - left,
            "value": joined("value").astype(np.float64),
            "belongs": np.float64(of_sum[:, None] == np.arange(len(trees))),
            "start": np.asarray(start, dtype=np.float64)[:, None],
        }
        for name, array in keep.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))

    def forgive_rounding(self, computed: Tensor) -> None:
        """Let values pass a threshold that they miss by rounding errors only.

        A threshold may be a value of training rows, which others share where there are few:
        computed anew it must not come out on the other side.

        Parameters
        ----------
        computed : bool Tensor of shape (n_features,)
            Columns with rounding errors.
        """
        size = self.threshold.new_zeros(len(computed))
        # A threshold beyond all numbers only tells NaN from these.
        is_number = self.threshold.abs() < _BEYOND_NUMBERS
        finite = torch.where(is_number, self.threshold.abs(), 0)
        size.scatter_reduce_(0, self.feature, finite, "amax")
        allowed = torch.where(computed, _ROUNDING * size + _ROUNDING_OF_SCORES, 0)
        self.threshold += self.side * allowed[self.feature]

    def forward(self, x: Tensor) -> Tensor:
        """Map float32 (n_samples, n_features) to (n_sums, n_samples, n_values)."""
        at = self.roots.expand(x.shape[0], len(self.roots))  # (n_samples, n_trees)
        for _ in range(self.depth):
            values = x.gather(1, taken(self.feature, at))
            goes_right = (values > taken(self.threshold, at)) | (
                values.isnan() & taken(self.missing_right, at)
            )
            at = taken(self.left, at) + goes_right.to(torch.int64) * taken(self.to_right, at)
        said = taken(self.value, at).transpose(1, 2)  # (n_samples, n_values, n_trees)
        return (said @ self.belongs).permute(2, 0, 1) + self.start


def _rounded_down(numbers: np.ndarray) -> np.ndarray:
    """Return the largest float32 numbers that are not above: the same float32 are up to them."""
    with np.errstate(over="ignore"):
        rounded = numbers.astype(np.float32)
        below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded > numbers, below, rounded)


class Boosting(nn.Module):
    """What boosted trees' sums mean.

    Parameters
    ----------
    trees : Trees
        Of every member one after the other, a sum or a value for each output.
    n_members : int
    kind : {"identity", "log", "classes"}
        What the sums are: predictions, their logarithms, or scores of classes.
    """

    def __init__(self, trees: Trees, n_members: int, kind: str) -> None:
        super().__init__()
        self.trees, self.n_members, self.kind = trees, n_members, kind

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_members, n_samples, n_predicted)."""
        said = self.trees(x)  # (n_members * n_sums, n_samples, n_values)
        sums = said.unflatten(0, (self.n_members, said.shape[0] // self.n_members))
        sums = sums.transpose(1, 2).flatten(2)
        if self.kind == "identity":
            return sums
        if self.kind == "log":
            return sums.exp()
        return probabilities_of(sums)


@converts_members(HistGradientBoostingRegressor, HistGradientBoostingClassifier)
def _histogram_boostings(estimators: Sequence[Any], place: str, rows: Any) -> nn.Module:
    trees: list[list[Tree]] = []
    for each in estimators:
        if each.is_categorical_ is not None:
            raise no_export(
                place,
                "its trees split categories. Encode them before it "
                "(sklearn.preprocessing.OrdinalEncoder), and fit it without categorical_features",
            )
        by_output = zip(*each._predictors, strict=True)
        trees += [[_of_nodes(tree.nodes) for tree in own] for own in by_output]
    start = np.concatenate([each._baseline_prediction.reshape(-1, 1) for each in estimators])
    first = estimators[0]
    kind = "classes"
    if isinstance(first, HistGradientBoostingRegressor):
        kind = "log" if first.loss in ("poisson", "gamma") else "identity"
    return Boosting(Trees(trees, start), len(estimators), kind)


def _of_nodes(nodes: np.ndarray) -> Tree:
    return Tree(
        feature=nodes["feature_idx"].astype(np.int64),
        threshold=nodes["num_threshold"],
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        is_leaf=nodes["is_leaf"].astype(bool),
        value=nodes["value"][:, None],
    )


_TREES = (DecisionTreeRegressor, ExtraTreeRegressor, DecisionTreeClassifier, ExtraTreeClassifier)
_FORESTS = (
    RandomForestRegressor,
    ExtraTreesRegressor,
    RandomForestClassifier,
    ExtraTreesClassifier,
)


@converts_members(*_TREES, *_FORESTS)
def _forests(estimators: Sequence[Any], place: str, rows: Any) -> nn.Module:
    trees = []
    for each in estimators:
        if hasattr(each, "classes_") and each.n_outputs_ > 1:
            raise no_export(place, "it predicts several labels")
        own = each.estimators_ if isinstance(each, _FORESTS) else [each]
        trees.append([_of_tree(tree, 1 / len(own)) for tree in own])
    n_values = trees[0][0].value.shape[1]
    return Trees(trees, np.zeros((len(estimators), n_values)), side=0)


def _of_tree(estimator: Any, weight: float) -> Tree:
    tree = estimator.tree_
    value = tree.value.reshape(tree.node_count, -1)
    if hasattr(estimator, "classes_"):
        value = value / value.sum(axis=1, keepdims=True)
    return Tree(
        feature=tree.feature,
        threshold=tree.threshold,
        left=tree.children_left,
        right=tree.children_right,
        missing_left=tree.missing_go_to_left.astype(bool),
        is_leaf=tree.children_left < 0,
        value=weight * value,
    )
