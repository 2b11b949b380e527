"""scikit-learn's network, stopping early on rows that it is given."""

from __future__ import annotations

import copy

import numpy as np
from sklearn.base import _fit_context
from sklearn.neural_network import MLPRegressor


class EarlyStoppingMLPRegressor(MLPRegressor):
    """:class:`~sklearn.neural_network.MLPRegressor` that may be given validation rows.

    It has the same parameters and attributes. With ``early_stopping=True`` and
    validation rows, the network is trained epoch by epoch until the squared error on
    these rows has not got better by `tol` for `n_iter_no_change` epochs, and the best
    epoch's weights are kept. Without them it does what its base class does.

    Attributes
    ----------
    validation_losses_ : list of float
        The mean squared error on the validation rows after each epoch, where such
        rows were given.

    See Also
    --------
    EarlyStoppingRegressor : Scales targets, and holds rows back where none are given.

    Examples
    --------
    >>> from mofa_sklearn.baselines import EarlyStoppingMLPRegressor
    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(120, 5, noise=1.0, random_state=0)
    >>> y = y / y.std()
    >>> network = EarlyStoppingMLPRegressor(
    ...     early_stopping=True, max_iter=500, learning_rate_init=0.01, random_state=0
    ... )
    >>> _ = network.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    >>> network.n_iter_ < 500
    True
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None
    ) -> EarlyStoppingMLPRegressor:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Their weights; takes scikit-learn 1.7 or newer.

        X_val : array-like of shape (n_val, n_features), default=None
            Rows to stop early on.

        y_val : array-like of shape (n_val,) or (n_val, n_targets), default=None
            Their targets.

        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : EarlyStoppingMLPRegressor
        """
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        if X_val is None or not self.early_stopping:
            return super().fit(X, y, **weights)
        # partial_fit refuses early_stopping=True, and goes on where a fit ended.
        network = MLPRegressor(**{**self.get_params(), "early_stopping": False})
        losses: list[float] = []
        best, n_idle = np.inf, 0
        best_weights: tuple = ()
        while len(losses) < self.max_iter and n_idle < self.n_iter_no_change:
            network.partial_fit(X, y, **weights)
            errors = (network.predict(X_val) - y_val) ** 2
            losses.append(float(np.mean(np.average(errors, axis=0, weights=sample_weight_val))))
            n_idle = 0 if losses[-1] < best - self.tol else n_idle + 1
            if losses[-1] < best or not best_weights:
                best = losses[-1]
                best_weights = copy.deepcopy((network.coefs_, network.intercepts_))
        network.coefs_, network.intercepts_ = best_weights
        for name in vars(network).keys() - self.get_params().keys():
            setattr(self, name, getattr(network, name))
        self.n_iter_, self.validation_losses_ = len(losses), losses
        return self
