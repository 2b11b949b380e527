"""What to search, and what to search by: for scikit-learn's searches and Optuna's.

The parameters of a network sit deep inside a pipeline; :func:`mofa_search_space` finds them there.
Searches that take a single scorer are given all of them by :func:`combine_scorers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring

from ._sklearn_private import StrOptions, validate_params
from .estimators._base import BaseMoFA
from .networks.fusions import FUSIONS

__all__ = ["combine_scorers", "mofa_search_space"]


@dataclass(frozen=True)
class _Choice:
    """One of a few values."""

    grid: tuple

    def distribution(self) -> list:
        return list(self.grid)

    def optuna_distribution(self, distributions: Any) -> Any:
        return distributions.CategoricalDistribution(self.grid)


@dataclass(frozen=True)
class _Range:
    """A number from `low` to `high`; with `log`, all orders of magnitude are as likely."""

    low: float
    high: float
    grid: tuple
    log: bool = False

    def distribution(self) -> Any:
        if self.log:
            return stats.loguniform(self.low, self.high)
        return stats.uniform(self.low, self.high - self.low)

    def optuna_distribution(self, distributions: Any) -> Any:
        return distributions.FloatDistribution(self.low, self.high, log=self.log)


# Strong signals want long training and low dropout, noise wants the opposite.
_SPACE: dict[str, _Choice | _Range] = {
    "hidden_dim": _Choice((128, 256, 512)),
    "dropout": _Range(0.0, 0.6, (0.2, 0.4)),
    "modality_dropout": _Range(0.0, 0.3, (0.0, 0.1, 0.2)),
    "learning_rate": _Range(1e-4, 5e-3, (3e-4, 1e-3, 3e-3), log=True),
    "weight_decay": _Range(1e-5, 1e-1, (1e-4, 1e-3, 1e-2), log=True),
    "batch_size": _Choice((64, 128, 256)),
    "max_epochs": _Choice((15, 30, 60)),
    "fusion": _Choice(tuple(FUSIONS)),
}
_DEFAULT_NAMES = tuple(name for name in _SPACE if name != "fusion")
# A grid grows by multiplication: 18 candidates.
_DEFAULT_GRID_NAMES = ("dropout", "learning_rate", "max_epochs")


@validate_params(
    {
        "estimator": [BaseEstimator, None],
        "kind": [StrOptions({"grid", "distributions", "optuna"})],
        "names": [list, tuple, None],
        "prefix": [str, None],
    },
    prefer_skip_nested_validation=True,
)
def mofa_search_space(
    estimator: BaseEstimator | None = None,
    *,
    kind: str = "distributions",
    names: Sequence[str] | None = None,
    prefix: str | None = None,
) -> dict[str, Any]:
    """Make the search space of a MoFA network, wherever it is.

    Parameters
    ----------
    estimator : estimator, default=None
        What is to be tuned: a :class:`~mofa_sklearn.MoFARegressor`, or a pipeline, an
        ensemble or another estimator around one. It is looked through for the network,
        to give the parameters their prefix. None: see `prefix`.

    kind : {"distributions", "grid", "optuna"}, default="distributions"
        What values look like:

        - ``"distributions"``: lists and scipy distributions, for
          :class:`~sklearn.model_selection.RandomizedSearchCV` and
          :class:`~sklearn.model_selection.HalvingRandomSearchCV`;
        - ``"grid"``: lists of two or three values, for
          :class:`~sklearn.model_selection.GridSearchCV`;
        - ``"optuna"``: distributions of Optuna, which has to be installed, for its
          ``OptunaSearchCV``.

    names : list of str, default=None
        The parameters to search, among ``hidden_dim``, ``dropout``, ``modality_dropout``,
        ``learning_rate``, ``weight_decay``, ``batch_size``, ``max_epochs`` and
        ``fusion``. None: all but ``fusion``; of a grid, which would be too large,
        ``dropout``, ``learning_rate`` and ``max_epochs`` (18 candidates).

    prefix : str, default=None
        Put before the names, as in ``"regressor__estimator__"``. None: found in
        `estimator`.

    Returns
    -------
    dict of str to list or distribution
        A new one at each call: change, add or delete entries as you like.

    Raises
    ------
    ValueError
        If a name is unknown, or if not exactly one network is in `estimator`.
    ImportError
        If Optuna is not installed, for ``kind="optuna"``.

    Examples
    --------
    >>> from mofa_sklearn import make_mofa_pipeline
    >>> from mofa_sklearn.tuning import mofa_search_space
    >>> pipeline = make_mofa_pipeline({"image": 8, "text": 6})
    >>> mofa_search_space(pipeline, kind="grid", names=["hidden_dim", "dropout"])
    {'regressor__estimator__hidden_dim': [128, 256, 512],
     'regressor__estimator__dropout': [0.2, 0.4]}
    >>> len(mofa_search_space(pipeline))
    7
    """
    if names is None:
        names = _DEFAULT_GRID_NAMES if kind == "grid" else _DEFAULT_NAMES
    unknown = [name for name in names if name not in _SPACE]
    if unknown:
        raise ValueError(f"names must be among {list(_SPACE)}, got {unknown}.")
    if prefix is None:
        prefix = "" if estimator is None else _prefix_of_network(estimator)
    return {f"{prefix}{name}": value for name, value in _values(kind, names).items()}


def _values(kind: str, names: Iterable[str]) -> dict[str, Any]:
    if kind == "grid":
        return {name: list(_SPACE[name].grid) for name in names}
    if kind == "distributions":
        return {name: _SPACE[name].distribution() for name in names}
    try:
        from optuna import distributions
    except ImportError as error:
        raise ImportError(
            "kind='optuna' needs Optuna: pip install optuna optuna-integration."
        ) from error
    return {name: _SPACE[name].optuna_distribution(distributions) for name in names}


def _prefix_of_network(estimator: BaseEstimator) -> str:
    """Return what stands before a parameter's name, of the one network in an estimator."""
    if isinstance(estimator, BaseMoFA):
        return ""
    inside = estimator.get_params(deep=True).items()
    prefixes = [f"{name}__" for name, value in inside if isinstance(value, BaseMoFA)]
    if len(prefixes) == 1:
        return prefixes[0]
    if not prefixes:
        raise ValueError(
            f"There is no MoFA network in this {type(estimator).__name__}: pass one explicitly "
            "(KFoldEnsembleRegressor(estimator=MoFARegressor())), or say prefix=."
        )
    raise ValueError(
        f"There are {len(prefixes)} MoFA networks in this {type(estimator).__name__}; choose one "
        f"with prefix=, among {sorted(prefixes)}."
    )


@validate_params({"scorers": [Mapping], "refit": [str]}, prefer_skip_nested_validation=True)
def combine_scorers(scorers: Mapping[str, Any], refit: str = "nmse") -> CombinedScorer:
    """Make one scorer of several, for searches that take only one.

    :class:`~sklearn.model_selection.HalvingRandomSearchCV` and Optuna's ``OptunaSearchCV``
    choose by the score called ``"score"``, and record all that a scorer returns.

    Parameters
    ----------
    scorers : dict of str to scorer
        As :func:`~mofa_sklearn.metrics.make_target_scorers` makes them, or as
        :class:`~sklearn.model_selection.GridSearchCV` takes them.

    refit : str, default="nmse"
        The scorer to choose by.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y)`` returns a dict with ``"score"`` and every scorer's
        value. Pass ``refit="score"`` along with it to searches of scikit-learn.

    Raises
    ------
    ValueError
        If `refit` is none of the scorers, or one of them is called "score".

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.metrics import make_target_scorers
    >>> from mofa_sklearn.tuning import combine_scorers
    >>> X, y = make_micro_videos(100, modalities={"image": 8}, n_targets=2, random_state=0)
    >>> scorer = combine_scorers(make_target_scorers(["views", "likes"]))
    >>> list(scorer(Ridge().fit(X, y), X, y))
    ['score', 'nmse', 'nmse_views', 'nmse_likes']
    """
    wrong = [
        name for name, each in scorers.items() if not (callable(each) or isinstance(each, str))
    ]
    if wrong or not scorers:
        raise TypeError(
            f"scorers must be a dict of name -> scorer or its name, got {dict(scorers)!r}."
        )
    if refit not in scorers:
        raise ValueError(f"refit must be one of {list(scorers)}, got {refit!r}.")
    if "score" in scorers:
        raise ValueError("No scorer may be called 'score': that is the one to choose by.")
    return CombinedScorer(scorers, refit)


class CombinedScorer:
    """Score by several scorers at once; see :func:`combine_scorers`."""

    def __init__(self, scorers: Mapping[str, Any], refit: str) -> None:
        self.refit = refit
        # One for all of them predicts only once.
        self.scorer = check_scoring(scoring=dict(scorers))

    def __call__(self, estimator: BaseEstimator, X: Any, y: Any, **params) -> dict[str, float]:
        """Return the values by the scorers' names, and the one to choose by as ``"score"``."""
        values = self.scorer(estimator, X, y, **params)
        return {"score": values[self.refit], **values}
