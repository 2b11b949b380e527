"""Check the tables of scikit-learn's models that its compiled code believes.

Positions in them are followed without a look at the bounds: a forged one would read or
write memory that is not the model's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._errors import PersistenceError
from ._loader import Node, tag_of

_TREE = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
#: classes that are looked at with what holds them, and trusted nowhere else
BELIEVED = frozenset([_TREE])

Attributes = dict[str, Node]
Check = Callable[[Attributes, Any], dict[str, str]]


def _refuse(is_right: Any, what: str) -> None:
    if not is_right:
        raise PersistenceError(f"{what} was tampered with")


def _get(attributes: Attributes, name: str, document: Any) -> Node:
    return document.resolve(attributes.get(name))


def _array(attributes: Attributes, name: str, document: Any) -> np.ndarray:
    node = _get(attributes, name, document)
    _refuse(tag_of(node) == "array", f"{name} of a model")
    return document.array(node)


def _shape(attributes: Attributes, name: str, document: Any) -> tuple[int, ...]:
    """Return the shape of an array, of an array of objects, or of a sparse matrix."""
    node = _get(attributes, name, document)
    _refuse(tag_of(node) in ("array", "objects", "sparse"), f"{name} of a model")
    return document.shape_of(node)


# Boosted trees.


def _check_boosting(attributes: Attributes, document: Any) -> dict[str, str]:
    if "_predictors" not in attributes:
        return {}
    if _get(attributes, "_preprocessor", document) is not None:
        return {_TREE: "the tables of categorical features are not checked"}
    n_features = attributes.get("n_features_in_")
    if type(n_features) is not int:
        raise PersistenceError("a boosting model was tampered with")
    for iteration in _get(attributes, "_predictors", document)["list"]:
        for tree in document.resolve(iteration)["list"]:
            tree = document.resolve(tree)["attributes"]
            _check_tree(_array(tree, "nodes", document), n_features)
            for name in ("binned_left_cat_bitsets", "raw_left_cat_bitsets"):
                _refuse(len(_shape(tree, name, document)) == 2, "a tree")
    return {}


def _check_tree(nodes: np.ndarray, n_features: int) -> None:
    _refuse(nodes.ndim == 1 and len(nodes) > 0, "a tree")
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    splits = nodes[inner]
    children = np.stack([splits["left"], splits["right"]]).astype(np.int64)
    in_bounds = (
        # A child comes after its parent, so that every way ends.
        (children > inner).all()
        and (children < len(nodes)).all()
        and len(np.unique(children)) == children.size
        and (splits["feature_idx"] >= 0).all()
        and (splits["feature_idx"] < n_features).all()
        and not nodes["is_categorical"].any()
    )
    _refuse(in_bounds, "a tree, with positions out of bounds,")


# Neighbours.


def _check_neighbors(attributes: Attributes, document: Any) -> dict[str, str]:
    """As many rows as are said, and the labels of a classifier those of its classes."""
    if attributes.get("_fit_X") is None:
        return {}
    n_rows = _shape(attributes, "_fit_X", document)[0]
    _refuse(attributes.get("n_samples_fit_") == n_rows, "a model of neighbours")
    tree = _get(attributes, "_tree", document)
    if tree is not None:
        shape = document.shape_of(tree["data"])
        _refuse(shape == _shape(attributes, "_fit_X", document), "a model of neighbours")
    if "classes_" in attributes:
        _check_labels(attributes, n_rows, document)
    return {}


def _check_labels(attributes: Attributes, n_rows: int, document: Any) -> None:
    labels = _array(attributes, "_y", document)
    classes = _get(attributes, "classes_", document)
    of_targets = classes["list"] if tag_of(classes) == "list" else [classes]
    counts = [document.shape_of(of_target)[0] for of_target in of_targets]
    is_right = (
        labels.dtype.kind in "iu"
        and labels.ndim in (1, 2)
        and len(labels) == n_rows
        and labels.reshape(n_rows, -1).shape[1] in (1, len(counts))
        and (labels >= 0).all()
        and (labels.reshape(n_rows, -1) < counts).all()
    )
    _refuse(is_right, "a classifier of neighbours")


# Support vectors.


def _check_support_vectors(classifies: bool) -> Check:
    """Counts and shapes that libsvm walks along."""

    def check(attributes: Attributes, document: Any) -> dict[str, str]:
        if "support_vectors_" not in attributes:
            return {}
        vectors = _get(attributes, "support_vectors_", document)
        support, counts = (
            _array(attributes, name, document) for name in ("support_", "_n_support")
        )
        n_vectors, n_features = document.shape_of(vectors)
        n_classes = len(counts)
        n_pairs = n_classes * (n_classes - 1) // 2
        is_right = (
            tag_of(vectors) == "array"
            and support.shape == (n_vectors,)
            and support.dtype == counts.dtype == np.int32
            and n_features == attributes.get("n_features_in_")
            and (counts >= 0).all()
            and (int(counts.sum()) == n_vectors if classifies else n_classes == 2)
        )
        _refuse(is_right, "a support vector machine")
        shapes = {
            **dict.fromkeys(["dual_coef_", "_dual_coef_"], (n_classes - 1, n_vectors)),
            **dict.fromkeys(["intercept_", "_intercept_", "_probA", "_probB"], (n_pairs,)),
        }
        for name, expected in shapes.items():
            shape = _shape(attributes, name, document)
            without = name.startswith("_prob") and shape == (0,)
            _refuse(without or shape == expected, "a support vector machine")
        return {}

    return check


def _unless_sparse(name: str, check: Check) -> Check:
    def check_dense(attributes: Attributes, document: Any) -> dict[str, str]:
        kernel = _get(attributes, "kernel", document)
        if "support_vectors_" in attributes and (
            _get(attributes, "_sparse", document) is not False
            or kernel not in ("linear", "poly", "rbf", "sigmoid")
        ):
            return {name: "only dense rows and kernels by name are checked"}
        return check(attributes, document)

    return check_dense


# Columns of a sparse result.


def _check_vocabulary(attributes: Attributes, document: Any) -> dict[str, str]:
    """Each word has a column of its own."""
    words = _get(attributes, "vocabulary_", document)
    if words is not None:
        _refuse(tag_of(words) == "dict", "a vocabulary")
        columns = [document.resolve(column) for _, column in words["dict"]]
        columns = [c["scalar"] if tag_of(c) == "scalar" else c for c in columns]
        _refuse(all(type(column) is int for column in columns), "a vocabulary")
        _refuse(sorted(columns) == list(range(len(columns))), "a vocabulary")
    return {}


def _check_categories(attributes: Attributes, document: Any) -> dict[str, str]:
    """As many columns as there are categories."""
    if "categories_" not in attributes or "_n_features_outs" not in attributes:
        return {}
    categories = _get(attributes, "categories_", document)["list"]
    counts = [document.shape_of(column)[0] for column in categories]
    if _get(attributes, "_infrequent_enabled", document) is not False:
        groups = _get(attributes, "_default_to_infrequent_mappings", document)["list"]
        _refuse(len(groups) == len(counts), "an encoder")
        for column, group in enumerate(groups):
            if group is not None:
                counts[column] = _count_groups(document.array(group), counts[column])
    dropped = _get(attributes, "_drop_idx_after_grouping", document)
    if dropped is not None:
        of_columns = _plain_list(dropped, document)
        _refuse(len(of_columns) == len(counts), "an encoder")
        for column, position in enumerate(of_columns):
            if position is not None:
                _refuse(0 <= int(position) < counts[column], "an encoder")
                counts[column] -= 1
    widths = _get(attributes, "_n_features_outs", document)["list"]
    _refuse(widths == counts, "an encoder")
    return {}


def _count_groups(groups: np.ndarray, n_categories: int) -> int:
    is_right = groups.shape == (n_categories,) and groups.dtype.kind in "iu"
    _refuse(is_right and (groups >= 0).all(), "an encoder")
    return int(groups.max(initial=-1)) + 1


def _plain_list(node: Node, document: Any) -> list[Any]:
    return document.array(node).tolist() if tag_of(node) == "array" else node["objects"]


_ENCODER = "sklearn.preprocessing._encoders.OneHotEncoder"
_NEIGHBORS = """
    _classification.KNeighborsClassifier _classification.RadiusNeighborsClassifier
    _graph.KNeighborsTransformer _graph.RadiusNeighborsTransformer _lof.LocalOutlierFactor
    _regression.KNeighborsRegressor _regression.RadiusNeighborsRegressor
    _unsupervised.NearestNeighbors
"""
_SUPPORT_VECTORS = ["NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR"]
_BOOSTING = "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoosting"

#: class -> what looks at its attributes, when they are of the kinds that the list says
CHECKS: dict[str, Check] = {
    f"{_BOOSTING}Regressor": _check_boosting,
    f"{_BOOSTING}Classifier": _check_boosting,
    **{f"sklearn.neighbors.{name}": _check_neighbors for name in _NEIGHBORS.split()},
    **{
        name: _unless_sparse(name, _check_support_vectors(name.endswith("SVC")))
        for name in (f"sklearn.svm._classes.{of}" for of in _SUPPORT_VECTORS)
    },
    "sklearn.feature_extraction.text.CountVectorizer": _check_vocabulary,
    "sklearn.feature_extraction.text.TfidfVectorizer": _check_vocabulary,
    _ENCODER: _check_categories,
}
