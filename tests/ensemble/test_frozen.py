"""A frozen estimator is used as it is, wherever a member, a companion or a part may stand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import BlendRegressor, KFoldEnsembleClassifier, KFoldEnsembleRegressor
from mofa_sklearn.baselines import EarlyStoppingClassifier, EarlyStoppingRegressor

from ..classes import make_classes, small_classifier
from ..helpers import make_data, small_mofa

X, Y = make_data(60)
ELSEWHERE = make_data(60, seed=1)
FITTED = {
    "ridge": lambda: Ridge().fit(*ELSEWHERE),
    "network": lambda: small_mofa().fit(*ELSEWHERE),
    "pipeline": lambda: make_pipeline(StandardScaler(), Ridge()).fit(*ELSEWHERE),
    "ensemble": lambda: KFoldEnsembleRegressor(Ridge(), cv=2).fit(*ELSEWHERE),
}


@pytest.mark.parametrize("inner", FITTED)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_member_predicts_what_it_predicts(inner, weighted):
    model = FITTED[inner]()
    weight = np.ones(60) if weighted else None
    ensemble = KFoldEnsembleRegressor(FrozenEstimator(model), cv=3).fit(X, Y, sample_weight=weight)
    assert_allclose(ensemble.predict(X), model.predict(X), rtol=1e-6)
    assert_allclose(ensemble.oof_prediction_, model.predict(X), rtol=1e-5, atol=1e-6)


def test_behind_steps_that_are_fitted_it_stays_as_it_is():
    model = Ridge().fit(*ELSEWHERE)
    pipeline = make_pipeline(StandardScaler(), FrozenEstimator(model))
    ensemble = KFoldEnsembleRegressor(pipeline, cv=3).fit(X, Y, sample_weight=np.ones(60))
    expected = [model.predict(member[0].transform(X)) for member in ensemble.estimators_]
    assert_allclose(ensemble.predict(X), np.mean(expected, axis=0), rtol=1e-6)


def test_frozen_steps_before_a_network_stay_as_they_are():
    scaler = StandardScaler().fit(ELSEWHERE[0])
    pipeline = make_pipeline(FrozenEstimator(scaler), small_mofa())
    ensemble = KFoldEnsembleRegressor(pipeline, cv=2).fit(X, Y)
    assert all(member[0].estimator is scaler for member in ensemble.estimators_)


@pytest.mark.parametrize("inner", FITTED)
def test_as_a_companion_or_a_part_it_is_weighed(inner):
    frozen = FrozenEstimator(FITTED[inner]())
    ensemble = KFoldEnsembleRegressor(KNeighborsRegressor(), cv=3, companions=[("it", frozen)])
    assert_allclose(ensemble.fit(X, Y).blend_weights_.sum(), 1)
    blend = BlendRegressor([("it", frozen), ("ridge", Ridge())], cv=3).fit(X, Y)
    assert np.isfinite(blend.predict_interval(X, 0.5)).all()


def test_classifiers_may_be_frozen():
    X, y = make_classes("multiclass", 80)
    for model in (LogisticRegression(max_iter=500), small_classifier()):
        model = model.fit(X, y)
        ensemble = KFoldEnsembleClassifier(FrozenEstimator(model), cv=2).fit(X, y)
        assert_allclose(ensemble.predict_proba(X), model.predict_proba(X), rtol=1e-5)


@pytest.mark.parametrize("place", ["member", "companion", "part"])
def test_one_that_was_never_fitted_is_refused(place):
    frozen = FrozenEstimator(Ridge())
    model = {
        "member": KFoldEnsembleRegressor(frozen, cv=2),
        "companion": KFoldEnsembleRegressor(Ridge(), cv=2, companions=[("it", frozen)]),
        "part": BlendRegressor([("it", frozen)], cv=2),
    }[place]
    with pytest.raises(NotFittedError, match=r"FrozenEstimator\(Ridge\) .* never fitted"):
        model.fit(X, Y)


def test_one_of_other_columns_or_classes_is_refused():
    frozen = FrozenEstimator(Ridge().fit(X[:, :3], Y))
    with pytest.raises(ValueError, match="frozen Ridge was fitted on 3 columns, but X has 12"):
        KFoldEnsembleRegressor(frozen, cv=2).fit(X, Y)
    X_classes, y = make_classes("multiclass", 80)
    frozen = FrozenEstimator(LogisticRegression(max_iter=500).fit(X_classes, y))
    with pytest.raises(ValueError, match=r"predicts class\(es\) \['b', 'c', 'd'\] that y lacks"):
        KFoldEnsembleClassifier(frozen, cv=2).fit(X_classes, np.where(y == "a", "a", "z"))


def test_wrappers_that_hand_over_other_targets_refuse_it():
    with pytest.raises(ValueError, match="frozen estimator did not learn"):
        EarlyStoppingRegressor(FrozenEstimator(Ridge().fit(X, Y))).fit(X, Y)
    with pytest.raises(ValueError, match="frozen estimator did not learn"):
        y = Y[:, 0] > 0
        EarlyStoppingClassifier(FrozenEstimator(LogisticRegression().fit(X, y))).fit(X, y)


def test_validation_rows_are_refused_for_it():
    frozen = FrozenEstimator(small_mofa().fit(X, Y))
    with pytest.raises(ValueError, match="would be ignored"):
        KFoldEnsembleRegressor(frozen, cv=2).fit(X, Y, X_val=X, y_val=Y)


def test_another_frozen_estimator_is_another_fit_to_a_checkpoint(tmp_path):
    def fit(alpha):
        frozen = FrozenEstimator(Ridge(alpha).fit(*ELSEWHERE))
        ensemble = KFoldEnsembleRegressor(frozen, cv=2, checkpoint=tmp_path, random_state=0)
        return ensemble.fit(X, Y).predict(X)

    assert_allclose(fit(1.0), fit(1.0))
    with pytest.raises(ValueError, match="another fit: estimator"):
        fit(10.0)
