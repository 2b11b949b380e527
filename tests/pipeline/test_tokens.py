"""Pipelines whose modalities are sequences of tokens."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.linear_model import Ridge

from mofa_sklearn import MoFAClassifier, MoFARegressor, make_mofa_pipeline, persistence
from mofa_sklearn.datasets import make_micro_videos

from ..helpers import with_quick_companions

TINY = {"hidden_dim": 8, "max_epochs": 2}


@pytest.fixture(scope="module")
def videos():
    """Rows with missing tokens, a missing sequence and a single gap."""
    data = make_micro_videos(
        90,
        modalities={"image": 6, "video": 5},
        n_tokens={"video": 4},
        noise=0.2,
        n_creators=20,
        return_bunch=True,
        random_state=0,
    )
    data.data[3, 6:11] = np.nan
    data.data[4, 6:] = np.nan
    data.data[5, -1] = np.nan
    return data


def tiny(pipeline):
    params = pipeline.get_params()
    names = [name for name in params if name.split("__")[-1] in TINY and params[name] is not None]
    pipeline.set_params(**{name: TINY[name.split("__")[-1]] for name in names})
    return with_quick_companions(pipeline)


def make(videos, **params):
    params = {"random_state": 0, "tokens": videos.n_tokens, **params}
    if params.get("ensemble", True):
        params["cv"] = 2
    return tiny(make_mofa_pipeline(videos.modalities, **params))


@pytest.mark.parametrize(
    "recipe", ["default", "mofa-lite", "mmved", "adaptclip", "afew-va", "chfen"]
)
def test_recipes_attend_over_tokens(recipe, videos):
    model = make(videos, recipe=recipe).fit(videos.data, videos.target)
    assert np.isfinite(model.predict(videos.data)).all()
    weights = model.token_attention(videos.data, "video")
    assert weights.shape == (90, 4)
    assert weights[3, 0] == 0
    assert_allclose(weights.sum(axis=1), np.arange(90) != 4, atol=1e-5)


@pytest.mark.parametrize("recipe", ["mvp", "mmra"])
def test_recipes_that_know_no_tokens_get_their_mean(recipe, videos):
    model = make(videos, recipe=recipe).fit(videos.data, videos.target)
    assert model[:2].transform(videos.data).shape == (90, 6 + 5)
    assert np.isfinite(model.predict(videos.data)).all()
    assert not hasattr(model, "token_attention")


def test_an_estimator_without_tokens_gets_their_mean(videos):
    model = make(videos, estimator=Ridge(), ensemble=False, imputer=None)
    X = np.nan_to_num(videos.data)
    model.fit(X, videos.target)
    assert model[-1].n_features_in_ == 11
    encoded = model["preprocess"].transform(X)
    mean = encoded.iloc[:, 6:].to_numpy().reshape(90, 4, 5).mean(axis=1)
    assert_allclose(model[:-1].transform(X).iloc[:, 6:], mean, rtol=1e-5, atol=1e-6)


def test_steps_see_one_token_a_row(videos):
    model = make(videos).fit(videos.data, videos.target)
    encoded = model["preprocess"].transform(videos.data)
    assert encoded.columns[6] == "video__t0__0"
    tokens = encoded.iloc[:, 6:].to_numpy().reshape(-1, 5)
    assert_allclose(np.nanmean(tokens, axis=0), 0, atol=0.1)
    assert_allclose(np.nanstd(tokens, axis=0), 1, atol=0.1)
    assert np.isnan(encoded.iloc[3, 6:11]).all()
    assert np.isfinite(encoded.iloc[5]).all()  # the gap is filled


@pytest.mark.parametrize("routing", [False, True])
def test_groups_and_weights_reach_members_and_companions(routing, videos):
    weight = np.linspace(0.5, 1, 90)
    with config_context(enable_metadata_routing=routing):
        model = make(videos).fit(
            videos.data, videos.target, sample_weight=weight, groups=videos.creator_ids
        )
    assert model[-1].blend_weights_.shape[0] == 6


def test_sequences_may_lie_in_cells(videos):
    frame = pd.DataFrame(videos.data[:, :6], columns=[f"image_{i}" for i in range(6)])
    frame["video"] = list(videos.data[:, 6:].reshape(90, 4, 5))
    modalities = {"image": list(frame.columns[:6]), "video": ["video"]}
    model = tiny(make_mofa_pipeline(modalities, tokens=videos.n_tokens, cv=2, random_state=0)).fit(
        frame, videos.target
    )
    expected = make(videos).fit(videos.data, videos.target)
    assert_allclose(model.predict(frame), expected.predict(videos.data), rtol=1e-5, atol=1e-5)


def test_a_classifier_attends_over_tokens(videos):
    classes = (videos.target[:, 0] > np.median(videos.target[:, 0])).astype(int)
    model = make(videos, estimator=MoFAClassifier()).fit(videos.data, classes)
    assert model.token_attention(videos.data, "video").shape == (90, 4)


def test_tokens_of_the_estimator_are_those_of_the_pipeline(videos):
    estimator = MoFARegressor(tokens=videos.n_tokens)
    model = make(videos, tokens=None, estimator=estimator, ensemble=False)
    assert model["preprocess"].tokens == model[-1].tokens == videos.n_tokens
    assert estimator.tokens == videos.n_tokens
    with pytest.raises(ValueError, match=r"'video': 2.*'video': 4"):
        make(videos, tokens={"video": 2}, estimator=estimator)


def test_a_pipeline_comes_back_from_a_file(videos, tmp_path):
    model = make(videos).fit(videos.data, videos.target)
    persistence.dump(model, tmp_path / "model.skops")
    again = persistence.load(tmp_path / "model.skops")
    assert_array_equal(again.predict(videos.data), model.predict(videos.data))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [({"sound": 4}, "unknown modality 'sound'"), ({"video": 3}, "'video' has 20 columns.*3")],
)
@pytest.mark.parametrize("recipe", ["default", "mvp"])
def test_tokens_that_do_not_fit_are_named(recipe, tokens, message, videos):
    with pytest.raises(ValueError, match=message):
        make(videos, tokens=tokens, recipe=recipe).fit(videos.data, videos.target)


@pytest.mark.parametrize("tokens", [4, {"video": 0}, {"video": "4"}])
def test_what_is_no_number_of_tokens_is_refused_when_the_pipeline_is_made(tokens, videos):
    with pytest.raises(ValueError, match="tokens"):
        make_mofa_pipeline(videos.modalities, tokens=tokens)
