"""Recipes: listed, read, and refused by name."""

import pickle
import sys
from dataclasses import FrozenInstanceError
from functools import partial

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.networks.fusions import ConditionalQuery
from mofa_sklearn.recipes import Recipe, get_recipe, list_recipes

NAMES = list_recipes().index.tolist()


def test_the_list_has_a_line_for_each():
    table = list_recipes()
    assert table.index.name == "recipe"
    assert table.columns.tolist() == ["task", "summary"]
    assert table.index.is_unique
    assert set(table["task"]) == {"regression", "classification"}
    assert table["summary"].str.len().between(20, 95).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_can_be_read(name):
    recipe = get_recipe(name)
    assert recipe.name == name
    text = " ".join(repr(recipe).split())
    for part in (recipe.summary, recipe.source, *recipe.notes, *recipe.parameters):
        assert part in text
    assert f'make_mofa_pipeline(recipe="{name}")' in text
    assert max(map(len, repr(recipe).splitlines())) <= 88


@pytest.mark.parametrize("name", [name for name in NAMES if name != "default"])
def test_what_is_different_from_the_original_is_said(name):
    assert get_recipe(name).notes


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_the_caller_s_own(name):
    recipe = get_recipe(name)
    recipe.parameters["hidden_dim"] = 3
    assert get_recipe(name).parameters.get("hidden_dim") != 3
    with pytest.raises(FrozenInstanceError):
        recipe.name = "other"
    assert repr(pickle.loads(pickle.dumps(recipe))) == repr(recipe)


@pytest.mark.parametrize("name", ["MVP", "mvpp", "", None, ["mvp"]])
def test_an_unknown_name_lists_those_that_there_are(name):
    for function in (get_recipe, lambda recipe: make_mofa_pipeline(recipe=recipe)):
        with pytest.raises(ValueError, match=r"'default', .*'mmved'.*'pixelrec-ordinal'.*got"):
            function(name)


def test_a_partial_is_told_with_what_it_binds():
    guided = partial(ConditionalQuery, query="title")
    recipe = Recipe("mine", "A guide.", "me", parameters={"fusion": guided})
    assert "partial(ConditionalQuery, query='title')" in repr(recipe)


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "catboost", None)
    list_recipes()
    get_recipe("pixelrec-catboost")
    with pytest.raises(ImportError, match=r"pixelrec.*mofa-sklearn\[gbdt\]"):
        make_mofa_pipeline(recipe="pixelrec-catboost")


@pytest.mark.parametrize("n_samples", [100, 3000])
def test_rounding_of_extremes_hardly_moves_what_networks_see(n_samples):
    """A value that is its column's largest but for rounding is no other value."""
    X = np.exp(2 * np.random.default_rng(0).normal(size=(n_samples, 20))).astype(np.float32)
    preprocess = Pipeline(list(get_recipe("default").steps)).fit(X)
    rounded = X.astype(np.float16).astype(np.float32)
    np.testing.assert_allclose(preprocess.transform(rounded), preprocess.transform(X), atol=0.1)
