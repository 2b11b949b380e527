"""Splits, out-of-fold predictions and their scores."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    TimeSeriesSplit,
    cross_val_predict,
)

from mofa_sklearn import KFoldEnsembleRegressor

from ..helpers import make_data


def fit(cv, n_targets=2, **params):
    X, y = make_data(40, n_targets)
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=cv, random_state=0)
    return X, y, ensemble.fit(X, y, **params)


@pytest.mark.parametrize("n_targets", [None, 1, 2])
@pytest.mark.parametrize(
    "cv", [KFold(4), KFold(4, shuffle=True, random_state=3), LeaveOneOut()], ids=repr
)
def test_out_of_fold_predictions_are_those_of_cross_val_predict(cv, n_targets):
    X, y, ensemble = fit(cv, n_targets)
    assert ensemble.oof_prediction_.shape == y.shape
    expected = cross_val_predict(Ridge(), X, y, cv=cv).reshape(y.shape)
    assert_allclose(ensemble.oof_prediction_, expected, rtol=1e-6)


def test_an_iterable_of_splits_is_taken_as_it_is():
    X, y, _ = fit(2)
    splits = list(KFold(4).split(X))
    for cv in (splits, iter(splits)):
        ensemble = KFoldEnsembleRegressor(Ridge(), cv=cv).fit(X, y)
        expected = cross_val_predict(Ridge(), X, y, cv=KFold(4))
        assert_allclose(ensemble.oof_prediction_, expected)


@pytest.mark.parametrize("n_folds", [2, 5])
def test_an_int_shuffles_the_rows_into_folds(n_folds):
    _, _, ensemble = fit(n_folds)
    assert len(ensemble.estimators_) == n_folds
    assert not np.isnan(ensemble.oof_prediction_).any()
    consecutive = fit(KFold(n_folds))[2].oof_prediction_
    assert not np.allclose(ensemble.oof_prediction_, consecutive)


class RecordsRows(Ridge):
    """Keeps the first feature of the rows that it learns from."""

    def fit(self, X, y):
        self.rows_ = X[:, 0]
        return super().fit(X, y)


@pytest.mark.parametrize("cv", [5, GroupKFold(5)], ids=["int", "GroupKFold"])
def test_no_group_is_on_both_sides(cv):
    X, y = make_data(40)
    groups = np.arange(40) % 8
    X[:, 0] = groups
    ensemble = KFoldEnsembleRegressor(RecordsRows(), cv=cv).fit(X, y, groups=groups)
    assert not np.isnan(ensemble.oof_prediction_).any()
    held_out = [set(range(8)) - set(member.rows_) for member in ensemble.estimators_]
    assert set().union(*held_out) == set(range(8))
    assert sum(map(len, held_out)) == 8


def test_repeated_folds_average_the_predictions_of_a_row():
    cv = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    X, y, ensemble = fit(cv)
    assert len(ensemble.estimators_) == 6
    total = np.zeros_like(y)
    for train, test in cv.split(X):
        total[test] += Ridge().fit(X[train], y[train]).predict(X[test])
    assert_allclose(ensemble.oof_prediction_, total / 2)


def test_rows_that_are_never_held_out_have_no_prediction_and_no_score():
    _, y, ensemble = fit(TimeSeriesSplit(4))
    unknown = np.isnan(ensemble.oof_prediction_).any(axis=1)
    assert_array_equal(unknown, np.arange(40) < 8)
    known = ~unknown
    score = r2_score(y[known], ensemble.oof_prediction_[known], multioutput="raw_values")
    assert_allclose(ensemble.oof_nmse_, 1 - score)


@pytest.mark.parametrize("n_targets", [None, 1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_r2_for_each_fold_and_target(n_targets, weighted):
    weight = np.random.default_rng(0).uniform(size=40) if weighted else None
    X, y, ensemble = fit(KFold(4), n_targets, sample_weight=weight)
    weight = np.ones(40) if weight is None else weight
    oof = ensemble.oof_prediction_
    expected = [
        r2_score(y[test], oof[test], sample_weight=weight[test], multioutput="raw_values")
        for _, test in KFold(4).split(X)
    ]
    assert_allclose(ensemble.fold_scores_, expected)
    assert ensemble.fold_scores_.shape == (4, n_targets or 1)
    overall = r2_score(y, oof, sample_weight=weight, multioutput="raw_values")
    assert_allclose(ensemble.oof_nmse_, 1 - overall)
    assert ensemble.oof_score_ == pytest.approx(overall.mean())


def test_folds_of_one_row_have_no_score_of_their_own_but_count_together():
    _, _, ensemble = fit(LeaveOneOut())
    assert np.isnan(ensemble.fold_scores_).all()
    assert ensemble.oof_score_ > 0.9


def test_folds_of_weight_zero_have_no_score_of_their_own():
    weight = np.ones(40)
    weight[:10] = 0
    _, y, ensemble = fit(KFold(4), sample_weight=weight)
    assert_array_equal(np.isnan(ensemble.fold_scores_).any(axis=1), [True, False, False, False])
    overall = r2_score(y[10:], ensemble.oof_prediction_[10:])
    assert ensemble.oof_score_ == pytest.approx(overall)


def test_members_that_predict_no_numbers_are_refused():
    class Lost(Ridge):
        def predict(self, X):
            return np.full_like(super().predict(X), np.nan)

    X, y = make_data(40)
    with pytest.raises(ValueError, match="contains NaN"):
        KFoldEnsembleRegressor(Lost(), cv=2).fit(X, y)


def test_a_constant_target_has_a_score():
    X, y = make_data(40)
    y[:, 1] = 3
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=4).fit(X, y)
    assert np.isfinite(ensemble.fold_scores_).all()
    assert_allclose(ensemble.predict(X)[:, 1], 3)


@pytest.mark.parametrize(
    ("cv", "groups", "message"),
    [
        (41, None, "n_splits=41.*n_samples=40"),
        (5, np.arange(40) % 3, "5.*3"),
        (1, None, "1"),
        (GroupKFold(3), None, "groups"),
        ([], None, "split"),
    ],
)
def test_too_few_rows_or_groups_are_told(cv, groups, message):
    X, y = make_data(40)
    with pytest.raises(ValueError, match=message):
        KFoldEnsembleRegressor(Ridge(), cv=cv).fit(X, y, groups=groups)
