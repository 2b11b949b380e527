"""Whatever the rows, folds, groups and classes: each row is held out once, by who never saw it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from mofa_sklearn import BlendRegressor, KFoldEnsembleClassifier, KFoldEnsembleRegressor

SEEDS = st.integers(0, 1000)


class Remembers(RegressorMixin, BaseEstimator):
    """Predicts, for each column of X, whether the value was among those it learned from."""

    def fit(self, X, y):
        self.seen_ = [set(column) for column in X.T]
        return self

    def predict(self, X):
        columns = zip(X.T, self.seen_, strict=True)
        return np.array([np.isin(column, list(seen)) for column, seen in columns], float).T


class RemembersRows(ClassifierMixin, Remembers):
    """Is sure of the first class where it has not seen a row, else of the last one."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return super().fit(X, y)

    def predict_proba(self, X):
        seen = Remembers.predict(self, X)[:, 0]
        rest = np.zeros((len(X), len(self.classes_) - 2))
        return np.column_stack([1 - seen, rest, seen])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def held_out(ensemble, X):
    """Return the rows that each member has not learned from; each row is in one of them."""
    folds = [
        np.flatnonzero(~np.isin(X[:, 0], list(member.seen_[0]))) for member in ensemble.estimators_
    ]
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), np.arange(len(X)))
    return folds


@st.composite
def sizes(draw):
    """Draw a number of folds, and one of rows that need not be a multiple of it."""
    n_folds = draw(st.integers(2, 6))
    return n_folds, draw(st.integers(n_folds, 40))


@given(sizes(), SEEDS)
def test_rows(size, seed):
    n_folds, n_rows = size
    X = np.arange(n_rows, dtype=float)[:, np.newaxis]
    ensemble = KFoldEnsembleRegressor(Remembers(), cv=n_folds, random_state=seed)
    ensemble.fit(X, np.zeros(n_rows))
    assert (ensemble.oof_prediction_ == 0).all()
    assert np.ptp([len(rows) for rows in held_out(ensemble, X)]) <= 1
    # All other rows are learned from.
    np.testing.assert_allclose(ensemble.predict(X), 1 - 1 / n_folds)


@given(sizes(), st.data(), SEEDS)
def test_groups(size, data, seed):
    n_folds, n_rows = size
    every = list(range(n_folds))  # as many groups as folds at least
    more = data.draw(st.lists(st.integers(0, 9), min_size=n_rows - n_folds, max_size=n_rows))
    groups = np.array([*every, *more][:n_rows])
    X = np.column_stack([np.arange(n_rows), groups]).astype(float)
    ensemble = KFoldEnsembleRegressor(Remembers(), cv=n_folds, random_state=seed)
    ensemble.fit(X, np.zeros((n_rows, 2)), groups=groups)
    assert (ensemble.oof_prediction_ == 0).all()
    assert len(held_out(ensemble, X)) == n_folds


@given(sizes(), st.integers(2, 3), SEEDS)
def test_classes(size, n_classes, seed):
    n_folds, n_rows = size
    n_rows = max(n_rows, n_folds * n_classes)
    X = np.arange(n_rows, dtype=float)[:, np.newaxis]
    y = np.arange(n_rows) % n_classes
    ensemble = KFoldEnsembleClassifier(RemembersRows(), cv=n_folds, random_state=seed).fit(X, y)
    assert (ensemble.oof_prediction_[:, 0] == 1).all()
    # Each class is spread over the folds as evenly as it can be.
    of_folds = [np.bincount(y[rows], minlength=n_classes) for rows in held_out(ensemble, X)]
    assert (np.ptp(of_folds, axis=0) <= 1).all()


@given(sizes(), SEEDS)
def test_parts_of_a_blend(size, seed):
    n_folds, n_rows = size
    X = np.arange(n_rows, dtype=float)[:, np.newaxis]
    parts = [("one", Remembers()), ("two", Remembers())]
    blend = BlendRegressor(parts, cv=n_folds, random_state=seed).fit(X, np.zeros(n_rows))
    assert (blend.oof_prediction_ == 0).all()
    np.testing.assert_allclose(blend.weights_.sum(axis=0), 1)
    assert (blend.weights_ >= 0).all()
