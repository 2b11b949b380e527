import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mofa_sklearn.inspection import ModalityAttentionDisplay

from ._fakes import Attending, Members


@pytest.fixture
def X():
    return np.random.default_rng(0).uniform(0.1, 1, size=(30, 4))


@pytest.mark.parametrize("kind", ["box", "violin"])
def test_one_tick_per_modality(kind):
    attention = pd.DataFrame({"image": [0.2, 0.3], "video": [0.3, 0.3], "text": [0.5, 0.4]})
    display = ModalityAttentionDisplay.from_data(attention, kind=kind)
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert labels == ["image", "video", "text"]
    assert display.ax_.get_ylabel() == "Attention weight"


def test_draws_onto_given_axes(X):
    figure, ax = plt.subplots()
    display = ModalityAttentionDisplay.from_estimator(Attending().fit(X), X, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure


def test_keeps_the_data_it_was_given():
    attention = pd.DataFrame({"image": [0.2, 0.3], "text": [0.8, 0.7]})
    pd.testing.assert_frame_equal(
        ModalityAttentionDisplay.from_data(attention).attention, attention
    )


def test_ensemble_shows_the_mean_of_its_members(X):
    swap = make_pipeline(FunctionTransformer(np.fliplr), Attending())
    ensemble = Members([Attending(), swap]).fit(X)
    display = ModalityAttentionDisplay.from_estimator(ensemble, X)
    first = Attending().fit(X).modality_attention(X)
    second = Attending().fit(X).modality_attention(np.fliplr(X))
    np.testing.assert_allclose(display.attention, (first + second) / 2)
    assert list(display.attention.columns) == ["image", "text"]


def test_pipelines_and_searches_are_looked_into(X):
    pipeline = make_pipeline(FunctionTransformer(np.fliplr), Attending())
    search = GridSearchCV(pipeline, {"functiontransformer__validate": [False]}, cv=2)
    search.fit(X, X[:, 0])
    expected = Attending().fit(X).modality_attention(np.fliplr(X))
    for estimator in (pipeline.fit(X), search):
        display = ModalityAttentionDisplay.from_estimator(estimator, X)
        pd.testing.assert_frame_equal(display.attention, expected)


@pytest.mark.parametrize("wrap", [lambda model: model, lambda model: Members([model])])
def test_estimator_without_attention_is_a_clear_error(X, wrap):
    model = wrap(Ridge()).fit(X, X[:, 0])
    with pytest.raises(TypeError, match=r"`modality_attention`.*got Ridge"):
        ModalityAttentionDisplay.from_estimator(model, X)


def test_unfitted_estimator_is_an_error(X):
    with pytest.raises(NotFittedError):
        ModalityAttentionDisplay.from_estimator(Ridge(), X)


def test_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="kind must be 'box' or 'violin'"):
        ModalityAttentionDisplay.from_data(pd.DataFrame({"x": [1.0]}), kind="pie")
