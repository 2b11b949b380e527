"""Companions stand beside the members, and count as much as they help."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor
from mofa_sklearn.estimators import RetrievalRegressor
from tests.helpers import WIDTHS, make_data, run_in_fresh_process, small_mofa

RIDGE = ("ridge", make_pipeline(StandardScaler(), Ridge()))
NEIGHBORS = ("knn", KNeighborsRegressor())


def fitted(estimator, companions, X, y, **params):
    ensemble = KFoldEnsembleRegressor(estimator, cv=4, companions=companions, random_state=0)
    return ensemble.fit(X, y, **params)


@pytest.mark.parametrize("estimator", [small_mofa(), Ridge(), DummyRegressor()])
@pytest.mark.parametrize("y_of", [lambda y: y, lambda y: y[:, 0]], ids=["2-D", "1-D"])
def test_out_of_fold_it_is_no_worse_than_any_part(estimator, y_of):
    X, y = make_data()
    y = y_of(y)
    together = fitted(estimator, [RIDGE, NEIGHBORS], X, y)
    for part in (estimator, RIDGE[1], NEIGHBORS[1]):
        alone = fitted(part, None, X, y)
        assert (together.oof_nmse_ <= alone.oof_nmse_ + 1e-9).all()


def test_weights_sum_to_one_and_are_told_by_name():
    X, y = make_data()
    weights = fitted(small_mofa(), [RIDGE, NEIGHBORS], X, y).blend_weights_
    assert weights.index.tolist() == ["estimator", "ridge", "knn"]
    assert_allclose(weights.sum(axis=0), 1)
    assert (weights >= 0).all(axis=None)


def test_the_prediction_is_the_weighted_mean():
    X, y = make_data()
    ensemble = fitted(small_mofa(), [RIDGE], X, y)
    parts = [ensemble.estimators_, ensemble.companions_["ridge"]]
    means = [np.mean([member.predict(X) for member in part], axis=0) for part in parts]
    expected = sum(w * m for w, m in zip(ensemble.blend_weights_.to_numpy(), means, strict=True))
    assert_allclose(ensemble.predict(X), expected, rtol=1e-5)


def test_a_companion_of_no_weight_is_let_go():
    X, y = make_data(noise=0.01)
    ensemble = fitted(
        Ridge(1e-3), [("mean", DummyRegressor(quantile=0.0, strategy="quantile"))], X, y
    )
    assert ensemble.companions_ == {}
    assert_allclose(ensemble.blend_weights_.loc["estimator"], 1)
    assert_array_equal(ensemble.predict(X), fitted(Ridge(1e-3), None, X, y).predict(X))


def test_without_companions_the_members_have_all_the_weight():
    X, y = make_data()
    ensemble = fitted(Ridge(), None, X, y)
    assert ensemble.companions_ == {}
    assert ensemble.blend_weights_.to_numpy().tolist() == [[1.0, 1.0]]


def test_intervals_are_those_of_the_blend():
    X, y = make_data(400, noise=1.0)
    ensemble = fitted(DummyRegressor(), [RIDGE], X[:200], y[:200])
    low, high = np.moveaxis(ensemble.predict_interval(X[200:], 0.8), -1, 0)
    covered = ((low <= y[200:]) & (y[200:] <= high)).mean()
    assert 0.7 < covered < 0.9
    alone = fitted(DummyRegressor(), None, X[:200], y[:200]).predict_interval(X[200:], 0.8)
    assert (high - low).mean() < (alone[..., 1] - alone[..., 0]).mean()


def test_weights_of_rows_reach_companions_through_their_pipelines():
    X, y = make_data(noise=1.0)
    weight = np.random.default_rng(0).integers(0, 2, size=len(y)).astype(float)
    plain = fitted(DummyRegressor(), [RIDGE], X, y)
    weighted = fitted(DummyRegressor(), [RIDGE], X, y, sample_weight=weight)
    coefs = [e.companions_["ridge"][0][-1].coef_ for e in (plain, weighted)]
    assert not np.allclose(*coefs)


def test_a_companion_goes_without_weights_where_what_it_wraps_takes_none():
    X, y = make_data(noise=1.0)
    wrapped = ("similar", MultiOutputRegressor(KNeighborsRegressor()))
    weight = np.linspace(1, 2, len(y))
    weighted = fitted(DummyRegressor(), [wrapped], X, y, sample_weight=weight)
    plain = fitted(DummyRegressor(), [wrapped], X, y)
    first = [e.companions_["similar"][0].predict(X) for e in (plain, weighted)]
    np.testing.assert_array_equal(*first)


def test_members_that_wrap_what_takes_no_weights_are_refused_before_training():
    X, y = make_data()
    ensemble = KFoldEnsembleRegressor(MultiOutputRegressor(KNeighborsRegressor()), cv=3)
    with pytest.raises(TypeError, match="KNeighborsRegressor does not support sample weights"):
        ensemble.fit(X, y, sample_weight=np.ones(len(y)))


def test_groups_reach_companions_that_take_them():
    class Spy(RetrievalRegressor):
        def fit(self, X, y, *, groups=None):
            self.seen_ = groups
            return super().fit(X, y, groups=groups)

    X, y = make_data()
    groups = np.arange(len(X)) // 4
    ensemble = fitted(DummyRegressor(), [("spy", Spy(WIDTHS))], X, y, groups=groups)
    for member in ensemble.companions_["spy"]:
        assert set(member.seen_) < set(groups)


@pytest.mark.processes
def test_a_pickle_predicts_the_same_in_another_process(tmp_path):
    import joblib

    X, y = make_data()
    ensemble = fitted(small_mofa(), [RIDGE], X, y)
    joblib.dump((ensemble, X), tmp_path / "ensemble.joblib")
    code = (
        "import sys, joblib, numpy as np; e, X = joblib.load(sys.argv[1]); "
        "np.save(sys.argv[2], e.predict(X))"
    )
    run_in_fresh_process(code, tmp_path / "ensemble.joblib", tmp_path / "prediction.npy")
    assert_array_equal(np.load(tmp_path / "prediction.npy"), ensemble.predict(X))


def test_the_estimators_passed_stay_as_they_are():
    X, y = make_data()
    ridge = Ridge()
    fitted(DummyRegressor(), [("ridge", ridge)], X, y)
    with pytest.raises(Exception, match="not fitted"):
        check_is_fitted(ridge)


@pytest.mark.parametrize(
    ("companions", "error", "message"),
    [
        ([Ridge()], TypeError, "must be a list of \\(name, regressor\\), got Ridge"),
        ([("ridge", Ridge)], TypeError, "must be a list of \\(name, regressor\\)"),
        ([("a", Ridge()), ("a", Ridge())], ValueError, "more than once: \\['a'\\]"),
        ([("estimator", Ridge())], ValueError, "No companion can be called 'estimator'"),
    ],
)
def test_wrong_companions_are_refused(companions, error, message):
    with pytest.raises(error, match=message):
        fitted(Ridge(), companions, *make_data())


def test_companions_have_the_weights_of_a_blend():
    X, y = make_data(200, None, seed=1)
    y += 2 * np.abs(X[:, 0]) + 2 * np.random.default_rng(0).normal(size=200)
    splits = list(KFold(5).split(X))
    parts = [("ridge", Ridge()), ("neighbors", KNeighborsRegressor(10))]
    ensemble = KFoldEnsembleRegressor(parts[0][1], cv=splits, companions=parts[1:]).fit(X, y)
    weights = BlendRegressor(parts, cv=splits).fit(X, y).weights_
    assert weights.min() > 0.01
    assert_allclose(ensemble.blend_weights_.to_numpy(), weights)
