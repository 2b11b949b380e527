"""What users of scikit-learn expect without asking: a short repr, names, tab completion."""

import importlib
import importlib.resources
import pkgutil
import types

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

import mofa_sklearn
from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleRegressor,
    MoFARegressor,
    make_mofa_pipeline,
)
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.modalities import resolve_modalities

from .test_common import ESTIMATORS

SCREEN = 50  # lines
WIDTHS = {f"modality{i}": 1000 for i in range(20)}
SLICES = {name: slice(1000 * i, 1000 * (i + 1)) for i, name in enumerate(WIDTHS)}
LISTS = {name: list(range(1000 * i, 1000 * (i + 1))) for i, name in enumerate(WIDTHS)}


@pytest.fixture(scope="module")
def videos():
    return make_micro_videos(
        60,
        modalities={"image": 4, "text": 3},
        n_targets=2,
        as_frame=True,
        return_bunch=True,
        random_state=0,
    )


def network(**params):
    return MoFARegressor(hidden_dim=4, max_epochs=1, random_state=0, **params)


def public_modules():
    return [importlib.import_module(f"mofa_sklearn.{name}") for name in mofa_sklearn._SUBMODULES]


# A short repr


def with_modalities(modalities):
    blend = BlendRegressor(
        [("net", MoFARegressor(modalities)), ("pipeline", make_mofa_pipeline(modalities))]
    )
    return [
        MoFARegressor(modalities),
        KFoldEnsembleRegressor(MoFARegressor(modalities)),
        make_mofa_pipeline(modalities),
        make_mofa_pipeline(modalities, recipe="mofa-lite"),
        blend,
    ]


@pytest.mark.parametrize("estimator", [*ESTIMATORS, *with_modalities(WIDTHS)])
def test_repr_stays_one_screen(estimator):
    assert len(repr(estimator).splitlines()) <= SCREEN


@pytest.mark.parametrize("estimator", with_modalities(SLICES))
def test_repr_of_many_slices_stays_one_screen(estimator):
    assert len(repr(estimator).splitlines()) <= SCREEN


@pytest.mark.parametrize("estimator", with_modalities(LISTS))
def test_repr_of_long_lists_is_cut(estimator):
    text = repr(estimator)
    assert len(text.splitlines()) <= SCREEN
    assert "..." in text


def test_an_ensemble_inside_another_estimator_is_laid_out_in_lines():
    ensemble = KFoldEnsembleRegressor(MoFARegressor(WIDTHS), cv=3, random_state=0)
    lines = repr(GridSearchCV(ensemble, {"cv": [2, 3]})).splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 120


def test_repr_does_not_grow_with_a_fit(videos):
    for estimator in (network(), KFoldEnsembleRegressor(network(), cv=2)):
        before = repr(estimator)
        assert repr(estimator.fit(videos.data, videos.target)) == before


# Feature names and target names


def test_preprocessing_passes_names_on(videos):
    model = make_mofa_pipeline(cv=2, estimator=network()).fit(videos.data, videos.target)
    names = list(videos.data.columns)
    assert model.feature_names_in_.tolist() == names
    assert model[:-1].get_feature_names_out().tolist() == names
    assert model[-1].feature_names_in_.tolist() == names
    assert model[-1].estimators_[0].feature_names_in_.tolist() == names
    assert model[-1].n_features_in_ == model[-1].estimators_[0].n_features_in_ == 7


@pytest.mark.parametrize(
    "transformer",
    # Tokens are of modalities by their names, which the checks' data have not.
    [
        clone(each)
        for each in ESTIMATORS
        if hasattr(each, "transform") and not getattr(each, "tokens", None)
    ],
    ids=lambda transformer: type(transformer).__name__,
)
def test_names_out_are_those_of_the_table_and_tell_the_modality(transformer, videos):
    transformer.set_output(transform="pandas")
    encoded = transformer.fit(videos.data, videos.target).transform(videos.data)
    assert encoded.columns.tolist() == transformer.get_feature_names_out().tolist()
    assert encoded.index.equals(videos.data.index)
    if hasattr(transformer, "modalities_") and getattr(transformer, "passthrough", True):
        assert list(resolve_modalities(encoded))[:2] == ["image", "text"]


def test_predictions_are_arrays_whatever_the_targets_are(videos):
    for y in (videos.target, videos.target["likes"]):
        for model in (network(), KFoldEnsembleRegressor(Ridge(), cv=2)):
            prediction = model.fit(videos.data, y).predict(videos.data)
            assert type(prediction) is np.ndarray
            assert prediction.shape == y.shape


@pytest.mark.parametrize("n_targets", [1, 2])
def test_target_names_are_kept_where_a_table_has_a_column_for_each(n_targets, videos):
    y = videos.target if n_targets == 2 else videos.target["likes"]
    names = [y.name] if n_targets == 1 else list(y.columns)
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=2, companions=[("scaled", Ridge(9.0))])
    assert ensemble.fit(videos.data, y).blend_weights_.columns.tolist() == names
    blend = BlendRegressor([("a", Ridge()), ("b", Ridge(9.0))], cv=2).fit(videos.data, y)
    assert blend.oof_report_.columns.tolist() == [*names, "mean"]


def test_targets_without_names_are_counted(videos):
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=2)
    ensemble.fit(videos.data, videos.target)
    ensemble.fit(videos.data, videos.target.to_numpy())
    assert ensemble.blend_weights_.columns.tolist() == [0, 1]
    ensemble.fit(videos.data, pd.Series(videos.target["likes"].to_numpy()))
    assert ensemble.blend_weights_.columns.tolist() == [0]


# Tab completion


def test_methods_are_completed_where_they_are_available():
    assert "modality_attention" in dir(MoFARegressor())
    assert "modality_attention" not in dir(MoFARegressor(fusion="concat"))
    assert "predict_quantiles" not in dir(MoFARegressor())
    assert "predict_quantiles" in dir(MoFARegressor(loss="quantile"))


@pytest.mark.parametrize(
    "estimator", [network(), KFoldEnsembleRegressor(Ridge(), cv=2, companions=[("r", Ridge(9.0))])]
)
def test_fitted_attributes_are_completed_after_the_fit(estimator, videos):
    estimator = clone(estimator)
    assert not [name for name in dir(estimator) if name.endswith("_") and name[0] != "_"]
    before = set(dir(estimator))
    estimator.fit(videos.data, videos.target)
    assert before < set(dir(estimator))
    assert all(hasattr(estimator, name) for name in dir(estimator))


def test_submodules_are_completed_and_imported_when_asked_for():
    assert {"baselines", "datasets", "metrics", "MoFARegressor"} <= set(dir(mofa_sklearn))
    assert mofa_sklearn.tuning is importlib.import_module("mofa_sklearn.tuning")
    with pytest.raises(AttributeError, match="has no attribute 'basline'"):
        _ = mofa_sklearn.basline


def test_every_public_folder_is_completed():
    found = pkgutil.iter_modules(mofa_sklearn.__path__)
    folders = {module.name for module in found if module.ispkg}
    public = {
        name
        for name in folders
        if hasattr(importlib.import_module(f"mofa_sklearn.{name}"), "__all__")
    }
    assert public <= set(dir(mofa_sklearn))


@pytest.mark.parametrize("module", public_modules(), ids=lambda module: module.__name__)
def test_folders_offer_what_they_export_and_nothing_else(module):
    exported = getattr(module, "__all__", ())
    assert all(hasattr(module, name) for name in exported)
    if hasattr(module, "__path__"):
        public = {name for name in dir(module) if not name.startswith("_")}
        own = {name for name in public if isinstance(getattr(module, name), types.ModuleType)}
        assert public - own == set(exported)


def test_the_package_says_that_it_has_types():
    files = importlib.resources.files(mofa_sklearn)
    assert files.joinpath("py.typed").is_file()
