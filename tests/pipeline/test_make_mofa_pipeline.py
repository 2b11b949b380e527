"""make_mofa_pipeline: the parts, put together."""

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.preprocessing import Normalizer, StandardScaler

from mofa_sklearn import (
    KFoldEnsembleRegressor,
    ModalityPreprocessor,
    MoFAClassifier,
    MoFARegressor,
    RankGaussTransformer,
    make_mofa_pipeline,
)
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.metrics import make_target_scorers
from mofa_sklearn.preprocessing import FloatColumns, GapFiller

from ..helpers import run_in_fresh_process, with_quick_companions

# The original's 1000 quantiles are more than these data have rows.
pytestmark = pytest.mark.filterwarnings("ignore:n_quantiles:UserWarning")

WIDTHS = {"image": 6, "video": 4, "text": 6}
VIDEO = slice(6, 10)
RECIPES = ["default", "mofa-lite"]
SMALL = {
    "hidden_dim": 8,
    "dropout": 0.0,
    "batch_size": 128,
    "learning_rate": 1e-2,
    "max_epochs": 2,
    "early_stopping": True,
}


def make_videos(n_samples=90, **params):
    return make_micro_videos(
        n_samples, modalities=WIDTHS, **{"noise": 0.1, "random_state": 0, **params}
    )


def small_pipeline(recipe="default", *, modalities=WIDTHS, ensemble=True, params=None, **kwargs):
    """Make a pipeline whose networks train in a moment."""
    folds = {"cv": 2} if ensemble else {}
    pipeline = make_mofa_pipeline(
        modalities, recipe=recipe, ensemble=ensemble, **{"random_state": 0, **folds, **kwargs}
    )
    prefix = "regressor__estimator__" if ensemble else "regressor__"
    if kwargs.get("estimator") is None:
        small = {**SMALL, **(params or {})}
        pipeline.set_params(**{prefix + name: value for name, value in small.items()})
    return with_quick_companions(pipeline)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("ensemble", [False, True])
@pytest.mark.parametrize("n_targets", [1, 3])
def test_every_recipe_is_fitted_and_predicts(recipe, ensemble, n_targets):
    X, y = make_videos(n_targets=n_targets)
    pipeline = small_pipeline(recipe, ensemble=ensemble).fit(X, y)
    prediction = pipeline.predict(X[:5])
    assert prediction.shape == y[:5].shape
    assert np.isfinite(prediction).all()
    last = KFoldEnsembleRegressor if ensemble else MoFARegressor
    assert [type(step) for step in pipeline.named_steps.values()] == [ModalityPreprocessor, last]
    assert list(pipeline.named_steps) == ["preprocess", "regressor"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_learns(recipe):
    X, y = make_videos(300, noise=0.0)
    pipeline = small_pipeline(
        recipe, params={"max_epochs": 15, "hidden_dim": 16, "learning_rate": 2e-2}
    )
    assert pipeline.fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.3


@pytest.mark.parametrize("recipe", RECIPES)
def test_missing_modalities_reach_the_network(recipe):
    X, y = make_videos(missing_rate=0.2)
    pipeline = small_pipeline(recipe, ensemble=False).fit(X, y)
    missing = np.isnan(X[:, VIDEO]).all(axis=1)
    assert missing.any()
    attention = pipeline[-1].modality_attention(pipeline[:-1].transform(X))
    assert_array_equal(attention["video"] == 0, missing)


def test_the_default_recipe_reduces_wide_blocks_and_takes_missing_ones():
    widths = {"image": 160, "text": 12}
    X, y = make_micro_videos(80, modalities=widths, random_state=0)
    X[::4, :160] = np.nan
    pipeline = make_mofa_pipeline(widths, cv=2, random_state=0)
    pipeline.set_params(regressor__estimator__hidden_dim=8, regressor__estimator__max_epochs=2)
    assert np.isfinite(pipeline.fit(X, y).predict(X)).all()
    member = pipeline[-1].estimators_[0]
    assert {name: len(block) for name, block in member.modalities_.items()} == {
        "image": 32,
        "text": 12,
    }


def test_the_reduction_is_the_same_every_time():
    widths = {"image": 600, "text": 12}  # so wide that the components are searched at random
    X, _ = make_micro_videos(50, modalities=widths, random_state=0)
    preprocess = make_mofa_pipeline(widths, random_state=1)[0]
    assert_array_equal(clone(preprocess).fit_transform(X), clone(preprocess).fit_transform(X))


def test_the_network_knows_the_modalities_from_the_columns_names():
    X, y = make_videos()
    pipeline = small_pipeline(ensemble=False)
    pipeline.set_params(preprocess__transformers=[("text", PCA(2))]).fit(X, y)
    widths = {name: len(block) for name, block in pipeline[-1].modalities_.items()}
    assert widths == {"image": 6, "video": 4, "text": 2}


# The recipes


def test_mofa_lite_is_the_original_recipe():
    pipeline = make_mofa_pipeline(WIDTHS, recipe="mofa-lite")
    ensemble = pipeline["regressor"]
    network = ensemble.estimator
    assert ensemble.cv == 10
    expected = {
        "fusion": "modality_attention",
        "hidden_dim": 512,
        "dropout": 0.2,
        "modality_dropout": 0,
        "loss": "squared_error",
        "batch_size": 128,
        "learning_rate": 5e-4,
        "weight_decay": 1e-3,
        "schedule": "plateau",
        "max_epochs": 300,
        "early_stopping": True,
        "n_iter_no_change": 20,
        "standardize_target": True,
    }
    params = network.get_params()
    assert {name: params[name] for name in expected} == expected


def test_mofa_lite_makes_the_video_normal_and_nothing_else():
    X, _ = make_videos()
    preprocess = make_mofa_pipeline(WIDTHS, recipe="mofa-lite")["preprocess"].fit(X)
    kinds = {
        name: [type(step) for step in fitted.named_steps.values()]
        for name, fitted in preprocess.transformers_.items()
    }
    door, others = [FloatColumns, GapFiller], [Normalizer, StandardScaler]
    assert kinds == {
        "image": [*door, *others],
        "video": [*door, RankGaussTransformer, *others],
        "text": [*door, *others],
    }
    assert preprocess.transformers_["video"]["rank_gauss"].n_quantiles == 1000


def test_mofa_lite_s_preprocessing_is_that_of_scikit_learn_s_steps():
    X, _ = make_videos()
    transformed = make_mofa_pipeline(WIDTHS, recipe="mofa-lite")["preprocess"].fit_transform(X)
    video = RankGaussTransformer(1000).fit_transform(X[:, VIDEO])
    video = StandardScaler().fit_transform(Normalizer().fit_transform(video))
    assert_allclose(transformed.to_numpy()[:, VIDEO], video, atol=1e-5)


def test_mofa_lite_without_a_video_has_no_rank_gauss():
    X, y = make_micro_videos(60, modalities={"image": 4, "text": 4}, random_state=0)
    pipeline = small_pipeline("mofa-lite", modalities={"image": 4, "text": 4}).fit(X, y)
    for fitted in pipeline["preprocess"].transformers_.values():
        assert RankGaussTransformer not in map(type, fitted.named_steps.values())


@pytest.mark.parametrize("recipe", ["mofa", "Default", ""])
def test_an_unknown_recipe_is_named(recipe):
    with pytest.raises(ValueError, match=f"'default', 'best', 'mofa-lite'.*got '{recipe}'"):
        make_mofa_pipeline(recipe=recipe)


def test_two_pipelines_share_no_steps():
    first, second = (make_mofa_pipeline(recipe="mofa-lite") for _ in range(2))
    first.set_params(preprocess__default__scale__with_mean=False)
    assert second.get_params()["preprocess__default__scale__with_mean"] is True


# Parts of one's own


@pytest.mark.parametrize("ensemble", [False, True])
def test_another_estimator_can_be_put_in(ensemble):
    X, y = make_videos()
    pipeline = small_pipeline(estimator=Ridge(3.0), ensemble=ensemble).fit(X, y)
    last = pipeline["regressor"]
    assert (last.estimator if ensemble else last).alpha == 3.0
    assert pipeline.predict(X).shape == y.shape


def test_a_classifier_is_called_so():
    pipeline = make_mofa_pipeline(WIDTHS, estimator=LogisticRegression(), ensemble=False)
    assert list(pipeline.named_steps) == ["preprocess", "classifier"]


def test_the_ensemble_s_parameters_are_handed_on():
    splitter = KFold(3)
    ensemble = make_mofa_pipeline(
        cv=splitter, validation="inner", n_jobs=2, verbose=1, random_state=7
    )["regressor"]
    assert (ensemble.cv, ensemble.validation) == (splitter, "inner")
    assert (ensemble.n_jobs, ensemble.verbose, ensemble.random_state) == (2, 1, 7)


@pytest.mark.parametrize("recipe", RECIPES)
def test_an_imputer_fills_single_gaps(recipe):
    X, y = make_videos(missing_rate=0.2)
    X[3, ~np.isnan(X[3])] = 1.0
    column = np.flatnonzero(~np.isnan(X[3]))[0]
    X[3, column] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        small_pipeline(recipe, imputer="passthrough").fit(X, y)
    pipeline = small_pipeline(recipe, imputer=SimpleImputer(strategy="median")).fit(X, y)
    assert np.isfinite(pipeline.predict(X)).all()


def test_the_whole_pipeline_can_be_a_member():
    """Every fold then has a preprocessing of its own, fitted on its training rows."""
    X, y = make_videos()
    pipeline = small_pipeline(ensemble=False).set_params(preprocess__default=StandardScaler())
    ensemble = KFoldEnsembleRegressor(pipeline, cv=KFold(3)).fit(X, y)
    for (train, _), member in zip(KFold(3).split(X), ensemble.estimators_, strict=True):
        scaler = member["preprocess"].transformers_["image"]
        assert_allclose(scaler.mean_, X[train, :6].mean(axis=0), atol=1e-5)
        assert member["regressor"].history_[0, "valid_loss"] > 0


# scikit-learn's tools


def test_a_search_over_preprocessing_and_network_with_several_metrics():
    X, y = make_videos()
    search = GridSearchCV(
        small_pipeline().set_params(regressor__companions=None),
        {
            "regressor__estimator__hidden_dim": [4, 8],
            "preprocess__default__scale__with_std": [True, False],
        },
        scoring=make_target_scorers(["views", "likes", "comments"]),
        refit="nmse",
        cv=2,
        error_score="raise",
    ).fit(X, y)
    results = search.cv_results_
    assert len(results["params"]) == 4
    for name in ("nmse", "nmse_views", "nmse_likes", "nmse_comments"):
        assert np.isfinite(results[f"mean_test_{name}"]).all()
    targets = [results[f"mean_test_nmse_{name}"] for name in ("views", "likes", "comments")]
    assert_allclose(np.mean(targets, axis=0), results["mean_test_nmse"])
    assert search.best_index_ == results["mean_test_nmse"].argmax()
    assert search.predict(X).shape == y.shape


def test_a_search_over_the_steps_of_one_modality():
    X, y = make_videos()
    pipeline = small_pipeline("mofa-lite", estimator=Ridge())
    grid = {"preprocess__video__rank_gauss": ["passthrough", RankGaussTransformer(20)]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert len(set(search.cv_results_["mean_test_score"])) == 2


def test_cross_val_predict_predicts_every_row():
    X, y = make_videos()
    prediction = cross_val_predict(small_pipeline(), X, y, cv=2)
    assert prediction.shape == y.shape
    assert np.isfinite(prediction).all()


def test_nothing_that_is_fitted_depends_on_the_test_rows():
    X, y = make_videos()
    pipeline = small_pipeline("mofa-lite")

    def fitted(X, y):
        result = cross_validate(
            pipeline, X, y, cv=KFold(3), return_estimator=True, error_score="raise"
        )
        return result["estimator"]

    X_other, y_other = X.copy(), y.copy()
    test = slice(0, 30)  # of the first fold
    X_other[test] = 7 * X[test] + 3
    y_other[test] += 50
    plain, changed = (fitted(*data)[0] for data in ((X, y), (X_other, y_other)))
    for name, steps in plain["preprocess"].transformers_.items():
        others = changed["preprocess"].transformers_[name]
        assert_array_equal(steps["scale"].mean_, others["scale"].mean_)
        assert_array_equal(steps["scale"].var_, others["scale"].var_)
    quantiles = [
        p["preprocess"].transformers_["video"]["rank_gauss"].quantiles_ for p in (plain, changed)
    ]
    assert_array_equal(*quantiles)
    assert_array_equal(plain.predict(X), changed.predict(X))
    assert_allclose(
        plain["preprocess"].transformers_["image"]["norm"].transform(X[30:, :6]).mean(axis=0),
        plain["preprocess"].transformers_["image"]["scale"].mean_,
        atol=1e-6,
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_clone_fits_the_same(recipe):
    X, y = make_videos()
    pipeline = small_pipeline(recipe)
    first = pipeline.fit(X, y).predict(X)
    assert_array_equal(clone(pipeline).fit(X, y).predict(X), first)
    assert isinstance(clone(pipeline)["preprocess"].fit_transform(X), pd.DataFrame)


def test_frames_are_read_by_their_names():
    frame, y = make_videos(as_frame=True)
    pipeline = small_pipeline(modalities=None).fit(frame, y)
    X, y_array = make_videos()
    expected = small_pipeline().fit(X, y_array).predict(X)
    assert_allclose(pipeline.predict(frame), expected, rtol=1e-6)
    with pytest.raises(ValueError, match="same order"):
        pipeline.predict(frame[frame.columns[::-1]])


@pytest.mark.processes
def test_a_loaded_pipeline_predicts_the_same_bits_in_a_fresh_process(tmp_path):
    X, y = make_videos(missing_rate=0.1)
    pipeline = small_pipeline("mofa-lite").fit(X, y)
    joblib.dump(pipeline, tmp_path / "pipeline.joblib")
    np.save(tmp_path / "X.npy", X)
    run_in_fresh_process(
        """
        import sys, joblib, numpy as np
        from pathlib import Path
        folder = Path(sys.argv[1])
        pipeline = joblib.load(folder / "pipeline.joblib")
        X = np.load(folder / "X.npy")
        np.save(folder / "prediction.npy", pipeline.predict(X))
        np.save(folder / "interval.npy", pipeline[-1].predict_interval(pipeline[:-1].transform(X)))
        """,
        tmp_path,
    )
    assert_array_equal(np.load(tmp_path / "prediction.npy"), pipeline.predict(X))
    interval = pipeline[-1].predict_interval(pipeline[:-1].transform(X))
    assert_array_equal(np.load(tmp_path / "interval.npy"), interval)


def test_a_classifier_makes_an_ensemble_of_classifiers():
    X, y = make_micro_videos(90, modalities=WIDTHS, noise=0.1, random_state=0)
    classes = np.digitize(y[:, 0], np.quantile(y[:, 0], [0.3, 0.7]))
    network = MoFAClassifier(hidden_dim=8, max_epochs=3, random_state=0)
    pipeline = make_mofa_pipeline(WIDTHS, estimator=network, cv=2, random_state=0).fit(X, classes)
    assert [name for name, _ in pipeline.steps] == ["preprocess", "classifier"]
    assert_allclose(pipeline.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
