import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import make_regression
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.neighbors import KNeighborsRegressor

from mofa_sklearn.metrics import (
    ccc_scorer,
    concordance_correlation_coefficient,
    make_target_scorers,
    nmse_scorer,
    normalized_mean_squared_error,
    spearman_correlation,
    spearman_scorer,
)

METRICS = [
    normalized_mean_squared_error,
    concordance_correlation_coefficient,
    spearman_correlation,
]
AGREEMENTS = METRICS[1:]
SCORERS = [nmse_scorer, ccc_scorer, spearman_scorer]
MULTIOUTPUTS = ["raw_values", "uniform_average", "variance_weighted", [0.2, 0.3, 0.5]]


class Echo(RegressorMixin, BaseEstimator):
    """Predict the first columns of X, so that a test decides what is predicted."""

    def __init__(self, n_targets=1):
        self.n_targets = n_targets

    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        return X[:, : self.n_targets]


@pytest.fixture(params=[(), (3,)], ids=["1d", "2d"])
def targets(request):
    rng = np.random.RandomState(0)
    y_true = rng.lognormal(size=(30, *request.param))
    y_pred = y_true + rng.normal(size=y_true.shape)
    return y_true, y_pred, rng.randint(0, 4, size=30)


# ---------------------------------------------------------------------------- NMSE


# Numbers of any size, and few values, so that targets are constant now and then.
NUMBERS = st.floats(-1e3, 1e3, width=32) | st.sampled_from([0.0, 0.0, 1.0, 2.5])
PAIRS = arrays(float, st.tuples(st.just(2), st.integers(2, 6), st.just(3)), elements=NUMBERS)


@st.composite
def weights_for(draw, y):
    weights = draw(arrays(float, y.shape[1], elements=st.integers(0, 4)))
    return draw(st.sampled_from([None, weights + (weights.sum() == 0)]))


@given(y=PAIRS, data=st.data(), multioutput=st.sampled_from(MULTIOUTPUTS))
def test_nmse_is_one_minus_r2(y, data, multioutput):
    kwargs = {"sample_weight": data.draw(weights_for(y)), "multioutput": multioutput}
    expected = 1 - r2_score(*y, **kwargs)
    np.testing.assert_array_equal(normalized_mean_squared_error(*y, **kwargs), expected)


@given(y=PAIRS, data=st.data(), multioutput=st.sampled_from(MULTIOUTPUTS))
def test_nmse_of_constant_targets_is_one_minus_r2(y, data, multioutput):
    y[0] = y[0, 0]
    kwargs = {"sample_weight": data.draw(weights_for(y)), "multioutput": multioutput}
    expected = 1 - r2_score(*y, **kwargs)
    np.testing.assert_array_equal(normalized_mean_squared_error(*y, **kwargs), expected)


@given(y=PAIRS, data=st.data())
def test_ccc_is_symmetric_and_bounded(y, data):
    kwargs = {"sample_weight": data.draw(weights_for(y)), "multioutput": "raw_values"}
    values = concordance_correlation_coefficient(*y, **kwargs)
    swapped = concordance_correlation_coefficient(*y[::-1], **kwargs)
    np.testing.assert_allclose(values, swapped, rtol=1e-9, atol=1e-12)
    assert (np.abs(values) <= 1 + 1e-12).all()


@given(y=PAIRS, data=st.data())
def test_spearman_is_symmetric_bounded_and_sees_the_order_alone(y, data):
    kwargs = {"sample_weight": data.draw(weights_for(y)), "multioutput": "raw_values"}
    values = spearman_correlation(*y, **kwargs)
    np.testing.assert_allclose(values, spearman_correlation(*y[::-1], **kwargs), atol=1e-12)
    np.testing.assert_allclose(values, spearman_correlation(4 * y[0], y[1], **kwargs), atol=1e-12)
    assert (np.abs(values) <= 1 + 1e-12).all()


@pytest.mark.parametrize(("y_pred", "expected"), [([2.0, 2.0], 0.0), ([2.0, 3.0], 1.0)])
def test_nmse_of_a_constant_target(y_pred, expected):
    assert normalized_mean_squared_error([2.0, 2.0], y_pred) == expected


def test_nmse_of_a_single_row_is_nan_with_a_warning():
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(normalized_mean_squared_error([1.0], [2.0]))


# ----------------------------------------------------------------- CCC and Spearman


def test_ccc_follows_lins_formula(targets):
    y_true, y_pred, _ = targets
    columns = zip(y_true.reshape(30, -1).T, y_pred.reshape(30, -1).T, strict=True)
    expected = [
        2 * np.mean((t - t.mean()) * (p - p.mean()))
        / (t.var() + p.var() + (t.mean() - p.mean()) ** 2)
        for t, p in columns
    ]  # fmt: skip
    values = concordance_correlation_coefficient(y_true, y_pred, multioutput="raw_values")
    np.testing.assert_allclose(values, expected)


def test_spearman_is_scipys(targets):
    y_true, y_pred, _ = targets
    y_true, y_pred = np.round(y_true), np.round(y_pred)  # makes ties
    columns = zip(y_true.reshape(30, -1).T, y_pred.reshape(30, -1).T, strict=True)
    expected = [spearmanr(t, p).statistic for t, p in columns]
    values = spearman_correlation(y_true, y_pred, multioutput="raw_values")
    np.testing.assert_allclose(values, expected)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("decimals", [1, 12], ids=["ties", "no ties"])
def test_an_integer_weight_counts_as_so_many_rows(metric, decimals, targets):
    y_true, y_pred, sample_weight = targets
    y_true, y_pred = np.round(y_true, decimals), np.round(y_pred, decimals)
    weighted = metric(y_true, y_pred, sample_weight=sample_weight)
    repeated = metric(y_true.repeat(sample_weight, 0), y_pred.repeat(sample_weight, 0))
    assert weighted == pytest.approx(repeated)


@pytest.mark.parametrize("metric", AGREEMENTS)
@pytest.mark.parametrize("y_true", [[0.1, 0.1, 0.1], [0.1, 0.2, 0.3]], ids=["constant", "varied"])
def test_a_constant_prediction_scores_exactly_zero_without_a_warning(metric, y_true):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metric(y_true, [0.7, 0.7, 0.7]) == 0.0


@pytest.mark.parametrize("metric", AGREEMENTS)
def test_a_constant_target_scores_exactly_zero(metric):
    assert metric([0.1, 0.1, 0.1], [0.1, 0.2, 0.3]) == 0.0


def test_ccc_of_equal_constants_is_one():
    assert concordance_correlation_coefficient([0.1, 0.1, 0.1], [0.1, 0.1, 0.1]) == 1.0


@pytest.mark.parametrize("metric", AGREEMENTS)
def test_a_row_of_weight_zero_does_not_make_a_target_vary(metric):
    value = metric([9.0, 0.1, 0.1], [3.0, 0.2, 0.3], sample_weight=[0.0, 0.3, 0.4])
    assert value == 0.0


@pytest.mark.parametrize("metric", AGREEMENTS)
def test_perfect_and_reversed_predictions_are_the_extremes(metric):
    y = np.linspace(-1.0, 1.0, 7)
    assert metric(y, y) == pytest.approx(1.0)
    assert metric(y, -y) == pytest.approx(-1.0)


@pytest.mark.parametrize("metric", AGREEMENTS)
def test_multioutput_averages_the_raw_values(metric):
    rng = np.random.RandomState(0)
    y_true = rng.normal(size=(20, 3)) * [1.0, 2.0, 3.0]
    y_pred = y_true + rng.normal(size=(20, 3))
    raw = metric(y_true, y_pred, multioutput="raw_values")
    averages = {
        "uniform_average": raw.mean(),
        "variance_weighted": np.average(raw, weights=y_true.var(axis=0)),
    }
    for name, expected in averages.items():
        assert metric(y_true, y_pred, multioutput=name) == pytest.approx(expected)
    weights = [0.2, 0.3, 0.5]
    assert metric(y_true, y_pred, multioutput=weights) == pytest.approx(raw @ weights)


@pytest.mark.parametrize("metric", AGREEMENTS)
def test_variance_weighting_of_constant_targets_is_uniform(metric):
    y_true = np.ones((3, 2))
    y_pred = np.column_stack([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]])
    value = metric(y_true, y_pred, multioutput="variance_weighted")
    assert value == metric(y_true, y_pred, multioutput="uniform_average")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("y_pred", "kwargs"),
    [
        (np.ones((3, 1)), {}),
        (np.ones((2, 2)), {}),
        (np.full((3, 2), np.nan), {}),
        (np.ones((3, 2)), {"sample_weight": [1.0, 2.0]}),
        (np.ones((3, 2)), {"multioutput": [1.0, 2.0, 3.0]}),
        (np.ones((3, 2)), {"multioutput": "median"}),
    ],
    ids=["targets", "rows", "nan", "weights", "target weights", "multioutput"],
)
def test_input_that_does_not_fit_is_refused(metric, y_pred, kwargs):
    with pytest.raises(ValueError):  # noqa: PT011
        metric(np.arange(6.0).reshape(3, 2), y_pred, **kwargs)


@pytest.mark.parametrize("metric", AGREEMENTS)
@pytest.mark.parametrize("sample_weight", [[0.0, 0.0], [1.0, -1.0]], ids=["zero", "negative"])
def test_weights_must_be_non_negative_and_not_all_zero(metric, sample_weight):
    with pytest.raises(ValueError, match="weight"):
        metric([1.0, 2.0], [1.0, 2.0], sample_weight=sample_weight)


# ------------------------------------------------------------------------- scorers


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("n_targets", [1, 3])
def test_scorers_work_in_cross_val_score(scorer, n_targets):
    X, y = make_regression(60, 5, n_targets=n_targets, noise=1.0, random_state=0)
    good = cross_val_score(Ridge(), X, y, cv=3, scoring=scorer)
    poor = cross_val_score(DummyRegressor(), X, y, cv=3, scoring=scorer)
    assert (good > poor).all()


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize("n_targets", [1, 3])
def test_scorers_choose_the_better_parameter_in_a_search(scorer, n_targets):
    X, y = make_regression(60, 5, n_targets=n_targets, random_state=0)
    grid = {"n_neighbors": [5, 40]}  # 40 is every training row: a constant prediction
    search = GridSearchCV(KNeighborsRegressor(), grid, cv=3, scoring=scorer).fit(X, y)
    assert search.best_params_ == {"n_neighbors": 5}


@pytest.mark.parametrize(("scorer", "metric"), [*zip(SCORERS, METRICS, strict=True)])
def test_scorers_pass_the_sample_weight_on(scorer, metric, targets):
    y_true, y_pred, sample_weight = targets
    X = y_pred.reshape(30, -1)
    score = scorer(Echo(X.shape[1]).fit(X, y_true), X, y_true, sample_weight=sample_weight)
    sign = -1 if scorer is nmse_scorer else 1
    assert score == pytest.approx(sign * metric(y_true, X, sample_weight=sample_weight))


@pytest.mark.parametrize("scorer", [*SCORERS, *make_target_scorers(["a"]).values()])
def test_scorers_can_be_pickled(scorer):
    X, y = make_regression(20, 2, random_state=0)
    ridge = Ridge().fit(X, y)
    assert pickle.loads(pickle.dumps(scorer))(ridge, X, y) == scorer(ridge, X, y)


def test_target_scorers_are_the_mean_and_each_target():
    X, y = make_regression(60, 5, n_targets=3, noise=100.0, random_state=0)
    ridge = Ridge().fit(X, y)
    scorers = make_target_scorers(["views", "likes", "comments"])
    assert list(scorers) == ["nmse", "nmse_views", "nmse_likes", "nmse_comments"]
    expected = -normalized_mean_squared_error(y, ridge.predict(X), multioutput="raw_values")
    scores = [scorer(ridge, X, y) for scorer in scorers.values()]
    np.testing.assert_allclose(scores, [expected.mean(), *expected])


def test_target_scorers_pass_the_sample_weight_on(targets):
    y_true, y_pred, sample_weight = targets
    X = y_pred.reshape(30, -1)
    scorer = make_target_scorers([f"t{i}" for i in range(X.shape[1])])["nmse_t0"]
    score = scorer(Echo(X.shape[1]).fit(X, y_true), X, y_true, sample_weight=sample_weight)
    first = y_true.reshape(30, -1)[:, 0]
    expected = normalized_mean_squared_error(first, X[:, 0], sample_weight=sample_weight)
    assert score == pytest.approx(-expected)


def test_target_scorers_take_weights_by_metadata_routing():
    X, y = make_regression(60, 5, n_targets=2, noise=100.0, random_state=0)
    with config_context(enable_metadata_routing=True):
        scorers = make_target_scorers(["a", "b"])
        scoring = {k: s.set_score_request(sample_weight=True) for k, s in scorers.items()}
        estimator = Ridge().set_fit_request(sample_weight=False)
        scores = cross_validate(
            estimator, X, y, cv=2, scoring=scoring, params={"sample_weight": np.arange(60)}
        )
    assert np.isfinite(scores["test_nmse_b"]).all()


def test_target_scorers_do_not_share_the_request_of_the_module_scorer():
    assert make_target_scorers(["a"])["nmse"] is not nmse_scorer


def test_target_scorer_of_a_single_row_is_nan():
    X, y = make_regression(20, 2, n_targets=2, random_state=0)
    scorer = make_target_scorers(["a", "b"])["nmse_b"]
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(scorer(Ridge().fit(X, y), X[:1], y[:1]))


def test_target_scorers_say_both_numbers_when_names_and_columns_differ():
    X, y = make_regression(20, 2, n_targets=2, random_state=0)
    scorer = make_target_scorers(["a", "b", "c"])["nmse_a"]
    with pytest.raises(ValueError, match=r"3 target names .* 2 column"):
        scorer(Ridge().fit(X, y), X, y)


@pytest.mark.parametrize(
    ("names", "error"),
    [([], ValueError), (["a", "a"], ValueError), ("views", TypeError), (["a", 1], TypeError)],
)
def test_target_names_must_be_different_strings(names, error):
    with pytest.raises(error, match="target_names"):
        make_target_scorers(names)


@pytest.mark.parametrize("metric", METRICS)
def test_metrics_can_be_made_scorers_of_one_target_weighting(metric):
    X, y = make_regression(30, 3, n_targets=2, noise=1.0, random_state=0)
    scorer = make_scorer(metric, multioutput=[1.0, 0.0])
    ridge = Ridge().fit(X, y)
    assert scorer(ridge, X, y) == pytest.approx(metric(y[:, 0], ridge.predict(X)[:, 0]))
