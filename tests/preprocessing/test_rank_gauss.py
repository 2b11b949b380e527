import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.stats import kstest, norm
from sklearn.base import clone
from sklearn.preprocessing import QuantileTransformer
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks

from mofa_sklearn.preprocessing import _rank_gauss
from mofa_sklearn.preprocessing._rank_gauss import RankGaussTransformer

N_SAMPLES = 400


def _heavy_tails(rng, n):
    return rng.standard_t(1.5, size=(n, 3)) * [1e-3, 1, 1e4]


def _skewed(rng, n):
    return np.exp(4 * rng.normal(size=(n, 2)))


def _few_values(rng, n):
    return rng.integers(0, [2, 5, 40], size=(n, 3)).astype(float)


def _half_zeros(rng, n):
    return np.maximum(rng.normal(size=(n, 2)), 0)


def _with_nan(rng, n):
    X = rng.normal(size=(n, 3))
    X[:, 0] = X[:, 0].round(1)
    X[rng.random(X.shape) < 0.3] = np.nan
    return X


def _constant(rng, n):
    return np.tile([0.0, 3.3, -1e6], (n, 1))


def _tiny_scale(rng, n):
    return 1e-8 * rng.normal(size=(n, 2))


def _far_from_zero(rng, n):
    return 1e6 + rng.normal(size=(n, 2))


MAKERS = [
    _heavy_tails,
    _skewed,
    _few_values,
    _half_zeros,
    _with_nan,
    _constant,
    _tiny_scale,
    _far_from_zero,
]


@pytest.fixture(params=[np.float64, np.float32])
def dtype(request):
    return request.param


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def data(request, dtype):
    """Training data, and other data of which some lie outside their range."""
    rng = np.random.default_rng(0)
    X, X_new = request.param(rng, N_SAMPLES), 1.5 * request.param(rng, 100)
    return X.astype(dtype), X_new.astype(dtype)


def _both(**params):
    """Our transformer and scikit-learn's with the same parameters."""
    params = {"n_quantiles": 100, "subsample": None} | params
    return (
        RankGaussTransformer(**params),
        QuantileTransformer(output_distribution="normal", **params),
    )


def _assert_same(actual, expected):
    assert actual.dtype == expected.dtype
    assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)


def test_fitted_attributes_equal_quantile_transformer(data):
    ours, theirs = (transformer.fit(data[0]) for transformer in _both())
    assert ours.n_quantiles_ == theirs.n_quantiles_
    assert ours.n_features_in_ == theirs.n_features_in_
    assert_array_equal(ours.references_, theirs.references_)
    assert ours.quantiles_.dtype == theirs.quantiles_.dtype
    # Newer versions of scikit-learn give the very same bits, older ones round once more.
    assert_allclose(ours.quantiles_, theirs.quantiles_, rtol=1e-15)


def test_transform_equals_quantile_transformer(data):
    X, X_new = data
    ours, theirs = (transformer.fit(X) for transformer in _both())
    _assert_same(ours.transform(X), theirs.transform(X))
    _assert_same(ours.transform(X_new), theirs.transform(X_new))


def test_fit_transform_equals_quantile_transformer(data):
    ours, theirs = (transformer.fit_transform(data[0]) for transformer in _both())
    _assert_same(ours, theirs)


def test_inverse_transform_equals_quantile_transformer(data, dtype):
    X, _ = data
    ours, theirs = (transformer.fit(X) for transformer in _both())
    scores = np.random.default_rng(1).normal(scale=2, size=X.shape).astype(dtype)
    scores[:6, 0] = [np.nan, -100, 0, 5.2, -5.2, 100]
    _assert_same(ours.inverse_transform(scores), theirs.inverse_transform(scores))
    scores = theirs.transform(X)
    _assert_same(ours.inverse_transform(scores), theirs.inverse_transform(scores))


@pytest.mark.parametrize("n_samples", [1, 2, 30])
@pytest.mark.filterwarnings("ignore:n_quantiles")
def test_fewer_samples_than_quantiles(n_samples, dtype):
    rng = np.random.default_rng(0)
    X, X_new = (_with_nan(rng, n).astype(dtype) for n in (n_samples, 50))
    X[0] = 0.5
    ours, theirs = (transformer.fit(X) for transformer in _both())
    assert ours.n_quantiles_ == theirs.n_quantiles_ == n_samples
    _assert_same(ours.transform(X_new), theirs.transform(X_new))
    _assert_same(ours.inverse_transform(X_new), theirs.inverse_transform(X_new))


def test_fewer_samples_than_the_default_quantiles_are_nothing_to_warn_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert RankGaussTransformer().fit(np.eye(3)).n_quantiles_ == 3


def test_subsample_draws_the_rows_of_quantile_transformer():
    X = _heavy_tails(np.random.default_rng(0), N_SAMPLES)
    ours, theirs = _both(subsample=150, random_state=3)
    _assert_same(ours.fit_transform(X), theirs.fit_transform(X))
    assert_array_equal(ours.quantiles_, theirs.quantiles_)
    assert not np.allclose(ours.quantiles_, _both()[0].fit(X).quantiles_)


def test_subsample_below_n_quantiles_is_an_error():
    with pytest.raises(ValueError, match="n_quantiles=100 must not be larger than subsample=50"):
        RankGaussTransformer(100, subsample=50).fit(np.eye(200))


def test_column_of_nan_stays_nan_with_a_warning():
    X = np.random.default_rng(0).normal(size=(50, 3))
    X[:, 1] = np.nan
    transformer = RankGaussTransformer(20)
    with pytest.warns(RuntimeWarning, match="1 of 3 columns hold nothing but NaN"):
        scores = transformer.fit_transform(X)
    assert_array_equal(np.isnan(scores), np.isnan(X))
    assert_array_equal(np.isnan(transformer.quantiles_).any(axis=0), [False, True, False])


@pytest.mark.parametrize("maker", [_heavy_tails, _few_values, _with_nan])
def test_fit_transform_equals_fit_then_transform(maker):
    X = maker(np.random.default_rng(0), N_SAMPLES)
    transformer = RankGaussTransformer(50)
    assert_array_equal(transformer.fit_transform(X), transformer.fit(X).transform(X))


def test_scores_are_standard_normal():
    X = _skewed(np.random.default_rng(0), 2000)
    for column in RankGaussTransformer().fit_transform(X).T:
        assert kstest(column, "norm").statistic < 0.005


def test_scores_keep_the_order(data):
    X, X_new = data
    scores = RankGaussTransformer(100).fit(X).transform(X_new)
    for values, score in zip(X_new.T, scores.T, strict=True):
        assert np.all(np.diff(score[np.argsort(values)])[: np.isfinite(values).sum() - 1] >= -1e-9)


@pytest.mark.parametrize("maker", [_heavy_tails, _skewed, _few_values, _with_nan, _constant])
def test_inverse_transform_gives_the_training_data_back(maker):
    X = maker(np.random.default_rng(0), N_SAMPLES)
    transformer = RankGaussTransformer(N_SAMPLES)  # one quantile a row: nothing is interpolated
    X_back = transformer.inverse_transform(transformer.fit_transform(X))
    assert_allclose(X_back, X, rtol=1e-6, atol=1e-6 * np.nanmax(np.abs(X)))


def test_scores_beyond_the_bound_are_the_bound(data):
    X, X_new = data
    bounded, free = RankGaussTransformer(max_absolute_value=2), RankGaussTransformer()
    assert_array_equal(bounded.fit_transform(X), np.clip(free.fit_transform(X), -2, 2))
    assert_array_equal(bounded.transform(X_new), np.clip(free.transform(X_new), -2, 2))


def test_a_bound_beyond_all_scores_changes_nothing(data):
    scores = RankGaussTransformer(max_absolute_value=9).fit_transform(data[0])
    assert_array_equal(scores, RankGaussTransformer().fit_transform(data[0]))


def test_inverse_transform_maps_the_bound_to_the_value_that_has_it():
    X = np.arange(1001.0)[:, np.newaxis]
    gauss = RankGaussTransformer(1001, max_absolute_value=1.0).fit(X)
    back = gauss.inverse_transform(gauss.transform(X))
    lowest, highest = 1000 * norm.cdf([-1, 1])
    assert_allclose(back, np.clip(X, lowest, highest), rtol=1e-6)


@settings(max_examples=40)
@given(
    X=arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(2, 25), st.integers(1, 3)),
        elements=st.sampled_from([0, 1, 1, 2.5, -3, 2.0**-23, 1e5, 0.3125])
        | st.floats(-9, 9, width=32),
    ),
    n_quantiles=st.integers(1, 25),
)
@pytest.mark.filterwarnings("ignore:n_quantiles")
def test_equals_quantile_transformer_on_any_data(X, n_quantiles):
    ours, theirs = _both(n_quantiles=n_quantiles)
    scores = theirs.fit_transform(X)
    _assert_same(ours.fit_transform(X), scores)
    _assert_same(ours.transform(2 * X), theirs.transform(2 * X))
    _assert_same(ours.inverse_transform(scores), theirs.inverse_transform(scores))


@settings(max_examples=20)
@given(
    X=arrays(
        np.float64,
        st.tuples(st.integers(2, 30), st.just(1)),
        elements=st.integers(-20, 20),
    )
)
@pytest.mark.filterwarnings("ignore:n_quantiles")
def test_scores_do_not_depend_on_the_scale(X):
    # By powers of two: nothing is rounded, and no distance falls below the bounds' 1e-7.
    assert_array_equal(
        RankGaussTransformer().fit_transform(X), RankGaussTransformer().fit_transform(16 * X)
    )


# Ties, constants, NaN, and numbers at the ends of what a type holds.
VALUES = st.sampled_from([0.0, 1.0, 1.0, -2.5, np.nan, 1e-38, 1e6, -1e30, 1e30, 3e38, -3e38])


MODERATE = st.floats(-1e3, 1e3, width=32)
ANYTHING = VALUES | MODERATE
WITH_TIES_AND_NAN = MODERATE | st.sampled_from([np.nan, 0.0, 1.0])


@st.composite
def columns(draw, elements):
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    shape = (draw(st.integers(2, 25)), draw(st.integers(1, 3)))
    X = draw(arrays(dtype, shape, elements=elements))
    X[0, np.isnan(X).all(axis=0)] = 0  # a column of NaN is warned of
    return X


def _assert_same_where_theirs_are_numbers(actual, expected, X):
    # Of a huge range, QuantileTransformer rounds shares below 0, which have no score.
    lost = np.isnan(expected) & ~np.isnan(X)
    assert not np.isnan(actual[lost]).any()
    _assert_same(actual[~lost], expected[~lost])


@given(X=columns(ANYTHING), n_quantiles=st.integers(2, 25))
@pytest.mark.filterwarnings("ignore:n_quantiles", "ignore:overflow", "ignore:invalid")
def test_equals_quantile_transformer_on_ties_nan_and_extreme_values(X, n_quantiles):
    ours, theirs = _both(n_quantiles=n_quantiles)
    _assert_same_where_theirs_are_numbers(ours.fit_transform(X), theirs.fit_transform(X), X)
    halves = X / 2
    scores = theirs.transform(halves)
    _assert_same_where_theirs_are_numbers(ours.transform(halves), scores, halves)
    assert_array_equal(np.isnan(ours.transform(X)), np.isnan(X))


@given(X=columns(ANYTHING), X_new=columns(ANYTHING), n_quantiles=st.integers(2, 25))
def test_scores_rise_with_the_values(X, X_new, n_quantiles):
    transformer = RankGaussTransformer(n_quantiles).fit(X[:, :1])
    values = np.sort(X_new[~np.isnan(X_new)].ravel()).astype(X.dtype)
    scores = transformer.transform(values[:, np.newaxis]).ravel()
    assert np.isfinite(scores).all()
    assert (np.diff(scores) >= -1e-6).all()


@given(X=columns(WITH_TIES_AND_NAN))
def test_inverse_transform_gives_any_training_data_back(X):
    transformer = RankGaussTransformer(len(X)).fit(X)
    X_back = transformer.inverse_transform(transformer.transform(X))
    assert_array_equal(np.isnan(X_back), np.isnan(X))
    assert_allclose(X_back, X, rtol=1e-4, atol=1e-4 * (1 + np.nanmax(np.abs(X))))


def test_a_value_next_to_the_least_of_a_huge_range_has_a_score():
    X = np.array([0, 0] + [3e38] * 19, dtype=np.float32)[:, np.newaxis]
    transformer = RankGaussTransformer(20).fit(X)
    scores = transformer.transform(np.array([[0], [1], [3e38]], dtype=np.float32)).ravel()
    assert np.isfinite(scores).all()
    assert scores[0] <= scores[1] < scores[2]


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_results_do_not_depend_on_n_jobs_or_blocks(backend, monkeypatch):
    X = _heavy_tails(np.random.default_rng(0), N_SAMPLES)
    transformer = RankGaussTransformer(50)
    scores = transformer.fit_transform(X)
    X_back = transformer.inverse_transform(scores)
    monkeypatch.setattr(_rank_gauss, "_BLOCK_SIZE", 1)  # a column a block
    with parallel_config(backend):
        parallel = RankGaussTransformer(50, n_jobs=2)
        assert_array_equal(parallel.fit_transform(X), scores)
        assert_array_equal(parallel.inverse_transform(scores), X_back)
        assert_array_equal(parallel.fit(X).quantiles_, transformer.quantiles_)


@pytest.mark.parametrize("order", ["C", "F"])
def test_copy_leaves_the_input_as_it_was(order):
    X = np.asarray(_heavy_tails(np.random.default_rng(0), N_SAMPLES), order=order)
    before = X.copy()
    transformer = RankGaussTransformer(50).fit(X)
    transformer.fit_transform(X)
    transformer.inverse_transform(transformer.transform(X))
    assert_array_equal(X, before)


@pytest.mark.parametrize("order", ["C", "F"])
def test_no_copy_transforms_in_place(order):
    X = np.asarray(_heavy_tails(np.random.default_rng(0), N_SAMPLES), order=order)
    expected = RankGaussTransformer(50).fit_transform(X)
    transformer = RankGaussTransformer(50, copy=False).fit(X.copy())
    assert transformer.transform(X) is X
    assert_array_equal(X, expected)
    assert transformer.inverse_transform(X) is X


def test_fit_never_writes_to_its_input():
    X = np.asfortranarray(_heavy_tails(np.random.default_rng(0), N_SAMPLES))
    before = X.copy()
    RankGaussTransformer(50, copy=False).fit(X)
    assert_array_equal(X, before)


@pytest.mark.parametrize("dtype_in", [np.float32, np.float64, np.int64])
def test_dtype_of_the_scores(dtype_in):
    X = _few_values(np.random.default_rng(0), N_SAMPLES).astype(dtype_in)
    dtype_out = np.float64 if dtype_in is np.int64 else dtype_in
    assert RankGaussTransformer(50).fit_transform(X).dtype == dtype_out


def test_data_frame_in_and_out():
    X = pd.DataFrame(_with_nan(np.random.default_rng(0), 60), columns=["a", "b", "c"])
    transformer = RankGaussTransformer(20).set_output(transform="pandas")
    scores = transformer.fit_transform(X)
    assert list(scores.columns) == list(transformer.get_feature_names_out()) == ["a", "b", "c"]
    assert list(transformer.feature_names_in_) == ["a", "b", "c"]
    pd.testing.assert_frame_equal(scores, transformer.transform(X))


def test_get_params_lists_the_constructor_arguments():
    params = {"n_quantiles": 5, "subsample": 50, "max_absolute_value": 3.0}
    params |= {"random_state": 1, "copy": False, "n_jobs": 2}
    assert clone(RankGaussTransformer(**params)).get_params() == params


def test_pickle_gives_the_same_scores():
    X = _heavy_tails(np.random.default_rng(0), N_SAMPLES)
    transformer = RankGaussTransformer(50).fit(X)
    loaded = pickle.loads(pickle.dumps(transformer))
    assert_array_equal(loaded.transform(X), transformer.transform(X))


@pytest.mark.parametrize(
    "params",
    [
        {"n_quantiles": 0},
        {"n_quantiles": 2.5},
        {"subsample": 0},
        {"max_absolute_value": 0},
        {"copy": "yes"},
        {"n_jobs": "2"},
    ],
    ids=str,
)
def test_bad_parameters_are_named(params):
    with pytest.raises(InvalidParameterError, match=next(iter(params))):
        RankGaussTransformer(**params).fit(np.eye(3))


def test_sparse_input_is_refused():
    with pytest.raises(TypeError, match="dense data is required"):
        RankGaussTransformer().fit(csr_array(np.eye(3)))


def test_inverse_transform_of_another_width_is_an_error():
    transformer = RankGaussTransformer(3).fit(np.eye(3))
    with pytest.raises(
        ValueError, match="X has 2 features, but RankGaussTransformer is expecting"
    ):
        transformer.inverse_transform(np.ones((4, 2)))


@pytest.mark.filterwarnings("ignore:n_quantiles")
@parametrize_with_checks([RankGaussTransformer()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def columns_of_all_kinds(n_samples, dtype):
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [
            rng.normal(size=(n_samples, 3)),
            rng.normal(size=(n_samples, 2)).round(1),  # many ties
            rng.random(n_samples) > 0.7,
            np.full(n_samples, 4.0),
            np.full(n_samples, np.nan),
            rng.uniform(-1, 1, n_samples) * np.finfo(dtype).max,
            np.exp(5 * rng.normal(size=n_samples)),
        ]
    ).astype(dtype)
    X[rng.random(X.shape) < 0.05] = np.nan
    return X


@pytest.mark.filterwarnings("ignore:1 of 10 columns hold nothing but NaN:RuntimeWarning")
@pytest.mark.parametrize("n_quantiles", [1, 2, 7, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_s_scores_do_not_depend_on_the_rows_beside_it(dtype, n_quantiles):
    X = columns_of_all_kinds(300, dtype)
    transformer = RankGaussTransformer(n_quantiles).fit(X)
    rows = np.concatenate([X[:40], X[:40] * dtype(0.99), X[40:80].clip(-1, 1).round(2)])
    together = transformer.transform(rows)
    for n_rows in (1, 3, 8, 40):
        parts = [
            transformer.transform(rows[start : start + n_rows])
            for start in range(0, len(rows), n_rows)
        ]
        assert_array_equal(np.concatenate(parts), together)
