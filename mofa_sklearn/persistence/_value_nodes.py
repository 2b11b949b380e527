"""Loaders of numbers, random states, and small parts of scikit-learn and SciPy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import scipy.stats
from sklearn.neighbors import BallTree, KDTree

from .._sklearn_private import MetadataRequest, MethodMetadataRequest
from ._loader import MAX_LENGTH, Loader, Node, as_list, is_int, is_key, no_parts, tag_of

NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
NEIGHBOR_TREES = {"KDTree": KDTree, "BallTree": BallTree}
NEIGHBOR_METRICS = {
    "EuclideanDistance64": "euclidean",
    "ManhattanDistance64": "manhattan",
    "ChebyshevDistance64": "chebyshev",
    "MinkowskiDistance64": "minkowski",
    "HaversineDistance64": "haversine",
}
# Of scipy.stats, for what a random search draws from.
DISTRIBUTIONS = [
    "bernoulli",
    "beta",
    "binom",
    "expon",
    "gamma",
    "geom",
    "halfnorm",
    "laplace",
    "loguniform",
    "lognorm",
    "nbinom",
    "norm",
    "pareto",
    "poisson",
    "powerlaw",
    "randint",
    "t",
    "triang",
    "truncnorm",
    "uniform",
    "weibull_min",
]
BIT_GENERATORS = ["PCG64", "PCG64DXSM"]
METHODS = [
    *("fit", "partial_fit", "predict", "predict_proba", "predict_log_proba"),
    *("decision_function", "score", "split", "transform", "inverse_transform"),
]
_DTYPE = re.compile(r"[<>|][biufcSUMm]\d{1,6}(\[\d{0,4}[a-zA-Zμ]{1,2}\])?|\|O")
_MT19937_LENGTH = 624
# Columns, mostly, which will be made a list.
_MAX_RANGE = 10**7


# Numbers.


def _check_scalar(node: Node, document: Any) -> bool:
    value, dtype = node["scalar"], node["dtype"]
    if not _is_dtype(dtype):
        return False
    if dtype[1] == "f":
        return type(value) is float or tag_of(value) == "number"
    if dtype[1] in "iuMm":
        limits = np.iinfo(np.dtype(dtype) if dtype[1] in "iu" else np.int64)
        return is_int(value, int(limits.min), int(limits.max))
    return type(value) is {"b": bool, "U": str}.get(dtype[1])


def _make_scalar(node: Node, parts: list[Any], document: Any) -> np.generic:
    dtype, (value,) = np.dtype(node["dtype"]), parts
    if dtype.kind in "Mm":
        return np.array(value, np.int64).view(dtype)[()]
    return dtype.type(value)


def _is_dtype(text: Any) -> bool:
    if not isinstance(text, str) or _DTYPE.fullmatch(text) is None:
        return False
    try:
        return np.dtype(text).itemsize > 0
    except TypeError:
        return False


def _check_slice(node: Node, document: Any) -> bool:
    return len(node["slice"]) == 3 and all(map(is_key, node["slice"]))


def _check_range(node: Node, document: Any) -> bool:
    numbers = node["range"]
    return (
        len(numbers) == 3
        and all(is_int(number, -MAX_LENGTH) for number in numbers)
        and numbers[2] != 0
        and len(range(*numbers)) <= _MAX_RANGE
    )


# States of random numbers.


def _check_random_state(node: Node, document: Any) -> bool:
    key, position, has_gauss, gauss = node["random_state"]
    return (
        document.is_a("array", key)
        and document.dtype_of(key) == np.uint32
        and document.shape_of(key) == (_MT19937_LENGTH,)
        # The generator reads at this position.
        and is_int(position, 0, _MT19937_LENGTH)
        and has_gauss in (0, 1)
        and type(gauss) is float
    )


def _make_random_state(node: Node, parts: list[Any], document: Any) -> np.random.RandomState:
    state = np.random.RandomState(0)
    state.set_state(("MT19937", *parts))
    return state


def _check_generator(node: Node, document: Any) -> bool:
    state, increment, has_uint32, uint32 = node["state"]
    return (
        node["generator"] in BIT_GENERATORS
        and is_int(state, 0, 2**128 - 1)
        and is_int(increment, 0, 2**128 - 1)
        and is_int(has_uint32, 0, 1)
        and is_int(uint32, 0, 2**32 - 1)
    )


def _make_generator(node: Node, parts: list[Any], document: Any) -> np.random.Generator:
    state, increment, has_uint32, uint32 = node["state"]
    bit_generator = getattr(np.random, node["generator"])(0)
    bit_generator.state = {
        "bit_generator": node["generator"],
        "state": {"state": state, "inc": increment},
        "has_uint32": has_uint32,
        "uinteger": uint32,
    }
    return np.random.Generator(bit_generator)


# Parts of scikit-learn.


def _check_neighbors(node: Node, document: Any) -> bool:
    data = node["data"]
    return (
        node["neighbors"] in NEIGHBOR_TREES
        and document.is_a("array", data)
        and document.dtype_of(data) == np.float64
        and len(document.shape_of(data)) == 2
        and min(document.shape_of(data)) > 0
        and is_int(node["leaf_size"], 1)
        and node["metric"] in NEIGHBOR_METRICS.values()
        and type(node["p"]) in (int, float)
    )


def _make_neighbors(node: Node, parts: list[Any], document: Any) -> Any:
    """Grow the tree anew: the same rows give the same tree, and its tables need no check."""
    arguments = {"p": node["p"]} if node["metric"] == "minkowski" else {}
    grow = NEIGHBOR_TREES[node["neighbors"]]
    return grow(parts[0], leaf_size=node["leaf_size"], metric=node["metric"], **arguments)


def _check_routing(node: Node, document: Any) -> bool:
    requests = node["requests"]
    return (
        isinstance(node["routing"], str)
        and isinstance(requests, dict)
        and requests.keys() <= set(METHODS)
        and all(
            isinstance(of_method, dict)
            and all(
                value is None or isinstance(value, (bool, str)) for value in of_method.values()
            )
            for of_method in requests.values()
        )
    )


def _is_request(value: Any) -> bool:
    return value is None or isinstance(value, (bool, str))


def _make_routing(node: Node, parts: list[Any], document: Any) -> MetadataRequest:
    owner = node["routing"]
    routing = MetadataRequest(owner=owner)
    for method, requests in node["requests"].items():
        request = MethodMetadataRequest(owner=owner, method=method, requests=dict(requests))
        setattr(routing, method, request)
    return routing


def _check_distribution(node: Node, document: Any) -> bool:
    arguments, keywords = map(document.resolve, node["arguments"])
    return (
        node["distribution"] in DISTRIBUTIONS
        and tag_of(arguments) == "tuple"
        and tag_of(keywords) == "dict"
        and all(isinstance(name, str) for name, _ in keywords["dict"])
        and document.fits(arguments, "plain")
        and document.fits(keywords, "plain")
    )


def _make_distribution(node: Node, parts: list[Any], document: Any) -> Any:
    arguments, keywords = parts
    return getattr(scipy.stats, node["distribution"])(*arguments, **keywords)


#: tag -> loader
VALUES = {
    "number": Loader(
        ("number",),
        no_parts,
        lambda node, document: node["number"] in NOT_FINITE,
        lambda node, _, document: NOT_FINITE[node["number"]],
    ),
    "scalar": Loader(
        ("scalar", "dtype"), lambda node: [node["scalar"]], _check_scalar, _make_scalar
    ),
    "dtype": Loader(
        ("dtype",),
        no_parts,
        lambda node, document: _is_dtype(node["dtype"]),
        lambda node, _, document: np.dtype(node["dtype"]),
    ),
    "slice": Loader(
        ("slice",),
        lambda node: as_list(node["slice"]),
        _check_slice,
        lambda node, parts, document: slice(*parts),
    ),
    "range": Loader(
        ("range",),
        lambda node: as_list(node["range"]),
        _check_range,
        lambda node, parts, document: range(*parts),
    ),
    "random_state": Loader(
        ("random_state",),
        lambda node: as_list(node["random_state"]),
        _check_random_state,
        _make_random_state,
    ),
    "generator": Loader(("generator", "state"), no_parts, _check_generator, _make_generator),
    "neighbors": Loader(
        ("neighbors", "data", "leaf_size", "metric", "p"),
        lambda node: [node["data"]],
        _check_neighbors,
        _make_neighbors,
    ),
    "routing": Loader(("routing", "requests"), no_parts, _check_routing, _make_routing),
    "distribution": Loader(
        ("distribution", "arguments"),
        lambda node: as_list(node["arguments"]),
        _check_distribution,
        _make_distribution,
    ),
}
