"""A weighted mean of different regressors."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin
from sklearn.utils import Bunch
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from .._sklearn_private import (
    Interval,
    _check_y,
    _fit_context,
    validate_params,
)
from .._validation import as_array, numeric_targets
from ..modalities._lazy_input import refuse_lazy
from ._base import checked_weight
from ._base_blend import REPORT_ROW, BaseBlend
from ._blend_intervals import BlendIntervals
from ._blend_parts import member_predictions, out_of_fold
from ._blend_weights import blend, blend_weights, given_weights
from ._kfold_regressor import _r2
from ._target_names import target_names_of


class BlendRegressor(RegressorMixin, BaseBlend):
    """Blend different regressors: a weighted mean, with weights for each target.

    Each part is fitted as a K-fold ensemble, so that every row has a prediction of
    members that did not learn from it. On these out-of-fold predictions the weights
    are fitted: non-negative, summing to one, and of the least squared error
    (stacking under constraints, [1]_). The blend is then never worse out of fold
    than the best of its parts, for any target.

    Parameters
    ----------
    estimators : list of (str, estimator) tuples
        The parts, with their names. A regressor or pipeline is wrapped in a
        :class:`KFoldEnsembleRegressor` with the splits of `cv`, the same for all
        parts. A :class:`KFoldEnsembleRegressor`, or a pipeline that ends in one, is
        fitted as it is, with its own splits, and its out-of-fold predictions are
        used. ``"drop"`` leaves a part out.

    weights : {"fit", "uniform"} or array-like of shape (n_estimators,) or \
            (n_estimators, n_targets), default="fit"
        Weights of the mean:

        - ``"fit"``: fitted on the out-of-fold predictions, for each target.
        - ``"uniform"``: the same for all parts.
        - an array: these, non-negative and summing to one. Those of dropped parts
          are shared out among the others.

    cv : int, splitter, iterable of (train, test) or "prefit", default=10
        The splits for parts that are no K-fold ensembles. An int shuffles the rows
        into that many folds, keeping the rows of a group together if `groups` are
        passed. With ``"prefit"`` all parts are fitted K-fold ensembles (or others with
        ``oof_prediction_``): they are used as they are, and only the weights are
        fitted; `X` and `y` have to be those that they learned from.

    validation : {"fold", "inner"}, default="fold"
        Where the members of wrapped parts that stop early take their validation rows
        from, see :class:`KFoldEnsembleRegressor`.

    n_jobs : int or None, default=None
        Number of members of a wrapped part that are fitted at a time, see
        :class:`KFoldEnsembleRegressor`. Parts are fitted one after the other.

    verbose : int, default=0
        Shows a progress bar over the parts if above 0, and one over the members of
        wrapped parts if above 1.

    random_state : int, RandomState instance or None, default=None
        Determines the shuffling of an int `cv`, and the random states in all parts.
        With None, K-fold ensembles among the parts keep their own.

    Attributes
    ----------
    weights_ : ndarray of shape (n_parts, n_targets)
        The weights of the parts that were not dropped.

    estimators_ : list of estimators
        The fitted parts that were not dropped: K-fold ensembles, or pipelines that
        end in one.

    named_estimators_ : Bunch
        The same by name; ``"drop"`` for those that were dropped.

    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
        The blend of the parts' out-of-fold predictions; NaN for rows that a part
        never held out.

    oof_score_ : float
        R^2 of the out-of-fold predictions, the mean over targets.

    oof_nmse_ : ndarray of shape (n_targets,)
        Their normalised mean squared error for each target: 1 - R^2.

    oof_report_ : DataFrame of shape (n_parts + 1, n_targets + 1)
        Out-of-fold normalised mean squared error of each part and, in the last row,
        of the blend, on the rows that all parts held out; for each target, and their
        mean. Targets have the names of y's columns, else ``target_0`` and so on.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    KFoldEnsembleRegressor : Members of one kind.
    sklearn.ensemble.StackingRegressor : Any regressor on top; a single target.
    sklearn.ensemble.VotingRegressor : Given weights; a single target.

    Notes
    -----
    :class:`~sklearn.ensemble.StackingRegressor` fits every part once more on all rows.
    Here the mean over the members predicts instead: one fit less, parts that stop early
    do so on rows that they do not learn from, and there are intervals.

    The few weights are fitted on the same out-of-fold predictions as they are scored
    on: the blend's own out-of-fold error flatters a little.

    References
    ----------
    .. [1] Breiman, "Stacked regressions", Machine Learning 24, 1996.
    .. [2] Barber, Candes, Ramdas and Tibshirani, "Predictive inference with the
       jackknife+", Annals of Statistics 49(1), 2021.
    .. [3] Kim, Xu and Barber, "Predictive inference is free with the
       jackknife+-after-bootstrap", NeurIPS 2020.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from mofa_sklearn import BlendRegressor
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> X, y = make_micro_videos(
    ...     300, modalities={"image": 8, "text": 8}, noise=0.1, random_state=0
    ... )
    >>> parts = [("ridge", Ridge()), ("neighbors", KNeighborsRegressor())]
    >>> blend = BlendRegressor(parts, cv=5, random_state=0).fit(X, y)
    >>> blend.predict(X[:2]).shape, blend.weights_.shape
    ((2, 3), (2, 3))
    >>> blend.oof_report_["mean"].idxmin()
    'blend'
    """

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        groups=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        **params,
    ) -> BlendRegressor:
        """Fit the parts, and the weights on their out-of-fold predictions.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The features; parts get them as they are.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows, for the parts, the blend's weights, the
            scores and the intervals. Rows of weight zero count nowhere.

        groups : array-like of shape (n_samples,), default=None
            Groups of rows for the splitter, and for all parts and steps of them whose
            `fit` takes ``groups``. With an int `cv`, the rows of a group are held out
            together.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows that no part learns from: all members that can stop early do so on these,
            see :meth:`KFoldEnsembleRegressor.fit`.

        y_val : array-like of shape (n_val,) or (n_val, n_targets), default=None
            Their targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their non-negative weights.

        **params : dict
            With metadata routing enabled: more metadata for the parts and the
            splitter, which have to request it.

        Returns
        -------
        self : BlendRegressor
            The fitted blend.

        Raises
        ------
        TypeError
            If `sample_weight` is passed and a part does not take it.
        NotFittedError
            If ``cv="prefit"`` and a part is not fitted.
        ValueError
            If names are not unique, if weights do not fit, if a fitted part learned
            from other rows or has no out-of-fold predictions, if no row was held out by
            all parts, if validation rows are passed and no part can stop early on them, or
            if ``cv="prefit"`` meets arguments that only a fit of the parts could use.
        """
        names = self._part_names()
        target_names = target_names_of(y)
        X, y = as_array(X), numeric_targets(y, self)
        validate_data(self, X=X, y=y, skip_check_array=True)
        y = _check_y(y, multi_output=True, y_numeric=True, estimator=self)
        check_consistent_length(X, y, sample_weight, groups)
        sample_weight = checked_weight(sample_weight, y)
        self._target_shape = y.shape[1:]
        targets = y.reshape(len(y), -1)
        kept = [part != "drop" for _, part in self.estimators]
        given = given_weights(self.weights, kept, targets.shape[1])
        if isinstance(self.cv, str):
            own = {"groups": groups, "X_val": X_val, "y_val": y_val}
            self._refuse_unused({**own, "sample_weight_val": sample_weight_val, **params})
            self.estimators_ = [part for _, part in self._kept_parts()]
        else:
            validation = (X_val, y_val, sample_weight_val)
            self.estimators_ = self._fit_parts(X, y, sample_weight, groups, validation, params)
        named = dict(zip(names, self.estimators_, strict=True))
        self.named_estimators_ = Bunch(
            **{name: named.get(name, "drop") for name, _ in self.estimators}
        )
        predictions = np.stack([out_of_fold(*item, targets) for item in named.items()])
        self._set_weights(predictions, targets, sample_weight, given)
        self._set_out_of_fold(predictions, targets, sample_weight, target_names)
        blended = self.oof_prediction_.reshape(targets.shape)
        self._intervals = BlendIntervals.of(
            self.estimators_, X, targets, blended, sample_weight, groups
        )
        return self

    def predict(self, X) -> np.ndarray:
        """Predict the weighted mean of the parts.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            The shape of the targets of the fit.
        """
        self._check_features(X)
        n_targets = self.weights_.shape[1]
        of_parts = [np.asarray(part.predict(X)) for part in self.estimators_]
        predictions = np.stack([of_part.reshape(-1, n_targets) for of_part in of_parts])
        return blend(predictions, self.weights_).reshape(-1, *self._target_shape)

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
            errors of training rows tell, see :meth:`KFoldEnsembleRegressor.predict_interval`.

        Returns
        -------
        ndarray of shape (n_samples, n_targets, 2)
            Lower and upper bounds; infinite where there are too few training rows
            for the confidence asked for.

        Notes
        -----
        For every training row, the members that did not learn from it are blended as
        the parts are: their error on that row, around their prediction for the new one,
        gives a candidate for each bound. Where all parts have the same splits, as
        wrapped parts do, this is CV+ of the blend ([2]_ of the class); else it is the
        jackknife+ after resampling ([3]_). A fitted part without folds of its own stands
        for itself in every row (cross-conformal prediction), for which there is no
        guarantee.

        That the weights come from the same residuals is neglected: a few numbers
        from all rows.
        """
        self._check_features(X)
        n_targets = self.weights_.shape[1]
        predictions = [member_predictions(part, X, n_targets) for part in self.estimators_]
        rows = X if adaptive else None
        return self._intervals.around(predictions, self.weights_, confidence_level, joint, rows)

    def _set_weights(
        self,
        predictions: np.ndarray,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        given: np.ndarray | None,
    ) -> None:
        known = ~np.isnan(predictions).any(axis=(0, 2))
        if not (known if sample_weight is None else known & (sample_weight > 0)).any():
            raise ValueError(
                "No row (of positive weight) was held out by all parts: out-of-fold predictions "
                "can not be compared. Take splits that hold out every row once, such as cv=10."
            )
        if given is None:
            self.weights_ = blend_weights(predictions, y, sample_weight)
        else:
            self.weights_ = given

    def _set_out_of_fold(
        self,
        predictions: np.ndarray,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        target_names: Sequence[str] | None,
    ) -> None:
        """Keep the blend's out-of-fold predictions, scores and residuals."""
        blended = blend(predictions, self.weights_)
        known = np.flatnonzero(~np.isnan(blended).any(axis=1))
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        names = [name for name, _ in self._kept_parts()] + [REPORT_ROW]
        scores = [_r2(y[known], p[known], weight[known]) for p in [*predictions, blended]]
        self.oof_prediction_ = blended.reshape(-1, *self._target_shape)
        self.oof_score_ = float(scores[-1].mean())
        self.oof_nmse_ = 1 - scores[-1]
        columns = target_names or [f"target_{i}" for i in range(y.shape[1])]
        # Plain values, which can be stored without a pickle; a DataFrame cannot.
        self._report: dict[str, Any] = {
            "data": 1 - np.array(scores),
            "index": names,
            "columns": columns,
        }

    @property
    def oof_report_(self) -> pd.DataFrame:
        """Out-of-fold errors of the parts and of the blend."""
        report = pd.DataFrame(**self._report)
        report.insert(report.shape[1], "mean", report.mean(axis=1), allow_duplicates=True)
        return report

    def _check_features(self, X: Any) -> None:
        check_is_fitted(self, "weights_")
        refuse_lazy(X, "predict")
        if getattr(X, "ndim", 2) == 2:  # what is no matrix is refused by the parts
            validate_data(self, X=X, skip_check_array=True, reset=False)
