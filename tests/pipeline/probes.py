"""Steps that remember what their `fit` was called with."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.linear_model import LinearRegression


class Shift(TransformerMixin, BaseEstimator):
    """Take off the mean of the rows of the fit, and remember these rows."""

    def fit(self, X, y=None):
        self.X_, self.y_, self.mean_ = X, y, X.mean(axis=0)
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1
        return self

    def transform(self, X):
        return X - self.mean_


class GroupedShift(Shift):
    """Takes weights and groups, by a `fit_transform` of its own."""

    def fit(self, X, y=None, sample_weight=None, groups=None):
        self.weight_, self.groups_ = sample_weight, groups
        return super().fit(X, y)

    def fit_transform(self, X, y=None, sample_weight=None, groups=None):
        return self.fit(X, y, sample_weight, groups).transform(X)


class Recorder(RegressorMixin, BaseEstimator):
    """A linear regressor that takes everything, and remembers it."""

    def fit(
        self, X, y, sample_weight=None, groups=None, *, X_val=None, y_val=None,
        sample_weight_val=None,
    ):  # fmt: skip
        self.X_, self.y_, self.weight_, self.groups_ = X, y, sample_weight, groups
        self.X_val_, self.y_val_, self.weight_val_ = X_val, y_val, sample_weight_val
        self.model_ = LinearRegression().fit(X, y)
        return self

    def predict(self, X, return_std=False):
        mean = self.model_.predict(X)
        return (mean, np.full_like(mean, 0.5)) if return_std else mean

    def predict_interval(self, X, confidence_level=0.9, joint=False):
        mean = self.predict(X).reshape(len(X), -1)
        return np.stack(
            [mean - confidence_level - joint, mean + confidence_level + joint], axis=-1
        )
