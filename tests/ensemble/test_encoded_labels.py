"""Boosting stops early on classes as it knows them, whatever they are called."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import KFoldEnsembleClassifier
from mofa_sklearn.baselines import EarlyStoppingClassifier
from mofa_sklearn.ensemble._validation_sets import fit_with_validation

from ..classes import make_classes


def make_lightgbm():
    library = pytest.importorskip("lightgbm")
    return library.LGBMClassifier(
        n_estimators=12, early_stopping_round=3, min_child_samples=3, n_jobs=1, verbose=-1
    )


def make_xgboost():
    library = pytest.importorskip("xgboost")
    return library.XGBClassifier(n_estimators=12, early_stopping_rounds=3, n_jobs=1)


def make_catboost():
    library = pytest.importorskip("catboost")
    return library.CatBoostClassifier(
        iterations=12, early_stopping_rounds=3, depth=2, thread_count=1, allow_writing_files=False
    )


def make_hist_gb():
    return HistGradientBoostingClassifier(max_iter=12, early_stopping=True, n_iter_no_change=3)


boosters = pytest.mark.parametrize(
    "make", [make_lightgbm, make_xgboost, make_catboost, make_hist_gb]
)
WRAPPED = {
    "bare": lambda model: model,
    "pipeline": lambda model: make_pipeline(StandardScaler(), model),
    "nested pipeline": lambda model: make_pipeline(
        StandardScaler(), make_pipeline(StandardScaler(), model)
    ),
    "EarlyStoppingClassifier": lambda model: EarlyStoppingClassifier(model, n_jobs=1),
}
NAMES = {
    "from one": [1, 2, 3],
    "with gaps": [10, 20, 30],
    "negative": [-1, 0, 7],
    "strings": ["a", "b", "c"],
    "floats": [0.0, 2.0, 5.0],
}


def three_classes():
    X, _ = make_classes("binary", 150)
    return X, np.digitize(X[:, 0] + 0.2 * X[:, 1], [-0.4, 0.4])


@boosters
@pytest.mark.parametrize("way", WRAPPED)
def test_names_of_classes_change_nothing(make, way):
    X, codes = three_classes()
    ensemble = KFoldEnsembleClassifier(WRAPPED[way](make()), cv=2, random_state=0)
    expected = ensemble.fit(X, codes).predict_proba(X)
    for kind in NAMES if way == "bare" else ["with gaps", "strings"]:
        names = NAMES[kind]
        y = np.array(names)[codes]
        assert_allclose(ensemble.fit(X, y).predict_proba(X), expected, rtol=1e-6)
        assert_array_equal(ensemble.classes_, names)
        assert set(ensemble.predict(X)) <= set(names)


@boosters
@pytest.mark.parametrize("names", [[1, 2], ["no", "yes"], [False, True]])
def test_names_of_two_classes_change_nothing(make, names):
    X, codes = make_classes("ordinal", 120)
    codes = (codes > 1).astype(int)
    ensemble = KFoldEnsembleClassifier(make(), cv=2, random_state=0)
    expected = ensemble.fit(X, codes).oof_prediction_
    assert_allclose(ensemble.fit(X, np.array(names)[codes]).oof_prediction_, expected, rtol=1e-6)


@boosters
def test_a_fold_may_lack_a_class_in_the_rows_to_learn_or_to_stop_on(make):
    X, codes = three_classes()
    order = np.argsort(codes == 1, kind="stable")  # the middle class has rows in the last fold
    X, y = X[order], np.array(["a", "b", "c"])[codes[order]]
    ensemble = KFoldEnsembleClassifier(make(), cv=KFold(2)).fit(X, y)
    assert np.isfinite(ensemble.predict_proba(X)).all()
    assert_array_equal(ensemble.classes_, ["a", "b", "c"])
    lacking = [i for i, (train, _) in enumerate(KFold(2).split(X)) if "b" not in y[train]]
    for fold in lacking:
        _, test = list(KFold(2).split(X))[fold]
        assert_array_equal(ensemble.oof_prediction_[test, 1], 0)


@boosters
@pytest.mark.parametrize("way", ["X_val", "eval_set"])
def test_rows_of_the_user_are_encoded_too(make, way):
    X, codes = three_classes()
    if way == "eval_set" and make is make_hist_gb:
        pytest.skip("it takes X_val alone")

    def fit(y):
        rows = {"X_val": X[100:], "y_val": y[100:]}
        if way == "eval_set":
            rows = {"eval_set": [(X[100:], y[100:])]}
        ensemble = KFoldEnsembleClassifier(make(), cv=2, random_state=0)
        return ensemble.fit(X[:100], y[:100], **rows).predict_proba(X)

    expected = fit(codes)
    for names in ([1, 2, 3], ["x", "y", "z"]):
        assert_allclose(fit(np.array(names)[codes]), expected, rtol=1e-6)


def test_lightgbm_s_own_names_for_such_rows_are_encoded():
    X, codes = three_classes()
    ensemble = KFoldEnsembleClassifier(make_lightgbm(), cv=2, random_state=0)
    results = []
    for y in (codes, np.array([10, 20, 30])[codes]):
        ensemble.fit(X[:100], y[:100], eval_X=X[100:], eval_y=y[100:])
        results.append(ensemble.predict_proba(X))
    assert_allclose(*results)


def test_classes_to_stop_on_that_are_not_learned_are_refused():
    X, codes = three_classes()
    with pytest.raises(ValueError, match=r"y_val has class\(es\) \[2\]"):
        fit_with_validation(make_lightgbm(), X[codes < 2], codes[codes < 2], {}, X, codes)
