"""Every system learns, on data made for its strength, and is a scikit-learn pipeline."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

from mofa_sklearn import KFoldEnsembleClassifier, MoFARegressor, make_mofa_pipeline
from mofa_sklearn.baselines import make_classifier_baselines
from mofa_sklearn.metrics import concordance_correlation_coefficient
from mofa_sklearn.recipes import get_recipe, list_recipes

from ._systems import DATA, small_pipeline, split

# The original's 1000 quantiles are more than these data have rows.
pytestmark = pytest.mark.filterwarnings("ignore:n_quantiles:UserWarning")

RECIPES = list_recipes()
REGRESSION = RECIPES.index[RECIPES["task"] == "regression"].tolist()
ORDERED = ["pixelrec-catboost", "pixelrec-ordinal"]


@pytest.fixture(autouse=True)
def _needs_its_library(request):
    params = getattr(request.node, "callspec", None)
    if params is not None and params.params.get("recipe") == "pixelrec-catboost":
        pytest.importorskip("catboost")


def fitted(recipe, **params):
    modalities, X, y = DATA[recipe]()
    X, y, X_test, y_test = split(X, y)
    return small_pipeline(recipe, modalities, params).fit(X, y), X_test, y_test


def test_every_recipe_has_data():
    assert list(DATA) == RECIPES.index.tolist()


@pytest.mark.parametrize("recipe", [name for name in REGRESSION if name != "afew-va"])
def test_a_regression_system_beats_the_mean_clearly(recipe):
    model, X, y = fitted(recipe)
    assert model.score(X, y) > 0.35
    assert model.predict(X).shape == y.shape


def test_afew_va_is_concordant():
    model, X, y = fitted("afew-va", batch_size=32)
    assert concordance_correlation_coefficient(y, model.predict(X)) > 0.6


@pytest.mark.parametrize("recipe", ORDERED)
def test_a_system_of_five_classes_beats_the_most_frequent_one_clearly(recipe):
    model, X, y = fitted(recipe)
    prediction = model.predict(X)
    frequent = DummyClassifier().fit(X, y).score(X, y)
    assert accuracy_score(y, prediction) > frequent + 0.1
    assert cohen_kappa_score(y, prediction, weights="quadratic") > 0.4
    assert model.predict_proba(X).shape == (len(X), 5)


def test_mm_imdb_beats_the_most_frequent_labels_clearly():
    model, X, y = fitted("mm-imdb", max_epochs=20, learning_rate=1e-2)
    always = f1_score(y, np.ones_like(y), average="macro")
    assert f1_score(y, model.predict(X), average="macro") > always + 0.1


def test_mmra_knows_what_the_network_alone_does_not():
    """Nothing but near copies tells the popularity."""
    model, X, y = fitted("mmra", max_epochs=10)
    modalities, *data = DATA["mmra"]()
    alone = small_pipeline("mmved", modalities, {"fusion": "modality_attention", "max_epochs": 10})
    assert model.score(X, y) > alone.fit(*split(*data)[:2]).score(X, y) + 0.05


@pytest.mark.parametrize("recipe", DATA)
def test_a_system_takes_missing_modalities_and_comes_back_from_a_pickle(recipe):
    modalities, X, y = DATA[recipe]()
    X, y = X[:90].astype(np.float32), y[:90]
    if len(modalities) > 1:
        X[::9, : next(iter(modalities.values()))] = np.nan
    model = clone(small_pipeline(recipe, modalities, {"max_epochs": 2})).fit(X, y)
    prediction = model.predict(X)
    assert np.isfinite(prediction).all()
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), prediction)
    again = small_pipeline(recipe, modalities, {"max_epochs": 2}).fit(X, y)
    assert_array_equal(again.predict(X), prediction)


@pytest.mark.parametrize("recipe", DATA)
def test_single_gaps_are_filled_by_an_imputer(recipe):
    modalities, X, y = DATA[recipe]()
    X, y = X[:90].astype(np.float32), y[:90]
    X[3, 0] = np.nan
    imputer = SimpleImputer(strategy="median")
    model = small_pipeline(recipe, modalities, {"max_epochs": 1}, imputer=imputer).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("recipe", DATA)
def test_the_pipeline_is_what_the_recipe_says(recipe):
    written = get_recipe(recipe)
    pipeline = small_pipeline(recipe)
    names = [name for name, _ in pipeline.steps]
    role = "classifier" if written.task == "classification" else "regressor"
    assert names == ["preprocess", *(name for name, _ in written.joint_steps), role]
    assert is_classifier(pipeline) == isinstance(pipeline[-1], KFoldEnsembleClassifier)
    assert is_classifier(pipeline) == (written.task == "classification")


@pytest.mark.parametrize(
    "recipe", [name for name in DATA if name not in ("best", "mvp", "pixelrec-catboost")]
)
def test_without_the_ensemble_it_ends_with_the_estimator_and_its_parameters(recipe):
    written = get_recipe(recipe)
    last = make_mofa_pipeline(recipe=recipe, ensemble=False, random_state=3)[-1]
    params = last.get_params()
    assert {name: params[name] for name in written.parameters} == written.parameters
    assert params["random_state"] == 3


def test_pixelrec_catboost_is_the_baseline():
    pytest.importorskip("catboost")
    last = make_mofa_pipeline(recipe="pixelrec-catboost", ensemble=False, random_state=3)[-1]
    expected = make_classifier_baselines(names="pixelrec", random_state=3)["pixelrec"]
    assert repr(last) == repr(expected)


def test_an_average_of_ensembles_has_no_single_estimator():
    with pytest.raises(ValueError, match=r"'mvp'.*ensemble=True"):
        small_pipeline("mvp", ensemble=False)


def test_mvp_s_parts_have_uniform_weights_and_their_own_preprocessing():
    model, _, _ = fitted("mvp", max_epochs=2)
    blend = model["regressor"]
    assert_array_equal(blend.weights_, 0.5)
    network, boosting = blend.estimators_
    assert network[-1].estimators_[0].modalities_.keys() == {"video", "social"}
    reduced = boosting.estimators_[0]["preprocess"]
    assert {name: len(block) for name, block in reduced.modalities_.items()} == {
        "video": 60,
        "social": 2,
    }
    assert reduced.transformers_["social"].pca_ is None
    assert reduced.transformers_["video"].n_components_ == 32


@pytest.mark.parametrize("recipe", ["mvp", "pixelrec-catboost", "mm-imdb"])
def test_another_estimator_takes_the_place_of_all_that_is_trained(recipe):
    pipeline = small_pipeline(recipe, estimator=MoFARegressor())
    assert isinstance(pipeline["regressor"].estimator, MoFARegressor)


def test_groups_reach_the_retrieval_and_the_ensemble():
    modalities, X, y = DATA["mmra"]()
    X, y = X[:120].astype(np.float32), y[:120]
    groups = np.arange(120) % 40  # the near copies
    model = small_pipeline("mmra", modalities, {"max_epochs": 2})
    model.fit(X, y, groups=groups)
    own = model[:-1].transform(X)
    assert own.shape[1] > X.shape[1]
