"""A classifier on trial is fitted on all folds only where it makes the log loss smaller."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss

from mofa_sklearn import KFoldEnsembleClassifier
from mofa_sklearn.baselines import BoostingClassifier
from mofa_sklearn.estimators import LogisticPathClassifier
from tests.helpers import make_data

N_FITTED = []
KINDS = ["binary", "multiclass", "multilabel"]


class Counted(BoostingClassifier):
    """Tells how many were fitted."""

    def _check_rows(self, X, y, name, reset):
        if reset:
            N_FITTED.append(len(X))
        return super()._check_rows(X, y, name, reset)


class NeverOnTrial(BoostingClassifier):
    _on_trial = False


TREES = Counted(max_iter=20, learning_rate=0.3, min_samples_leaf=5, random_state=0)


def classes_of(scores, kind):
    if kind == "multilabel":
        return np.column_stack([scores > np.quantile(scores, q) for q in (0.4, 0.7)]).astype(int)
    levels = np.digitize(scores, np.quantile(scores, [0.5] if kind == "binary" else [0.4, 0.7]))
    return np.array(["a", "b", "c"])[levels]


def linear(kind="multiclass", n_rows=300):
    """Rows of which a linear model knows everything."""
    X, _ = make_data(n_rows)
    return X, classes_of(X[:, 0] + X[:, 1], kind)


def steps(kind="multiclass", n_rows=300):
    """Rows of which it knows little."""
    X, _ = make_data(n_rows)
    inside = (np.abs(X[:, 0]) < 0.7) * 2 + (np.abs(X[:, 1]) > 1)
    return X, classes_of(inside + 1e-3 * X[:, 2], kind)


def fitted(X, y, cv=6, companions=(("trees", TREES),), **params):
    N_FITTED.clear()
    ensemble = KFoldEnsembleClassifier(
        LogisticPathClassifier(random_state=0),
        cv=cv,
        companions=list(companions),
        random_state=0,
        n_jobs=1,
    )
    return ensemble.fit(X, y, **params)


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_adds_nothing_is_given_up_after_two_folds_at_most(kind):
    ensemble = fitted(*linear(kind))
    assert len(N_FITTED) <= 2
    assert ensemble.companions_ == {}
    assert not ensemble.blend_weights_.loc["trees"].any()
    assert_allclose(ensemble.blend_weights_.loc["estimator"], 1)


@pytest.mark.parametrize("kind", KINDS)
def test_without_it_all_is_as_if_it_had_not_been_there(kind):
    X, y = linear(kind)
    ensemble, alone = fitted(X, y), fitted(X, y, companions=())
    assert_array_equal(ensemble.predict_proba(X), alone.predict_proba(X))
    assert_array_equal(ensemble.oof_prediction_, alone.oof_prediction_)
    assert_array_equal(ensemble.predict_set(X), alone.predict_set(X))


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_helps_is_fitted_on_all_folds(kind):
    ensemble = fitted(*steps(kind))
    assert len(N_FITTED) == len(ensemble.companions_["trees"]) == 6
    assert (ensemble.blend_weights_.loc["trees"] > 0.5).all()


def test_out_of_fold_the_log_loss_is_smaller_with_it():
    X, y = steps()
    ensemble, alone = fitted(X, y), fitted(X, y, companions=())
    assert log_loss(y, ensemble.oof_prediction_) < log_loss(y, alone.oof_prediction_)


def test_what_is_nothing_on_the_first_fold_has_no_second():
    X, y = steps()
    nothing = Counted(max_iter=1, learning_rate=1e-9)  # the shares of the classes
    strong = NeverOnTrial(**TREES.get_params())
    fitted(X, y, companions=[("strong", strong), ("nothing", nothing)])
    assert len(N_FITTED) == 1


def test_what_counts_is_what_it_adds_to_the_companions_before_it():
    X, y = steps()
    same = NeverOnTrial(**TREES.get_params())
    ensemble = fitted(X, y, companions=[("same", same), ("trees", TREES)])
    assert len(N_FITTED) <= 2
    assert list(ensemble.companions_) == ["same"]


def test_the_decision_depends_on_rows_that_count_alone():
    X, y = linear()
    extra = np.random.default_rng(0).choice(["a", "b", "c"], 300)
    weight = np.repeat([1.0, 0.0], 300)
    splits = [
        (np.setdiff1d(np.arange(600), test), test) for test in np.array_split(np.arange(600), 6)
    ]
    order = np.random.default_rng(1).permutation(600)
    X, y = np.vstack([X, X])[order], np.concatenate([y, extra])[order]
    ensemble = fitted(X, y, cv=splits, sample_weight=weight[order])
    assert len(N_FITTED) <= 2
    assert ensemble.companions_ == {}


def test_rows_to_stop_on_of_the_user_and_groups_reach_it():
    X, y = steps(n_rows=300)
    groups = np.arange(240) % 60
    ensemble = fitted(X[:240], y[:240], groups=groups, X_val=X[240:], y_val=y[240:])
    assert len(ensemble.companions_["trees"]) == 6
    assert all(195 <= n_rows <= 205 for n_rows in N_FITTED)


def test_a_class_that_a_fold_lacks_is_no_obstacle():
    X, y = steps()
    y = np.where(np.arange(300) < 2, "rare", y)
    splits = [
        (np.setdiff1d(np.arange(300), test), test) for test in np.array_split(np.arange(300), 6)
    ]
    ensemble = fitted(X, y, cv=splits)
    assert ensemble.predict_proba(X).shape == (300, 4)
