"""What makers of regressors and of classifiers share: names, settings, steps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from ..modalities._resolve import Modalities
from ..preprocessing import BlockPCA, ModalityPreprocessor
from ._median_imputer import MedianImputer

N_COMPONENTS = 32
N_NEIGHBORS = 20
# Boosting: many small steps, each split on some of the columns, ended by the held-out rows.
_N_TREES, _RATE, _PATIENCE = 1000, 0.05, 30
MAX_FEATURES = 256
# Small trees on coarse bins are no worse on embeddings, and several times faster.
_DEPTH, _N_BINS = 4, 63

HIST_GB = {
    "max_iter": _N_TREES,
    "learning_rate": _RATE,
    "max_leaf_nodes": 2**_DEPTH,
    "max_bins": _N_BINS,
    "early_stopping": True,
    "n_iter_no_change": _PATIENCE,
}
XGBOOST = {
    "n_estimators": _N_TREES,
    "learning_rate": _RATE,
    "max_depth": _DEPTH,
    "max_bin": _N_BINS,
    "early_stopping_rounds": _PATIENCE,
}
LIGHTGBM = {
    "n_estimators": _N_TREES,
    "learning_rate": _RATE,
    "num_leaves": 2**_DEPTH,
    "max_bin": _N_BINS,
    "early_stopping_round": _PATIENCE,
    # Listed among its parameters only if given.
    "colsample_bynode": 1.0,
    # The same trees whatever the number of threads.
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}
CATBOOST = {
    "iterations": _N_TREES,
    "learning_rate": _RATE,
    "depth": _DEPTH,
    "border_count": _N_BINS,
    "early_stopping_rounds": _PATIENCE,
    "allow_writing_files": False,
}
MLP = {
    # scikit-learn's own, 1e-4, leaves hundreds of columns and few rows to overfitting.
    "alpha": 10.0,
    "early_stopping": True,
    "max_iter": 200,
    "n_iter_no_change": 10,
}

#: What the makers' arguments may be.
CONSTRAINTS = {
    "modalities": [Mapping, callable, None],
    "names": [str, Iterable, None],
    "random_state": ["random_state"],
    "n_jobs": [Integral, None],
}

_logger = logging.getLogger("mofa_sklearn")


@dataclass(frozen=True)
class Setting:
    """What a maker may know.

    Parameters
    ----------
    modalities : dict, callable or None
        Which columns form which modality.
    random_state : int or None
        The seed.
    n_jobs : int or None
        Number of threads.
    """

    modalities: Modalities
    random_state: int | None
    n_jobs: int | None

    @classmethod
    def of(cls, modalities: Modalities, random_state: Any, n_jobs: int | None) -> Setting:
        """Draw one seed for all baselines, so that they do not depend on their order."""
        if random_state is not None and not isinstance(random_state, Integral):
            random_state = check_random_state(random_state).randint(2**31 - 1)
        return cls(modalities, None if random_state is None else int(random_state), n_jobs)


Makers = Mapping[str, Callable[[Setting], BaseEstimator]]


def make_all(
    makers: Makers, names: str | Iterable[str] | None, setting: Setting
) -> dict[str, BaseEstimator]:
    """Make the baselines of these names, or all whose library is installed.

    Parameters
    ----------
    makers : mapping of str to callable
        What there is.
    names : str, iterable of str, or None
        What is asked for.
    setting : Setting
        What the makers may know.

    Returns
    -------
    dict of str to estimator

    Raises
    ------
    ValueError
        If a name is unknown.
    ImportError
        If one is asked for by name whose library is not installed.
    """
    if names is not None:
        return {name: _make(makers, name, setting) for name in _known(makers, names)}
    made, left_out = {}, []
    for name in makers:
        try:
            made[name] = _make(makers, name, setting)
        except ImportError:
            left_out.append(name)
    if left_out:
        tell_left_out(tuple(left_out))
    return made


def _known(makers: Makers, names: str | Iterable[str]) -> list[str]:
    names = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in names if name not in makers]
    if unknown:
        raise ValueError(f"Unknown baseline(s) {unknown} in names; there are {list(makers)}.")
    return names


def _make(makers: Makers, name: str, setting: Setting) -> BaseEstimator:
    try:
        return makers[name](setting)
    except ImportError as error:
        raise ImportError(
            f"The baseline '{name}' cannot be made: {error}. Install its library with "
            'pip install "mofa-sklearn[gbdt]".'
        ) from error


@cache
def tell_left_out(names: tuple[str, ...]) -> None:
    """Say, once, which baselines are not made."""
    _logger.warning(
        "Baselines left out, as their libraries are not installed: %s. To have them: "
        'pip install "mofa-sklearn[gbdt]".',
        ", ".join(names),
    )


def on_scaled_columns(
    role: str, estimator: BaseEstimator, *steps: tuple[str, BaseEstimator]
) -> Pipeline:
    """Put an estimator, called by its role, behind steps, filling of NaN, and scaling."""
    fill = MedianImputer(strategy="median", keep_empty_features=True)
    scale = StandardScaler()
    return Pipeline([*steps, ("impute", fill), ("scale", scale), (role, estimator)])


def reduced(setting: Setting, n_components: int, **params) -> tuple[str, ModalityPreprocessor]:
    """Make the step that leaves a few columns of every modality."""
    pca = BlockPCA(n_components, random_state=setting.random_state, **params)
    return "preprocess", ModalityPreprocessor(pca, modalities=setting.modalities)
