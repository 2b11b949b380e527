"""Boosted trees that are ready to stand beside networks."""

from __future__ import annotations

from math import sqrt
from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingRegressor

from .._sklearn_private import Interval, StrOptions
from ._early_stopping import EarlyStoppingRegressor

# max_leaf_nodes="auto": so many times the root of the number of rows, within these bounds.
_LEAVES_PER_ROOT_OF_ROWS = 0.25
_MIN_LEAVES, _MAX_LEAVES = 8, 31
# Each split looks at some of the columns: the trees of one fold are
# less of an accident then, and their held-out errors tell more of what their mean is worth.
_SHARE_OF_COLUMNS = 0.3
_N_BINS = 63


class BoostingRegressor(EarlyStoppingRegressor):
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

    # What an ensemble fits on few folds first, see ensemble/_trial.py.
    _on_trial = True
    _n_trial_targets = 3

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

    def _default_estimator(self, n_samples: int | None = None) -> BaseEstimator:
        return HistGradientBoostingRegressor(
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self._n_leaves(n_samples),
            min_samples_leaf=self.min_samples_leaf,
            n_iter_no_change=self.n_iter_no_change,
            max_features=_SHARE_OF_COLUMNS,
            max_bins=_N_BINS,
            early_stopping=True,
        )

    def _n_leaves(self, n_samples: int | None) -> int:
        if self.max_leaf_nodes != "auto":
            return self.max_leaf_nodes
        n_leaves = round(_LEAVES_PER_ROOT_OF_ROWS * sqrt(n_samples or 0))
        return min(max(n_leaves, _MIN_LEAVES), _MAX_LEAVES)
