"""A constant target is predicted as the constant it is."""

import numpy as np
import pytest

from mofa_sklearn import KFoldEnsembleRegressor, MoFAClassifier, make_mofa_pipeline
from mofa_sklearn.estimators import RetrievalRegressor, RidgePathRegressor

from ..helpers import WIDTHS, make_data, small_mofa

CONSTANTS = [0.0, 3.3, -1e9, 1e-12]


@pytest.mark.parametrize("constant", CONSTANTS)
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"early_stopping": False},
        {"standardize_target": False},
        {"loss": "quantile"},
        {"loss": "ccc"},
    ],
)
def test_a_network_predicts_a_constant_exactly(params, constant):
    X, y = make_data()
    alone = small_mofa(**params).fit(X, np.full(len(X), constant)).predict(X)
    np.testing.assert_array_equal(alone, np.full(len(X), constant))
    together = small_mofa(**params).fit(X, np.column_stack([y[:, 0], np.full(len(X), constant)]))
    np.testing.assert_allclose(together.predict(X)[:, 1], constant, rtol=1e-12)
    assert np.ptp(together.predict(X)[:, 0]) > 0
    assert (together.target_scale_ > 0).all()


def test_quantiles_of_a_constant_are_that_constant():
    X, _ = make_data()
    model = small_mofa(loss="quantile").fit(X, np.full(len(X), 2.5))
    np.testing.assert_array_equal(model.predict_quantiles(X), np.full((len(X), 1, 5), 2.5))


@pytest.mark.parametrize("early_stopping", [True, False])
def test_only_rows_that_weigh_make_a_target_constant(early_stopping):
    X, y = make_data(n_targets=None)
    weight = np.zeros(len(y))
    weight[::3], y[::3] = 1.0, 7.0
    model = small_mofa(early_stopping=early_stopping).fit(X, y, weight)
    np.testing.assert_array_equal(model.predict(X), np.full(len(X), 7.0))


@pytest.mark.parametrize(
    "model",
    [
        RidgePathRegressor(random_state=0),
        RidgePathRegressor(2, modalities=WIDTHS, random_state=0),
        RetrievalRegressor(WIDTHS, random_state=0),
        KFoldEnsembleRegressor(small_mofa(), cv=3, random_state=0),
        make_mofa_pipeline(WIDTHS, cv=2, estimator=small_mofa(modalities=None), random_state=0),
    ],
    ids=["ridge", "components", "retrieval", "ensemble", "pipeline"],
)
@pytest.mark.parametrize("constant", CONSTANTS)
def test_all_other_regressors_do_to_a_rounding_error(model, constant):
    X, _ = make_data()
    prediction = model.fit(X, np.full(len(X), constant)).predict(X)
    np.testing.assert_allclose(prediction, constant, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("ordinal", [False, ["only", "never"]])
def test_a_classifier_of_one_class_is_sure_of_it(ordinal):
    X, _ = make_data()
    model = MoFAClassifier(WIDTHS, hidden_dim=8, max_epochs=1, ordinal=ordinal, random_state=0)
    model.fit(X, ["only"] * len(X))
    assert set(model.predict(X)) == {"only"}
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((len(X), 1)))
