"""A classifier for each fold, and their mean."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from .._sklearn_private import HasMethods, Interval, StrOptions, _fit_context, validate_params
from .._validation import as_array
from ..estimators._classes import check_classes, classes_of
from ..estimators._thresholds import DEFAULT_THRESHOLD, chosen_classes, tune_thresholds
from ..modalities._lazy_input import refuse_lazy
from ._base import BaseKFoldEnsemble
from ._calibration import CALIBRATORS, fit_calibrator
from ._class_blend import weigh_classifiers
from ._class_members import ClassifierTask, aligned_probabilities
from ._companions import MEMBERS, blended, fit_companions, that_count
from ._members import Fold, Member
from ._out_of_fold import average_held_out
from ._sets import PredictionSets
from ._target_names import target_names_of
from ._validation_sets import last_step


class KFoldEnsembleClassifier(ClassifierMixin, BaseKFoldEnsemble):
    """Fit one classifier on each split of a cross-validation, and average probabilities.

    Each member learns from the training rows of its split and predicts the rows
    held out. These out-of-fold probabilities score the ensemble without a test set, tell
    how much to make of quick companions, and calibrate what is predicted.

    Parameters
    ----------
    estimator : classifier, default=None
        What each member is a clone of: any classifier with `predict_proba`, or a
        pipeline, which is then fitted as a whole on each split. None takes
        :class:`MoFAClassifier` with its defaults. Classifiers of XGBoost, which know
        no other classes than 0, 1, ..., are given the positions of a fold's classes.

    cv : int, splitter or iterable of (train, test), default=10
        The splits. An int shuffles the rows into that many folds with the same part
        of every class (not so for several labels), keeping the rows of a group
        together if `groups` are passed.

    validation : {"fold", "inner"}, default="fold"
        Where members that stop early take their validation rows from: the rows held
        out, or their own training rows, see :class:`KFoldEnsembleRegressor`.

    n_jobs : int or None, default=None
        Number of members fitted at a time, see :class:`KFoldEnsembleRegressor`. The
        result does not depend on it.

    engine : {"auto", "joblib", "stacked"}, default="auto"
        How members are fitted: one by one, or the networks of bare
        :class:`MoFAClassifier` members together, see :class:`KFoldEnsembleRegressor`.
        One by one all the same: members whose folds lack a class, and those of
        several labels with a `class_weight`.

    checkpoint : str or path-like, default=None
        A folder where each finished member is stored, see
        :class:`KFoldEnsembleRegressor`.

    companions : list of (str, classifier), default=None
        Cheap classifiers with `predict_proba`, a linear one say, that are fitted on the same
        splits. What is predicted is the weighted mean of the members' probabilities and of
        theirs with the least log loss of the out-of-fold ones: non-negative weights that
        sum to one, the same for all classes; of several labels, weights for each label
        (stacking, [4]_). They get `sample_weight` and `groups` as those of
        :class:`KFoldEnsembleRegressor` do, and
        :class:`~mofa_sklearn.baselines.BoostingClassifier` is on trial as its regressor is
        there.

    calibrate : {"temperature", "sigmoid", "isotonic"} or None, default=None
        How the blended probabilities are made as frequent as they say, by what the
        out-of-fold ones were:

        - ``"temperature"``: more even or more certain, all classes alike: one number ([5]_),
          of several labels one for each. The most probable class stays the same.
        - ``"sigmoid"``: a logistic function of each class's log-odds, normalised (Platt).
        - ``"isotonic"``: a step function of each class's probability, normalised: for
          thousands of rows.
        - None: they stay as they are.

    verbose : int, default=0
        Shows a progress bar over members if above 0.

    random_state : int, RandomState instance or None, default=None
        Determines the shuffling of an int `cv`, and each member's random states.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes, sorted. Of several labels: ``[0, 1]`` for each.

    estimators_ : list of estimators
        The fitted members, in the order of the splits.

    companions_ : dict of str to list of classifiers
        The fitted companions that have any weight, one for each split.

    blend_weights_ : DataFrame of shape (1 + n_companions, 1) or (1 + n_companions, n_labels)
        The weights of the members, called ``"estimator"``, and of the companions. Columns
        have the names of `y`, where it has any.

    calibrator_ : object or None
        What calibrates: with ``calibrate="temperature"`` its attribute ``temperature`` is an
        array of shape (1,) or (n_labels,), above one where probabilities were too certain.

    thresholds_ : ndarray of shape (n_labels,)
        The probability above which a label is predicted: those of the highest macro F1
        of the out-of-fold probabilities where members tune theirs, else 0.5. Only
        for several labels.

    oof_prediction_ : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
        Out-of-fold probabilities for each row, blended and calibrated: the mean over the
        members that did not learn from it; NaN for rows that no split held out. Weights of
        the blend and the calibration were found on the same rows.

    oof_score_ : float
        Accuracy of the out-of-fold predictions; macro F1 for several labels, a little
        too good where the thresholds were tuned on the same rows.

    fold_scores_ : ndarray of shape (n_members,)
        The same score of each member on the rows held out from it, with the ensemble's
        thresholds; NaN where there were none of any weight.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    KFoldEnsembleRegressor : The same for numbers.
    sklearn.ensemble.VotingClassifier : Averages different classifiers.

    References
    ----------
    .. [1] Krogh and Vedelsby, "Neural Network Ensembles, Cross Validation, and
       Active Learning", NIPS 1994.
    .. [2] Sadinle, Lei and Wasserman, "Least Ambiguous Set-Valued Classifiers With
       Bounded Error Levels", JASA 114(525), 2019.
    .. [3] Cauchois, Gupta and Duchi, "Knowing what You Know: valid and validated
       confidence sets in multiclass and multilabel prediction", JMLR 22, 2021.
    .. [4] Breiman, "Stacked regressions", Machine Learning 24, 1996.
    .. [5] Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks",
       ICML 2017.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from mofa_sklearn import KFoldEnsembleClassifier
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> X, y = make_micro_videos(
    ...     300, modalities={"image": 8, "text": 8}, noise=0.1, random_state=0
    ... )
    >>> popular = y[:, 0] > 5
    >>> ensemble = KFoldEnsembleClassifier(LogisticRegression(), cv=5, random_state=0)
    >>> ensemble.fit(X, popular).predict_proba(X[:2]).shape
    (2, 2)
    >>> ensemble.oof_prediction_.shape
    (300, 2)
    >>> ensemble.predict_set(X[:2], confidence_level=0.8).shape  # which classes it may be
    (2, 2)
    """

    # Of members that learned the classes' positions in place of the classes: which they are.
    # The same for companions, by their names.
    _classes_of_members: list[np.ndarray | None] | None = None
    _classes_of_companions: dict[str, list[np.ndarray | None]] | None = None

    _prediction_method = "predict_proba"
    _task_type = ClassifierTask

    _parameter_constraints: dict = {
        **BaseKFoldEnsemble._parameter_constraints,
        "estimator": [HasMethods(["fit", "predict", "predict_proba"]), None],
        "calibrate": [StrOptions(set(CALIBRATORS)), None],
    }

    def __init__(
        self,
        estimator=None,
        *,
        cv=10,
        validation="fold",
        n_jobs=None,
        engine="auto",
        checkpoint=None,
        companions=None,
        calibrate=None,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            cv=cv,
            validation=validation,
            n_jobs=n_jobs,
            engine=engine,
            checkpoint=checkpoint,
            companions=companions,
            verbose=verbose,
            random_state=random_state,
        )
        self.calibrate = calibrate

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
    ) -> KFoldEnsembleClassifier:
        """Fit one member on each split.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The features; members get rows of it as they are.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The classes, or an indicator of labels; members get rows of it as they
            are.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows, for the members, the scores.
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

        y_val : array-like of shape (n_val,) or (n_val, n_labels), default=None
            Their classes, all of which `y` has, or labels.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their non-negative weights.

        **params : dict
            More arguments of the members' `fit`, see
            :meth:`KFoldEnsembleRegressor.fit`.

        Returns
        -------
        self : KFoldEnsembleClassifier
            The fitted ensemble.

        Raises
        ------
        TypeError
            If `sample_weight` is passed and the estimator does not take it, or a companion
            is no pair of a name and a classifier with `predict_proba`.
        ValueError
            If `y` holds no classes, if names of companions are not unique, if there are fewer
            rows, groups or rows of every class than folds, if the checkpoint folder belongs to
            another fit, if
            ``engine="stacked"`` meets members that are no bare :class:`MoFAClassifier`, or
            if validation rows are passed that nobody can stop early on, or whose classes
            `y` lacks.
        """
        X, y = as_array(X), as_array(y)  # of tensors
        validate_data(self, X=X, y=y, skip_check_array=True)
        target_names = target_names_of(y)
        y = check_classes(y)
        check_consistent_length(X, y, sample_weight, groups)
        plan = self._plan(X, y, sample_weight, groups, (X_val, y_val, sample_weight_val), params)
        members = self._fit_members(plan)
        weight = plan.task.sample_weight
        self.classes_ = classes_of(_counted(y, weight))
        self._classes_of_members = _codes(members)
        beside = fit_companions(plan.companions, plan.folds, self.n_jobs, members, self.classes_)
        self._target_names = target_names
        members = self._blend(y, weight, plan.folds, members, beside)
        self._set_out_of_fold(y, weight, plan.folds, members)
        self._sets = PredictionSets.of(self.oof_prediction_, y, self.classes_, weight)
        return self

    def predict(self, X) -> np.ndarray:
        """Predict the most probable class, or the labels that are there.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Classes, or zeros and ones: a label is there where its mean probability is
            above its threshold.
        """
        return self._choose(self.predict_proba(X))

    def predict_proba(self, X) -> np.ndarray:
        """Predict the calibrated mean of the members' and companions' probabilities.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels), float64
            Of each class, in the order of `classes_`, rows summing to one; or of each
            label.
        """
        return self._calibrated(self._member_predictions(X, "predict_proba").mean(axis=0))

    @validate_params(
        {"confidence_level": [Interval(Real, 0, 1, closed="neither")]},
        prefer_skip_nested_validation=True,
    )
    def predict_set(self, X, confidence_level=0.9) -> np.ndarray:
        """Predict sets of classes that hold the truth with a given confidence.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
            The rows.

        confidence_level : float, default=0.9
            Part of new rows, in (0, 1), whose class the sets shall hold; of several
            labels, whose labels that are there are all in the set.

        Returns
        -------
        ndarray of bool of shape (n_samples, n_classes) or (n_samples, n_labels)
            Whether a class, in the order of `classes_`, is in a row's set.

        Notes
        -----
        A class is in the set where it is at least as probable as the class of all but
        ``1 - confidence_level`` of the training rows was, by members that did not learn
        from them: the score "LAC" of [2]_ of the class, of the smallest sets on average,
        cross-conformal. The most probable class is always in the set, so that none is
        empty: that makes sets right more often, never less. Where there are too few
        training rows for the confidence asked for, all classes are.

        The mean over the members tells more than each of them alone, so that sets hold
        the truth a little more often than they say: at 0.9, those of the default recipe
        did in 0.90 to 0.94 of the rows held out, on seven sets; where members differ much,
        as single trees do, in up to 0.99.

        Of several labels, a set holds every label that may be there ([3]_). It may be
        empty, and then says that probably none is.

        "New rows" are rows of the kind that was held out: with groups, of new groups.
        With `sample_weight` training rows count by their weights.
        """
        check_is_fitted(self, "estimators_")
        if self._sets is None:
            raise ValueError(
                "This ensemble was fitted by mofa_sklearn 0.1, which kept nothing to make sets "
                "from: fit it again."
            )
        probabilities = self.predict_proba(X)
        return self._sets.among(probabilities, confidence_level, self.classes_.ndim == 2)

    def _newer_attributes(self) -> dict[str, Any]:
        n_columns = 1 if self.classes_.ndim == 1 else len(self.classes_)
        return {
            "companions_": {},
            "calibrator_": None,
            "_blend_names": [MEMBERS],
            "_blend_weights": np.ones((1, n_columns)),
            "_target_names": None,
            "_sets": None,
        }

    def _blend(
        self,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        folds: Sequence[Fold],
        members: Sequence[Member],
        beside: dict[str, list[Member]],
    ) -> Sequence[Member]:
        """Weigh members and companions; return members that predict what both do."""
        n_columns = 1 if y.ndim == 1 else y.shape[1]
        self.companions_, weights = {}, np.ones((1, n_columns))
        self._classes_of_companions = None
        if beside:
            parts = [members, *beside.values()]
            weights = weigh_classifiers(parts, y, self.classes_, sample_weight, folds)
            counted = that_count(beside, weights)
            codes = {name: _codes(fitted) for name, fitted in counted.items()}
            codes = {name: own for name, own in codes.items() if own is not None}
            self._classes_of_companions = codes or None
            self.companions_ = {
                name: [member.estimator for member in fitted] for name, fitted in counted.items()
            }
            members = blended(parts, weights)
        self._blend_weights, self._blend_names = weights, [MEMBERS, *beside]
        return members

    def _calibrated(self, probabilities: np.ndarray) -> np.ndarray:
        """Calibrate what the blend predicts; rows of NaN stay."""
        if self.calibrator_ is None:
            return probabilities
        return self.calibrator_.transform(probabilities, self.classes_.ndim == 2)

    def _member_predictions(self, X: Any, method: str) -> np.ndarray:
        """Return what every fold's blend predicts, (n_members, n_samples, n_classes).

        These are not calibrated yet.
        """
        own = self._own_predictions(X, method)
        if not self.companions_:
            return own
        weights = self.blend_weights_.loc[[MEMBERS, *self.companions_]].to_numpy()
        codes = self._classes_of_companions or {}
        parts = [
            self._predictions_of(fitted, codes.get(name), X)
            for name, fitted in self.companions_.items()
        ]
        # (n_parts, n_members, n_samples, n_classes)
        return np.sum(weights[:, None, None] * np.stack([own, *parts]), axis=0)

    def _own_predictions(self, X: Any, method: str) -> np.ndarray:
        """Return every member's probabilities, (n_members, n_samples, n_classes)."""
        check_is_fitted(self, "estimators_")
        refuse_lazy(X, method)
        if getattr(X, "ndim", 2) == 2:  # what is no matrix is refused by the members
            validate_data(self, X=X, skip_check_array=True, reset=False)
        return self._predictions_of(self.estimators_, self._classes_of_members, X)

    def _predictions_of(
        self, members: Sequence[Any], codes: list[np.ndarray | None] | None, X: Any
    ) -> np.ndarray:
        """Return probabilities of members, or of companions, of all classes."""
        kinds = {type(member) for member in members}
        together = getattr(kinds.pop(), "_predict_stacked", None) if len(kinds) == 1 else None
        if together is not None and all(map(self._knows_all, members)):
            return together(members, X, "predict_proba")
        pairs = zip(members, codes or [None] * len(members), strict=True)
        return np.stack(
            [aligned_probabilities(member, X, self.classes_, own) for member, own in pairs]
        )

    def _knows_all(self, member: Any) -> bool:
        return self.classes_.ndim == 2 or np.array_equal(member.classes_, self.classes_)

    def _choose(self, probabilities: np.ndarray) -> np.ndarray:
        thresholds = getattr(self, "thresholds_", DEFAULT_THRESHOLD)  # of labels only
        return chosen_classes(probabilities, self.classes_, thresholds)

    def _check_validation_targets(
        self, y_val: Any, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> np.ndarray:
        y_val = check_classes(y_val, "y_val")
        classes = self._classes_of(y, sample_weight)
        if classes is not None and y_val.ndim == 1:
            unknown = np.setdiff1d(y_val, classes)
            if len(unknown):
                raise ValueError(
                    f"y_val has class(es) {unknown.tolist()} that are none of those to learn, "
                    f"{classes.tolist()}."
                )
        return y_val

    def _classes_of(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray | None:
        return None if y.ndim == 2 else classes_of(_counted(y, sample_weight))

    def _splitter(self, y: np.ndarray, groups: Any, seed: int):
        """Return the splitter: an int shuffles, and keeps groups and shares of classes."""
        if not isinstance(self.cv, Integral):
            return super()._splitter(y, groups, seed)
        if y.ndim == 2:
            kind = KFold if groups is None else GroupKFold
        else:
            kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        return kind(self.cv, shuffle=True, random_state=seed)

    def _default_estimator(self):
        from ..estimators import MoFAClassifier

        estimator = MoFAClassifier()
        if get_config()["enable_metadata_routing"]:
            estimator.set_fit_request(sample_weight=True)
        return estimator

    def _set_out_of_fold(
        self,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        folds: Sequence[Fold],
        members: Sequence[Member],
    ) -> None:
        """Keep out-of-fold probabilities, thresholds and scores."""
        prediction = average_held_out(folds, members, (len(y), len(self.classes_)))
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        known = ~np.isnan(prediction).any(axis=1) & (weight > 0)
        self.calibrator_ = None
        if self.calibrate is not None and known.any():
            self.calibrator_ = fit_calibrator(
                self.calibrate, prediction[known], y[known], self.classes_, weight[known]
            )
        # What intervals, sets and scores go by: as predict_proba, from rows not learned from.
        self.oof_prediction_ = self._calibrated(prediction)
        rows = (y[known], self.oof_prediction_[known], weight[known])
        self.__dict__.pop("thresholds_", None)  # of labels that an earlier fit learned
        if y.ndim == 2:
            self.thresholds_ = self._thresholds(*rows)
        self.oof_score_ = self._score_of(*rows)
        self.fold_scores_ = np.array(
            [
                self._score_of(
                    y[fold.test], self._calibrated(member.prediction), weight[fold.test]
                )
                for fold, member in zip(folds, members, strict=True)
            ]
        )

    def _thresholds(self, y: np.ndarray, probabilities: np.ndarray, weight: np.ndarray):
        """Return each label's threshold, tuned where the members tune theirs."""
        if getattr(last_step(self._member_template()), "tune_thresholds", False):
            return tune_thresholds(y, probabilities, weight)
        return np.full(y.shape[1], DEFAULT_THRESHOLD)

    def _score_of(self, y: np.ndarray, probabilities: np.ndarray, weight: np.ndarray) -> float:
        """Return the accuracy, or the macro F1 of several labels."""
        counted = weight > 0
        if not counted.any():
            return np.nan
        y, weight = y[counted], weight[counted]
        chosen = self._choose(probabilities[counted])
        if y.ndim == 1:
            return float(accuracy_score(y, chosen, sample_weight=weight))
        return float(f1_score(y, chosen, average="macro", sample_weight=weight, zero_division=0))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        template = self._member_template()
        if hasattr(template, "__sklearn_tags__"):
            inner = template.__sklearn_tags__().classifier_tags
            if inner is not None:
                tags.classifier_tags.multi_label = inner.multi_label
                tags.classifier_tags.multi_class = inner.multi_class
        return tags


def _counted(y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
    """Return the classes of the rows that have any weight."""
    return y if sample_weight is None else y[sample_weight > 0]


def _codes(members: Sequence[Member]) -> list[np.ndarray | None] | None:
    """Return the classes of members that know their positions alone; None if none does."""
    codes = [member.classes for member in members]
    return None if all(own is None for own in codes) else codes
