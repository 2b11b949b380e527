"""What a pipeline can do because its last step can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ._target_transform import each_on_own_scale


def last_step_has(name: str):
    """Return a check that the last step has an attribute; its own AttributeError says if not."""

    def check(pipeline) -> bool:
        getattr(pipeline._final_estimator, name)
        return True

    return check


def _of_last_step(name: str, text: str) -> property:
    """Return a property that reads a fitted attribute of the last step."""

    def read(pipeline):
        return getattr(pipeline._final_estimator, name)

    return property(read, doc=text)


class AnswersOfLastStep:
    """Mixin of pipelines: methods and fitted attributes of the last step, where it has them.

    The last step answers for the rows as the steps before encode them.
    """

    steps: list[tuple[str, Any]]
    _final_estimator: Any
    _target_transformer: Callable[[], Any]

    @available_if(last_step_has("predict_interval"))
    def predict_interval(self, X, confidence_level=0.9, **params) -> np.ndarray:
        """Predict intervals that hold the truth with a given confidence.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        confidence_level : float, default=0.9
            Part of new rows, in (0, 1), whose truth the intervals shall hold.

        **params : dict
            More arguments of the last step's method, see
            :meth:`KFoldEnsembleRegressor.predict_interval`.

        Returns
        -------
        ndarray of shape (n_samples, n_targets, 2)
            Lower and upper bounds, on the scale of the targets that were passed.
        """
        bounds = self._ask("predict_interval", X, confidence_level=confidence_level, **params)
        transformer = self._target_transformer()
        return bounds if transformer is None else each_on_own_scale(transformer, bounds)

    @available_if(last_step_has("predict_set"))
    def predict_set(self, X, confidence_level=0.9, **params) -> np.ndarray:
        """Predict sets of classes that hold the truth with a given confidence.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        confidence_level : float, default=0.9
            Part of new rows, in (0, 1), whose class the sets shall hold.

        **params : dict
            More arguments of the last step's method.

        Returns
        -------
        ndarray of bool of shape (n_samples, n_classes)
            Whether a class is in a row's set.
        """
        return self._ask("predict_set", X, confidence_level=confidence_level, **params)

    @available_if(last_step_has("predict_quantiles"))
    def predict_quantiles(self, X, **params) -> np.ndarray:
        """Predict quantiles of the targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        **params : dict
            Arguments of the last step's method.

        Returns
        -------
        ndarray of shape (n_samples, n_targets, n_levels)
            On the scale of the targets that were passed, see
            :meth:`MoFARegressor.predict_quantiles`.
        """
        quantiles = self._ask("predict_quantiles", X, **params)
        transformer = self._target_transformer()
        return quantiles if transformer is None else each_on_own_scale(transformer, quantiles)

    @available_if(last_step_has("modality_attention"))
    def modality_attention(self, X):
        """Tell how much each modality weighs in each row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        DataFrame of shape (n_samples, n_modalities)
            Rows sum to one, see :meth:`MoFARegressor.modality_attention`; the mean over
            the members of an ensemble.
        """
        return self._ask("modality_attention", X)

    @available_if(last_step_has("token_attention"))
    def token_attention(self, X, modality):
        """Tell how much each token of a modality weighs in each row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        modality : str
            Its name.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_tokens)
            As the last step returns them.
        """
        return self._ask("token_attention", X, modality)

    estimators_ = _of_last_step("estimators_", "The fitted members of the ensemble.")
    companions_ = _of_last_step("companions_", "The fitted companions by their names.")
    named_estimators_ = _of_last_step("named_estimators_", "The parts of a blend by their names.")
    blend_weights_ = _of_last_step("blend_weights_", "Weights of members and companions.")
    calibrator_ = _of_last_step("calibrator_", "What calibrates probabilities of classes.")
    weights_ = _of_last_step("weights_", "Weights of the parts of a blend.")
    oof_prediction_ = _of_last_step(
        "oof_prediction_", "Out-of-fold predictions, on the scale that was learned."
    )
    oof_score_ = _of_last_step("oof_score_", "Score of the out-of-fold predictions.")
    oof_nmse_ = _of_last_step("oof_nmse_", "Their normalised error for each target.")
    oof_report_ = _of_last_step("oof_report_", "Errors of the parts of a blend.")
    fold_scores_ = _of_last_step("fold_scores_", "Scores of each member on its held-out rows.")
    thresholds_ = _of_last_step("thresholds_", "Probability above which a label is predicted.")
    quantile_levels_ = _of_last_step("quantile_levels_", "The levels of `predict_quantiles`.")
    history_ = _of_last_step("history_", "The history of a network's training.")
    n_iter_ = _of_last_step("n_iter_", "Number of epochs trained.")
    best_iteration_ = _of_last_step("best_iteration_", "The epoch whose weights are kept.")

    @property
    def modalities_(self) -> dict[str, np.ndarray]:
        """Column positions of every modality, in the columns of `X`."""
        for _, step in self.steps:
            if hasattr(step, "modalities_"):
                return step.modalities_
            if not (step in (None, "passthrough") or isinstance(step, OneToOneFeatureMixin)):
                break
        raise AttributeError("No step of the pipeline knows which columns of X form a modality.")

    def _encode(self, X: Any) -> Any:
        """Return the rows as the last step gets them."""
        check_is_fitted(self)
        return self[:-1].transform(X) if len(self.steps) > 1 else X  # type: ignore[index]

    def _ask(self, method: str, X: Any, *args: Any, **params: Any) -> Any:
        """Call a method of the last step."""
        return getattr(self._final_estimator, method)(self._encode(X), *args, **params)
