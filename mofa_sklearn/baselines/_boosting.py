"""Boosted trees that are ready to stand beside networks."""

from __future__ import annotations

from math import sqrt
from numbers import Integral, Real
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from .._sklearn_private import Interval, StrOptions
from ._early_stopping import EarlyStoppingRegressor
from ._early_stopping_classifier import EarlyStoppingClassifier

# max_leaf_nodes="auto": so many times the root of the number of rows (of each class), within
# these bounds.
_LEAVES_PER_ROOT_OF_ROWS = 0.25
_MIN_LEAVES, _MIN_LEAVES_OF_CLASSES, _MAX_LEAVES = 8, 4, 31
# Each split looks at some of the columns: the trees of one fold are
# less of an accident then, and their held-out errors tell more of what their mean is worth.
_SHARE_OF_COLUMNS = 0.3
_N_BINS = 63
# What is added to the curvature of the log loss in a leaf: 30 rows have about 5.
_REGULARIZATION_OF_CLASSES = 10.0


class _Boosting:
    """What the regressor and the classifier share: their parameters."""

    # What an ensemble fits on few folds first, see ensemble/_trial.py.
    _on_trial = True

    _parameter_constraints: dict = {
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), StrOptions({"auto"})],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    # Parameters of the class above that have one value here.
    estimator = None
    multi_output = "per_target"
    max_features = None

    def __init__(
        self,
        *,
        max_iter=1000,
        learning_rate=0.05,
        max_leaf_nodes="auto",
        min_samples_leaf=30,
        n_iter_no_change=20,
        validation_fraction=0.1,
        n_jobs=1,
        random_state=None,
    ):
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.n_iter_no_change = n_iter_no_change
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state

    @property
    def _fits_well_on_one_thread(self) -> bool:
        """Tell whether an ensemble may fit several at a time, in threads."""
        return self.n_jobs == 1

    def _settings(self, n_rows: float, min_leaves: int) -> dict[str, Any]:
        """Return scikit-learn's parameters, for so many rows that tell of what a tree predicts."""
        n_leaves = self.max_leaf_nodes
        if n_leaves == "auto":
            n_leaves = round(_LEAVES_PER_ROOT_OF_ROWS * sqrt(n_rows))
            n_leaves = min(max(n_leaves, min_leaves), _MAX_LEAVES)
        return {
            "max_iter": self.max_iter,
            "learning_rate": self.learning_rate,
            "max_leaf_nodes": n_leaves,
            "min_samples_leaf": self.min_samples_leaf,
            "n_iter_no_change": self.n_iter_no_change,
            "max_features": _SHARE_OF_COLUMNS,
            "max_bins": _N_BINS,
            "early_stopping": True,
        }


class BoostingRegressor(_Boosting, EarlyStoppingRegressor):
    """Boosted trees for several targets, which stop early, as a companion of networks.

    Trees find what networks miss: thresholds, counts and flags in narrow blocks of numbers.
    This is :class:`~sklearn.ensemble.HistGradientBoostingRegressor`, one for each target, in
    :class:`EarlyStoppingRegressor`, with settings for noisy targets: small steps, small trees,
    each split on three columns in ten.

    As a companion of a :class:`~mofa_sklearn.KFoldEnsembleRegressor` it is on trial: it is
    fitted on the first two folds (of more than three targets, to three of them) and, if on the
    rows that they hold out a blend with it is not better than one without by a thousandth of
    the targets' variance, on no other. The ensemble's ``blend_weights_`` are zero for it then,
    and there are none in ``companions_``.

    Parameters
    ----------
    max_iter : int, default=1000
        Most trees for each target.

    learning_rate : float, default=0.05
        What each tree's prediction is multiplied by.

    max_leaf_nodes : int or "auto", default="auto"
        Most leaves of a tree. ``"auto"`` takes larger trees of more rows: a quarter of the root
        of their number, but from 8 (1,000 rows) to 31 (15,000).

    min_samples_leaf : int, default=30
        Fewest rows in a leaf.

    n_iter_no_change : int, default=20
        How many trees in a row may bring no better score on the rows to stop on.

    validation_fraction : float, default=0.1
        Share of the rows, or of the groups, to stop early on where no rows are given.

    n_jobs : int or None, default=1
        Number of threads. With 1, an ensemble fits its members side by side, as it does
        networks. -1 takes all processors; None as many as OpenMP may use.

    random_state : int, RandomState instance or None, default=None
        Determines the validation rows and the columns that splits look at.

    Attributes
    ----------
    estimators_ : list of HistGradientBoostingRegressor
        One for each target that is not constant, fitted to that target in units of its
        standard deviation.

    n_iter_ : ndarray of int of shape (n_estimators,)
        Number of trees of each.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    EarlyStoppingRegressor : The same around any library's boosting.
    BoostingClassifier : The same for classes.

    References
    ----------
    .. [1] Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree",
       NeurIPS 2017.

    Examples
    --------
    >>> from mofa_sklearn import KFoldEnsembleRegressor
    >>> from mofa_sklearn.baselines import BoostingRegressor
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.estimators import RidgePathRegressor
    >>> X, y = make_micro_videos(
    ...     600,
    ...     modalities={"numbers": 5, "text": 8},
    ...     numeric_modalities=["numbers"],
    ...     noise=0.2,
    ...     random_state=0,
    ... )
    >>> ensemble = KFoldEnsembleRegressor(
    ...     RidgePathRegressor(),
    ...     companions=[("boosting", BoostingRegressor())],
    ...     cv=3,
    ...     random_state=0,
    ... )
    >>> bool((ensemble.fit(X, y).blend_weights_.loc["boosting"] > 0.5).all())
    True
    """

    # On how many targets an ensemble tries it, see ensemble/_trial.py.
    _n_trial_targets = 3

    def _default_estimator(self, n_samples: int | None = None) -> BaseEstimator:
        return HistGradientBoostingRegressor(**self._settings(n_samples or 0, _MIN_LEAVES))


class BoostingClassifier(_Boosting, EarlyStoppingClassifier):
    """Boosted trees for classes or labels, which stop early, as a companion of networks.

    This is :class:`~sklearn.ensemble.HistGradientBoostingClassifier`, one for all classes or one
    for each label, in :class:`EarlyStoppingClassifier`, with settings for noisy classes: small
    steps, small trees, each split on three columns in ten, and leaves that are drawn to zero.

    As a companion of a :class:`~mofa_sklearn.KFoldEnsembleClassifier` it is on trial: it is fitted
    on the first two folds and, if on the rows that they hold out a blend with it does not have a
    log loss that is lower than without it, by 0.002 on average and by 2 in all, on no other; where
    it adds nothing at all on the first, it has no second. The ensemble's ``blend_weights_`` are
    zero for it then, and there are none in ``companions_``.

    Parameters
    ----------
    max_iter : int, default=1000
        Most rounds; each has a tree for every class, if there are more than two.

    learning_rate : float, default=0.05
        What each tree's prediction is multiplied by.

    max_leaf_nodes : int or "auto", default="auto"
        Most leaves of a tree. ``"auto"`` takes larger trees of more rows: a quarter of the root
        of the mean number of rows of a class, but from 4 (300 rows) to 31 (15,000).

    min_samples_leaf : int, default=30
        Fewest rows in a leaf.

    n_iter_no_change : int, default=20
        How many rounds may bring no better log loss on the rows to stop on.

    validation_fraction : float, default=0.1
        Share of the rows, or of the groups, to stop early on where no rows are given.

    n_jobs : int or None, default=1
        Number of threads. With 1, an ensemble fits its members side by side, as it does
        networks. -1 takes all processors; None as many as OpenMP may use.

    random_state : int, RandomState instance or None, default=None
        Determines the validation rows and the columns that splits look at.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes, sorted. Of several labels: ``[0, 1]`` for each.

    estimators_ : list of HistGradientBoostingClassifier
        The fitted classifier, or one of each label. What has a single class is predicted
        without any.

    n_iter_ : ndarray of int of shape (n_estimators,)
        Number of rounds of each.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    EarlyStoppingClassifier : The same around any library's boosting.
    BoostingRegressor : The same for numbers.

    References
    ----------
    .. [1] Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree",
       NeurIPS 2017.

    Examples
    --------
    >>> from mofa_sklearn import KFoldEnsembleClassifier
    >>> from mofa_sklearn.baselines import BoostingClassifier
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.estimators import LogisticPathClassifier
    >>> from mofa_sklearn.preprocessing import EngagementBinner
    >>> X, y = make_micro_videos(
    ...     600,
    ...     modalities={"numbers": 5, "text": 8},
    ...     numeric_modalities=["numbers"],
    ...     noise=0.1,
    ...     random_state=0,
    ... )
    >>> levels = EngagementBinner(3).fit_transform(y[:, 0])
    >>> ensemble = KFoldEnsembleClassifier(
    ...     LogisticPathClassifier(),
    ...     companions=[("boosting", BoostingClassifier())],
    ...     cv=3,
    ...     random_state=0,
    ... )
    >>> bool(ensemble.fit(X, levels).blend_weights_.loc["boosting"].item() > 0.5)
    True
    """

    def _default_estimator(self, n_samples: int | None = None) -> BaseEstimator:
        # Of a label: those that have it, and those that do not.
        n_classes = 1 if n_samples is None else self.classes_.shape[-1]
        settings = self._settings((n_samples or 0) / n_classes, _MIN_LEAVES_OF_CLASSES)
        return HistGradientBoostingClassifier(
            **settings, l2_regularization=_REGULARIZATION_OF_CLASSES
        )
