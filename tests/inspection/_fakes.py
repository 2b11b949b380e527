"""Small estimators with the fitted attributes that the displays read, to stay quick."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin


class Attending(RegressorMixin, BaseEstimator):
    """Attention proportional to the first two columns of X; a history of three epochs."""

    def fit(self, X, y=None):
        self.n_features_in_ = np.shape(X)[1]
        self.history_ = make_history(3)
        self.best_iteration_ = 2
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def modality_attention(self, X):
        weights = np.asarray(X)[:, :2]
        weights = weights / weights.sum(axis=1, keepdims=True)
        return pd.DataFrame(weights, columns=["image", "text"])


class Members(RegressorMixin, BaseEstimator):
    """A fitted ensemble: nothing but its members."""

    def __init__(self, members=()):
        self.members = members

    def fit(self, X, y=None):
        self.estimators_ = [member.fit(X, y) for member in self.members]
        return self


def make_history(n_epochs, *, valid=True):
    """Losses that fall, as skorch's history lists them."""
    rows = [{"epoch": epoch, "train_loss": 1 / epoch} for epoch in range(1, n_epochs + 1)]
    if valid:
        for row in rows:
            row["valid_loss"] = row["train_loss"] + 0.1
    return rows
