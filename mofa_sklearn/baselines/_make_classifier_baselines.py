"""The classifiers that a competitor would try first, by their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from .._sklearn_private import validate_params
from ..modalities._resolve import Modalities
from ..preprocessing import ModalityPreprocessor
from ._block_statistics import BlockStatistics
from ._early_stopping_classifier import EarlyStoppingClassifier
from ._logistic import EarlyStoppingLogisticRegression
from ._mlp import EarlyStoppingMLPClassifier
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

# The weakest penalty of logistic regression: next to none on standardised columns.
_WEAKEST_C = 10.0


@validate_params(CONSTRAINTS, prefer_skip_nested_validation=True)
def make_classifier_baselines(
    modalities: Modalities = None,
    *,
    names: str | Iterable[str] | None = None,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> dict[str, BaseEstimator]:
    """Make the classifiers that a new model has to beat.

    All of them are unfitted scikit-learn classifiers or pipelines with sensible
    settings and `predict_proba`, for two classes or more, numbers or strings, and for
    several labels (a 2-D indicator), for data with NaN, missing modalities included.
    Those that learn step by step stop early: on the held-out fold as members of a
    :class:`~mofa_sklearn.KFoldEnsembleClassifier`, else on a tenth of their rows, drawn
    at random.

    ================  ==============================================================
    name              what it is
    ================  ==============================================================
    ``dummy``         the share of each class
    ``logistic``      logistic regression on standardised columns, with the penalty
                      that is best on the rows held back
    ``pca-logistic``  the same on 32 principal components of each wide modality
    ``knn``           the 20 nearest rows on standardised columns, near ones
                      counting more
    ``mlp``           scikit-learn's network
    ``hist-gb``       scikit-learn's gradient boosting
    ``xgboost``       XGBoost's (optional dependency)
    ``lightgbm``      LightGBM's (optional dependency)
    ``catboost``      CatBoost's (optional dependency)
    ``pixelrec``      after the PixelRec engagement classifier: ``catboost`` on the
                      embeddings, and on the mean, spread, extremes and norm of each
    ================  ==============================================================

    Parameters
    ----------
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`. Used by ``pca-logistic``
        and ``pixelrec``.

    names : str or iterable of str, default=None
        Which to make, in this order. None makes all whose library is installed; one
        line of the logger ``mofa_sklearn`` tells, once, which are left out.

    random_state : int, RandomState instance or None, default=None
        Determines all that is random in each of them.

    n_jobs : int or None, default=None
        Number of threads, see :func:`make_baselines`.

    Returns
    -------
    dict of str to classifier
        Name and unfitted classifier.

    Raises
    ------
    ValueError
        If a name is unknown.
    ImportError
        If a baseline is asked for by name whose library is not installed.

    See Also
    --------
    make_baselines : The same for numbers.
    mofa_sklearn.preprocessing.EngagementBinner : Makes ordered classes of counts.

    Notes
    -----
    Of several labels, `mlp` and `knn` learn all together, the others a model for each.
    `predict_proba` of `dummy` and `knn` is then scikit-learn's list of an array for
    each label; that of the others, and of an ensemble of any, is one array of shape
    (n_samples, n_labels).

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.baselines import make_classifier_baselines
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> widths = {"image": 40, "text": 8}
    >>> X, y = make_micro_videos(400, modalities=widths, noise=0.1, random_state=0)
    >>> viral = np.where(y[:, 0] > np.median(y[:, 0]), "viral", "other")
    >>> models = make_classifier_baselines(widths, names=["dummy", "pca-logistic"], random_state=0)
    >>> for name, model in models.items():
    ...     print(name, model.fit(X[:300], viral[:300]).score(X[300:], viral[300:]) > 0.7)
    dummy False
    pca-logistic True
    """
    return make_all(_MAKERS, names, Setting.of(modalities, random_state, n_jobs))


def _on_scaled_columns(estimator: BaseEstimator, *steps: tuple[str, BaseEstimator]) -> Pipeline:
    return on_scaled_columns("classifier", estimator, *steps)


def _stopping(setting: Setting, estimator: BaseEstimator, **params) -> EarlyStoppingClassifier:
    return EarlyStoppingClassifier(
        estimator, n_jobs=setting.n_jobs, random_state=setting.random_state, **params
    )


def _boosting(setting: Setting, estimator: BaseEstimator) -> EarlyStoppingClassifier:
    return _stopping(setting, estimator, max_features=MAX_FEATURES)


def _dummy(setting: Setting) -> BaseEstimator:
    return DummyClassifier(strategy="prior")


def _logistic(setting: Setting) -> BaseEstimator:
    return _on_scaled_columns(_stopping(setting, _penalised()))


def _pca_logistic(setting: Setting) -> BaseEstimator:
    components = reduced(setting, N_COMPONENTS)
    return _on_scaled_columns(_stopping(setting, _penalised()), components)


def _penalised() -> EarlyStoppingLogisticRegression:
    return EarlyStoppingLogisticRegression(C=_WEAKEST_C)


def _knn(setting: Setting) -> BaseEstimator:
    return _on_scaled_columns(
        KNeighborsClassifier(N_NEIGHBORS, weights="distance", n_jobs=setting.n_jobs)
    )


def _mlp(setting: Setting) -> BaseEstimator:
    network = EarlyStoppingMLPClassifier(**MLP)
    return _on_scaled_columns(_stopping(setting, network, multi_output="native"))


def _hist_gb(setting: Setting) -> BaseEstimator:
    return _boosting(setting, HistGradientBoostingClassifier(**HIST_GB))


def _xgboost(setting: Setting) -> BaseEstimator:
    from xgboost import XGBClassifier

    return _boosting(setting, XGBClassifier(**XGBOOST))


def _lightgbm(setting: Setting) -> BaseEstimator:
    from lightgbm import LGBMClassifier

    return _boosting(setting, LGBMClassifier(**LIGHTGBM))


def _catboost(setting: Setting) -> BaseEstimator:
    from catboost import CatBoostClassifier

    # The seed is listed among its parameters only if given.
    seed = setting.random_state or 0
    return _boosting(setting, CatBoostClassifier(**CATBOOST, random_state=seed))


def _pixelrec(setting: Setting) -> BaseEstimator:
    features = ModalityPreprocessor(BlockStatistics(), modalities=setting.modalities)
    return Pipeline([("preprocess", features), ("classifier", _catboost(setting))])


#: name -> maker, the system's at the end
_MAKERS: Makers = {
    "dummy": _dummy,
    "logistic": _logistic,
    "pca-logistic": _pca_logistic,
    "knn": _knn,
    "mlp": _mlp,
    "hist-gb": _hist_gb,
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost": _catboost,
    "pixelrec": _pixelrec,
}
