"""Preprocessing and ensemble, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from .ensemble import KFoldEnsembleClassifier, KFoldEnsembleRegressor
from .estimators import MoFARegressor, RetrievalRegressor, RidgePathRegressor
from .modalities import Modalities
from .preprocessing import ModalityPreprocessor, RankGaussTransformer

# The original's preprocessing: rows of norm one, then standardised columns, and the
# heavy-tailed video features made normal before that.
_MOFA_LITE_STEPS = [("norm", Normalizer()), ("scale", StandardScaler())]
_MOFA_LITE_VIDEO_STEPS = [("rank_gauss", RankGaussTransformer(1000)), *_MOFA_LITE_STEPS]
_MOFA_LITE_NETWORK = {
    "hidden_dim": 512,
    "dropout": 0.2,
    "modality_dropout": 0.0,
    "anneal_dropout": False,
    "batch_size": 128,
    "learning_rate": 5e-4,
    "weight_decay": 1e-3,
    "schedule": "plateau",
    "max_epochs": 300,
    "early_stopping": True,
    "n_iter_no_change": 20,
}

_DEFAULT_STEPS = [("rank_gauss", RankGaussTransformer(1000)), ("scale", StandardScaler())]
# Few rows and much noise are a linear model's ground, with components where blocks are wide;
# rows of known creators are that of neighbours.
_DEFAULT_COMPANIONS = [
    ("ridge", RidgePathRegressor()),
    ("pca_ridge", RidgePathRegressor(n_components=32)),
    ("neighbors", RetrievalRegressor()),
]


@dataclass(frozen=True)
class _Recipe:
    """What a pipeline is made of.

    Parameters
    ----------
    steps : list of (str, transformer)
        Of every modality.
    named_steps : dict of str to list of (str, transformer)
        Of modalities of this name.
    network : dict
        Parameters of the network.
    companions : list of (str, regressor)
        Of the ensemble.
    """

    steps: list
    named_steps: dict[str, list]
    network: dict[str, Any]
    companions: list


_RECIPES = {
    "mofa-lite": _Recipe(
        _MOFA_LITE_STEPS, {"video": _MOFA_LITE_VIDEO_STEPS}, _MOFA_LITE_NETWORK, []
    ),
    "default": _Recipe(_DEFAULT_STEPS, {}, {}, _DEFAULT_COMPANIONS),
}


def make_mofa_pipeline(
    modalities: Modalities = None,
    *,
    recipe: str = "default",
    estimator: BaseEstimator | None = None,
    ensemble: bool = True,
    cv: Any = 10,
    validation: str = "fold",
    imputer: BaseEstimator | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    random_state: Any = None,
) -> Pipeline:
    """Make a pipeline of each modality's preprocessing and a K-fold ensemble.

    Parameters
    ----------
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`.

    recipe : {"default", "mofa-lite"}, default="default"
        ``"mofa-lite"`` is the original recipe ([1]_): RankGauss on the modality called
        ``"video"``, rows of norm one and standardised columns; a network of width
        512 trained at a rate that is halved when the loss stands still, for 300
        epochs at most. ``"default"`` makes every column normal (RankGauss), trains
        networks for 30 epochs at most, whose dropout fades out, and puts three quick
        companions beside them: a linear model on the columns, one on 32 principal
        components of each modality, and one on the most similar training rows. What
        is predicted is the mean of them all whose out-of-fold error is least.

    estimator : regressor or classifier, default=None
        What is trained on the preprocessed columns; None takes
        :class:`MoFARegressor` with the recipe's parameters, and the recipe's
        companions beside it, see :class:`KFoldEnsembleRegressor`. Of a classifier,
        a :class:`KFoldEnsembleClassifier` is made, and the step called ``classifier``.

    ensemble : bool, default=True
        Whether to train one member per fold; with False the pipeline ends with
        the estimator itself.

    cv : int, splitter or iterable, default=10
        The ensemble's splits.

    validation : {"fold", "inner"}, default="fold"
        Where members find the rows to stop early on, see
        :class:`KFoldEnsembleRegressor`.

    imputer : transformer, default=None
        Put before everything else in every modality, for blocks with single NaN:
        ``SimpleImputer(strategy="median")``, say. Rows whose whole block is NaN
        are left alone: the modality counts as missing.

    n_jobs : int or None, default=None
        Number of members trained at a time, see :class:`KFoldEnsembleRegressor`.

    verbose : int, default=0
        Shows a progress bar if above 0.

    random_state : int, RandomState instance or None, default=None
        Determines all that is random.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``preprocess`` (:class:`mofa_sklearn.preprocessing.ModalityPreprocessor`)
        and ``regressor``. Parameters to tune are, for instance,
        ``regressor__estimator__hidden_dim`` and ``preprocess__default__scale``.

    Raises
    ------
    ValueError
        If the recipe is unknown.

    Notes
    -----
    All of it is fitted in the pipeline's `fit`: nothing leaks from the test rows of
    a `cross_val_score`. The ensemble's own folds share one preprocessing, which
    sees no targets; to fit that on each fold as well, use
    ``KFoldEnsembleRegressor(make_mofa_pipeline(ensemble=False))``.

    References
    ----------
    .. [1] MoFA-Lite: modality attention over CLIP, VideoMAE and BGE-M3 embeddings
       for micro-video popularity prediction.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from mofa_sklearn import make_mofa_pipeline
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.metrics import nmse_scorer
    >>> widths = {"image": 16, "video": 12, "text": 16}
    >>> X, y = make_micro_videos(300, modalities=widths, noise=0.1, random_state=0)
    >>> pipeline = make_mofa_pipeline(widths, cv=3, random_state=0)
    >>> _ = pipeline.set_params(
    ...     regressor__estimator__hidden_dim=16, regressor__estimator__max_epochs=3
    ... )
    >>> cross_val_score(pipeline, X, y, cv=2, scoring=nmse_scorer).shape
    (2,)
    """
    if recipe not in _RECIPES:
        raise ValueError(f"recipe must be one of {sorted(_RECIPES)}, got {recipe!r}.")
    chosen = _RECIPES[recipe]
    preprocess = ModalityPreprocessor(
        _block_pipeline(chosen.steps, imputer),
        transformers=[
            (name, _block_pipeline(own, imputer)) for name, own in chosen.named_steps.items()
        ],
        modalities=modalities,
    ).set_output(transform="pandas")  # the column names tell the network the modalities
    companions = None
    if estimator is None:
        estimator = MoFARegressor(**chosen.network, random_state=random_state)
        companions = [(name, clone(each)) for name, each in chosen.companions] or None
    if not ensemble:
        return Pipeline([("preprocess", preprocess), (_role(estimator), estimator)])
    params = {
        "cv": cv,
        "validation": validation,
        "n_jobs": n_jobs,
        "verbose": verbose,
        "random_state": random_state,
    }
    if is_classifier(estimator):
        members = KFoldEnsembleClassifier(estimator, **params)
    else:
        members = KFoldEnsembleRegressor(estimator, companions=companions, **params)
    return Pipeline([("preprocess", preprocess), (_role(estimator), members)])


def _block_pipeline(steps: list, imputer: BaseEstimator | None) -> Pipeline:
    first = [] if imputer is None else [("impute", clone(imputer))]
    return Pipeline([*first, *((name, clone(step)) for name, step in steps)])


def _role(estimator: BaseEstimator) -> str:
    return "classifier" if is_classifier(estimator) else "regressor"
