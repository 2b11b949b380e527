"""Ridge regression for many columns, by conjugate gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._repr._html import ShowsModalities
from .._requests import RequestsItsArguments
from .._sklearn_private import Interval, _fit_context
from .._validation import check_array, check_weight, numeric_targets, validate_data
from ..modalities import resolve_modalities
from ..modalities._numbers import numbers
from ..modalities._range import in_enough_digits, quiet_range
from ._columns import components, filled, mean_and_scale, project
from ._grouped import check_groups, hold_back_groups

# Penalties a column, from nearly none to nearly nothing but: halves of orders of magnitude.
_DEFAULT_RATIOS = np.logspace(-2.5, 2.5, 11)


class RidgePathRegressor(RegressorMixin, ShowsModalities, RequestsItsArguments, BaseEstimator):
    """Ridge regression whose penalty is chosen for each target on held-out rows.

    The solutions for all penalties and targets are found together by conjugate
    gradients, which reads ``X`` a few dozen times, makes no copy of it and no matrix
    of columns by columns. For thousands of columns that is many times faster than
    :class:`~sklearn.linear_model.RidgeCV`, and as good.

    Parameters
    ----------
    n_components : int, default=None
        Number of principal components that stand for each block of more columns, as
        columns of variance one. For wide embeddings and few rows that is often
        better than all columns. None takes the columns.

    modalities : dict, callable or None, default=None
        Which columns of ``X`` form a block, see
        :func:`mofa_sklearn.modalities.resolve_modalities`. Only for `n_components`:
        without them it is an error.

    standardize : bool, default=True
        Whether columns are brought to variance one first. With False they count by
        their variance: for columns that have been standardised already, or for
        principal components.

    alphas : array-like of shape (n_alphas,), default=None
        Penalties to choose from, for columns of variance one. None: eleven, from
        0.003 to 300 times the number of columns.

    max_iter : int, default=50
        Steps of conjugate gradients, at most. Small penalties may not have converged
        by then, which regularises as a larger one would.

    tol : float, default=1e-3
        The steps end when no residual is larger than this part of what it was.

    validation_fraction : float, default=0.1
        Part of the rows, in (0, 1), on which penalties are chosen where no `X_val` is
        passed; all rows are learned from in the end.

    random_state : int, RandomState instance or None, default=None
        Determines these rows, and the start of the search for components.

    Attributes
    ----------
    alpha_ : ndarray of shape (n_targets,)
        The penalties chosen.

    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        The weights of the columns, also where components were used.

    intercept_ : float or ndarray of shape (n_targets,)
        The constants.

    column_mean_ : ndarray of shape (n_features,)
        What stands in for NaN.

    n_iter_ : int
        Number of steps made for the final solution.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    sklearn.linear_model.RidgeCV : Exact, chooses by leave-one-out.

    References
    ----------
    .. [1] Hestenes and Stiefel, "Methods of Conjugate Gradients for Solving Linear
       Systems", Journal of Research of the National Bureau of Standards 49, 1952.

    Examples
    --------
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.estimators import RidgePathRegressor
    >>> X, y = make_micro_videos(
    ...     300, modalities={"image": 8, "text": 8}, noise=0.1, random_state=0
    ... )
    >>> RidgePathRegressor(random_state=0).fit(X[:200], y[:200]).predict(X[200:]).shape
    (100, 3)
    """

    # An ensemble may fit several at a time, in threads, with one BLAS thread each.
    _fits_well_on_one_thread = True

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "modalities": [dict, callable, None],
        "standardize": ["boolean"],
        "alphas": ["array-like", None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components=None,
        *,
        modalities=None,
        standardize=True,
        alphas=None,
        max_iter=50,
        tol=1e-3,
        validation_fraction=0.1,
        random_state=None,
    ):
        self.n_components = n_components
        self.modalities = modalities
        self.standardize = standardize
        self.alphas = alphas
        self.max_iter = max_iter
        self.tol = tol
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        groups=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ) -> RidgePathRegressor:
        """Choose penalties, and find the weights.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows; NaN counts as the column's mean.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows.

        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, as their creators: where rows are held back, they are whole
            groups.

        X_val : array-like or DataFrame of shape (n_val, n_features), default=None
            Rows to choose penalties on.

        y_val : array-like of shape (n_val,) or (n_val, n_targets), default=None
            Their targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : RidgePathRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If only one of `X_val` and `y_val` is passed, a penalty is negative, or there are
            `modalities` without `n_components`, which would be ignored.
        """
        if self.modalities is not None and self.n_components is None:
            raise ValueError(
                "modalities would be ignored with n_components=None: only the principal "
                "components are those of each modality."
            )
        if (X_val is None) != (y_val is None):
            raise ValueError("Pass both X_val and y_val, or none of them.")
        if X_val is None and sample_weight_val is not None:
            raise ValueError("sample_weight_val was passed without X_val and y_val.")
        X = numbers(X)
        named = X if hasattr(X, "columns") else None
        rows, n_dimensions = self._check_training_rows(X, y, sample_weight, groups)
        blocks = None
        if self.n_components is not None:
            columns = rows.X if named is None else named
            blocks = list(resolve_modalities(columns, self.modalities).values())
        random_state = check_random_state(self.random_state)
        if X_val is None:
            train, test = self._hold_back(rows, random_state)
            held_out, known = rows.take(test), rows.take(train)
        else:
            held_out, known = self._held_out(X_val, y_val, sample_weight_val), rows
        seed = random_state.randint(np.iinfo(np.int32).max)
        system = self._system(known, blocks, seed)
        self.alpha_ = self._choose(system, held_out)
        if known is not rows:
            system = self._system(rows, blocks, seed)
        targets = np.arange(rows.y.shape[1])
        weights, self.n_iter_ = system.solve(self.alpha_, targets, self.max_iter, self.tol)
        self._keep(system, weights, n_dimensions)
        return self

    def predict(self, X) -> np.ndarray:
        """Predict the targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The rows; NaN counts as the mean of the training rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            The shape of the targets of the fit.
        """
        return self._predict_stacked([self], X)[0]

    @staticmethod
    def _predict_stacked(estimators: Sequence[RidgePathRegressor], X) -> np.ndarray:
        """Predict with every estimator; the rows are read once for all of them."""
        for estimator in estimators:
            check_is_fitted(estimator, "coef_")
        return RidgePathRegressor._predict_checked(estimators, estimators[0]._check_rows(X))

    @staticmethod
    def _predict_checked(estimators: Sequence[RidgePathRegressor], X: np.ndarray) -> np.ndarray:
        X = in_enough_digits(X)
        coef = np.concatenate([np.atleast_2d(each.coef_) for each in estimators])
        mean = np.mean([each.column_mean_ for each in estimators], axis=0)
        n_targets = len(coef) // len(estimators)
        products = (filled(X, mean) @ coef.T.astype(X.dtype)).astype(float)
        missing = np.isnan(X)
        if missing.any():
            # Each of them fills a column with the mean of its own rows.
            own = np.repeat([each.column_mean_ for each in estimators], n_targets, axis=0)
            rows = missing.any(axis=1)
            products[rows] += missing[rows].astype(float) @ (coef * (own - mean)).T
        products = products.reshape(len(X), len(estimators), n_targets).swapaxes(0, 1)
        shape = (len(X), *np.shape(estimators[0].intercept_))
        return np.stack(
            [
                product.reshape(shape) + each.intercept_
                for product, each in zip(products, estimators, strict=True)
            ]
        )

    def _predict_finite(self, X: np.ndarray) -> np.ndarray:
        """Predict rows that need no check, without NaN or huge values."""
        product = (X @ np.atleast_2d(self.coef_).T.astype(X.dtype)).astype(float)
        return product.reshape(len(X), *np.shape(self.intercept_)) + self.intercept_

    def _check_training_rows(self, X, y, sample_weight, groups) -> tuple[_Rows, int]:
        y = numeric_targets(y, self)
        with quiet_range():
            X, y = validate_data(
                self,
                X,
                y,
                dtype=(np.float32, np.float64),
                ensure_all_finite="allow-nan",
                multi_output=True,
                y_numeric=True,
            )
        sample_weight = check_weight("sample_weight", sample_weight, X)
        groups = check_groups(groups, X)
        rows = _Rows(in_enough_digits(X), y.reshape(len(y), -1), sample_weight, groups)
        return rows.that_count(), y.ndim

    def _held_out(self, X_val, y_val, sample_weight_val) -> _Rows:
        X_val = in_enough_digits(self._check_rows(X_val))
        y_val = numeric_targets(y_val, self, "y_val")
        y_val = check_array(y_val, ensure_2d=False, dtype=float, input_name="y_val")
        if len(y_val) != len(X_val):
            raise ValueError(
                f"X_val has {len(X_val)} rows and y_val {len(y_val)}: they must be the same."
            )
        y_val = y_val.reshape(len(X_val), -1)
        sample_weight_val = check_weight("sample_weight_val", sample_weight_val, X_val)
        return _Rows(X_val, y_val, sample_weight_val)

    def _check_rows(self, X) -> np.ndarray:
        checks = {"dtype": (np.float32, np.float64), "ensure_all_finite": "allow-nan"}
        with quiet_range():
            return validate_data(self, numbers(X), reset=False, **checks)

    def _hold_back(
        self, rows: _Rows, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        n_rows = len(rows.X)
        if n_rows < 4:  # too few to hold some back
            return np.arange(n_rows), np.arange(n_rows)
        if rows.groups is not None and len(np.unique(rows.groups)) > 1:
            return hold_back_groups(rows.groups, self.validation_fraction, random_state)
        n_held_out = max(1, round(self.validation_fraction * n_rows))
        order = random_state.permutation(n_rows)
        return np.sort(order[n_held_out:]), np.sort(order[:n_held_out])

    def _system(self, rows: _Rows, blocks: Sequence[np.ndarray] | None, seed: int) -> _System:
        return _System(rows, blocks, self.n_components, self.standardize, seed)

    def _choose(self, system: _System, held_out: _Rows) -> np.ndarray:
        """Return for each target the penalty of the least squared error."""
        n_targets = held_out.y.shape[1]
        if self.alphas is None:
            alphas = system.n_columns * _DEFAULT_RATIOS
        else:
            alphas = np.asarray(self.alphas, dtype=float)
            if alphas.ndim != 1 or len(alphas) == 0 or not (alphas >= 0).all():
                raise ValueError(f"alphas must be a list of numbers >= 0, got {self.alphas!r}.")
        columns = np.tile(np.arange(n_targets), len(alphas))
        penalties = np.repeat(alphas, n_targets)
        weights, _ = system.solve(penalties, columns, self.max_iter, self.tol)
        errors = held_out.y[:, columns] - system.predict(held_out.X, weights, columns)
        error = np.average(errors**2, axis=0, weights=held_out.weight)
        return alphas[error.reshape(len(alphas), n_targets).argmin(axis=0)]

    def _keep(self, system: _System, weights: np.ndarray, n_dimensions: int) -> None:
        """Write the solution in units of the columns as they came."""
        coef = system.in_units_of_X(weights).T
        intercept = system.y_mean - coef @ system.mean
        self.column_mean_ = system.mean
        self.coef_ = coef if n_dimensions == 2 else coef[0]
        self.intercept_ = intercept if n_dimensions == 2 else float(intercept[0])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        return tags


@dataclass
class _Rows:
    """Features, targets, weights and groups of some rows."""

    X: np.ndarray
    y: np.ndarray  # (n_rows, n_targets)
    weight: np.ndarray | None
    groups: np.ndarray | None = None

    def take(self, index: np.ndarray) -> _Rows:
        weight = None if self.weight is None else self.weight[index]
        groups = None if self.groups is None else self.groups[index]
        return _Rows(self.X[index], self.y[index], weight, groups)

    def that_count(self) -> _Rows:
        """Leave out the rows of weight zero: they tell nothing, not even how many there are."""
        if self.weight is None or self.weight.all():
            return self
        return self.take(np.flatnonzero(self.weight))


class _System:
    """The normal equations of centred columns, without writing them out."""

    def __init__(
        self,
        rows: _Rows,
        blocks: Sequence[np.ndarray] | None,
        n_components: int | None,
        standardize: bool,
        seed: int,
    ) -> None:
        weight = np.ones(len(rows.X)) if rows.weight is None else rows.weight
        self.weight = weight / weight.mean() if weight.any() else np.ones(len(weight))
        self.mean, self.scale = mean_and_scale(rows.X, self.weight)
        if not standardize:
            self.scale = np.ones_like(self.scale)
        self.y_mean = np.average(rows.y, axis=0, weights=self.weight)
        self.centred = (rows.y - self.y_mean) * self.weight[:, None]
        X = filled(rows.X, self.mean)
        if n_components is None:
            self.directions = None  # the columns themselves
            self.inner_mean, self.inner_scale, self.columns = self.mean, self.scale, X
        else:
            directions, spread = components(
                X, blocks or [], n_components, self.mean, self.scale, seed, self.weight
            )
            self.directions = directions / spread
            self.columns = project(X, self.directions, self.mean, self.scale)
            self.inner_mean = np.zeros(self.columns.shape[1])
            self.inner_scale = np.ones(self.columns.shape[1])

    @property
    def n_columns(self) -> int:
        """Number of unknowns for each target."""
        return self.columns.shape[1]

    def in_units_of_X(self, weights: np.ndarray) -> np.ndarray:
        """Turn weights of scaled columns, or of components, into those of X's columns."""
        if self.directions is not None:
            weights = self.directions @ weights
        return weights / self.scale[:, None]

    def solve(
        self, alphas: np.ndarray, columns: np.ndarray, max_iter: int, tol: float
    ) -> tuple[np.ndarray, int]:
        """Solve for one penalty and one target a column; return (n_features, n_columns)."""
        residual = self._transposed(self.centred)[:, columns]
        weights = np.zeros_like(residual)
        direction = residual.copy()
        square = (residual**2).sum(axis=0)
        goal = tol**2 * square
        step = 0
        # Those that have converged are left alone: their steps would be denormal numbers.
        while step < max_iter and (on := np.flatnonzero(square > goal)).size:
            image = self._transposed(self._times(direction[:, on]) * self.weight[:, None])
            image += alphas[on] * direction[:, on]
            length = square[on] / (direction[:, on] * image).sum(axis=0)
            weights[:, on] += length * direction[:, on]
            residual[:, on] -= length * image
            before, square[on] = square[on], (residual[:, on] ** 2).sum(axis=0)
            direction[:, on] = residual[:, on] + square[on] / before * direction[:, on]
            step += 1
        return weights, step

    def predict(self, X: np.ndarray, weights: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Predict rows of X, for the target of every column of weights."""
        X = filled(X, self.mean)
        own = self._columns_of(X)
        return self._times(weights, own) + self.y_mean[columns]

    def _columns_of(self, X: np.ndarray) -> np.ndarray:
        if self.directions is None:
            return X
        return project(X, self.directions, self.mean, self.scale)

    def _times(self, weights: np.ndarray, columns: np.ndarray | None = None) -> np.ndarray:
        """Multiply the columns, centred and scaled, by weights."""
        columns = self.columns if columns is None else columns
        scaled = weights / self.inner_scale[:, None]
        product = (columns @ scaled.astype(columns.dtype)).astype(float)
        return product - self.inner_mean @ scaled

    def _transposed(self, values: np.ndarray) -> np.ndarray:
        """Multiply the transpose of these columns by values of rows."""
        product = (self.columns.T @ values.astype(self.columns.dtype)).astype(float)
        product -= np.outer(self.inner_mean, values.sum(axis=0))
        return product / self.inner_scale[:, None]
