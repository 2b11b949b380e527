"""A companion on trial is fitted on all folds only where it is worth it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.baselines import BoostingRegressor
from tests.helpers import make_data

N_FITTED, WIDTHS = [], []


class Counted(BoostingRegressor):
    """Tells how many were fitted."""

    def _check_rows(self, X, y, reset):
        if reset:
            N_FITTED.append(len(X))
            WIDTHS.append(y.shape[-1])
        return super()._check_rows(X, y, reset)


class NeverOnTrial(BoostingRegressor):
    _on_trial = False


TREES = Counted(max_iter=20, learning_rate=0.3, min_samples_leaf=5, random_state=0)


def linear(n_rows=240):
    """Rows of which a linear model knows everything."""
    X, _ = make_data(n_rows)
    return X, np.column_stack([X[:, 0] + X[:, 1], X[:, 2]])


def steps(n_rows=240):
    """Rows of which it knows little."""
    X, _ = make_data(n_rows)
    y = (X[:, 0] > 0.3) * (X[:, 1] > -0.5) * 2.0 + (np.abs(X[:, 2]) > 1)
    return X, np.column_stack([y, -y])


def fitted(X, y, cv=6, companions=(("trees", TREES),), **params):
    N_FITTED.clear()
    ensemble = KFoldEnsembleRegressor(
        Ridge(), cv=cv, companions=list(companions), random_state=0, n_jobs=1
    )
    return ensemble.fit(X, y, **params)


def test_one_that_adds_nothing_is_given_up_after_two_folds():
    ensemble = fitted(*linear())
    assert len(N_FITTED) == 2
    assert ensemble.companions_ == {}
    assert ensemble.blend_weights_.loc["trees"].tolist() == [0.0, 0.0]
    assert_allclose(ensemble.blend_weights_.loc["estimator"], 1)


def test_without_it_all_is_as_if_it_had_not_been_there():
    X, y = linear()
    ensemble, alone = fitted(X, y), fitted(X, y, companions=())
    assert_array_equal(ensemble.predict(X), alone.predict(X))
    assert_array_equal(ensemble.oof_prediction_, alone.oof_prediction_)
    assert_allclose(ensemble.predict_interval(X), alone.predict_interval(X), rtol=1e-5)


def test_one_that_helps_is_fitted_on_all_folds():
    X, y = steps()
    ensemble = fitted(X, y)
    assert len(N_FITTED) == len(ensemble.companions_["trees"]) == 6
    assert (ensemble.blend_weights_.loc["trees"] > 0.5).all()
    assert (ensemble.oof_nmse_ < fitted(X, y, companions=()).oof_nmse_).all()


def test_what_counts_is_what_it_adds_to_the_companions_before_it():
    X, y = steps()
    same = NeverOnTrial(**TREES.get_params())
    ensemble = fitted(X, y, companions=[("same", same), ("trees", TREES)])
    assert len(N_FITTED) == 2
    assert list(ensemble.companions_) == ["same"]


def several(y, n_targets):
    return np.column_stack([y[:, target % 2] + target for target in range(n_targets)])


def test_of_many_targets_three_decide():
    X, y = linear()
    WIDTHS.clear()
    assert fitted(X, several(y, 5)).companions_ == {}
    assert WIDTHS == [3, 3]


def test_one_that_helped_with_three_targets_is_fitted_to_all():
    X, y = steps()
    y = several(y, 5)
    ensemble = fitted(X, y)
    expected = fitted(X, y, companions=[("trees", NeverOnTrial(**TREES.get_params()))])
    assert_array_equal(ensemble.predict(X), expected.predict(X))


@pytest.mark.parametrize("cv", [1, 2])
def test_few_folds_are_no_trial(cv):
    X, y = linear()
    splits = [(np.arange(120), np.arange(120, 240)), (np.arange(120, 240), np.arange(120))]
    fitted(X, y, cv=splits[:cv])
    assert len(N_FITTED) == cv


def test_the_decision_depends_on_rows_that_count_alone():
    X, y = linear()
    extra = np.random.default_rng(0).normal(size=(240, 2)) * 100
    weight = np.repeat([1.0, 0.0], 240)
    splits = [
        (np.setdiff1d(np.arange(480), test), test) for test in np.array_split(np.arange(480), 6)
    ]
    order = np.random.default_rng(1).permutation(480)
    X, y, weight = (values[order] for values in (np.vstack([X, X]), np.vstack([y, extra]), weight))
    ensemble = fitted(X, y, cv=splits, sample_weight=weight)
    assert len(N_FITTED) == 2
    assert ensemble.companions_ == {}


def test_rows_to_stop_on_of_the_user_and_groups_reach_it():
    X, y = steps(300)
    groups = np.arange(240) % 60
    ensemble = fitted(
        X[:240], y[:240], cv=GroupKFold(6), groups=groups, X_val=X[240:], y_val=y[240:]
    )
    assert set(N_FITTED) == {200}
    assert len(ensemble.companions_["trees"]) == 6
