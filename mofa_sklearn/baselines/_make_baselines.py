"""The regressors that a competitor would try first, by their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline

from .._sklearn_private import validate_params
from ..estimators import MoFARegressor
from ..modalities._resolve import Modalities
from ._early_stopping import EarlyStoppingRegressor
from ._landmarks import LandmarkKernel
from ._mlp import EarlyStoppingMLPRegressor
from ._recipes import (
    CATBOOST,
    CONSTRAINTS,
    HIST_GB,
    LIGHTGBM,
    MAX_FEATURES,
    MLP,
    N_COMPONENTS,
    N_NEIGHBORS,
    XGBOOST,
    Makers,
    Setting,
    make_all,
    on_scaled_columns,
    reduced,
)

# From next to no shrinking of standardised columns to nothing but the mean.
_RIDGE_ALPHAS = np.logspace(-5, 7, 13)
_N_COMPONENTS_AFEW_VA = 100


@validate_params(CONSTRAINTS, prefer_skip_nested_validation=True)
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
    return make_all(_MAKERS, names, Setting.of(modalities, random_state, n_jobs))


def _on_scaled_columns(regressor: BaseEstimator, *steps: tuple[str, BaseEstimator]) -> Pipeline:
    return on_scaled_columns("regressor", regressor, *steps)


def _stopping(setting: Setting, estimator: BaseEstimator, **params) -> EarlyStoppingRegressor:
    return EarlyStoppingRegressor(
        estimator, n_jobs=setting.n_jobs, random_state=setting.random_state, **params
    )


def _boosting(setting: Setting, estimator: BaseEstimator, **params) -> EarlyStoppingRegressor:
    return _stopping(setting, estimator, max_features=MAX_FEATURES, **params)


def _ridge_cv() -> RidgeCV:
    return RidgeCV(_RIDGE_ALPHAS, alpha_per_target=True)


def _dummy(setting: Setting) -> BaseEstimator:
    return DummyRegressor()


def _ridge(setting: Setting) -> BaseEstimator:
    return _on_scaled_columns(_ridge_cv())


def _pca_ridge(setting: Setting) -> BaseEstimator:
    return _on_scaled_columns(_ridge_cv(), reduced(setting, N_COMPONENTS))


def _kernel_ridge(setting: Setting) -> BaseEstimator:
    pipeline = _on_scaled_columns(_ridge_cv())
    kernel = LandmarkKernel(n_components=500, random_state=setting.random_state)
    pipeline.steps.insert(-1, ("kernel", kernel))
    return pipeline


def _knn(setting: Setting) -> BaseEstimator:
    neighbours = KNeighborsRegressor(N_NEIGHBORS, weights="distance", n_jobs=setting.n_jobs)
    return _on_scaled_columns(neighbours)


def _mlp(setting: Setting) -> BaseEstimator:
    network = EarlyStoppingMLPRegressor(**MLP)
    return _on_scaled_columns(_stopping(setting, network, multi_output="native"))


def _hist_gb(setting: Setting) -> BaseEstimator:
    return _boosting(setting, HistGradientBoostingRegressor(**HIST_GB))


def _xgboost(setting: Setting) -> BaseEstimator:
    from xgboost import XGBRegressor

    return _boosting(setting, XGBRegressor(**XGBOOST), multi_output="native")


def _lightgbm(setting: Setting) -> BaseEstimator:
    from lightgbm import LGBMRegressor

    return _boosting(setting, LGBMRegressor(**LIGHTGBM))


def _catboost(setting: Setting) -> BaseEstimator:
    from catboost import CatBoostRegressor

    # The seed is listed among its parameters only if given.
    seed = setting.random_state or 0
    boosting = CatBoostRegressor(**CATBOOST, loss_function="MultiRMSE", random_state=seed)
    return _boosting(setting, boosting, multi_output="native")


def _mvp(setting: Setting) -> BaseEstimator:
    features = reduced(setting, N_COMPONENTS, log_narrow=True)
    return Pipeline([features, ("regressor", _hist_gb(setting))])


def _afew_va(setting: Setting) -> BaseEstimator:
    network = MoFARegressor(
        _one_block,
        loss="ccc",
        hidden_dim=128,
        random_state=setting.random_state,
    )
    return _on_scaled_columns(network, reduced(setting, _N_COMPONENTS_AFEW_VA))


def _one_block(X: Any) -> dict[str, int]:
    """Tell a network that all columns are of one modality, whatever their names."""
    return {"all": X.shape[1]}


#: name -> maker, the systems' at the end
_MAKERS: Makers = {
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
