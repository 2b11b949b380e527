"""Every baseline: the same inputs, the same promises."""

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
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import has_fit_parameter

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.baselines import EarlyStoppingRegressor, make_baselines
from mofa_sklearn.baselines._make_baselines import _MAKERS
from mofa_sklearn.baselines._recipes import tell_left_out

from ..helpers import WIDTHS, make_data

LIBRARIES = ["xgboost", "lightgbm", "catboost"]
BOOSTING = ["hist-gb", *LIBRARIES, "mvp"]
N_ROWS = 90
MAX_STEPS = {"mlp": 200, "afew-va": 200, **dict.fromkeys(BOOSTING, 1000)}
N_TREES_NAMES = ["max_iter", "n_estimators", "iterations"]
# One target at a time, so that the number of iterations is of each.
PER_TARGET = ["hist-gb", "lightgbm", "mvp"]


# Large steps and little patience: the same code, sooner.
HASTE = {"learning_rate": 0.5}
QUICK = {
    "mlp": {"learning_rate_init": 0.03, "n_iter_no_change": 3},
    "afew-va": {"n_iter_no_change": 3, "max_epochs": 200, "learning_rate": 0.01},
    "hist-gb": {**HASTE, "n_iter_no_change": 3},
    "mvp": {**HASTE, "n_iter_no_change": 3},
    "xgboost": {**HASTE, "early_stopping_rounds": 3},
    "lightgbm": {**HASTE, "early_stopping_round": 3},
    "catboost": {**HASTE, "early_stopping_rounds": 3, "depth": 3},
}


def make(name, **params):
    if name in LIBRARIES:
        pytest.importorskip(name)
    params = {"random_state": 0, "n_jobs": 1, **params}
    model = make_baselines(WIDTHS, names=[name], **params)[name]
    inner = last(model)
    if isinstance(inner, EarlyStoppingRegressor):
        inner = inner.estimator
    inner.set_params(**QUICK.get(name, {}))
    return model


def with_two_trees(name, n_jobs):
    """Make boosting that ends at once: on a busy machine threads wait for each other."""
    model = make(name, n_jobs=n_jobs)
    boosting = last(model).estimator
    boosting.set_params(**{key: 2 for key in N_TREES_NAMES if key in boosting.get_params()})
    return model


def last(model):
    return model[-1] if isinstance(model, Pipeline) else model


def data(n_targets=2, seed=0):
    return make_data(N_ROWS, n_targets, noise=1.0, seed=seed)


@cache
def fitted(name, n_targets=2):
    """Return a fitted baseline, which several tests look at."""
    return make(name).fit(*data(n_targets))


def predictions_with_and_without_flipped_targets(model, X, y, validation):
    """Predict twice with one member; the targets of the rows held out change sign between."""
    train, test = next(KFold(3).split(X))
    flipped = y.copy()
    flipped[test] *= -1
    for targets in (y, flipped):
        ensemble = KFoldEnsembleRegressor(
            model, cv=[(train, test)], validation=validation, random_state=0
        )
        yield ensemble.fit(X, targets).predict(X)


every_baseline = pytest.mark.parametrize("name", _MAKERS)
every_learner = pytest.mark.parametrize("name", [name for name in _MAKERS if name != "dummy"])
stopping = pytest.mark.parametrize("name", MAX_STEPS)


@every_baseline
@pytest.mark.parametrize("n_targets", [None, 2])
def test_predictions_have_the_shape_of_the_targets(name, n_targets):
    X, y = data(n_targets)
    prediction = fitted(name, n_targets).predict(X)
    assert prediction.shape == y.shape
    assert np.isfinite(prediction).all()


@every_learner
def test_it_learns(name):
    X, y = make_data(300, noise=0.1)
    assert make(name).fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.3


@every_learner
def test_targets_of_other_scales_are_learned_alike(name):
    X, y = make_data(300, noise=0.1)
    y = 1000 + y * [1e-3, 1e3]
    model = make(name).fit(X[:200], y[:200])
    residual = y[200:] - model.predict(X[200:])
    assert (residual.var(axis=0) < 0.7 * y[200:].var(axis=0)).all()


@every_baseline
def test_nan_is_taken(name):
    X, y = data()
    X[::7, 1] = X[::5, 8] = np.nan  # here and there
    X[3, 0:4] = X[10:20, 4:7] = np.nan  # whole blocks
    X[4] = np.nan  # all of them
    model = make(name).fit(X[:60], y[:60])
    assert np.isfinite(model.predict(X)).all()
    X[60:, 5] = np.nan  # a column that had none in the fit
    assert np.isfinite(model.predict(X)).all()


@every_learner
def test_a_missing_block_leaves_other_rows_alone(name):
    X, y = data()
    X[2, 4:7] = np.nan
    model = make(name).fit(X, y)
    before = model.predict(X)
    X[9, 4:7] = np.nan
    others = np.arange(N_ROWS) != 9
    assert_allclose(model.predict(X)[others], before[others], rtol=1e-5, atol=1e-6)


@every_baseline
def test_data_frames_give_what_arrays_give_and_names_are_kept(name):
    X, y = data()
    names = [f"{block}_{i}" for block, width in WIDTHS.items() for i in range(width)]
    frame = pd.DataFrame(X, columns=names)
    targets = pd.DataFrame(y, columns=["views", "likes"])
    model = make(name)
    prediction = model.fit(frame, targets).predict(frame)
    assert_allclose(prediction, fitted(name).predict(X), rtol=1e-5, atol=1e-6)
    if name != "dummy":
        assert_array_equal(model.feature_names_in_, names)
        with pytest.raises(ValueError, match="feature names"):
            model.predict(frame[names[::-1]])


@pytest.mark.parametrize("name", BOOSTING)
def test_the_seed_determines_boosting(name):
    X, y = data()
    first, other = (make(name, random_state=seed).fit(X, y).predict(X) for seed in (3, 4))
    assert not np.array_equal(first, other)


@every_baseline
def test_the_same_seed_gives_the_same_model_and_it_can_be_cloned_and_pickled(name):
    X, y = data()
    model = fitted(name)
    prediction = model.predict(X)
    assert_array_equal(clone(model).fit(X, y).predict(X), prediction)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), prediction)
    assert str(clone(model)) == str(make(name))


@stopping
def test_it_stops_early_alone(name):
    X, y = data()
    y = y + 30 * np.random.default_rng(0).normal(size=y.shape)
    model = make(name).fit(X, y)
    steps = np.ravel(last(model).n_iter_)
    assert len(steps) == (2 if name in PER_TARGET else 1)
    assert (steps < MAX_STEPS[name]).all()


@stopping
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_it_stops_early_as_a_member_of_an_ensemble(name, in_pipeline):
    X, y = data()
    y = y + 30 * np.random.default_rng(0).normal(size=y.shape)
    model = make_pipeline(FunctionTransformer(), make(name)) if in_pipeline else make(name)
    ensemble = KFoldEnsembleRegressor(model, cv=2, random_state=0).fit(X, y)
    for member in ensemble.estimators_:
        inner = last(member[-1]) if in_pipeline else last(member)
        assert (np.ravel(inner.n_iter_) < MAX_STEPS[name]).all()


@stopping
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_a_member_stops_on_the_targets_held_out(name, in_pipeline):
    if name in ("hist-gb", "mvp") and not has_fit_parameter(
        HistGradientBoostingRegressor, "X_val"
    ):
        pytest.skip("scikit-learn's boosting takes validation rows since 1.7")
    X, y = data()
    model = make_pipeline(FunctionTransformer(), make(name)) if in_pipeline else make(name)
    first, other = predictions_with_and_without_flipped_targets(model, X, y, "fold")
    assert not np.allclose(first, other)


@stopping
def test_an_inner_member_never_sees_the_targets_held_out(name):
    first, other = predictions_with_and_without_flipped_targets(make(name), *data(), "inner")
    assert_array_equal(first, other)


@every_baseline
def test_it_can_be_cross_validated(name):
    X, y = data()
    assert np.isfinite(cross_val_score(make(name), X, y, cv=2, error_score="raise")).all()


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [
        ("pca-ridge", "preprocess__default__n_components", [1, 2]),
        ("knn", "regressor__n_neighbors", [2, 5]),
        ("mlp", "regressor__estimator__alpha", [0.1, 1.0]),
        ("hist-gb", "estimator__learning_rate", [0.1, 0.5]),
        ("catboost", "estimator__depth", [1, 2]),
        ("mvp", "regressor__estimator__learning_rate", [0.1, 0.5]),
    ],
)
def test_it_can_be_tuned(name, parameter, values):
    X, y = data()
    search = GridSearchCV(make(name), {parameter: values}, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_[parameter] in values
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] != scores[1]


@pytest.mark.parametrize("name", ["ridge", "mlp", *BOOSTING])
def test_a_constant_target_is_predicted_as_it_is(name):
    X, y = data()
    y[:, 1] = 4.0
    prediction = make(name).fit(X, y).predict(X)
    assert_allclose(prediction[:, 1], 4.0, rtol=1e-6)
    assert prediction[:, 0].std() > 0


def test_principal_components_are_capped_by_width_and_rows():
    X, y = make_data(20)
    X = np.hstack([X, np.random.default_rng(1).normal(size=(20, 60)).astype(np.float32)])
    model = make_baselines({**WIDTHS, "wide": 60}, names="pca-ridge")["pca-ridge"].fit(X, y)
    widths = {
        block: transformer.n_components_
        for block, transformer in model["preprocess"].transformers_.items()
    }
    assert widths == {**WIDTHS, "wide": 19}


def test_all_that_are_installed_are_made_in_one_order():
    installed = [name for name in _MAKERS if name not in LIBRARIES or _is_installed(name)]
    assert list(make_baselines()) == installed


def test_names_are_made_in_the_order_given():
    assert list(make_baselines(names=["knn", "dummy"])) == ["knn", "dummy"]
    assert list(make_baselines(names="ridge")) == ["ridge"]


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(ValueError, match=r"Unknown baseline\(s\) \['rigde'\].*'ridge'"):
        make_baselines(names=["rigde", "knn"])


def test_modalities_are_handed_on():
    X, y = data()
    with pytest.raises(ValueError, match="12"):
        make_baselines({"image": 5}, names=["pca-ridge"])["pca-ridge"].fit(X, y)


def test_a_random_state_instance_seeds_all_of_them_alike():
    X, y = data()
    alone = make_baselines(names=["hist-gb"], random_state=np.random.RandomState(1))
    among = make_baselines(names=["mlp", "hist-gb"], random_state=np.random.RandomState(1))
    predictions = [models["hist-gb"].fit(X, y).predict(X) for models in (alone, among)]
    assert_array_equal(*predictions)


@pytest.fixture
def no_boosting_libraries(monkeypatch):
    real_import = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.split(".")[0] in LIBRARIES:
            raise ImportError(f"No module named '{name}'")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    tell_left_out.cache_clear()


def test_a_missing_library_is_left_out_and_told_once(no_boosting_libraries):
    with TestCase().assertLogs("mofa_sklearn", logging.WARNING) as logs:
        made = [list(make_baselines()) for _ in range(2)]
    assert made == [[name for name in _MAKERS if name not in LIBRARIES]] * 2
    (record,) = logs.records
    assert "xgboost, lightgbm, catboost" in record.getMessage()
    assert 'pip install "mofa-sklearn[gbdt]"' in record.getMessage()


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_missing_library_asked_for_by_name_is_an_error(name, no_boosting_libraries):
    with pytest.raises(ImportError, match=rf"'{name}'.*mofa-sklearn\[gbdt\]"):
        make_baselines(names=["dummy", name])


@pytest.mark.parametrize("name", BOOSTING)
def test_the_number_of_threads_does_not_matter(name):
    X, y = data()
    one, two = (with_two_trees(name, n_jobs).fit(X, y).predict(X) for n_jobs in (1, 2))
    assert_allclose(one, two, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("xgboost", "n_jobs"), ("lightgbm", "n_jobs"), ("catboost", "thread_count")],
)
def test_every_library_gets_the_same_number_of_threads(name, parameter):
    X, y = data()
    (member, *_) = with_two_trees(name, 2).fit(X, y).estimators_
    assert member.get_params()[parameter] == 2


def test_a_number_of_threads_that_the_user_set_is_kept():
    pytest.importorskip("xgboost")
    X, y = data()
    model = with_two_trees("xgboost", 2).set_params(estimator__n_jobs=1)
    assert model.fit(X, y).estimators_[0].n_jobs == 1


def test_mvp_takes_logarithms_of_narrow_blocks():
    X, y = data()
    model = make("mvp").fit(X, y)
    assert_allclose(model[:-1].transform(X), np.sign(X) * np.log1p(np.abs(X)), rtol=1e-5)
    assert isinstance(model[-1], EarlyStoppingRegressor)


def test_afew_va_is_trained_by_concordance():
    network = make("afew-va")[-1]
    assert network.loss == "ccc"


def _is_installed(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True
