"""RidgePathRegressor gives what exact ridge regression gives."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.estimators import RidgePathRegressor
from tests.helpers import N_FEATURES, WIDTHS, make_data

EXACT = {"max_iter": 200, "tol": 1e-10}


def float64_data(**params):
    X, y = make_data(**params)
    return X.astype(np.float64), y


@pytest.mark.parametrize("alpha", [0.1, 10.0, 1000.0])
def test_one_penalty_gives_the_solution_of_ridge(alpha):
    X, y = float64_data()
    expected = make_pipeline(StandardScaler(), Ridge(alpha)).fit(X, y)
    model = RidgePathRegressor(alphas=[alpha], **EXACT).fit(X, y)
    assert_allclose(model.predict(X), expected.predict(X), rtol=1e-6, atol=1e-8)


def test_more_columns_than_rows_give_the_solution_of_ridge():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 60)), rng.normal(size=20)
    expected = make_pipeline(StandardScaler(), Ridge(5.0)).fit(X, y)
    model = RidgePathRegressor(alphas=[5.0], **EXACT).fit(X, y)
    assert_allclose(model.predict(X), expected.predict(X), rtol=1e-6, atol=1e-8)


def test_weights_count_rows():
    X, y = float64_data()
    weight = np.random.default_rng(0).integers(0, 3, size=len(X))
    once = {"X_val": X[:20], "y_val": y[:20]}
    weighted = RidgePathRegressor(alphas=[3.0], **EXACT).fit(X, y, weight, **once)
    # The penalty is against a mean weight of one, of the rows that count.
    alpha = 3.0 * weight[weight > 0].mean()
    repeated = RidgePathRegressor(alphas=[alpha], **EXACT)
    repeated.fit(np.repeat(X, weight, axis=0), np.repeat(y, weight, axis=0), **once)
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6, atol=1e-8)


def test_the_penalty_is_the_best_of_the_validation_rows():
    X, y = float64_data(noise=3.0)
    alphas = [0.01, 1.0, 100.0, 10_000.0]
    held_out = {"X_val": X[80:], "y_val": y[80:]}
    model = RidgePathRegressor(alphas=alphas, **EXACT).fit(X[:80], y[:80], **held_out)
    errors = [
        (
            (
                make_pipeline(StandardScaler(), Ridge(a)).fit(X[:80], y[:80]).predict(X[80:])
                - y[80:]
            )
            ** 2
        ).mean(axis=0)
        for a in alphas
    ]
    assert model.alpha_.tolist() == [alphas[i] for i in np.argmin(errors, axis=0)]


def test_all_components_give_the_ridge_of_the_components():
    X = np.random.default_rng(0).normal(size=(12, 40)) @ np.diag(np.linspace(3, 0.1, 40))
    y = X[:, :2]
    components = make_pipeline(
        StandardScaler(), PCA(3, svd_solver="full"), StandardScaler(), Ridge(1.0)
    )
    expected = components.fit(X, y).predict(X)
    model = RidgePathRegressor(3, alphas=[1.0], random_state=0, **EXACT).fit(X, y)
    assert_allclose(model.predict(X), expected, rtol=0.02, atol=0.02)


def test_blocks_no_wider_than_the_components_stay_as_they_are():
    X, y = float64_data()
    params = {"alphas": [1.0], **EXACT}
    whole = RidgePathRegressor(**params).fit(X, y)
    model = RidgePathRegressor(max(WIDTHS.values()), modalities=WIDTHS, **params).fit(X, y)
    assert_allclose(model.predict(X), whole.predict(X), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("n_components", [None, 2])
def test_nan_counts_as_the_mean(n_components):
    X, y = float64_data()
    blocks = None if n_components is None else WIDTHS
    model = RidgePathRegressor(n_components, modalities=blocks, random_state=0).fit(X, y)
    missing, filled = X[:3].copy(), X[:3].copy()
    missing[:, 2] = np.nan
    filled[:, 2] = model.column_mean_[2]
    assert_allclose(model.predict(missing), model.predict(filled))
    X[5, :4] = np.nan
    assert np.isfinite(model.fit(X, y).coef_).all()


def test_constant_columns_and_targets_do_no_harm():
    X, y = float64_data()
    X[:, 0], y[:, 0] = 1e6, 5.0
    model = RidgePathRegressor(random_state=0).fit(X, y)
    assert_allclose(model.predict(X)[:, 0], 5.0)
    assert abs(model.coef_[1, 0]) < 1e-6


@pytest.mark.parametrize("n_targets", [None, 2])
@pytest.mark.parametrize("missing", [False, True])
def test_members_of_an_ensemble_predict_together_as_they_do_alone(missing, n_targets):
    X, y = make_data(n_targets=n_targets)
    if missing:
        X[::3, :4] = np.nan
        X[1::9, 2] = np.nan
    ensemble = KFoldEnsembleRegressor(RidgePathRegressor(), cv=3, random_state=0).fit(X, y)
    alone = [member.predict(X) for member in ensemble.estimators_]
    together = ensemble._member_predictions(X, "predict")
    assert_allclose(together, alone, rtol=1e-4, atol=1e-4)
    assert np.abs(alone[0] - alone[1]).max() > 1e-3


@pytest.mark.parametrize("alphas", [[-1.0], [], [[1.0]]])
def test_penalties_that_are_none_are_refused(alphas):
    with pytest.raises(ValueError, match="alphas must be a list of numbers >= 0"):
        RidgePathRegressor(alphas=alphas).fit(*make_data())


def test_validation_rows_need_their_targets():
    X, y = make_data()
    with pytest.raises(ValueError, match="both X_val and y_val"):
        RidgePathRegressor().fit(X, y, X_val=X)


def test_there_is_a_weight_for_each_column():
    model = RidgePathRegressor().fit(*make_data())
    assert model.coef_.shape == (2, N_FEATURES)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_can_count_by_their_variance(dtype):
    X, y = float64_data()
    X = (X * np.logspace(-1, 1, N_FEATURES)).astype(dtype)
    model = RidgePathRegressor(standardize=False, alphas=[30.0], **EXACT).fit(X, y)
    assert_allclose(model.predict(X), Ridge(30.0).fit(X, y).predict(X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("params", [{}, {"n_components": 2, "modalities": WIDTHS}])
@pytest.mark.parametrize("validated", [True, False])
def test_rows_of_weight_zero_are_as_good_as_removed(params, validated):
    X, y = float64_data()
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(X))
    weight[::4] = 0
    kept = weight > 0
    X[~kept] = 1e3
    held_out = {"X_val": X[kept], "y_val": y[kept]} if validated else {}
    model = RidgePathRegressor(random_state=0, **params)
    expected = model.fit(X[kept], y[kept], weight[kept], **held_out).predict(X)
    assert_allclose(model.fit(X, y, weight, **held_out).predict(X), expected)


def test_weights_that_would_be_ignored_are_refused():
    X, y = make_data()
    with pytest.raises(ValueError, match="zero"):
        RidgePathRegressor().fit(X, y, np.zeros(len(X)))
    with pytest.raises(ValueError, match="sample_weight_val was passed without"):
        RidgePathRegressor().fit(X, y, sample_weight_val=np.ones(len(X)))
    for wrong, message in ((0, "zero"), (-1, "Negative values")):
        weights = np.full(len(X), wrong, dtype=float)
        with pytest.raises(ValueError, match=message):
            RidgePathRegressor().fit(X, y, X_val=X, y_val=y, sample_weight_val=weights)
