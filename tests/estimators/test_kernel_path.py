"""Kernel ridge regression on landmarks."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import r2_score

from mofa_sklearn.estimators import KernelPathRegressor, RidgePathRegressor
from mofa_sklearn.persistence import dump, load
from tests.helpers import make_data


def smooth(n_rows=300, noise=0.1):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 6))
    y = np.column_stack([np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2], X[:, 3] ** 2])
    return X, y + noise * rng.normal(size=y.shape)


def test_with_all_rows_as_landmarks_it_is_kernel_ridge_regression():
    X, y = smooth(80)
    model = KernelPathRegressor(gamma=0.1, random_state=0).fit(X, y, X_val=X, y_val=y)
    for target, penalty in enumerate(model.alpha_):
        exact = KernelRidge(alpha=penalty / len(X), kernel="rbf", gamma=0.1)
        # The features are centred, as the targets are.
        own = exact.fit(X, y[:, target] - y[:, target].mean()).predict(X)
        own += y[:, target].mean()
        assert r2_score(own, model.predict(X)[:, target]) > 0.98


def test_it_finds_curves_that_a_linear_model_misses():
    X, y = smooth(600)
    scores = [
        model.fit(X[:400], y[:400]).score(X[400:], y[400:])
        for model in (KernelPathRegressor(random_state=0), RidgePathRegressor(random_state=0))
    ]
    assert scores[0] > 0.6 > 0.3 > scores[1]


def test_nan_counts_as_the_mean():
    X, y = smooth()
    model = KernelPathRegressor(random_state=0).fit(X, y)
    gaps, filled = X[:5].copy(), X[:5].copy()
    gaps[:, 2:4], filled[:, 2:4] = np.nan, X[:, 2:4].mean(axis=0)
    assert_allclose(model.predict(gaps), model.predict(filled))


def test_rows_of_weight_zero_are_as_if_they_were_not_there():
    X, y = smooth()
    weight = np.repeat([1.0, 0.0], 150)
    expected = KernelPathRegressor(random_state=0).fit(X[:150], y[:150]).predict(X)
    model = KernelPathRegressor(random_state=0).fit(X, y, sample_weight=weight)
    assert_allclose(model.predict(X), expected)


def test_of_many_rows_it_learns_some():
    X, y = smooth()
    model = KernelPathRegressor(20, max_samples=50, random_state=0).fit(X, y)
    assert model.landmarks_.shape == (20, 6)
    assert model.coef_.shape == (20, 2)
    assert model.score(X, y) > 0


def test_a_row_is_predicted_the_same_among_many(monkeypatch):
    monkeypatch.setattr("mofa_sklearn.estimators._kernel_path._CHUNK", 7)
    X, y = smooth()
    model = KernelPathRegressor(random_state=0).fit(X, y)
    alone = np.concatenate([model.predict(row[None]) for row in X[:20]])
    assert_allclose(model.predict(X[:20]), alone, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e18])
def test_units_of_the_columns_do_not_matter(scale):
    X, y = smooth(100)
    expected = KernelPathRegressor(random_state=0).fit(X, y).predict(X)
    assert_allclose(
        KernelPathRegressor(random_state=0).fit(X * scale, y).predict(X * scale),
        expected,
        atol=1e-2,  # of targets of variance one: directions of the kernel are cut off by rounding
    )


def test_constant_columns_and_targets_are_no_trouble():
    model = KernelPathRegressor(random_state=0).fit(np.ones((30, 2)), np.full(30, 3.0))
    assert_allclose(model.predict(np.ones((2, 2))), 3.0)


def test_it_comes_back_from_a_file(tmp_path):
    X, y = make_data(100)
    model = KernelPathRegressor(random_state=0).fit(X, y)
    dump(model, tmp_path / "kernel.mofa")
    assert_array_equal(load(tmp_path / "kernel.mofa").predict(X), model.predict(X))
