"""Every classifier baseline: the same inputs, the same promises."""

import builtins
import logging
import pickle
from functools import cache
from unittest import TestCase

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import has_fit_parameter

from mofa_sklearn import KFoldEnsembleClassifier
from mofa_sklearn.baselines import EarlyStoppingClassifier, make_classifier_baselines
from mofa_sklearn.baselines._make_classifier_baselines import _MAKERS
from mofa_sklearn.baselines._recipes import tell_left_out

from ..classes import WIDTHS, make_classes

LIBRARIES = {"xgboost": "xgboost", "lightgbm": "lightgbm", "catboost": "catboost"}
LIBRARIES["pixelrec"] = "catboost"
N_ROWS = 120
KINDS = ["binary", "multiclass", "multilabel"]

# Large steps and little patience: the same code, sooner.
HASTE = {"learning_rate": 0.5}
QUICK = {
    "mlp": {"learning_rate_init": 0.01, "alpha": 0.1},
    "hist-gb": {**HASTE, "n_iter_no_change": 3, "max_iter": 50},
    "xgboost": {**HASTE, "early_stopping_rounds": 3},
    "lightgbm": {**HASTE, "early_stopping_round": 3},
    "catboost": {**HASTE, "early_stopping_rounds": 3, "depth": 2},
    "pixelrec": {**HASTE, "early_stopping_rounds": 3, "depth": 2},
}
# How many steps there are if nothing stops them.
MAX_STEPS = {"mlp": 200, "hist-gb": 50, **dict.fromkeys(LIBRARIES, 1000)}


def make(name, **params):
    if name in LIBRARIES:
        pytest.importorskip(LIBRARIES[name])
    params = {"random_state": 0, "n_jobs": 1, **params}
    model = make_classifier_baselines(WIDTHS, names=[name], **params)[name]
    inner = last(model)
    if isinstance(inner, EarlyStoppingClassifier):
        inner.estimator.set_params(**QUICK.get(name, {}))
    return model


def last(model):
    return model[-1] if isinstance(model, Pipeline) else model


def array_of(probabilities):
    """Return (n_samples, n_labels) of scikit-learn's list of each label's probabilities."""
    if isinstance(probabilities, list):
        return np.stack([each[:, 1] for each in probabilities], axis=1)
    return probabilities


every_baseline = pytest.mark.parametrize("name", _MAKERS)
every_learner = pytest.mark.parametrize("name", [name for name in _MAKERS if name != "dummy"])
every_kind = pytest.mark.parametrize("kind", KINDS)
choosing = pytest.mark.parametrize("name", ["logistic", "pca-logistic", *MAX_STEPS])


@cache
def fitted(name, kind):
    """Return a fitted baseline, which several tests look at."""
    return make(name).fit(*make_classes(kind, N_ROWS))


@every_baseline
@every_kind
def test_predictions_and_probabilities_have_the_shape_of_the_classes(name, kind):
    X, y = make_classes(kind, N_ROWS)
    model = fitted(name, kind)
    predicted, probabilities = model.predict(X), array_of(model.predict_proba(X))
    assert predicted.shape == y.shape
    assert set(np.unique(predicted)) <= set(np.unique(y))
    if kind == "multilabel":
        assert probabilities.shape == y.shape
        assert_array_equal(predicted, probabilities > 0.5)
        return
    assert_array_equal(model.classes_, np.unique(y))
    assert probabilities.shape == (N_ROWS, len(model.classes_))
    assert_allclose(probabilities.sum(axis=1), 1)
    assert_array_equal(predicted, model.classes_[probabilities.argmax(axis=1)])


@every_learner
def test_it_learns(name):
    X, y = make_classes("binary", 360)
    assert make(name).fit(X[:240], y[:240]).score(X[240:], y[240:]) > 0.65


@every_baseline
def test_nan_is_taken(name):
    X, y = make_classes("multiclass", N_ROWS)
    X[::7, 1] = X[::5, 8] = np.nan  # here and there
    X[3, 0:4] = X[10:20, 4:7] = np.nan  # whole blocks
    X[4] = np.nan  # all of them
    model = make(name).fit(X[:90], y[:90])
    assert np.isfinite(model.predict_proba(X)).all()
    X[90:, 5] = np.nan  # a column that had none in the fit
    assert np.isfinite(model.predict_proba(X)).all()


@every_learner
def test_a_missing_block_leaves_other_rows_alone(name):
    X, y = make_classes("multiclass", N_ROWS)
    X[2, 4:7] = np.nan
    model = make(name).fit(X, y)
    before = model.predict_proba(X)
    X[9, 4:7] = np.nan
    others = np.arange(N_ROWS) != 9
    assert_allclose(model.predict_proba(X)[others], before[others], rtol=1e-5, atol=1e-6)


@every_learner
def test_data_frames_give_what_arrays_give_and_names_are_kept(name):
    X, y = make_classes("multiclass", N_ROWS)
    names = [f"{block}_{i}" for block, width in WIDTHS.items() for i in range(width)]
    frame = pd.DataFrame(X, columns=names)
    model = make(name).fit(frame, pd.Series(y))
    expected = fitted(name, "multiclass").predict_proba(X)
    assert_allclose(model.predict_proba(frame), expected, rtol=1e-5, atol=1e-6)
    assert_array_equal(model.feature_names_in_, names)
    with pytest.raises(ValueError, match="feature names"):
        model.predict_proba(frame[names[::-1]])


@every_baseline
def test_the_same_seed_gives_the_same_model_and_it_can_be_pickled(name):
    X, y = make_classes("multiclass", N_ROWS)
    model = fitted(name, "multiclass")
    again = clone(model).fit(X, y).predict_proba(X)
    first = model.predict_proba(X)
    assert_array_equal(first, again)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), first)


# As members of an ensemble


@every_baseline
@every_kind
def test_an_ensemble_has_out_of_fold_probabilities_of_each_member(name, kind):
    X, y = make_classes(kind, N_ROWS)
    splits = list(KFold(2).split(X))
    ensemble = KFoldEnsembleClassifier(make(name), cv=splits, random_state=0).fit(X, y)
    assert np.isfinite(ensemble.oof_prediction_).all()
    for (_, test), member in zip(splits, ensemble.estimators_, strict=True):
        expected = array_of(member.predict_proba(X[test]))
        assert_allclose(ensemble.oof_prediction_[test], expected, rtol=1e-6)
    assert ensemble.predict(X).shape == y.shape


@every_baseline
def test_a_fold_may_lack_a_class(name):
    X, y = make_classes("multiclass", N_ROWS)
    others = np.flatnonzero(y != "d")
    splits = [(others[: len(others) // 2], np.arange(N_ROWS)), (np.arange(N_ROWS), others)]
    ensemble = KFoldEnsembleClassifier(make(name), cv=splits, random_state=0).fit(X, y)
    assert_array_equal(ensemble.classes_, ["a", "b", "c", "d"])
    assert_allclose(ensemble.predict_proba(X).sum(axis=1), 1)


def predictions_with_and_without_shuffled_classes(model, validation):
    """Predict twice with one member; the classes of the rows held out are others between."""
    X, y = make_classes("multiclass", N_ROWS)
    train, test = next(KFold(3).split(X))
    shuffled = y.copy()
    shuffled[test] = np.random.default_rng(0).permutation(y[test])
    for classes in (y, shuffled):
        ensemble = KFoldEnsembleClassifier(
            model, cv=[(train, test)], validation=validation, random_state=0
        )
        yield ensemble.fit(X, classes).predict_proba(X)


@choosing
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_a_member_stops_on_the_classes_held_out(name, in_pipeline):
    if name == "hist-gb" and not has_fit_parameter(HistGradientBoostingClassifier, "X_val"):
        pytest.skip("scikit-learn's boosting takes validation rows since 1.7")
    model = make_pipeline(FunctionTransformer(), make(name)) if in_pipeline else make(name)
    first, other = predictions_with_and_without_shuffled_classes(model, "fold")
    assert not np.allclose(first, other)


@choosing
def test_an_inner_member_never_sees_the_classes_held_out(name):
    first, other = predictions_with_and_without_shuffled_classes(make(name), "inner")
    assert_array_equal(first, other)


@pytest.mark.parametrize("name", MAX_STEPS)
def test_it_stops_early_alone_and_as_a_member(name):
    X, _ = make_classes("binary", N_ROWS)
    noise = np.random.default_rng(0).integers(2, size=N_ROWS)
    members = KFoldEnsembleClassifier(make(name), cv=2, random_state=0).fit(X, noise).estimators_
    for model in (make(name).fit(X, noise), *members):
        assert (last(model).n_iter_ < MAX_STEPS[name]).all()


def test_pixelrec_adds_statistics_of_every_block():
    X, y = make_classes("multiclass", N_ROWS)
    features = make("pixelrec").fit(X, y)[:-1].transform(X)
    assert features.shape == (N_ROWS, X.shape[1] + 3 * 5)


# Made to be compared and tuned


@every_baseline
def test_it_can_be_cross_validated(name):
    X, y = make_classes("binary", N_ROWS)
    scores = cross_val_score(make(name), X, y, cv=2, scoring="neg_log_loss", error_score="raise")
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [
        ("pca-logistic", "preprocess__default__n_components", [1, 2]),
        ("logistic", "classifier__estimator__C", [1e-5, 10.0]),
        ("hist-gb", "estimator__learning_rate", [0.1, 0.5]),
    ],
)
def test_it_can_be_tuned(name, parameter, values):
    X, y = make_classes("binary", N_ROWS)
    search = GridSearchCV(
        make(name), {parameter: values}, cv=2, scoring="neg_log_loss", error_score="raise"
    )
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert scores[0] != scores[1]


def test_all_that_are_installed_are_made_in_one_order():
    installed = [name for name in _MAKERS if name not in LIBRARIES or _is_installed(name)]
    assert list(make_classifier_baselines()) == installed


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(ValueError, match=r"Unknown baseline\(s\) \['logit'\].*'logistic'"):
        make_classifier_baselines(names=["logit", "knn"])


def test_modalities_are_handed_on():
    X, y = make_classes("binary", N_ROWS)
    with pytest.raises(ValueError, match="12"):
        make_classifier_baselines({"image": 5}, names="pca-logistic")["pca-logistic"].fit(X, y)


@pytest.fixture
def no_boosting_libraries(monkeypatch):
    real_import = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.split(".")[0] in LIBRARIES.values():
            raise ImportError(f"No module named '{name}'")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    tell_left_out.cache_clear()


def test_a_missing_library_is_left_out_and_told_once(no_boosting_libraries):
    with TestCase().assertLogs("mofa_sklearn", logging.WARNING) as logs:
        made = [list(make_classifier_baselines()) for _ in range(2)]
    assert made == [[name for name in _MAKERS if name not in LIBRARIES]] * 2
    (record,) = logs.records
    assert "xgboost, lightgbm, catboost, pixelrec" in record.getMessage()


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_missing_library_asked_for_by_name_is_an_error(name, no_boosting_libraries):
    with pytest.raises(ImportError, match=rf"'{name}'.*mofa-sklearn\[gbdt\]"):
        make_classifier_baselines(names=["dummy", name])


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("xgboost", "n_jobs"), ("lightgbm", "n_jobs"), ("catboost", "thread_count")],
)
def test_every_library_gets_the_same_number_of_threads(name, parameter):
    X, y = make_classes("binary", 60)
    model = make(name, n_jobs=2)
    iterations = {"xgboost": "n_estimators", "lightgbm": "n_estimators"}.get(name, "iterations")
    model.estimator.set_params(**{iterations: 2})
    (member,) = model.fit(X, y).estimators_
    assert member.get_params()[parameter] == 2


def _is_installed(name):
    try:
        __import__(LIBRARIES[name])
    except ImportError:
        return False
    return True
