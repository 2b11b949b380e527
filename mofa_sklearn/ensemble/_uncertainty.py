"""How sure an ensemble of regressors is: intervals, and the quantiles of its members."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if

from .._sklearn_private import Interval, _safe_indexing, validate_params
from ._boosted_errors import Errors
from ._error_scale import ErrorScale, learn_error_scale
from ._intervals import cv_plus_interval
from ._members import Member, MemberTask
from ._quantiles import QuantileErrors, levels_of, moved, predicts_quantiles, quantiles_of
from ._validation_sets import last_step


def _predicts_quantiles(ensemble: Any) -> bool:
    members = getattr(ensemble, "estimators_", None) or [ensemble._member_template()]
    if predicts_quantiles(members[0]):
        return True
    raise AttributeError(
        f"{type(last_step(members[0])).__name__} predicts no quantiles; take members that do, "
        "such as MoFARegressor(loss='quantile')."
    )


class TellsUncertainty:
    """Mixin of ensembles of regressors that keep the errors on rows held out."""

    estimators_: list
    oof_prediction_: np.ndarray
    _member_predictions: Any
    _residuals: list[np.ndarray]
    _held_out: list[np.ndarray]
    # The weights of the rows that residuals are of; None: all count the same.
    _residual_weights: list[np.ndarray] | None = None
    # How large errors are to be expected; None: the same everywhere.
    _error_scale: ErrorScale | None = None
    # Where the truth was among the members' quantiles; None: they predict none.
    _quantile_errors: QuantileErrors | None = None

    @validate_params(
        {
            "confidence_level": [Interval(Real, 0, 1, closed="neither")],
            "joint": ["boolean"],
            "adaptive": ["boolean"],
        },
        prefer_skip_nested_validation=True,
    )
    def predict_interval(
        self, X, confidence_level=0.9, *, joint=False, adaptive=True
    ) -> np.ndarray:
        """Predict intervals that hold the truth with a given confidence (CV+).

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The rows.

        confidence_level : float, default=0.9
            Part of new rows, in (0, 1), whose truth the intervals shall hold.

        joint : bool, default=False
            Whether the intervals of a row shall hold all its targets at once with
            this confidence, rather than each target with it.

        adaptive : bool, default=True
            Whether intervals are wider for rows that are harder to predict, as far as the
            errors of training rows tell; where they do not, and with False, all are about
            as wide. Members with a quantile loss tell it themselves.

        Returns
        -------
        ndarray of shape (n_samples, n_targets, 2)
            Lower and upper bounds; infinite where there are too few training rows
            for the confidence asked for.

        Notes
        -----
        For rows from the distribution of the training rows, CV+ guarantees a
        coverage of ``2 * confidence_level - 1``, and in practice has
        `confidence_level` ([2]_ of the class). With ``validation="fold"`` the
        residuals come from rows that chose the best epoch, and intervals are a
        little too narrow; take ``"inner"``, or pass `X_val`, for honest ones. With groups,
        "new rows" means rows of new groups. With `sample_weight`, residuals count by
        their weights, and a new row by the weighted mean of them.

        Adaptive intervals divide every residual by the error that was to be expected of its
        row, and multiply it by what is to be expected of the new one (normalised residuals,
        [4]_ of the class). What is to be expected is learned in `fit` from the residuals
        of other folds, by boosting on the rows' numbers, on which of them are not there,
        and on the predictions. It is used for the targets whose intervals it improves out
        of fold by more than a standard error, and from 100 rows on. That the models of
        errors learned from members that knew the row in question is neglected.

        Members that predict quantiles, as :class:`MoFARegressor` with ``loss="quantile"``
        does, give intervals between their own quantiles, moved apart or together so that they
        hold what was held out (conformalised quantile regression, [5]_, in the nested form of
        [6]_).
        """
        predictions = self._member_predictions(X, "predict")
        predictions = predictions.reshape(*predictions.shape[:2], -1)
        weights, scales = self._residual_weights, None
        if adaptive and self._quantile_errors is not None:
            quantiles = self._member_quantiles(X, predictions)
            return self._quantile_errors.around(quantiles, confidence_level, joint, weights)
        if adaptive and self._error_scale is not None:
            scales = self._error_scale.scales(X, predictions.mean(axis=0), self._held_out)
        return cv_plus_interval(
            predictions, self._residuals, confidence_level, joint, weights, scales
        )

    @available_if(_predicts_quantiles)
    def predict_quantiles(self, X) -> np.ndarray:
        """Predict quantiles of the targets, the mean over the members.

        Only where members have a quantile loss. They are as the members learned them, and
        need not hold out of sample: for bounds that do, see :meth:`predict_interval`. With
        companions, the median is what `predict` returns, and the other quantiles are as
        far from it as the members say.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_targets, n_levels), float64
            A 1-D y counts as one target. Levels are those of `quantile_levels_`;
            quantiles do not cross.
        """
        predictions = self._member_predictions(X, "predict")
        predictions = predictions.reshape(*predictions.shape[:2], -1)
        return self._member_quantiles(X, predictions).mean(axis=0)

    @property
    def quantile_levels_(self) -> np.ndarray:
        """The levels of `predict_quantiles`."""
        return levels_of(self.estimators_[0])

    def _learn_uncertainty(self, task: MemberTask, groups: Any, members: Sequence[Member]) -> None:
        """Learn which rows are hard to predict, or ask members that know it."""
        y = task.y.reshape(len(task.y), -1)
        self._quantile_errors = self._error_scale = None
        if predicts_quantiles(self.estimators_[0]) and len(self.quantile_levels_) > 1:
            pairs = list(zip(self._held_out, members, strict=True))
            own = [quantiles_of(m.estimator, _safe_indexing(task.X, rows)) for rows, m in pairs]
            medians = [m.prediction.reshape(-1, y.shape[1]) for m in members]
            quantiles = [
                moved(each, self.quantile_levels_, median)
                for each, median in zip(own, medians, strict=True)
            ]
            truth = [y[rows] for rows in self._held_out]
            self._quantile_errors = QuantileErrors.of(
                self.quantile_levels_, quantiles, truth, self._residuals, self._residual_weights
            )
            return
        prediction = self.oof_prediction_.reshape(y.shape)
        errors = Errors.of_members(
            prediction, self._residuals, self._held_out, task.sample_weight, groups
        )
        self._error_scale = learn_error_scale(task.X, errors)

    def _member_quantiles(self, X: Any, predictions: np.ndarray) -> np.ndarray:
        """Return every member's quantiles, around what it predicts with its companions."""
        quantiles = np.stack([quantiles_of(member, X) for member in self.estimators_])
        return moved(quantiles, self.quantile_levels_, predictions)
