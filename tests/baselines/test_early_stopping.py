"""A regressor for each target, or for all of them, and the rows it stops on."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from mofa_sklearn.baselines import EarlyStoppingMLPRegressor, EarlyStoppingRegressor
from mofa_sklearn.estimators import RidgePathRegressor

from ..helpers import make_data


class Recorder(RegressorMixin, BaseEstimator):
    """Keeps what its fit was given."""

    def __init__(self, early_stopping=True, n_jobs=None, max_features=None, random_state=None):
        self.early_stopping = early_stopping
        self.n_jobs = n_jobs
        self.max_features = max_features
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        self.X_, self.y_, self.weight_ = X, y, sample_weight
        self.X_val_, self.y_val_, self.weight_val_ = X_val, y_val, sample_weight_val
        self.blas_threads_ = [
            info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"
        ]
        return self

    def predict(self, X):
        return np.zeros((len(X), *self.y_.shape[1:]))


def rows_of(part, X):
    """Return which rows of X a part holds; all are different."""
    return [int(np.flatnonzero((row == X).all(axis=1))[0]) for row in part]


@pytest.mark.parametrize("multi_output", ["per_target", "native"])
def test_rows_that_are_given_are_stopped_on(multi_output):
    X, y = make_data(40)
    weight = np.arange(1.0, 41.0)
    model = EarlyStoppingRegressor(Recorder(), multi_output=multi_output)
    model.fit(
        X[:30], y[:30], weight[:30], X_val=X[30:], y_val=y[30:], sample_weight_val=weight[30:]
    )
    assert len(model.estimators_) == (2 if multi_output == "per_target" else 1)
    mean = np.average(y[:30], axis=0, weights=weight[:30])
    scale = np.sqrt(np.average((y[:30] - mean) ** 2, axis=0, weights=weight[:30]))
    for target, member in enumerate(model.estimators_):
        column = target if multi_output == "per_target" else slice(None)
        assert_allclose(member.X_, X[:30])
        assert_allclose(member.y_, ((y[:30] - mean) / scale)[:, column])
        assert_allclose(member.weight_, weight[:30])
        assert_allclose(member.X_val_, X[30:])
        assert_allclose(member.y_val_, ((y[30:] - mean) / scale)[:, column])
        assert_allclose(member.weight_val_, weight[30:])
    assert_allclose(model.predict(X), np.tile(mean, (40, 1)))


def test_without_such_rows_a_share_is_held_back_the_same_for_every_target():
    X, y = make_data(40)
    weight = np.arange(1.0, 41.0)
    model = EarlyStoppingRegressor(Recorder(), validation_fraction=0.2, random_state=0)
    first, second = model.fit(X, y, weight).estimators_
    held_back = rows_of(first.X_val_, X)
    assert len(held_back) == 8
    assert sorted(held_back + rows_of(first.X_, X)) == list(range(40))
    assert rows_of(second.X_val_, X) == held_back
    assert_allclose(first.weight_val_, weight[held_back])
    assert_allclose(first.weight_, weight[rows_of(first.X_, X)])


def test_groups_are_held_back_as_a_whole():
    X, y = make_data(40)
    groups = np.arange(40) // 4
    model = EarlyStoppingRegressor(Recorder(), validation_fraction=0.2, random_state=0)
    for member in model.fit(X, y, groups=groups).estimators_:
        held_back = groups[rows_of(member.X_val_, X)]
        assert len(held_back) == 8
        assert not set(held_back) & set(groups[rows_of(member.X_, X)])


def test_who_was_told_not_to_stop_learns_from_all_rows():
    X, y = make_data(40, None)
    (member,) = EarlyStoppingRegressor(Recorder(early_stopping=False)).fit(X, y).estimators_
    assert len(member.X_) == 40
    assert member.X_val_ is None


def test_what_does_not_stop_early_gives_the_same_predictions_wrapped():
    X, y = make_data(40)
    wrapped = EarlyStoppingRegressor(Ridge()).fit(X, y)
    assert_allclose(wrapped.predict(X), Ridge().fit(X, y).predict(X), rtol=1e-4)


def test_the_random_state_determines_rows_and_seeds():
    X, y = make_data(40)

    def fitted(seed):
        return EarlyStoppingRegressor(Recorder(), random_state=seed).fit(X, y).estimators_

    first, again, other = fitted(0), fitted(0), fitted(1)
    assert [m.random_state for m in first] == [m.random_state for m in again]
    assert [m.random_state for m in first] != [m.random_state for m in other]
    assert_array_equal(first[0].X_val_, again[0].X_val_)
    assert not np.array_equal(first[0].X_val_, other[0].X_val_)


@pytest.mark.parametrize(("max_features", "share"), [(None, None), (3, 0.25), (100, 1.0)])
def test_columns_are_limited_by_their_share(max_features, share):
    X, y = make_data(40, None)
    model = EarlyStoppingRegressor(Recorder(), max_features=max_features).fit(X, y)
    assert model.estimators_[0].max_features == share


def test_a_pipeline_is_fitted_as_a_whole():
    X, y = make_data(40)
    model = EarlyStoppingRegressor(make_pipeline(StandardScaler(), Recorder()), n_jobs=1)
    for pipeline in model.fit(X, y, np.ones(40)).estimators_:
        assert_array_equal(pipeline[-1].weight_, np.ones(36))
        scaled = pipeline[-1].X_
        assert_allclose(scaled.mean(axis=0), 0, atol=1e-5)
        assert pipeline[-1].X_val_.shape == (4, X.shape[1])
        assert pipeline[-1].n_jobs == 1


def test_weights_that_the_estimator_does_not_take_are_refused():
    X, y = make_data(40)
    with pytest.raises(TypeError, match="KNeighborsRegressor does not support sample weights"):
        EarlyStoppingRegressor(KNeighborsRegressor()).fit(X, y, np.ones(40))


def test_threads_follow_openmp_unless_told():
    X, y = make_data(40, None)
    with threadpool_limits(1):
        (member,) = EarlyStoppingRegressor(Recorder()).fit(X, y).estimators_
        assert member.n_jobs == 1
        (member,) = EarlyStoppingRegressor(Recorder(), n_jobs=2).fit(X, y).estimators_
        assert member.n_jobs == 2
        (member,) = EarlyStoppingRegressor(Recorder(n_jobs=3)).fit(X, y).estimators_
        assert member.n_jobs == 3


def test_the_number_of_threads_holds_for_blas_and_is_given_back():
    X, y = make_data(40, None)
    before = [info["num_threads"] for info in threadpool_info()]
    (member,) = EarlyStoppingRegressor(Recorder(), n_jobs=1).fit(X, y).estimators_
    assert set(member.blas_threads_) == {1}
    assert [info["num_threads"] for info in threadpool_info()] == before


def test_a_constant_target_is_left_to_no_one():
    X, y = make_data(40)
    y[:, 0] = 3.0
    model = EarlyStoppingRegressor(Recorder()).fit(X, y)
    assert len(model.estimators_) == 1
    assert_allclose(model.predict(X)[:, 0], 3.0)
    model.fit(X, np.full(40, 2.0))
    assert model.estimators_ == []
    assert_allclose(model.predict(X), np.full(40, 2.0))


def test_validation_targets_of_another_width_are_refused():
    X, y = make_data(40)
    with pytest.raises(ValueError, match=r"\(30, 2\) and y_val \(10,\)"):
        EarlyStoppingRegressor(Recorder()).fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:, 0])


def test_validation_columns_of_another_order_are_refused():
    X, y = make_data(40)
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])
    with pytest.raises(ValueError, match="feature names"):
        EarlyStoppingRegressor(Recorder()).fit(
            frame[:30], y[:30], X_val=frame.iloc[30:, ::-1], y_val=y[30:]
        )


def test_one_row_is_too_few_to_hold_some_back():
    X, y = make_data(1)
    with pytest.raises(ValueError, match="n_samples=1"):
        EarlyStoppingRegressor(Recorder()).fit(X, y)


def test_infinity_is_refused():
    X, y = make_data(40)
    X[3, 2] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        EarlyStoppingRegressor(Recorder()).fit(X, y)


def test_every_target_stops_when_it_is_best():
    X, y = make_data(200, noise=0.1)
    y[:, 1] = np.random.default_rng(0).normal(size=200)
    boosting = HistGradientBoostingRegressor(
        max_iter=200, early_stopping=True, n_iter_no_change=5, max_depth=2
    )
    learned, noise = EarlyStoppingRegressor(boosting, random_state=0).fit(X, y).n_iter_
    assert noise < learned


# What would be ignored


PAIRS = [
    ({"X_val": np.zeros((3, 12))}, "both X_val and y_val"),
    ({"y_val": np.zeros(3)}, "both X_val and y_val"),
    ({"sample_weight_val": np.ones(3)}, "sample_weight_val was passed without X_val"),
]
STOPPING = {
    "wrapper": EarlyStoppingRegressor,
    "network": lambda: EarlyStoppingMLPRegressor(early_stopping=True),
    "ridge path": RidgePathRegressor,
}


@pytest.mark.parametrize("make", STOPPING.values(), ids=STOPPING)
@pytest.mark.parametrize(("arguments", "message"), PAIRS)
def test_half_of_the_validation_rows_is_refused(make, arguments, message):
    X, y = make_data(30, None)
    with pytest.raises(ValueError, match=message):
        make().fit(X, y, **arguments)


@pytest.mark.parametrize(
    "model",
    [
        EarlyStoppingRegressor(Ridge()),
        EarlyStoppingRegressor(Recorder(early_stopping=False)),
        EarlyStoppingMLPRegressor(early_stopping=False),
    ],
)
def test_validation_rows_that_nobody_stops_on_are_refused(model):
    X, y = make_data(30, None)
    with pytest.raises(ValueError, match="X_val and y_val would be ignored"):
        model.fit(X, y, X_val=X, y_val=y)


def test_weights_of_validation_rows_must_not_all_be_zero():
    X, y = make_data(30, None)
    with pytest.raises(ValueError, match="zero"):
        EarlyStoppingRegressor().fit(X, y, X_val=X, y_val=y, sample_weight_val=np.zeros(30))


def test_rows_of_weight_zero_are_never_held_back():
    X, y = make_data(40, None)
    weight = np.r_[np.zeros(30), np.ones(10)]
    model = EarlyStoppingRegressor(Recorder(), validation_fraction=0.5, random_state=0)
    (member,) = model.fit(X, y, weight).estimators_
    assert len(member.X_val_) == 5
    assert (member.weight_val_ > 0).all()


def test_boosting_stops_on_a_few_rows_by_default_too():
    """scikit-learn's early_stopping="auto" would not, and waste the rows held back."""
    X, y = make_data(60, None, noise=3.0)
    boosting = HistGradientBoostingRegressor(max_iter=200, min_samples_leaf=3, n_iter_no_change=3)
    (member,) = EarlyStoppingRegressor(boosting, random_state=0).fit(X, y).estimators_
    assert member.n_iter_ < 200
