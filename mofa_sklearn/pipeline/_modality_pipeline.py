"""A pipeline with the arguments, methods and attributes of the ensemble that it ends in."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import is_regressor
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._lengths import check_one_for_each_row
from .._repr._completion import CompletesWhatIsThere
from .._sklearn_private import HasMethods, StrOptions, _fit_context
from ._fit_arguments import (
    METHODS,
    RAW_ROWS,
    VALIDATION,
    add_validation_rows,
    as_last_takes_them,
    check_last_arguments,
    named_for_steps,
)
from ._last_step import AnswersOfLastStep, last_step_has
from ._target_transform import (
    as_rows,
    make_target_transformer,
    on_learned_scale,
    on_own_scale,
    std_on_own_scale,
)


class ModalityPipeline(CompletesWhatIsThere, AnswersOfLastStep, Pipeline):
    """A scikit-learn pipeline, with what its last step has at hand.

    What :func:`make_mofa_pipeline` returns. It is a :class:`sklearn.pipeline.Pipeline` in
    every respect, and adds three things:

    - `fit` takes `sample_weight`, `groups`, `X_val` and `y_val` under these names, and
      hands them to the steps that take them; `X_val` goes through the steps before the
      last one.
    - The methods and fitted attributes of the last step are the pipeline's, where the
      last step has them: ``model.predict_interval(X)``, ``model.oof_nmse_``.
    - `target_transform` learns targets on another scale than the one they come in.

    Parameters
    ----------
    steps : list of (str, estimator) tuples
        As in :class:`sklearn.pipeline.Pipeline`.

    transform_input : list of str, default=None
        As there: more metadata for the steps before to transform. `X_val` need not be
        listed.

    memory : str or joblib.Memory, default=None
        As there.

    verbose : bool, default=False
        As there.

    target_transform : {"log1p"} or transformer, default=None
        The scale on which targets are learned. None: the one they come in. ``"log1p"``: of
        counts, log(1 + count). Or any transformer with an `inverse_transform`, of an array
        of shape (n_samples, n_targets), which is cloned and fitted on the training targets.
        What `predict`, `predict_interval` and `predict_quantiles` return is transformed
        back. Scores and out-of-fold attributes are on the scale that was learned, as the
        normalised error of counts is in the literature.

    Attributes
    ----------
    named_steps : Bunch
        The steps by their names.

    target_transformer_ : transformer or None
        The fitted transformer of the targets.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    make_mofa_pipeline : Makes one.
    sklearn.compose.TransformedTargetRegressor : Transforms targets of any regressor.

    Notes
    -----
    With metadata routing (``sklearn.set_config(enable_metadata_routing=True)``),
    `sample_weight` and `groups` go to the steps that request them. The estimators of this
    package do unless they are told otherwise, so the pipelines of
    :func:`make_mofa_pipeline` need no ``set_fit_request``; others, a Ridge put in as
    `estimator` say, do. In :func:`sklearn.model_selection.cross_validate` the weights do
    not enter the scores, unless the last step has ``set_score_request(sample_weight=True)``.

    Examples
    --------
    >>> from mofa_sklearn import make_mofa_pipeline
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> widths = {"image": 16, "text": 12}
    >>> videos = make_micro_videos(
    ...     150, modalities=widths, n_creators=40, return_bunch=True, random_state=0
    ... )
    >>> model = make_mofa_pipeline(widths, cv=2, random_state=0)
    >>> model = model.set_params(
    ...     regressor__estimator__hidden_dim=16, regressor__estimator__max_epochs=3
    ... )
    >>> model = model.fit(videos.data, videos.target, groups=videos.creator_ids)
    >>> model.predict_interval(videos.data[:2], confidence_level=0.8).shape
    (2, 3, 2)
    >>> model.modality_attention(videos.data[:2]).columns.tolist()
    ['image', 'text']
    >>> model.oof_nmse_.shape
    (3,)
    """

    _parameter_constraints: dict = {
        **Pipeline._parameter_constraints,
        "target_transform": [
            StrOptions({"log1p"}),
            HasMethods(["fit", "transform", "inverse_transform"]),
            None,
        ],
    }

    # Validation rows are the pipeline's own to hand over; the steps request what has a value
    # for each training row.
    __metadata_request__fit = {
        "sample_weight": UNUSED,
        "groups": UNUSED,
        **dict.fromkeys(VALIDATION, True),
    }
    __metadata_request__score = {"sample_weight": UNUSED}

    def __init__(
        self, steps, *, transform_input=None, memory=None, verbose=False, target_transform=None
    ):
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)
        self.target_transform = target_transform

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X,
        y=None,
        sample_weight=None,
        groups=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        **step_params,
    ) -> ModalityPipeline:
        """Fit the steps, one after the other.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            All modalities side by side, as the first step takes them.

        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            The targets; with `target_transform` on their own scale, as counts say.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for all steps that take them.

        groups : array-like of shape (n_samples,), default=None
            Groups of rows, creators say, for all steps that take them: wherever a step
            splits the rows, those of a group stay together.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows for the last step to stop early on, with the columns of `X`. The steps
            before transform them and learn nothing from them.

        y_val : array-like of shape (n_val,) or (n_val, n_targets), default=None
            Their targets, on the scale of `y`.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        **step_params : dict
            More arguments: ``<step>__<argument>``. With metadata routing, metadata that
            steps request.

        Returns
        -------
        self : ModalityPipeline
            The fitted pipeline.

        Raises
        ------
        TypeError
            If an argument is for no step, if `sample_weight` or `X_val` is not for the
            last step, or if an argument is passed under two names.
        ValueError
            If `X_val` comes without `y_val`, or `target_transform` does not suit `y`.
        """
        given = {
            "sample_weight": sample_weight,
            "groups": groups,
            "X_val": X_val,
            "y_val": y_val,
            "sample_weight_val": sample_weight_val,
        }
        given = {name: value for name, value in given.items() if value is not None}
        y = self._fit_target_transform(y)
        return super().fit(X, y, **given, **step_params)

    @available_if(last_step_has("predict"))
    def predict(self, X, **params):
        """Transform the rows, and predict by the last step.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        **params : dict
            Arguments of the last step's `predict`, such as ``return_std=True``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            With ``return_std=True`` a pair of such: predictions, and their standard
            deviation over the members. With a `target_transform` that is half the
            distance between what the prediction minus and plus one standard deviation
            stand for.
        """
        prediction = super().predict(X, **params)
        transformer = self._target_transformer()
        if transformer is None:
            return prediction
        if not isinstance(prediction, tuple):
            return on_own_scale(transformer, np.asarray(prediction))
        if not params.get("return_std"):
            raise ValueError(
                f"target_transform can not transform back what predict returns with {params}: "
                "ask the last step, which answers on the scale that was learned."
            )
        mean, std = map(np.asarray, prediction)
        return on_own_scale(transformer, mean), std_on_own_scale(transformer, mean, std)

    @available_if(last_step_has("score"))
    def score(self, X, y=None, sample_weight=None, **params) -> float:
        """Transform the rows, and score the last step.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Their targets, on the scale of those of the fit.

        sample_weight : array-like of shape (n_samples,), default=None
            Their weights.

        **params : dict
            With metadata routing, metadata that the steps request.

        Returns
        -------
        float
            R^2, or the accuracy of classes. With a `target_transform`, R^2 on the scale
            that was learned: one minus it is the normalised mean squared error there.
        """
        check_one_for_each_row("sample_weight", sample_weight, X)
        transformer = self._target_transformer()
        if transformer is not None:
            y = on_learned_scale(transformer, y)
        if params:
            return super().score(X, y, sample_weight, **params)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._final_estimator.score(self._encode(X), y, **weights)

    def get_metadata_routing(self) -> MetadataRouter:
        """Tell which metadata the steps, and the pipeline for its last step, ask for.

        Returns
        -------
        MetadataRouter
        """
        return super().get_metadata_routing().add_self_request(self)

    def __getitem__(self, ind):
        part = super().__getitem__(ind)
        if isinstance(ind, slice) and part.steps and part.steps[-1] is self.steps[-1]:
            part.target_transform = self.target_transform
            if hasattr(self, "target_transformer_"):
                part.target_transformer_ = self.target_transformer_
        return part

    def _fit_target_transform(self, y: Any) -> Any:
        """Return the targets on the scale to be learned."""
        self.target_transformer_ = None
        if self.target_transform is None:
            return y
        last = self._final_estimator
        if not is_regressor(last):
            raise ValueError(
                f"target_transform={self.target_transform!r} is for regressors; the pipeline ends "
                f"in {type(last).__name__}. Pass target_transform=None."
            )
        transformer = make_target_transformer(self.target_transform)
        self.target_transformer_ = transformer.fit(as_rows(y))
        return on_learned_scale(transformer, y)

    def _target_transformer(self) -> Any:
        """Return the fitted transformer of the targets, None where there is none."""
        check_is_fitted(self, None if self.target_transform is None else "target_transformer_")
        return getattr(self, "target_transformer_", None)

    def _check_method_params(self, method: str, props: dict, **kwargs: Any) -> Any:
        """Divide arguments among the steps; those of `VALIDATION` are for the last one."""
        name, last = self.steps[-1]
        validation = {key: props[key] for key in VALIDATION if key in props}
        props = {key: value for key, value in props.items() if key not in validation}
        if method != "fit" and (validation or self.target_transform is not None):
            raise TypeError(f"{method} has no X_val and no target_transform: call fit.")
        if not get_config()["enable_metadata_routing"]:
            props = named_for_steps(self.steps, props)
        routed = super()._check_method_params(method, props, **kwargs)
        if not isinstance(routed, dict):  # scikit-learn's stand-in for no metadata at all
            routed = {step: Bunch(**{each: {} for each in METHODS}) for step, _ in self.steps}
        if last is not None:
            add_validation_rows(routed[name]["fit"], validation, name)
            check_last_arguments(routed[name]["fit"], name, last, self._transformed_anyway())
        return routed

    def _fit(self, X: Any, y: Any = None, routed_params: Any = None, **context: Any) -> Any:
        """Fit the steps before the last one, and transform the validation rows."""
        Xt = super()._fit(X, y, routed_params, **context)
        name, last = self.steps[-1]
        arguments = routed_params[name]["fit"] if last is not None else {}
        if "X_val" in arguments and "X_val" not in self._transformed_anyway():
            arguments["X_val"] = self[:-1].transform(arguments["X_val"])
        if "y_val" in arguments and self.target_transform is not None:
            y_val = arguments["y_val"]
            arguments["y_val"] = on_learned_scale(self.target_transformer_, y_val, "y_val")
        if "X_val" in arguments:
            routed_params[name]["fit"] = as_last_takes_them(arguments, last, y)
        return Xt

    def _transformed_anyway(self) -> set[str]:
        """Return the arguments of the last step's `fit` that need no transform here."""
        if len(self.steps) == 1:
            return {"X_val", *RAW_ROWS}
        return set(self.transform_input or ())
