"""Exported models of scikit-learn say what theirs do."""

import inspect

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn import linear_model
from sklearn.base import RegressorMixin
from sklearn.ensemble import AdaBoostRegressor, ExtraTreesRegressor, RandomForestRegressor
from sklearn.ensemble import HistGradientBoostingRegressor as Boosting
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    TweedieRegressor,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import LinearSVR

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.baselines import EarlyStoppingMLPClassifier, EarlyStoppingMLPRegressor
from mofa_sklearn.export import to_module

from .conftest import assert_same

# A model of another model, and one that scikit-learn gives up.
NOT_LINEAR = {"RANSACRegressor", "PassiveAggressiveRegressor"}
QUICK = {"max_subpopulation": 20, "random_state": 0}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5)).astype(np.float32)
    return X, X[:, 0] - X[:, 3] + rng.normal(size=len(X))


def linear_regressors():
    """Every regressor of `sklearn.linear_model`, by name."""
    for name, kind in inspect.getmembers(linear_model, inspect.isclass):
        if issubclass(kind, RegressorMixin) and name not in NOT_LINEAR:
            yield name


@pytest.mark.parametrize("name", [*linear_regressors()])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_linear_regressor_is_exported(name, rows):
    model = getattr(linear_model, name)()
    model.set_params(**{key: QUICK[key] for key in model.get_params().keys() & QUICK.keys()})
    X, y = rows
    y = np.abs(y) + 0.1
    assert_same(model.fit(X, np.column_stack([y, -y]) if "MultiTask" in name else y), X)


@pytest.mark.parametrize(
    ("params", "targets"),
    [
        ({"power": 0}, lambda y: y),
        ({"power": 1.5}, np.abs),
        ({"power": 0, "link": "log"}, np.abs),
    ],
)
def test_a_link_is_what_it_is_by_default_or_by_name(params, targets, rows):
    assert_same(TweedieRegressor(**params).fit(rows[0], targets(rows[1])), rows[0])


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of scikit-learn's own defaults
def test_other_kinds_of_linear_models_are_exported(rows):
    X, y = rows
    levels = np.digitize(y, [-0.5, 0.5])
    assert_same(LinearSVR(random_state=0).fit(X, y), X)
    assert_same(LogisticRegressionCV(Cs=2, cv=2, scoring="accuracy").fit(X, levels), X)
    assert_same(LogisticRegression(solver="liblinear").fit(X, levels > 0), X)
    several = MultiOutputRegressor(LinearRegression())
    assert_same(several.fit(X, np.column_stack([y, y**2])), X)
    assert_same(several.fit(X, y[:, None]), X)
    assert_same(KFoldEnsembleRegressor(several, cv=2).fit(X, np.column_stack([y, y**2])), X)


@pytest.mark.parametrize(
    "scaler",
    [
        StandardScaler(),
        StandardScaler(with_mean=False),
        RobustScaler(),
        MinMaxScaler((-2, 5)),
        MaxAbsScaler(),
        make_pipeline(StandardScaler(), MinMaxScaler()),
    ],
    ids=str,
)
def test_a_scaler_gives_the_same_bits(scaler):
    """Also far from zero, where means are rounded: trees may separate any two values."""
    rng = np.random.default_rng(0)
    X = rng.normal([0, 1e3, 0, -3, 1e5], [1, 1e-2, 1e-4, 1, 1e3], (1000, 5)).astype(np.float32)
    y = rng.normal(size=1000)
    for trees in (
        RandomForestRegressor(5, random_state=0),
        ExtraTreesRegressor(5, random_state=0),
        Boosting(max_iter=5, max_leaf_nodes=200, min_samples_leaf=1),
    ):
        model = make_pipeline(scaler, trees).fit(X, y)
        assert_same(model, X)
    module = to_module(model).steps[0]
    with torch.inference_mode():
        got = module(torch.from_numpy(X)).numpy()
    assert_array_equal(got, model[:-1].transform(X))


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_perceptrons_are_exported(activation, rows):
    X, y = rows
    params = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "random_state": 0}
    params["activation"] = activation
    assert_same(MLPRegressor(**params).fit(X, y), X)
    several = EarlyStoppingMLPRegressor(**params).fit(X.astype(float), np.c_[y, -y])
    assert_same(several, X)
    for targets in (y > 0, np.digitize(y, [-0.5, 0.5]), np.c_[y > 0, y > 1].astype(int)):
        assert_same(EarlyStoppingMLPClassifier(**params).fit(X, targets), X)


def test_a_perceptron_of_counts_is_exported(rows):
    X, y = rows
    if "loss" not in inspect.signature(MLPRegressor).parameters:
        pytest.skip("scikit-learn's has no other loss before 1.7")
    assert_same(MLPRegressor(loss="poisson", tol=1.0).fit(X, np.abs(y)), X)


def test_what_has_no_counterpart_is_told_with_its_type_and_place(rows):
    X, y = rows
    with pytest.raises(TypeError, match=r"^AdaBoostRegressor cannot be exported: to_module's"):
        to_module(AdaBoostRegressor(n_estimators=2).fit(X, y))
    ensemble = KFoldEnsembleRegressor(AdaBoostRegressor(n_estimators=2), cv=2).fit(X, y)
    with pytest.raises(TypeError, match=r"^The step 'estimator' \(AdaBoostRegressor\) cannot"):
        to_module(ensemble)
    clipped = make_pipeline(MinMaxScaler(clip=True), Ridge()).fit(X, y)
    with pytest.raises(TypeError, match=r"'minmaxscaler' cannot .* clipped \(clip=True\)"):
        to_module(clipped)
