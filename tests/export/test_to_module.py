"""An exported module predicts what the model does."""

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import QuantileTransformer
from sklearn.svm import SVR

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    MoFAClassifier,
    MoFARegressor,
    RankGaussTransformer,
    make_mofa_pipeline,
)
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.encoders import TextEncoder
from mofa_sklearn.estimators import (
    KernelPathRegressor,
    LogisticPathClassifier,
    RetrievalClassifier,
    RetrievalRegressor,
    RidgePathRegressor,
)
from mofa_sklearn.export import to_module
from mofa_sklearn.export._rank_gauss import RankGauss, normal_quantile

from .conftest import SMALL, WIDTHS, small


def exported(model, X):
    with torch.inference_mode():
        return to_module(model)(
            torch.from_numpy(np.ascontiguousarray(X, dtype=np.float32))
        ).numpy()


def assert_same(model, X, scale=1.0):
    expected = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    got = exported(model, X)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, atol=1e-4 * scale)


@pytest.mark.parametrize("recipe", ["mofa-lite", "mmved", "chfen", "afew-va"])
def test_a_recipe_predicts_the_same(videos, recipe):
    X, y = videos
    model = small(make_mofa_pipeline(WIDTHS, recipe=recipe, cv=2, random_state=0)).fit(X, y)
    assert_same(model, X, y.std())


@pytest.mark.parametrize("targets", [slice(None), 0], ids=["2-D", "1-D"])
def test_similarities_to_landmarks_are_the_same(videos, targets):
    X, y = videos
    kernel = KernelPathRegressor(40, gamma=0.01, random_state=0).fit(X, y[:, targets])
    assert_same(kernel, X)
    ensemble = KFoldEnsembleRegressor(kernel, cv=2, random_state=0)
    assert_same(ensemble.fit(X, y[:, targets]), X)
    # Folds of one row more or less, all of whose rows are landmarks.
    uneven = KFoldEnsembleRegressor(kernel.set_params(n_landmarks=500), cv=4, random_state=0)
    assert_same(uneven.fit(X, y[:, targets]), X)


def test_a_row_s_prediction_does_not_depend_on_the_rows_beside_it(pipeline, videos):
    X = videos[0]
    alone = np.concatenate([exported(pipeline, row[None]) for row in X[:12]])
    # Of counts, on the scale that was learned.
    assert_allclose(np.log1p(exported(pipeline, X)[:12]), np.log1p(alone), atol=1e-5)


def test_every_companion_counts(videos):
    X, y = videos
    companions = [
        ("neighbors", RetrievalRegressor(random_state=0)),
        ("ridge", RidgePathRegressor()),
    ]
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=3, companions=companions, random_state=0)
    rows = np.nan_to_num(X)
    assert_same(ensemble.fit(rows, y), rows, y.std())
    for _, companion in companions:
        assert_same(companion.fit(rows, y[:, 0]), rows, y.std())


def test_counts_gaps_extremes_and_missing_modalities_are_predicted_the_same(pipeline, videos):
    X = videos[0]
    rng = np.random.default_rng(0)
    holes = np.where(rng.random(X.shape) < 0.01, np.nan, X)
    far = np.where(rng.random(X.shape) < 0.01, 1e12, X).astype(np.float32)
    alone = X.copy()
    alone[:, :140] = np.nan
    present = ~np.isnan(alone).all(axis=1)
    for rows in (X, holes, far, alone[present]):
        expected = pipeline.predict(pl.DataFrame(rows, schema=[*pipeline.feature_names_in_]))
        np.testing.assert_allclose(exported(pipeline, rows), expected, rtol=1e-3, atol=1e-3)


def test_a_model_that_was_stored_predicts_the_same(pipeline, videos, tmp_path):
    joblib.dump(pipeline, tmp_path / "model.joblib")
    copy = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(exported(copy, videos[0]), exported(pipeline, videos[0]))


@pytest.mark.parametrize("kind", ["classes", "ordered", "labels", "quantile"])
def test_what_a_network_was_trained_for_comes_out(videos, kind):
    X, y = videos
    level = np.digitize(y[:, 0], np.quantile(y[:, 0], [0.3, 0.6]))
    model, target = {
        "classes": (MoFAClassifier(WIDTHS, **SMALL), np.array(["low", "mid", "top"])[level]),
        "ordered": (MoFAClassifier(WIDTHS, ordinal=True, **SMALL), level),
        "labels": (MoFAClassifier(WIDTHS, **SMALL), (y > np.median(y, axis=0)).astype(int)),
        "quantile": (MoFARegressor(WIDTHS, loss="quantile", **SMALL), y),
    }[kind]
    ensemble = KFoldEnsembleRegressor if kind == "quantile" else KFoldEnsembleClassifier
    assert_same(ensemble(model.set_params(random_state=0), cv=2).fit(X, target), X, y.std())
    assert_same(model.fit(X, target), X, y.std())


def test_a_class_that_a_fold_lacks_has_a_column(videos):
    X = np.nan_to_num(videos[0])
    y = np.repeat([0, 1, 2], [70, 76, 4])
    cv = [(np.arange(146), np.arange(146, 150)), (np.arange(4, 150), np.arange(4))]
    assert_same(KFoldEnsembleClassifier(LogisticRegression(max_iter=1000), cv=cv).fit(X, y), X)


@pytest.mark.parametrize("kind", ["one class", "two classes", "classes", "labels"])
@pytest.mark.parametrize("method", [None, "temperature", "sigmoid", "isotonic"])
def test_blended_and_calibrated_classifiers_predict_the_same(videos, kind, method):
    X = np.nan_to_num(videos[0])
    y = {
        "one class": np.repeat("top", len(X)),
        "two classes": np.where(videos[1][:, 0] > np.median(videos[1][:, 0]), "top", "low"),
        "classes": np.digitize(videos[1][:, 0], np.quantile(videos[1][:, 0], [0.3, 0.6])),
        "labels": (videos[1] > np.median(videos[1], axis=0)).astype(int),
    }[kind]
    companions = [
        ("path", LogisticPathClassifier()),
        ("similar", RetrievalClassifier(random_state=0)),
    ]
    ensemble = KFoldEnsembleClassifier(
        LogisticPathClassifier([1e-3]), cv=2, companions=companions, calibrate=method
    )
    assert_same(ensemble.set_params(random_state=0).fit(X, y), X)
    if method is None:
        for _, companion in companions:
            assert_same(companion.fit(X, y), X)


def test_the_default_for_classes_predicts_the_same(videos):
    X, y = videos
    level = np.digitize(y[:, 0], np.quantile(y[:, 0], [0.3, 0.6]))
    network = MoFAClassifier(random_state=0, **SMALL)
    model = small(make_mofa_pipeline(WIDTHS, estimator=network, cv=2, random_state=0))
    assert_same(model.fit(X, level), X)


def test_a_companion_that_does_not_know_all_classes_predicts_the_same(videos):
    X = np.nan_to_num(videos[0])
    y = np.repeat([0, 1, 2], [70, 76, 4])
    cv = [(np.arange(146), np.arange(146, 150)), (np.arange(4, 150), np.arange(4))]
    ensemble = KFoldEnsembleClassifier(
        LogisticPathClassifier([1e-4]), cv=cv, companions=[("path", LogisticPathClassifier())]
    )
    assert_same(ensemble.fit(X, y), X)


def test_tokens_are_attended_over_the_same():
    X, y = make_micro_videos(
        100, modalities={"video": 4, "text": 5}, n_tokens={"video": 3}, random_state=0
    )
    X[::3, 8:12] = np.nan
    model = make_mofa_pipeline({"video": 12, "text": 5}, tokens={"video": 3}, cv=2, random_state=0)
    assert_same(small(model).fit(X, y), X, y.std())


def test_blends_predict_the_same(videos):
    X, y = np.nan_to_num(videos[0]), videos[1]
    parts = [("ridge", Ridge()), ("path", RidgePathRegressor())]
    assert_same(BlendRegressor(parts, cv=3).fit(X, y), X, y.std())


def test_compiled_graphs_hold_for_any_number_of_rows(videos):
    X, y = videos
    estimator = MoFARegressor(random_state=0, **SMALL)
    model = make_mofa_pipeline(WIDTHS, estimator=estimator, ensemble=False).fit(X, y)
    rows = torch.from_numpy(X)
    shapes = ({0: torch.export.Dim("n_samples")},)
    program = torch.export.export(to_module(model), (rows[:3],), dynamic_shapes=shapes)
    for n_rows in (2, 150):
        np.testing.assert_allclose(
            program.module()(rows[:n_rows]).detach(), model.predict(X[:n_rows]), atol=1e-3
        )


@pytest.mark.parametrize("n_samples", [2, 50, 3000])
def test_normal_scores_are_those_of_the_transformer(n_samples):
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [
            rng.normal(size=n_samples),
            rng.integers(0, 5, n_samples),
            np.exp(5 * rng.normal(size=n_samples)),
            np.zeros(n_samples),
            np.where(rng.random(n_samples) < 0.5, 0, rng.normal(size=n_samples)),
        ]
    ).astype(np.float32)
    gauss = RankGaussTransformer().fit(X)
    rows = np.concatenate([X, 10 * X, np.nextafter(X, np.float32(9)), np.full((1, 5), np.nan)])
    module = RankGauss([gauss.quantiles_.T], [gauss._bounds])
    got = module(torch.from_numpy(rows)).numpy()
    np.testing.assert_allclose(got, gauss.transform(rows), atol=2e-6)
    # A few rows are looked up in another way.
    places = np.linspace(0, len(rows) - 1, 30).astype(int)
    few = [module(torch.from_numpy(rows[place : place + 1])).numpy() for place in places]
    np.testing.assert_array_equal(np.concatenate(few), got[places])


def test_the_normal_quantile_has_fifteen_digits():
    from scipy.special import ndtri

    shares = np.concatenate([np.linspace(0, 1, 10_001)[1:-1], 10.0 ** -np.arange(1, 20)])
    got = normal_quantile(torch.from_numpy(shares)).numpy()
    np.testing.assert_allclose(got, ndtri(shares), rtol=1e-14, atol=1e-15)


# ------------------------------------------------------------------------ what is refused


def test_a_step_without_a_counterpart_is_named(videos):
    X, y = videos
    named = make_mofa_pipeline(WIDTHS, estimator=SVR(), ensemble=False)
    named.set_params(preprocess__default__scale=QuantileTransformer(n_quantiles=10))
    model = named.fit(np.nan_to_num(X), y[:, 0])
    with pytest.raises(TypeError, match=r"preprocess__image__scale' \(QuantileTransformer\)"):
        to_module(model)
    with pytest.raises(TypeError, match="SVR"):
        to_module(model[-1])


def test_columns_of_other_kinds_are_named(videos):
    frame = pd.DataFrame({"title": ["a", "b"] * 30, "age": np.arange(60.0)})
    modalities = {"title": ["title"], "age": ["age"]}
    model = small(make_mofa_pipeline(modalities, cv=2, random_state=0))
    with pytest.raises(TypeError, match=r"preprocess__title__columns' cannot be exported.*text"):
        to_module(model.fit(frame, np.arange(60.0)))


def test_encoders_are_named_and_what_follows_can_be_exported():
    frame = pd.DataFrame({"plot": ["abc", "banana", "cat"] * 10, "age": np.arange(30.0)})
    encoder = TextEncoder(lambda texts: np.array([[len(text), text.count("a")] for text in texts]))
    model = make_mofa_pipeline(
        {"plot": ["plot"], "age": ["age"]},
        encoders={"plot": encoder},
        estimator=RidgePathRegressor(),
        ensemble=False,
    ).fit(frame, np.arange(30.0))
    with pytest.raises(TypeError, match=r"preprocess__plot__encode.*encoders stay outside"):
        to_module(model)
    vectors = model[:-1].transform(frame)
    np.testing.assert_allclose(exported(model[-1], vectors), model.predict(frame), atol=1e-3)


def test_a_model_that_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError):
        to_module(make_mofa_pipeline(WIDTHS))


def _rows(first, value):
    rows = torch.zeros(3, 14, dtype=torch.float64)
    rows[1, first:] = value
    return rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (torch.zeros(2, 3), "expected .n_samples, 14."),
        (_rows(6, torch.inf), r"infinity in modality 'b' .rows 1,"),
        (_rows(6, 1e39), r"infinity in modality 'b'"),
        (_rows(0, torch.nan), r"rows 1.: all modalities are missing"),
        (_rows(7, torch.nan), "modality 'b' has NaN in some of its columns"),
    ],
)
def test_rows_that_do_not_fit_are_named(rows, message):
    X, y = make_micro_videos(40, modalities={"a": 6, "b": 8}, random_state=0)
    module = to_module(MoFARegressor({"a": 6, "b": 8}, **SMALL).fit(X, y))
    with pytest.raises(ValueError, match=message):
        module(rows)


def test_no_rows_give_no_predictions():
    X, y = make_micro_videos(40, modalities={"a": 6, "b": 8}, random_state=0)
    module = to_module(MoFARegressor({"a": 6, "b": 8}, **SMALL).fit(X, y))
    assert module(torch.zeros(0, 14)).shape == (0, 3)
