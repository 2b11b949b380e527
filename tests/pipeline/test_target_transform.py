"""target_transform: counts in, counts out, learned as logarithms."""

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.preprocessing import FunctionTransformer, PowerTransformer, StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleRegressor,
    ModalityPipeline,
    MoFARegressor,
    make_mofa_pipeline,
)
from mofa_sklearn.metrics import normalized_mean_squared_error

from ..helpers import WIDTHS, make_data
from .probes import Recorder, Shift

N = 60
X, LOGS = make_data(N + 20)
LOGS = LOGS - LOGS.min(axis=0) + 0.5
COUNTS = np.expm1(LOGS)
VAL = slice(N, None)
SQRT = FunctionTransformer(np.sqrt, np.square)


def from_logs(values):
    """Return the counts that logarithms stand for, of which none is below zero."""
    return np.maximum(np.expm1(values), 0)


def probes(target_transform="log1p", **params):
    steps = [("shift", Shift()), ("last", Recorder())]
    return ModalityPipeline(steps, target_transform=target_transform, **params)


def ridges(target_transform=None, **params):
    return make_mofa_pipeline(
        WIDTHS,
        estimator=Ridge(),
        cv=KFold(3),
        target_transform=target_transform,
        random_state=0,
        **params,
    )


@pytest.fixture(scope="module")
def pair():
    """The same pipeline on counts and on their logarithms."""
    return ridges("log1p").fit(X, COUNTS), ridges().fit(X, LOGS)


def test_predictions_are_counts(pair):
    counts, logs = pair
    assert_allclose(counts.predict(X), from_logs(logs.predict(X)))


def test_intervals_are_those_of_the_logarithms_transformed_back(pair):
    counts, logs = pair
    for params in ({}, {"joint": True}, {"confidence_level": 0.6}):
        expected = from_logs(logs.predict_interval(X, **params))
        assert_allclose(counts.predict_interval(X, **params), expected)


def test_infinite_bounds_stay_so_but_for_counts_below_zero():
    model = ridges("log1p").fit(X[:20], COUNTS[:20])
    bounds = model.predict_interval(X, 0.99)
    assert (bounds[..., 0] == 0).all()
    assert (bounds[..., 1] == np.inf).all()
    model = ridges(StandardScaler()).fit(X[:20], COUNTS[:20])
    assert (model.predict_interval(X, 0.99)[..., 0] == -np.inf).all()


def test_quantiles_are_those_of_the_logarithms_transformed_back():
    network = MoFARegressor(loss="quantile", hidden_dim=8, max_epochs=2, random_state=0)
    model = make_mofa_pipeline(
        WIDTHS, estimator=network, ensemble=False, target_transform="log1p"
    ).fit(X, COUNTS)
    logs = model[-1].predict_quantiles(model[:-1].transform(X))
    assert_allclose(model.predict_quantiles(X), from_logs(logs))


def test_the_deviation_is_half_of_what_one_to_each_side_stands_for(pair):
    counts, logs = pair
    mean, std = logs.predict(X, return_std=True)
    expected = (from_logs(mean + std) - from_logs(mean - std)) / 2
    answer = counts.predict(X, return_std=True)
    assert_allclose(answer[0], from_logs(mean))
    assert_allclose(answer[1], expected)


def test_scores_and_out_of_fold_attributes_are_on_the_scale_that_was_learned(pair):
    counts, logs = pair
    assert_allclose(counts.score(X, COUNTS), logs.score(X, LOGS))
    for name in ("oof_prediction_", "oof_score_", "oof_nmse_", "fold_scores_"):
        assert_allclose(getattr(counts, name), getattr(logs, name))
    assert_allclose(
        cross_val_score(ridges("log1p"), X, COUNTS, cv=3), cross_val_score(ridges(), X, LOGS, cv=3)
    )


def test_one_minus_the_score_is_the_error_of_the_literature(pair):
    counts, _ = pair
    positive = (counts.predict(X) > 0).all(axis=1)
    error = normalized_mean_squared_error(LOGS[positive], np.log1p(counts.predict(X[positive])))
    assert_allclose(1 - counts.score(X[positive], COUNTS[positive]), error)


def test_weights_of_a_score_count(pair):
    counts, logs = pair
    weight = np.arange(1.0, len(X) + 1)
    assert_allclose(
        counts.score(X, COUNTS, sample_weight=weight), logs.score(X, LOGS, sample_weight=weight)
    )


@pytest.mark.parametrize("routing", [False, True], ids=["", "routing"])
def test_validation_targets_are_transformed_as_those_of_the_fit(routing):
    scale = StandardScaler()
    with config_context(enable_metadata_routing=routing):
        model = probes(scale).fit(X[:N], COUNTS[:N], X_val=X[VAL], y_val=COUNTS[VAL])
    scale.fit(COUNTS[:N])
    assert_allclose(model[-1].y_, scale.transform(COUNTS[:N]))
    assert_allclose(model[-1].y_val_, scale.transform(COUNTS[VAL]))


def test_a_step_s_own_name_for_them_does_the_same():
    model = probes().fit(X[:N], COUNTS[:N], last__X_val=X[VAL], last__y_val=COUNTS[VAL])
    assert_allclose(model[-1].y_val_, LOGS[VAL])


def test_all_steps_learn_from_the_same_targets():
    model = probes().fit(X, COUNTS)
    assert_array_equal(model[0].y_, model[-1].y_)


@pytest.mark.parametrize("transformer", [SQRT, PowerTransformer(), StandardScaler(), "log1p"])
@pytest.mark.parametrize("one_target", [False, True])
def test_any_transformer_with_an_inverse_will_do(transformer, one_target):
    y = COUNTS[:, 0] if one_target else COUNTS
    model = probes(transformer).fit(X, y)
    fitted = model.target_transformer_
    prediction, bounds = model.predict(X), model.predict_interval(X)
    assert prediction.shape == y.shape
    encoded = model[-1].predict(model[:-1].transform(X))
    expected = fitted.inverse_transform(encoded.reshape(len(X), -1)).reshape(y.shape)
    assert_allclose(prediction, np.maximum(expected, 0) if transformer == "log1p" else expected)
    assert (bounds[..., 0] <= bounds[..., 1]).all()
    assert bounds.shape == (len(X), 1 if one_target else 2, 2)


def test_a_falling_transformer_exchanges_the_bounds():
    model = probes(FunctionTransformer(np.negative, np.negative)).fit(X, LOGS)
    plain = probes(None).fit(X, LOGS)
    assert_allclose(model.predict_interval(X), plain.predict_interval(X))


def test_the_transformer_is_fitted_on_the_training_targets_alone():
    scale = StandardScaler()
    model = probes(scale).fit(X[:N], COUNTS[:N])
    assert not hasattr(scale, "mean_")
    assert_allclose(model.target_transformer_.mean_, COUNTS[:N].mean(axis=0))


@pytest.mark.parametrize("y", [pd.DataFrame(COUNTS, columns=["views", "likes"])])
def test_names_of_the_targets_are_kept(y):
    model = ridges("log1p", validation="fold").fit(X, y)
    assert model.blend_weights_.columns.tolist() == ["views", "likes"]
    series = probes().fit(X, y["views"])[-1].y_
    assert (series.name, series.index.tolist()) == ("views", y.index.tolist())


# What it refuses


def test_negative_counts_are_refused():
    negative = COUNTS.copy()
    negative[3:5, 1] = -1
    with pytest.raises(ValueError, match=r"y is negative in 2 of 80 rows \(the least .* -1\)"):
        ridges("log1p").fit(X, negative)
    with pytest.raises(ValueError, match=r"negative in 2 of 80 rows"):
        probes().fit(X, COUNTS, X_val=X, y_val=negative)
    with pytest.raises(ValueError, match=r"negative in 2 of 80 rows"):
        ridges("log1p").fit(X, COUNTS).score(X, negative)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_counts_that_are_no_numbers_are_refused(value):
    y = COUNTS.copy()
    y[0] = value
    with pytest.raises(ValueError, match="y contains"):
        ridges("log1p").fit(X, y)


@pytest.mark.parametrize("ensemble", [False, True])
def test_classifiers_are_refused(ensemble):
    with pytest.raises(ValueError, match="target_transform is for regressors"):
        make_mofa_pipeline(
            WIDTHS, estimator=LogisticRegression(), ensemble=ensemble, target_transform="log1p"
        )
    model = ModalityPipeline([("last", LogisticRegression())], target_transform="log1p")
    with pytest.raises(
        ValueError, match="for regressors; the pipeline ends in LogisticRegression"
    ):
        model.fit(X, np.array(["a", "b"])[(LOGS[:, 0] > 1).astype(int)])


@pytest.mark.parametrize("value", ["log", 3, np.log1p, Ridge()])
def test_what_is_no_transformer_is_refused(value):
    with pytest.raises(ValueError, match="target_transform"):
        probes(value).fit(X, COUNTS)


def test_a_function_without_its_inverse_is_refused():
    with pytest.raises(ValueError, match="has no inverse_func"):
        probes(FunctionTransformer(np.log1p)).fit(X, COUNTS)


def test_bounds_of_mixed_targets_are_refused():
    model = probes(PCA(2)).fit(X, LOGS)
    encoded = model[-1].predict(model[:-1].transform(X))
    assert_allclose(model.predict(X), model.target_transformer_.inverse_transform(encoded))
    with pytest.raises(ValueError, match="mixes targets"):
        model.predict_interval(X)
    with pytest.raises(ValueError, match="mixes targets"):
        model.predict(X, return_std=True)


# In scikit-learn's tools


def test_it_is_a_parameter_to_search_over():
    search = GridSearchCV(
        probes(), {"target_transform": [None, "log1p", SQRT]}, cv=3, error_score="raise"
    ).fit(X, COUNTS)
    assert search.best_params_ == {"target_transform": "log1p"}
    assert_allclose(search.predict(X), probes().fit(X, COUNTS).predict(X))
    nested = probes(PowerTransformer()).set_params(target_transform__standardize=False)
    assert nested.target_transform.standardize is False


def test_copies_pickles_and_slices_keep_it(tmp_path, pair):
    counts, _ = pair
    assert clone(counts).target_transform == "log1p"
    joblib.dump(counts, tmp_path / "model.joblib")
    assert_array_equal(joblib.load(tmp_path / "model.joblib").predict(X), counts.predict(X))
    encoded = counts[:-1].transform(X)
    assert_array_equal(counts[1:].predict(encoded), counts.predict(X))
    assert counts[:-1].target_transform is None


@pytest.mark.parametrize("transformer", ["log1p", PowerTransformer()])
def test_files_without_pickles_keep_it(tmp_path, transformer):
    persistence = pytest.importorskip("mofa_sklearn.persistence")
    steps = [("scale", StandardScaler()), ("ridge", Ridge())]
    model = ModalityPipeline(steps, target_transform=transformer).fit(X, COUNTS)
    persistence.dump(model, tmp_path / "model.skops")
    loaded = persistence.load(tmp_path / "model.skops")
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.score(X, COUNTS) == model.score(X, COUNTS)


def test_another_fit_without_it_forgets_it():
    model = probes().fit(X, COUNTS).set_params(target_transform=None).fit(X, LOGS)
    assert_allclose(model.predict(X), probes(None).fit(X, LOGS).predict(X))


def test_members_of_an_ensemble_and_parts_of_a_blend_predict_counts():
    folds = KFold(3)
    ensemble = KFoldEnsembleRegressor(probes(), cv=folds).fit(X, COUNTS)
    for (train, test), member in zip(folds.split(X), ensemble.estimators_, strict=True):
        alone = probes().fit(X[train], COUNTS[train])
        assert_allclose(ensemble.oof_prediction_[test], alone.predict(X[test]))
        assert_allclose(member[-1].y_val_, LOGS[test])


def test_a_blend_blends_what_its_parts_predict():
    """And not out-of-fold predictions on the scale that a part learned."""
    folds, part = KFold(3), ridges("log1p")
    blend = BlendRegressor([("counts", part)], cv=folds).fit(X, COUNTS)
    for train, test in folds.split(X):
        alone = clone(part).set_params(regressor__random_state=None).fit(X[train], COUNTS[train])
        assert_allclose(blend.oof_prediction_[test], alone.predict(X[test]))
    with pytest.raises(ValueError, match="scale of its target_transform"):
        BlendRegressor([("counts", part.fit(X, COUNTS))], cv="prefit").fit(X, COUNTS)
