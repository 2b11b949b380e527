"""A regressor for each fold, and their mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_consistent_length, validate_data

from .._sklearn_private import _check_y, _fit_context
from .._validation import as_array, numeric_targets
from ._base import BaseKFoldEnsemble
from ._cluster import rows_sent_once
from ._companions import (
    MEMBERS,
    blended,
    fit_companions,
    predictions_of,
    that_count,
    weigh_parts,
)
from ._members import Fold, Member, MemberTask
from ._out_of_fold import average_held_out
from ._target_names import target_names_of
from ._uncertainty import TellsUncertainty


class KFoldEnsembleRegressor(RegressorMixin, TellsUncertainty, BaseKFoldEnsemble):
    """Fit one regressor on each split of a cross-validation, and average them.

    Each member learns from the training rows of its split and predicts the rows
    held out. These out-of-fold predictions score the ensemble without a test set,
    and their residuals give prediction intervals (CV+, [2]_).

    Parameters
    ----------
    estimator : estimator, default=None
        What each member is a clone of: any regressor, or a pipeline, which is
        then fitted as a whole on each split. None takes :class:`MoFARegressor`
        with its defaults. A :class:`~sklearn.frozen.FrozenEstimator` is used as it is:
        out-of-fold predictions then are honest only for rows that it did not learn from.

    cv : int, splitter or iterable of (train, test), default=10
        The splits. An int shuffles the rows into that many folds, keeping the rows
        of a group together if `groups` are passed.

    validation : {"fold", "inner"}, default="fold"
        Where members that stop early take their validation rows from:

        - ``"fold"``: from the rows held out, where the member's `fit` takes
          ``X_val`` and ``y_val`` or ``eval_set`` and it was not told not to stop
          early. Every other row is learned from, but out-of-fold scores are a
          little too good, since the best epoch was chosen on the same rows.
        - ``"inner"``: from its own training rows. A member never sees the rows
          held out, so out-of-fold predictions are honest.

        Where `fit` is passed ``X_val`` and ``y_val``, they stop early on these rows.

    n_jobs : int or None, default=None
        Number of members fitted at a time; -1 takes all processors. None: MoFA
        networks, and the companions of the default recipe, are fitted in as many
        threads as torch may use (``torch.get_num_threads()``), one each, unless
        `engine` stacks them; other estimators one after the other. In a
        ``joblib.parallel_config`` block None leaves it to the block. The result does
        not depend on it (that of companions up to rounding).

    engine : {"auto", "joblib", "stacked"}, default="auto"
        How members are fitted:

        - ``"joblib"``: one by one, `n_jobs` at a time.
        - ``"stacked"``: the networks of all members of a bare
          :class:`MoFARegressor` together, as one network with a members axis, in
          one process and whatever `n_jobs` is. Results agree with those of
          ``"joblib"`` up to rounding where nothing is dropped out; with dropout
          they come from other random numbers. A `checkpoint` has the members once
          all are done. Members with callbacks of skorch, or with a fusion or loss
          of your own that cannot be stacked, are trained one by one all the same.
        - ``"auto"``: ``"stacked"`` where it is faster, which is on a CUDA GPU, and
          on a CPU for networks of up to 50,000 weights each; else, and with a
          `checkpoint`, ``"joblib"``.

    checkpoint : str or path-like, default=None
        A folder where each finished member is stored. A `fit` with the same data
        and parameters goes on with those that are missing; one with others is
        refused. The files are pickles: use only folders that you wrote yourself.

    verbose : int, default=0
        Shows a progress bar over members if above 0.

    companions : list of (str, regressor), default=None
        Cheap regressors, a linear one say, that are fitted on the same splits. What
        is predicted is the weighted mean of the members and of theirs with the least
        squared error to be expected from the out-of-fold predictions: for each target
        non-negative weights that sum to one (stacking, [3]_), as in
        :class:`BlendRegressor`. So the ensemble is never much worse than any of them. A
        :class:`~mofa_sklearn.baselines.BoostingRegressor` is on trial: it is fitted on two
        splits first, and on the others only if it is worth it.
        They get `sample_weight` and `groups` where their `fit` takes them; with metadata
        routing enabled, where they do not decline them (``set_fit_request``).

    random_state : int, RandomState instance or None, default=None
        Determines the shuffling of an int `cv`, and each member's random states:
        every member gets seeds of its own, drawn before the first is fitted.

    Attributes
    ----------
    estimators_ : list of estimators
        The fitted members, in the order of the splits.

    companions_ : dict of str to list of regressors
        The fitted companions that any target has a weight for, one for each split. One that
        was on trial and given up is not there, and has a weight of zero.

    blend_weights_ : DataFrame of shape (1 + n_companions, n_targets)
        The weights of the members, called ``"estimator"``, and of the companions.
        Columns have the targets' names, where `y` has them.

    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Out-of-fold prediction for each row: the mean over the members that did
        not learn from it; NaN for rows that no split held out.

    oof_score_ : float
        R^2 of the out-of-fold predictions, the mean over targets.

    oof_nmse_ : ndarray of shape (n_targets,)
        Their normalised mean squared error for each target: 1 - R^2.

    fold_scores_ : ndarray of shape (n_members, n_targets)
        R^2 of each member, companions included, on the rows held out from it, for
        each target; NaN where fewer than two rows were.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    sklearn.ensemble.BaggingRegressor : Members on bootstrap samples.
    sklearn.model_selection.cross_val_predict : Out-of-fold predictions alone.

    References
    ----------
    .. [1] Krogh and Vedelsby, "Neural Network Ensembles, Cross Validation, and
       Active Learning", NIPS 1994.
    .. [2] Barber, Candes, Ramdas and Tibshirani, "Predictive inference with the
       jackknife+", Annals of Statistics 49(1), 2021.
    .. [3] Breiman, "Stacked regressions", Machine Learning 24, 1996.
    .. [4] Papadopoulos, Gammerman and Vovk, "Normalized Nonconformity Measures for
       Regression Conformal Prediction", AIA 2008.
    .. [5] Romano, Patterson and Candes, "Conformalized Quantile Regression", NeurIPS 2019.
    .. [6] Gupta, Kuchibhotla and Ramdas, "Nested conformal prediction and quantile
       out-of-bag ensemble methods", Pattern Recognition 127, 2022.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from mofa_sklearn import KFoldEnsembleRegressor
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> X, y = make_micro_videos(
    ...     300, modalities={"image": 8, "text": 8}, noise=0.1, random_state=0
    ... )
    >>> ensemble = KFoldEnsembleRegressor(Ridge(), cv=5, random_state=0).fit(X, y)
    >>> ensemble.predict(X[:2]).shape, ensemble.oof_prediction_.shape
    ((2, 3), (300, 3))
    >>> mean, std = ensemble.predict(X[:2], return_std=True)
    >>> ensemble.predict_interval(X[:2], confidence_level=0.8).shape
    (2, 3, 2)
    """

    _prediction_method = "predict"

    @_fit_context(prefer_skip_nested_validation=False)
    @rows_sent_once()
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
    ) -> KFoldEnsembleRegressor:
        """Fit one member on each split.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The features; members get rows of it as they are.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows, for the members, the scores and the intervals.
            Rows of weight zero count nowhere: an int `cv` splits the others as if they
            were not there; with splits of your own, a member whose every step takes
            weights gets them with theirs, and any other does without them.

        groups : array-like of shape (n_samples,), default=None
            Groups of rows for the splitter, and for every member, companion or step of
            a pipeline whose `fit` takes ``groups``. With an int `cv`, the rows of a group
            are held out together.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows that no member learns from: all members, and companions, that can stop early
            do so on these, in place of the rows held out or of rows of their own. The steps of
            a pipeline transform them. Out-of-fold predictions are then honest.

        y_val : array-like of shape (n_val,) or (n_val, n_targets), default=None
            Their targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their non-negative weights.

        **params : dict
            More arguments of the members' `fit`, for instance
            ``laststep__sample_weight`` for a pipeline; those of n_samples rows are
            cut to the split. An ``eval_set`` of one pair, where the members' `fit` takes
            it, is the same as `X_val` and `y_val`. With metadata routing enabled: metadata
            for the members and the splitter, which have to request it.

        Returns
        -------
        self : KFoldEnsembleRegressor
            The fitted ensemble.

        Raises
        ------
        TypeError
            If `sample_weight` is passed and the estimator does not take it, or a companion
            is no pair of a name and a regressor.
        ValueError
            If names of companions are not unique, if there are fewer rows or groups
            than folds, if the checkpoint folder belongs to another fit, if
            ``engine="stacked"`` meets members that are no bare :class:`MoFARegressor`, or
            if validation rows are passed and nobody can stop early on them.
        """
        X, y = as_array(X), numeric_targets(y, self)
        validate_data(self, X=X, y=y, skip_check_array=True)
        target_names = target_names_of(y)
        y = _check_y(y, multi_output=True, y_numeric=True, estimator=self)
        check_consistent_length(X, y, sample_weight, groups)
        plan = self._plan(X, y, sample_weight, groups, (X_val, y_val, sample_weight_val), params)
        members = self._fit_members(plan)
        self._target_shape = y.shape[1:]
        self._target_names = target_names
        self._check_predictions(y, members[0])
        beside = fit_companions(plan.companions, plan.folds, self.n_jobs, members)
        for fitted in filter(None, beside.values()):
            self._check_predictions(y, fitted[0])
        members = self._blend(plan.task, plan.folds, members, beside)
        self._set_out_of_fold(y, plan.task.sample_weight, plan.folds, members)
        self._learn_uncertainty(plan.task, groups, members)
        return self

    def predict(self, X, return_std=False):
        """Predict the mean over the members.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The rows.

        return_std : bool, default=False
            Whether to return the standard deviation over the members as well: how
            much they disagree, which is less than how far they may be off; see
            :meth:`predict_interval` for that.

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The shape of the targets of the fit.

        std : ndarray of the same shape
            Only if `return_std` is True.
        """
        if not isinstance(return_std, (bool, np.bool_)):
            raise TypeError(f"return_std must be True or False, got {return_std!r}.")
        predictions = self._member_predictions(X, "predict")
        # Some regressors answer a y of one column with a 1-D prediction.
        predictions = predictions.reshape(*predictions.shape[:2], *self._target_shape)
        mean = predictions.mean(axis=0)
        return (mean, predictions.std(axis=0)) if return_std else mean

    def _blend(
        self,
        task: MemberTask,
        folds: Sequence[Fold],
        members: Sequence[Member],
        beside: dict[str, list[Member]],
    ) -> Sequence[Member]:
        """Weigh members and companions; return members that predict what both do."""
        n_targets = task.y[:1].size
        self.companions_, weights = {}, np.ones((1, n_targets))
        if beside:
            parts = [members, *beside.values()]
            weights = weigh_parts(parts, task, folds)
            self.companions_ = {
                name: [member.estimator for member in fitted]
                for name, fitted in that_count(beside, weights).items()
            }
            members = blended(parts, weights)
        self._blend_weights, self._blend_names = weights, [MEMBERS, *beside]
        return members

    def _member_predictions(self, X: Any, method: str) -> np.ndarray:
        own = super()._member_predictions(X, method)
        if not self.companions_:
            return own
        parts = [MEMBERS, *self.companions_]
        weights = self._blend_weights[[self._blend_names.index(name) for name in parts]]
        shape = (*own.shape[:2], weights.shape[1])
        predictions = [
            own.reshape(shape),
            *(predictions_of(fitted, X, shape) for fitted in self.companions_.values()),
        ]
        # (n_parts, n_members, n_samples, n_targets)
        return np.einsum("pt,pmnt->mnt", weights, np.stack(predictions)).reshape(own.shape)

    def _default_estimator(self):
        from ..estimators import MoFARegressor

        estimator = MoFARegressor()
        if get_config()["enable_metadata_routing"]:
            estimator.set_fit_request(sample_weight=True)
        return estimator

    def _check_predictions(self, y: np.ndarray, member: Member) -> None:
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        if member.prediction.size != len(member.prediction) * n_targets:
            raise ValueError(
                f"The members predict an array of shape {member.prediction.shape} for y of "
                f"shape {y.shape}."
            )

    def _set_out_of_fold(
        self,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        folds: Sequence[Fold],
        members: Sequence[Member],
    ) -> None:
        """Keep out-of-fold predictions, scores and residuals."""
        self.oof_prediction_ = average_held_out(folds, members, y.shape)
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        y = y.reshape(len(y), -1)
        held_out = [
            (y[fold.test], member.prediction.reshape(len(fold.test), -1), weight[fold.test])
            for fold, member in zip(folds, members, strict=True)
        ]
        self.fold_scores_ = np.array([_r2(*rows) for rows in held_out])
        self._residuals = [np.abs(truth - prediction) for truth, prediction, _ in held_out]
        self._residual_weights = None if sample_weight is None else [w for *_, w in held_out]
        self._held_out = [fold.test for fold in folds]
        prediction = self.oof_prediction_.reshape(len(y), -1)
        known = ~np.isnan(prediction).any(axis=1)
        scores = _r2(y[known], prediction[known], weight[known])
        self.oof_nmse_ = 1 - scores
        self.oof_score_ = float(scores.mean())


def _r2(y_true: np.ndarray, y_pred: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return each target's R^2, NaN for fewer than two rows that weigh anything."""
    counted = weight > 0
    if np.count_nonzero(counted) < 2:
        return np.full(y_true.shape[1], np.nan)
    rows = (y_true[counted], y_pred[counted])
    return r2_score(*rows, sample_weight=weight[counted], multioutput="raw_values")
