"""Huge finite values: float32 gives what float64 gives, up to what float32 can hold."""

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.preprocessing import Normalizer, QuantileTransformer

from mofa_sklearn import (
    KFoldEnsembleRegressor,
    ModalityPreprocessor,
    MoFAClassifier,
    RankGaussTransformer,
    make_mofa_pipeline,
)
from mofa_sklearn.baselines._block_statistics import BlockStatistics
from mofa_sklearn.estimators import (
    LogisticPathClassifier,
    RetrievalClassifier,
    RetrievalRegressor,
    RidgePathRegressor,
)
from mofa_sklearn.networks.fusions import FUSIONS
from mofa_sklearn.preprocessing import BlockPCA, RetrievalAugmenter

from .helpers import WIDTHS, make_data, small_mofa

MAX = float(np.finfo(np.float32).max)
# Where squares, sums of squares, products and sums begin to overflow, and the end.
VALUES = [1e15, 1e18, 1e19, 1e25, 1e38, MAX, -MAX]

PREDICTORS = {
    **{f"network, {name}": small_mofa(fusion=name) for name in FUSIONS},
    "network, residuals": small_mofa(residual_features=True),
    "network, float32 asked for": small_mofa(precision="float32"),
    "classifier": MoFAClassifier(WIDTHS, hidden_dim=8, max_epochs=2, random_state=0),
    "ridge": RidgePathRegressor(random_state=0),
    "ridge on components": RidgePathRegressor(2, modalities=WIDTHS, random_state=0),
    "logistic": LogisticPathClassifier(random_state=0),
    "retrieval of classes": RetrievalClassifier(WIDTHS, random_state=0),
    "retrieval": RetrievalRegressor(WIDTHS, random_state=0),
    "retrieval of components": RetrievalRegressor(
        WIDTHS, n_components=2, standardize=False, random_state=0
    ),
    "ensemble": KFoldEnsembleRegressor(small_mofa(), cv=2, random_state=0),
    "members one by one": KFoldEnsembleRegressor(
        small_mofa(), cv=2, engine="joblib", random_state=0
    ),
    "pipeline": make_mofa_pipeline(WIDTHS, cv=2, random_state=0).set_params(
        regressor__estimator__hidden_dim=8, regressor__estimator__max_epochs=2
    ),
    "mofa-lite": make_mofa_pipeline(
        WIDTHS, recipe="mofa-lite", ensemble=False, random_state=0
    ).set_params(regressor__hidden_dim=8, regressor__max_epochs=2),
}


def huge_rows(value):
    """One huge value in a block, in another one, and a block that is huge throughout."""
    X, _ = make_data(3, seed=1)
    X[0, 1], X[1, 5] = value, value
    X[2, :4] = value * np.linspace(-1, 1, 4, dtype=np.float32)
    return X


@pytest.mark.filterwarnings("ignore:invalid value encountered in reduce")  # scikit-learn's look
@pytest.mark.parametrize("name", PREDICTORS)
def test_predictions_of_huge_values_are_those_of_float64(name):
    model = PREDICTORS[name]
    X, y = make_data(100, None)
    model.fit(X, y > 0 if is_classifier(model) else y)
    predict = model.predict_proba if is_classifier(model) else model.predict
    X = np.concatenate([huge_rows(value) for value in VALUES])
    exact = predict(X.astype(np.float64))
    assert np.isfinite(exact).all()
    np.testing.assert_allclose(predict(X), exact, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:invalid value encountered in reduce")
@pytest.mark.parametrize("scale", [2.0**63, 2.0**100, 2.0**120])  # no digit is lost
@pytest.mark.parametrize("name", ["ridge", "ridge on components", "retrieval", "mofa-lite"])
def test_a_fit_on_huge_values_is_that_on_usual_ones(name, scale):
    X, y = make_data(100, None)
    usual, huge = PREDICTORS[name].fit(X, y).predict(X), (X * np.float64(scale)).astype(np.float32)
    np.testing.assert_allclose(
        PREDICTORS[name].fit(huge, y).predict(huge), usual, rtol=1e-2, atol=1e-2
    )


@pytest.mark.parametrize("scale", [1e19, 1e37])
def test_a_network_learns_from_huge_values(scale):
    X, y = make_data(100, None)
    huge = (X * np.float64(scale)).astype(np.float32)
    model = small_mofa(max_epochs=30, batch_size=64).fit(huge, y)
    assert model.score(huge, y) > 0.8


@pytest.mark.parametrize("name", ["network, concat", "classifier", "retrieval", "ensemble"])
@pytest.mark.parametrize("method", ["fit", "predict"])
def test_what_float32_cannot_hold_is_refused_with_its_block(name, method):
    model = PREDICTORS[name]
    X, y = make_data(100, None)
    y = y > 0 if is_classifier(model) else y
    large = X.astype(np.float64)
    large[7, 5] = 1e39
    with pytest.raises(ValueError, match=r"modality 'video' \(rows .*too large for float32"):
        model.fit(large, y) if method == "fit" else model.fit(X, y).predict(large)


TRANSFORMERS = {
    "rank gauss": RankGaussTransformer(),
    "components": BlockPCA(4, random_state=0),
    "components as they are": BlockPCA(4, impute=False, standardize=False, random_state=0),
    "logarithms": BlockPCA(20, log_narrow=True),
    "statistics": BlockStatistics(),
    "neighbours": RetrievalAugmenter(WIDTHS, passthrough=False, random_state=0),
    "neighbours by angle": RetrievalAugmenter(
        WIDTHS, passthrough=False, metric="cosine", random_state=0
    ),
    "steps of scikit-learn": ModalityPreprocessor(Normalizer(), modalities=WIDTHS),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformed_huge_values_are_those_of_float64(name):
    X, y = make_data(100, None)
    transformer = TRANSFORMERS[name].fit(X, y)
    X = np.concatenate([huge_rows(value) for value in VALUES if abs(value) < 1e38])
    exact = transformer.transform(X.astype(np.float64))
    assert np.isfinite(exact).all()
    np.testing.assert_allclose(transformer.transform(X), exact, rtol=1e-4, atol=1e-5)


def test_a_column_from_one_end_of_float32_to_the_other_has_the_ranks_of_float64():
    X = np.linspace(-MAX, MAX, 50, dtype=np.float64)[:, np.newaxis]
    expected = QuantileTransformer(n_quantiles=20, output_distribution="normal").fit_transform(X)
    scores = RankGaussTransformer(20).fit_transform(X.astype(np.float32))
    np.testing.assert_allclose(scores, expected, atol=1e-3)


def test_intervals_and_attention_of_huge_values_are_those_of_float64():
    X, y = make_data(100, None)
    model = KFoldEnsembleRegressor(small_mofa(), cv=2, random_state=0).fit(X, y)
    huge = huge_rows(1e30)
    for tell in (model.predict_interval, model.estimators_[0].modality_attention):
        np.testing.assert_allclose(tell(huge), tell(huge.astype(np.float64)), atol=1e-5)


def test_rows_beside_a_huge_one_are_transformed_as_without_it():
    """A value as large as a column's largest counts as the end of it in float64 alone."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 5, size=(60, 3)).astype(np.float32)
    preprocess = ModalityPreprocessor(RankGaussTransformer()).fit(X)
    expected = preprocess.transform(X)
    X[0, 0] = 1e30
    np.testing.assert_array_equal(preprocess.transform(X)[1:], expected[1:])
