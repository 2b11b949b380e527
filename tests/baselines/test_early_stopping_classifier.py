"""A classifier for classes, or for each label, and the rows it stops on."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

from mofa_sklearn.baselines import EarlyStoppingClassifier

from ..classes import make_classes


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what its fit was given, and predicts the shares of the classes."""

    def __init__(self, early_stopping=True, n_jobs=None, random_state=None):
        self.early_stopping = early_stopping
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        self.X_, self.y_, self.weight_ = X, y, sample_weight
        self.X_val_, self.y_val_, self.weight_val_ = X_val, y_val, sample_weight_val
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def predict_proba(self, X):
        if self.y_.ndim == 2:
            return np.tile(self.y_.mean(axis=0), (len(X), 1))
        return np.tile([np.mean(self.y_ == value) for value in self.classes_], (len(X), 1))


def rows_of(part, X):
    """Return which rows of X a part holds; all are different."""
    return [int(np.flatnonzero((row == X).all(axis=1))[0]) for row in part]


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_classes_are_handed_on_as_integers_with_the_rows_that_are_given(kind):
    X, y = make_classes(kind, 60)
    weight = np.arange(1.0, 61.0)
    model = EarlyStoppingClassifier(Recorder())
    model.fit(
        X[:40], y[:40], weight[:40], X_val=X[40:], y_val=y[40:], sample_weight_val=weight[40:]
    )
    (member,) = model.estimators_
    assert_array_equal(model.classes_, np.unique(y))
    assert_array_equal(model.classes_[member.y_], y[:40])
    assert_array_equal(model.classes_[member.y_val_], y[40:])
    assert_allclose(member.X_val_, X[40:])
    assert_allclose(member.weight_, weight[:40])
    assert_allclose(member.weight_val_, weight[40:])


@pytest.mark.parametrize("multi_output", ["per_target", "native"])
@pytest.mark.parametrize("kind_of_matrix", [np.asarray, csr_matrix])
def test_labels_are_learned_one_by_one_or_together(multi_output, kind_of_matrix):
    X, y = make_classes("multilabel", 60)
    model = EarlyStoppingClassifier(Recorder(), multi_output=multi_output)
    labels = kind_of_matrix(y)
    model.fit(X[:40], labels[:40], X_val=X[40:], y_val=labels[40:])
    assert len(model.estimators_) == (3 if multi_output == "per_target" else 1)
    for label, member in enumerate(model.estimators_):
        column = label if multi_output == "per_target" else slice(None)
        assert_array_equal(member.y_, y[:40, column])
        assert_array_equal(member.y_val_, y[40:, column])
    assert_allclose(model.predict_proba(X), np.tile(y[:40].mean(axis=0), (60, 1)))
    assert_array_equal(model.predict(X), model.predict_proba(X) > 0.5)
    assert_array_equal(model.classes_, [[0, 1]] * 3)


def test_lists_of_probabilities_become_one_array():
    X, y = make_classes("multilabel", 60)
    forest = RandomForestClassifier(5)
    model = EarlyStoppingClassifier(forest, multi_output="native", random_state=0).fit(X, y)
    own = model.estimators_[0].predict_proba(X)
    assert_allclose(model.predict_proba(X), np.stack([each[:, 1] for each in own], axis=1))


def test_a_share_of_every_class_is_held_back():
    X, _ = make_classes("multiclass", 100)
    y = np.repeat(["a", "b", "c"], [60, 30, 10])
    model = EarlyStoppingClassifier(Recorder(), validation_fraction=0.2, random_state=0)
    (member,) = model.fit(X, y).estimators_
    assert np.bincount(member.y_val_).tolist() == [12, 6, 2]
    held_back = rows_of(member.X_val_, X)
    assert sorted(held_back + rows_of(member.X_, X)) == list(range(100))


@pytest.mark.parametrize("seed", range(5))
def test_the_only_row_of_a_class_is_learned_from(seed):
    X, y = make_classes("binary", 40)
    y = y.astype("U1")
    y[7] = "z"
    model = EarlyStoppingClassifier(Recorder(), validation_fraction=0.5, random_state=seed)
    (member,) = model.fit(X, y).estimators_
    assert 7 in rows_of(member.X_, X)


def test_groups_are_held_back_as_a_whole():
    X, y = make_classes("multiclass", 120)
    groups = np.arange(120) // 4
    model = EarlyStoppingClassifier(Recorder(), validation_fraction=0.2, random_state=0)
    (member,) = model.fit(X, y, groups=groups).estimators_
    held_back = groups[rows_of(member.X_val_, X)]
    assert len(held_back) == 24
    assert not set(held_back) & set(groups[rows_of(member.X_, X)])


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_one_group_is_learned_whatever_is_held_back(seed):
    X, _ = make_classes("multiclass", 40)
    groups = np.arange(40) // 10
    model = EarlyStoppingClassifier(Recorder(), validation_fraction=0.5, random_state=seed)
    # One class has a group of its own, then every class has.
    for y in (np.where(groups == 2, "rare", np.where(np.arange(40) % 2, "a", "b")), groups):
        (member,) = model.fit(X, y, groups=groups).estimators_
        assert len(np.unique(member.y_)) == len(np.unique(y))
        assert len(member.X_val_) > 0


def test_who_was_told_not_to_stop_learns_from_all_rows():
    X, y = make_classes("binary", 40)
    (member,) = EarlyStoppingClassifier(Recorder(early_stopping=False)).fit(X, y).estimators_
    assert len(member.X_) == 40
    assert member.X_val_ is None


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_what_does_not_stop_early_gives_the_same_probabilities_wrapped(kind):
    X, y = make_classes(kind, 80)
    wrapped = EarlyStoppingClassifier(LogisticRegression()).fit(X, y)
    plain = LogisticRegression().fit(X, y)
    assert_allclose(wrapped.predict_proba(X), plain.predict_proba(X), rtol=1e-4)
    assert_array_equal(wrapped.predict(X), plain.predict(X))


def test_a_pipeline_is_fitted_as_a_whole():
    X, y = make_classes("binary", 40)
    model = EarlyStoppingClassifier(make_pipeline(StandardScaler(), Recorder()), n_jobs=1)
    (pipeline,) = model.fit(X, y, np.ones(40)).estimators_
    assert_allclose(pipeline[-1].X_.mean(axis=0), 0, atol=1e-5)
    assert pipeline[-1].X_val_.shape == (4, X.shape[1])
    assert pipeline[-1].n_jobs == 1


def test_one_class_and_labels_that_do_not_vary_are_left_to_no_one():
    X, y = make_classes("multilabel", 40)
    y[:, 0], y[:, 2] = 1, 0
    model = EarlyStoppingClassifier(Recorder(), random_state=0).fit(X, y)
    assert len(model.estimators_) == 1
    assert_array_equal(model.predict_proba(X)[:, [0, 2]], [[1, 0]] * 40)
    model.fit(X, np.full(40, "only"))
    assert model.estimators_ == []
    assert_array_equal(model.predict_proba(X), np.ones((40, 1)))
    assert_array_equal(model.predict(X), np.full(40, "only"))


def test_probabilities_are_calibrated_to_one_whatever_the_library_s_precision():
    pytest.importorskip("xgboost")
    from xgboost import XGBClassifier

    X, y = make_classes("multiclass", 60)
    model = EarlyStoppingClassifier(XGBClassifier(n_estimators=3, n_jobs=1)).fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.dtype == np.float64
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


def test_every_label_stops_when_it_is_best():
    X, y = make_classes("multilabel", 300)
    y[:, 1] = np.random.default_rng(0).integers(2, size=300)
    boosting = HistGradientBoostingClassifier(
        max_iter=200, early_stopping=True, n_iter_no_change=5, max_depth=2
    )
    learned, noise, _ = EarlyStoppingClassifier(boosting, random_state=0).fit(X, y).n_iter_
    assert noise < learned


# What is refused


def test_validation_classes_that_are_none_to_learn_are_told():
    X, y = make_classes("multiclass", 40)
    y_val = y[30:].copy()
    y_val[0] = "e"
    with pytest.raises(ValueError, match=r"y_val has class\(es\) \['e'\].*\['a', 'b', 'c', 'd'\]"):
        EarlyStoppingClassifier(Recorder()).fit(X[:30], y[:30], X_val=X[30:], y_val=y_val)


def test_validation_labels_of_another_width_are_refused():
    X, y = make_classes("multilabel", 40)
    with pytest.raises(ValueError, match=r"\(30, 3\) and y_val \(10, 2\)"):
        EarlyStoppingClassifier(Recorder()).fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:, :2])


@pytest.mark.parametrize("given", ["X_val", "y_val"])
def test_validation_rows_without_classes_and_classes_without_rows_are_refused(given):
    X, y = make_classes("binary", 40)
    with pytest.raises(ValueError, match="both X_val and y_val"):
        EarlyStoppingClassifier(Recorder()).fit(X, y, **{given: {"X_val": X, "y_val": y}[given]})


def test_validation_columns_of_another_order_are_refused():
    X, y = make_classes("binary", 40)
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])
    with pytest.raises(ValueError, match="feature names"):
        EarlyStoppingClassifier(Recorder()).fit(
            frame[:30], y[:30], X_val=frame.iloc[30:, ::-1], y_val=y[30:]
        )


def test_numbers_that_are_no_classes_are_refused():
    X, _ = make_classes("binary", 40)
    with pytest.raises(ValueError, match="continuous"):
        EarlyStoppingClassifier(Recorder()).fit(X, X[:, 0])


def test_weights_that_the_estimator_does_not_take_are_refused():
    X, y = make_classes("binary", 40)
    with pytest.raises(TypeError, match="KNeighborsClassifier does not support sample weights"):
        EarlyStoppingClassifier(KNeighborsClassifier()).fit(X, y, np.ones(40))


def test_what_predicts_no_probabilities_is_refused():
    X, y = make_classes("binary", 40)
    with pytest.raises(InvalidParameterError, match=r"'estimator' parameter.*predict_proba"):
        EarlyStoppingClassifier(StandardScaler()).fit(X, y)
