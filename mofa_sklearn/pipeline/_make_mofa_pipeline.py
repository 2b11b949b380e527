"""Preprocessing and ensemble, put together."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.pipeline import Pipeline

from ..ensemble import BlendRegressor, KFoldEnsembleClassifier, KFoldEnsembleRegressor
from ..estimators import MoFAClassifier
from ..modalities._resolve import Modalities
from ..preprocessing import GapFiller
from ..recipes import Recipe, get_recipe
from ._modality_pipeline import ModalityPipeline
from ._preprocessing import make_pooling, make_preprocessor, preprocessing_steps
from ._tokens import takes_tokens, tokens_for, with_tokens


def make_mofa_pipeline(
    modalities: Modalities = None,
    *,
    tokens: Mapping[str, int] | None = None,
    recipe: str = "default",
    estimator: BaseEstimator | None = None,
    ensemble: bool = True,
    cv: Any = 10,
    validation: str = "fold",
    encoders: Mapping[str, BaseEstimator] | None = None,
    imputer: BaseEstimator | str | None = None,
    target_transform: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    random_state: Any = None,
) -> ModalityPipeline:
    """Make a pipeline of each modality's preprocessing and a K-fold ensemble.

    Parameters
    ----------
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`. ``X`` is a matrix, or a table
        of pandas, polars or pyarrow whose columns hold numbers, text, categories, dates
        or, in each cell, a vector (:class:`~.preprocessing.FloatColumns`). Columns
        without names are one modality, with a warning.

    tokens : dict of str to int, default=None
        Which modalities are sequences, and of how many vectors (frames, words): one after
        the other in the block and NaN throughout where a token is not there, or in one
        column of cells, (n_tokens_of_the_cell, width), which are padded or cut. The
        recipe's steps see one token a row, so that a scaler or a PCA is that of a token,
        and the networks attend over the tokens, see :class:`MoFARegressor`. What knows no
        tokens gets their mean: companions, estimators without a parameter `tokens`, and
        recipes with a joint step or baselines. None takes those of `estimator`.

    recipe : str, default="default"
        One of :func:`mofa_sklearn.recipes.list_recipes`: our own, the original's, or
        that of another published system; :func:`mofa_sklearn.recipes.get_recipe` tells
        what is in it.

        ``"mofa-lite"`` is the original recipe ([1]_): RankGauss on the modality called
        ``"video"``, rows of norm one and standardised columns; a network of width
        512 trained at a rate that is halved when the loss stands still, for 300
        epochs at most. ``"default"`` makes every column normal (RankGauss), reduces
        wide modalities to principal components (``BlockPCA("auto")``: 0.7 times the
        root of the number of rows, where there are four times as many columns),
        trains networks for 30 epochs at most, whose dropout fades out, and puts five
        quick companions beside them: a linear model on all that, one on 32 principal
        components of each modality, one on the most similar training rows and, where they
        are worth it, kernel ridge regression and boosted trees. What is predicted is the
        mean of them all whose out-of-fold error is least.

        ``"best"`` is the default with more beside it (networks with two other fusions, the
        original's long training, larger trees), in four to ten times the time: for those who
        have it. With a :class:`MoFAClassifier` as `estimator`, its networks are as that one,
        but for what makes them others.

    estimator : regressor or classifier, default=None
        What is trained on the preprocessed columns; None takes the recipe's
        (:class:`MoFARegressor` with some parameters, mostly), and what the recipe
        puts beside it. Of a classifier, a :class:`KFoldEnsembleClassifier` is made,
        and the step called ``classifier``. Beside a :class:`MoFAClassifier`, ``"default"``
        puts a logistic regression, what the most similar training rows tell and, where they
        are worth it, boosted trees, blended by their out-of-fold log loss, and calibrates
        the probabilities.

    ensemble : bool, default=True
        Whether to train one member per fold; with False the pipeline ends with
        the estimator itself, and `cv` and `validation`, which are the ensemble's, must
        be left alone.

    cv : int, splitter or iterable, default=10
        The ensemble's splits.

    validation : {"fold", "inner"}, default="fold"
        Where members find the rows to stop early on, see
        :class:`KFoldEnsembleRegressor`.

    encoders : dict of str to transformer, default=None
        For modalities that are one column of raw cells: what turns these into vectors, before
        the recipe's own steps; of :mod:`mofa_sklearn.encoders`, or any transformer of one column
        (a TfidfVectorizer). Without `modalities`, a column with the name of an encoder is a
        modality by itself. Where it finds a cell missing or empty, the modality is missing.

    imputer : transformer, "passthrough" or None, default=None
        What fills single gaps in a modality's numbers. None takes the columns' medians,
        and marks where gaps are common (:class:`~.preprocessing.GapFiller`).
        ``"passthrough"`` fills nothing: single NaN is an error then. Rows without any
        value in a modality's columns are left alone: the modality counts as missing.

    target_transform : {"log1p"} or transformer, default=None
        The scale on which targets are learned, see :class:`ModalityPipeline`. With
        ``"log1p"`` counts go in and counts come out, while the networks learn
        log(1 + count).

    n_jobs : int or None, default=None
        Number of members trained at a time, see :class:`KFoldEnsembleRegressor`.

    verbose : int, default=0
        Shows a progress bar if above 0.

    random_state : int, RandomState instance or None, default=None
        Determines all that is random.

    Returns
    -------
    ModalityPipeline
        Steps ``preprocess`` (:class:`mofa_sklearn.preprocessing.ModalityPreprocessor`),
        the recipe's joint steps, if it has any, and ``regressor`` or ``classifier``.
        Parameters to tune are, for instance, ``regressor__estimator__hidden_dim`` and
        ``preprocess__default__scale``. Of a recipe that averages the network with
        baselines, ``regressor`` is a :class:`BlendRegressor`, whose part ``network`` is
        a pipeline with the steps above. The methods and fitted attributes of the last step
        are the pipeline's.

    Raises
    ------
    ValueError
        If the recipe is unknown, or averages ensembles and `ensemble` is False, if
        an `estimator` that is no :class:`MoFAClassifier` is passed or `ensemble` is False
        with ``"best"``, if an
        argument of the ensemble would be ignored, if
        `target_transform` is given for a classifier, or if `tokens` are no numbers of
        tokens, or others than `estimator` has, or
        if `imputer` is another string than "passthrough".
    ImportError
        If the recipe is made of a library that is not installed.

    Notes
    -----
    All of it is fitted in the pipeline's `fit`: nothing leaks from the test rows of
    a `cross_val_score`. The ensemble's own folds share one preprocessing, which
    sees no targets; to fit that on each fold as well, use
    ``KFoldEnsembleRegressor(make_mofa_pipeline(ensemble=False))``. The joint step of
    ``"mmra"`` does see targets: out-of-fold predictions are then a little too good, and
    honest in this way alone.

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
    >>> X, y = make_micro_videos(150, modalities=widths, noise=0.1, random_state=0)
    >>> pipeline = make_mofa_pipeline(widths, cv=2, random_state=0)
    >>> _ = pipeline.set_params(
    ...     regressor__estimator__hidden_dim=16, regressor__estimator__max_epochs=3
    ... )
    >>> cross_val_score(pipeline, X, y, cv=2, scoring=nmse_scorer).shape
    (2,)
    """
    chosen = get_recipe(recipe)
    tokens = tokens_for(estimator, tokens)
    params = {
        "cv": cv,
        "validation": validation,
        "n_jobs": n_jobs,
        "verbose": verbose,
        "random_state": random_state,
    }
    if chosen.name == "best":
        _check_best(estimator, ensemble)
    if estimator is None and chosen.baselines:
        if not ensemble:
            raise ValueError(
                f"recipe={recipe!r} is a mean of K-fold ensembles, so ensemble=False is not for "
                "it; pass ensemble=True, or an estimator."
            )
        steps = _average_steps(chosen, modalities, imputer, encoders, params, tokens)
        return ModalityPipeline(steps, target_transform=target_transform)
    if not ensemble:
        _refuse_arguments_of_ensembles(params)
    companions = chosen.companions if estimator is None else ()
    if estimator is None:
        estimator = chosen.make_estimator(random_state)
    calibrate = None
    if isinstance(estimator, MoFAClassifier):
        companions = (*_networks_beside(estimator, chosen), *chosen.class_companions)
        calibrate = chosen.calibrate
    companions = [(name, _pooled(clone(each), tokens)) for name, each in companions]
    pool = bool(chosen.joint_steps) or not takes_tokens(estimator)
    if tokens and not pool:
        estimator = with_tokens(estimator, tokens)
    if ensemble:
        params["companions"] = companions or None
        estimator = _make_ensemble(estimator, params, calibrate)
    if target_transform is not None and is_classifier(estimator):
        raise ValueError("target_transform is for regressors: classes have no other scale.")
    steps = preprocessing_steps(
        chosen,
        modalities,
        imputer,
        random_state,
        encoders,
        tokens=tokens,
        pool=pool,
    )
    steps = [*steps, (_role(estimator), estimator)]
    return ModalityPipeline(steps, target_transform=target_transform)


def _check_best(estimator: BaseEstimator | None, ensemble: bool) -> None:
    """Refuse what would leave most of the recipe out."""
    if not ensemble:
        raise ValueError('recipe="best" is a blend of ensembles: leave ensemble=True.')
    if estimator is not None and not isinstance(estimator, MoFAClassifier):
        raise ValueError(
            'recipe="best" is a blend of networks, trees and others, all of them its own: leave '
            "estimator out to predict numbers, and pass a MoFAClassifier to predict classes; got "
            f"{type(estimator).__name__}."
        )


def _networks_beside(
    estimator: MoFAClassifier, recipe: Recipe
) -> Iterator[tuple[str, MoFAClassifier]]:
    """Yield the recipe's other networks: the user's, with some parameters changed."""
    own = estimator.get_params()
    for name, changed in recipe.class_networks.items():
        if any(own[key] != value for key, value in changed.items()):
            yield name, clone(estimator).set_params(**changed)


def _refuse_arguments_of_ensembles(params: dict[str, Any]) -> None:
    """Refuse what is the ensemble's where there is none."""
    defaults = inspect.signature(make_mofa_pipeline).parameters
    ignored = [
        name
        for name in ("cv", "validation")
        if params[name] is not defaults[name].default and params[name] != defaults[name].default
    ]
    if ignored:
        raise ValueError(
            f"{', '.join(ignored)} would be ignored with ensemble=False, which fits no folds."
        )


def _average_steps(
    recipe: Recipe,
    modalities: Modalities,
    imputer: BaseEstimator | str | None,
    encoders: Mapping[str, BaseEstimator] | None,
    params: dict[str, Any],
    tokens: Mapping[str, int] | None,
) -> list[tuple[str, BaseEstimator]]:
    """Average the network's ensemble, with its own preprocessing, and baselines."""
    from ..baselines import make_baselines

    random_state = params["random_state"]
    members = _make_ensemble(recipe.make_estimator(random_state), params)
    steps = preprocessing_steps(recipe, None, None, random_state)
    parts = [("network", Pipeline([*steps, ("regressor", members)]))]
    parts += make_baselines(names=recipe.baselines, random_state=random_state).items()
    # It names the columns, from which the parts know the modalities.
    if tokens and imputer is None:
        imputer = GapFiller()  # a mean over tokens takes no single gaps
    preprocess = make_preprocessor((), {}, modalities, imputer, encoders, tokens=tokens)
    pooling = [("pool", make_pooling(tokens))] if tokens else []
    average = BlendRegressor(parts, weights="uniform", **params)
    return [("preprocess", preprocess), *pooling, ("regressor", average)]


def _pooled(companion: BaseEstimator, tokens: Mapping[str, int] | None) -> BaseEstimator:
    """Let a companion see the mean over tokens, unless it knows what they are."""
    if not tokens:
        return companion
    if takes_tokens(companion):
        return with_tokens(companion, tokens)
    return Pipeline([("pool", make_pooling(tokens)), (_role(companion), companion)])


def _make_ensemble(
    estimator: BaseEstimator, params: dict[str, Any], calibrate: str | None = None
) -> BaseEstimator:
    if is_classifier(estimator):
        return KFoldEnsembleClassifier(estimator, calibrate=calibrate, **params)
    return KFoldEnsembleRegressor(estimator, **params)


def _role(estimator: BaseEstimator) -> str:
    return "classifier" if is_classifier(estimator) else "regressor"
