"""The regressors that a competitor would try first, by their names."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from ..estimators import MoFARegressor
from ..modalities import Modalities
from ..preprocessing import BlockPCA, ModalityPreprocessor
from ._early_stopping import EarlyStoppingRegressor
from ._landmarks import LandmarkKernel
from ._mlp import EarlyStoppingMLPRegressor

# From next to no shrinking of standardised columns to nothing but the mean.
_RIDGE_ALPHAS = np.logspace(-5, 7, 13)
_N_COMPONENTS = 32
_N_COMPONENTS_AFEW_VA = 100
_N_NEIGHBORS = 20
# Boosting: many small steps, each split on some of the columns, ended by the held-out rows.
_N_TREES, _RATE, _PATIENCE, _MAX_FEATURES = 1000, 0.05, 30, 256
# Small trees on coarse bins are no worse on embeddings, and several times faster.
_DEPTH, _N_BINS = 4, 63
_MAX_EPOCHS, _N_EPOCHS_NO_CHANGE = 200, 10
# scikit-learn's own, 1e-4, leaves hundreds of columns and few rows to overfitting.
_MLP_PENALTY = 10.0

_logger = logging.getLogger("mofa_sklearn")


@dataclass(frozen=True)
class _Setting:
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


def make_baselines(
    modalities: Modalities = None,
    *,
    names: str | Iterable[str] | None = None,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> dict[str, BaseEstimator]:
    """Make the regressors that a new model has to beat.

    All of them are unfitted scikit-learn regressors or pipelines with sensible
    settings, for one target or several, for data with NaN, missing modalities
    included. Those that learn step by step stop early: on the held-out fold as
    members of a :class:`~mofa_sklearn.KFoldEnsembleRegressor`, else on a tenth of
    their rows, drawn at random.

    ================  ==============================================================
    name              what it is
    ================  ==============================================================
    ``dummy``         the mean of each target
    ``ridge``         ridge regression on standardised columns; the penalty of each
                      target by leave-one-out
    ``pca-ridge``     the same on 32 principal components of each wide modality
    ``kernel-ridge``  the same on a Gaussian kernel, by 500 landmarks (Nystroem)
    ``knn``           the 20 nearest rows on standardised columns, near ones
                      counting more
    ``mlp``           scikit-learn's network
    ``hist-gb``       scikit-learn's gradient boosting
    ``xgboost``       XGBoost's (optional dependency), targets together
    ``lightgbm``      LightGBM's (optional dependency)
    ``catboost``      CatBoost's (optional dependency), targets together
    ``mvp``           the system MVP ([1]_): ``hist-gb`` on 32 principal components
                      of each wide modality and the logarithms of narrow ones
    ``afew-va``       the system for AFEW-VA ([2]_): a small network on 100 principal
                      components of each wide modality, trained by concordance
    ================  ==============================================================

    Parameters
    ----------
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`. Used by ``pca-ridge``,
        ``mvp`` and ``afew-va``.

    names : str or iterable of str, default=None
        Which to make, in this order. None makes all whose library is installed; one
        line of the logger ``mofa_sklearn`` tells, once, which are left out.

    random_state : int, RandomState instance or None, default=None
        Determines all that is random in each of them.

    n_jobs : int or None, default=None
        Number of threads of boosting, networks and neighbours; -1 takes all
        processors. None: as many as OpenMP may use in this process, one for
        neighbours; see :class:`EarlyStoppingRegressor`. The linear algebra of the
        others uses as many as BLAS may.

    Returns
    -------
    dict of str to regressor
        Name and unfitted regressor.

    Raises
    ------
    ValueError
        If a name is unknown.
    ImportError
        If a baseline is asked for by name whose library is not installed.

    References
    ----------
    .. [1] Ye et al., "MVP: Winning Solution to SMP Challenge 2025 Video Track",
       arXiv:2507.00950.
    .. [2] Kossaifi et al., "AFEW-VA database for valence and arousal estimation
       in-the-wild", Image and Vision Computing 65, 2017.

    Examples
    --------
    >>> from mofa_sklearn.baselines import make_baselines
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> widths = {"image": 40, "text": 8}
    >>> X, y = make_micro_videos(200, modalities=widths, noise=0.1, random_state=0)
    >>> for name, model in make_baselines(widths, names=["dummy", "pca-ridge"]).items():
    ...     print(name, model.fit(X[:150], y[:150]).score(X[150:], y[150:]) > 0.3)
    dummy False
    pca-ridge True
    """
    setting = _Setting(modalities, _as_seed(random_state), n_jobs)
    if names is not None:
        return {name: _make(name, setting) for name in _known(names)}
    made, left_out = {}, []
    for name in _MAKERS:
        try:
            made[name] = _make(name, setting)
        except ImportError:
            left_out.append(name)
    if left_out:
        _tell_left_out(tuple(left_out))
    return made


def _known(names: str | Iterable[str]) -> list[str]:
    names = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in names if name not in _MAKERS]
    if unknown:
        raise ValueError(f"Unknown baseline(s) {unknown}; there are {list(_MAKERS)}.")
    return names


def _make(name: str, setting: _Setting) -> BaseEstimator:
    try:
        return _MAKERS[name](setting)
    except ImportError as error:
        raise ImportError(
            f"The baseline '{name}' cannot be made: {error}. Install its library with "
            'pip install "mofa-sklearn[gbdt]".'
        ) from error


@cache
def _tell_left_out(names: tuple[str, ...]) -> None:
    _logger.warning(
        "Baselines left out, as their libraries are not installed: %s. To have them: "
        'pip install "mofa-sklearn[gbdt]".',
        ", ".join(names),
    )


def _as_seed(random_state: Any) -> int | None:
    """Return one number for all baselines, so that they do not depend on their order."""
    if random_state is None:
        return None
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def _on_scaled_columns(regressor: BaseEstimator, *steps: tuple[str, BaseEstimator]) -> Pipeline:
    """Put a regressor behind steps, filling of NaN, and scaling."""
    fill = SimpleImputer(strategy="median", keep_empty_features=True)
    scale = StandardScaler()
    return Pipeline([*steps, ("impute", fill), ("scale", scale), ("regressor", regressor)])


def _reduced(setting: _Setting, n_components: int, **params) -> tuple[str, ModalityPreprocessor]:
    """Make the step that leaves a few columns of every modality."""
    pca = BlockPCA(n_components, random_state=setting.random_state, **params)
    return "preprocess", ModalityPreprocessor(pca, modalities=setting.modalities)


def _stopping(setting: _Setting, estimator: BaseEstimator, **params) -> EarlyStoppingRegressor:
    return EarlyStoppingRegressor(
        estimator, n_jobs=setting.n_jobs, random_state=setting.random_state, **params
    )


def _boosting(setting: _Setting, estimator: BaseEstimator, **params) -> EarlyStoppingRegressor:
    return _stopping(setting, estimator, max_features=_MAX_FEATURES, **params)


def _ridge_cv() -> RidgeCV:
    return RidgeCV(_RIDGE_ALPHAS, alpha_per_target=True)


def _dummy(setting: _Setting) -> BaseEstimator:
    return DummyRegressor()


def _ridge(setting: _Setting) -> BaseEstimator:
    return _on_scaled_columns(_ridge_cv())


def _pca_ridge(setting: _Setting) -> BaseEstimator:
    return _on_scaled_columns(_ridge_cv(), _reduced(setting, _N_COMPONENTS))


def _kernel_ridge(setting: _Setting) -> BaseEstimator:
    pipeline = _on_scaled_columns(_ridge_cv())
    kernel = LandmarkKernel(n_components=500, random_state=setting.random_state)
    pipeline.steps.insert(-1, ("kernel", kernel))
    return pipeline


def _knn(setting: _Setting) -> BaseEstimator:
    neighbours = KNeighborsRegressor(_N_NEIGHBORS, weights="distance", n_jobs=setting.n_jobs)
    return _on_scaled_columns(neighbours)


def _mlp(setting: _Setting) -> BaseEstimator:
    network = EarlyStoppingMLPRegressor(
        alpha=_MLP_PENALTY,
        early_stopping=True,
        max_iter=_MAX_EPOCHS,
        n_iter_no_change=_N_EPOCHS_NO_CHANGE,
    )
    return _on_scaled_columns(_stopping(setting, network, multi_output="native"))


def _hist_gb(setting: _Setting) -> BaseEstimator:
    boosting = HistGradientBoostingRegressor(
        max_iter=_N_TREES,
        learning_rate=_RATE,
        max_leaf_nodes=2**_DEPTH,
        max_bins=_N_BINS,
        early_stopping=True,
        n_iter_no_change=_PATIENCE,
    )
    return _boosting(setting, boosting)


def _xgboost(setting: _Setting) -> BaseEstimator:
    from xgboost import XGBRegressor

    boosting = XGBRegressor(
        n_estimators=_N_TREES,
        learning_rate=_RATE,
        max_depth=_DEPTH,
        max_bin=_N_BINS,
        early_stopping_rounds=_PATIENCE,
    )
    return _boosting(setting, boosting, multi_output="native")


def _lightgbm(setting: _Setting) -> BaseEstimator:
    from lightgbm import LGBMRegressor

    boosting = LGBMRegressor(
        n_estimators=_N_TREES,
        learning_rate=_RATE,
        num_leaves=2**_DEPTH,
        max_bin=_N_BINS,
        early_stopping_round=_PATIENCE,
        # Listed among its parameters only if given.
        colsample_bynode=1.0,
        # The same trees whatever the number of threads.
        deterministic=True,
        force_col_wise=True,
        verbose=-1,
    )
    return _boosting(setting, boosting)


def _catboost(setting: _Setting) -> BaseEstimator:
    from catboost import CatBoostRegressor

    boosting = CatBoostRegressor(
        loss_function="MultiRMSE",
        iterations=_N_TREES,
        learning_rate=_RATE,
        depth=_DEPTH,
        border_count=_N_BINS,
        early_stopping_rounds=_PATIENCE,
        allow_writing_files=False,
        # This, too, is listed only if given.
        random_state=setting.random_state or 0,
    )
    return _boosting(setting, boosting, multi_output="native")


def _mvp(setting: _Setting) -> BaseEstimator:
    features = _reduced(setting, _N_COMPONENTS, log_narrow=True)
    return Pipeline([features, ("regressor", _hist_gb(setting))])


def _afew_va(setting: _Setting) -> BaseEstimator:
    network = MoFARegressor(
        _one_block,
        loss="ccc",
        hidden_dim=128,
        random_state=setting.random_state,
    )
    return _on_scaled_columns(network, _reduced(setting, _N_COMPONENTS_AFEW_VA))


def _one_block(X: Any) -> dict[str, int]:
    """Tell a network that all columns are of one modality, whatever their names."""
    return {"all": X.shape[1]}


#: name -> maker, the systems' at the end
_MAKERS: dict[str, Callable[[_Setting], BaseEstimator]] = {
    "dummy": _dummy,
    "ridge": _ridge,
    "pca-ridge": _pca_ridge,
    "kernel-ridge": _kernel_ridge,
    "knn": _knn,
    "mlp": _mlp,
    "hist-gb": _hist_gb,
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost": _catboost,
    "mvp": _mvp,
    "afew-va": _afew_va,
}
