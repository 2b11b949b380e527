"""The types that a file may be made into."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import Any

import sklearn.metrics
from sklearn.base import BaseEstimator

import mofa_sklearn

from ..networks.fusions import FUSIONS
from ..networks.losses import CLASS_LOSSES, LABEL_LOSSES, LOSSES, ORDINAL_LOSSES
from ..training.schedules import SCHEDULES

# Types whose compiled code believes what a file says. `_trees.check_trees` looks first.
BOOSTED_TREE = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
NEIGHBOR_TREE = "sklearn.neighbors._kd_tree.KDTree"

# Plain holders of values, that skops does not list.
_PLAIN = {
    "collections.OrderedDict",
    "functools.partial",
    "mofa_sklearn.baselines._make_baselines._one_block",
    "mofa_sklearn.ensemble._blend_intervals.BlendIntervals",
    "mofa_sklearn.ensemble._blend_parts.SplitsOfBlend",
    "mofa_sklearn.estimators._targets.TargetScale",
    "mofa_sklearn.pipeline._raw_modalities.RawModalities",
    "mofa_sklearn.preprocessing._neighbors.BruteForceIndex",
    "mofa_sklearn.preprocessing._neighbors.NeighborSearch",
    "mofa_sklearn.preprocessing._memory.Memory",
    "numpy.dtype",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    "sklearn.utils.validation.check_array",
    BOOSTED_TREE,
    NEIGHBOR_TREE,
}


@cache
def trusted_types() -> frozenset[str]:
    """Return what is trusted besides what skops trusts by itself.

    The estimators of this package with what they are made of, and scikit-learn's
    splitters, scorers and score functions: all of them keep values, and none runs
    anything that a file holds.

    Returns
    -------
    frozenset of str
        Full names.
    """
    losses: list[dict[str, Any]] = [LOSSES, CLASS_LOSSES, LABEL_LOSSES, ORDINAL_LOSSES]
    tables = [kind for table in (FUSIONS, *losses, SCHEDULES) for kind in table.values()]
    return frozenset(
        _PLAIN
        | set(map(full_name, [*_own_estimators(), *_splitters(), *_score_functions(), *tables]))
    )


def names_of(trusted: Iterable[str | type] | None) -> set[str]:
    """Return the full names of the types that the caller trusts.

    Parameters
    ----------
    trusted : list of str or type, or None
        Types, functions, or their full names.

    Returns
    -------
    set of str

    Raises
    ------
    TypeError
        If it is anything else.
    """
    if trusted is None:
        return set()
    if isinstance(trusted, (str, bytes, bool)) or not isinstance(trusted, Iterable):
        raise TypeError(f"trusted must be a list of types or of their names, got {trusted!r}.")
    return {item if isinstance(item, str) else full_name(item) for item in trusted}


def full_name(kind: Any) -> str:
    """Return the module and name of a type or function."""
    if not hasattr(kind, "__name__"):
        raise TypeError(f"trusted must be a list of types or of their names, got {kind!r} in it.")
    return f"{kind.__module__}.{kind.__name__}"


def _own_estimators() -> list[type]:
    found = pkgutil.walk_packages(mofa_sklearn.__path__, "mofa_sklearn.")
    kinds = [kind for module in found for kind in _defined_in(module.name, inspect.isclass)]
    return [kind for kind in kinds if issubclass(kind, BaseEstimator)]


def _splitters() -> list[type]:
    kinds = _defined_in("sklearn.model_selection._split", inspect.isclass)
    return [kind for kind in kinds if hasattr(kind, "split")]


def _score_functions() -> list[Any]:
    scorers = map(sklearn.metrics.get_scorer, sklearn.metrics.get_scorer_names())
    own = _defined_in("mofa_sklearn.metrics", inspect.isfunction)
    return [*(scorer._score_func for scorer in scorers), *own]


def _defined_in(module: str, is_wanted: Callable[[Any], bool]) -> list[Any]:
    members = inspect.getmembers(import_module(module), is_wanted)
    return [value for _, value in members if value.__module__ == module]
