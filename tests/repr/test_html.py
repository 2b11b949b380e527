"""What notebooks show: the modalities, before and after a fit, escaped."""

import re

import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleRegressor,
    ModalityPreprocessor,
    MoFARegressor,
    make_mofa_pipeline,
)
from mofa_sklearn._repr._html import caption_of
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.estimators import RetrievalRegressor, RidgePathRegressor
from mofa_sklearn.preprocessing import RetrievalAugmenter

WIDTHS = {"image": 4, "te<b>xt": 3}
SHOWN = "image 4, te&lt;b&gt;xt 3"


@pytest.fixture(scope="module")
def videos():
    return make_micro_videos(
        40, modalities={"image": 4, "text": 3}, n_targets=2, as_frame=True, random_state=0
    )


def network(**params):
    return MoFARegressor(hidden_dim=4, max_epochs=1, random_state=0, **params)


def text_of(estimator):
    """Return the HTML without what depends on the screen: styles, scripts, tables."""
    html = estimator._repr_html_()
    for element in ("style", "script", "table", "pre"):
        html = re.sub(f"<{element}.*?</{element}>", "", html, flags=re.DOTALL)
    return html


@pytest.mark.parametrize(
    "make",
    [
        network,
        RetrievalRegressor,
        lambda **params: RidgePathRegressor(n_components=2, **params),
        lambda **params: RetrievalAugmenter(n_neighbors=3, cv=3, **params),
        lambda **params: ModalityPreprocessor(StandardScaler(), **params),
        lambda **params: make_pipeline(StandardScaler(), network(**params)),
        lambda **params: KFoldEnsembleRegressor(network(**params), cv=2),
        lambda **params: BlendRegressor([("net", network(**params)), ("r", Ridge())], cv=2),
    ],
)
def test_widths_are_shown_before_and_after_fit(make, videos):
    X, y = videos
    estimator = make(modalities=WIDTHS)
    assert SHOWN in text_of(estimator)
    assert SHOWN in text_of(estimator.fit(X, y))
    assert "te<b>xt" not in estimator._repr_html_()


def test_modalities_of_column_names_are_shown_once_they_are_known(videos):
    X, y = videos
    model = make_mofa_pipeline(cv=2, estimator=network(), random_state=0)
    assert "image 4" not in text_of(model)
    html = text_of(model.fit(X, y))
    assert "default: image 4, text 3" in html
    assert ">image 4, text 3<" in html  # the network's own line
    assert "estimator: 2 members" in html


def test_transformers_of_single_modalities_have_columns_of_their_own(videos):
    X, _ = videos
    preprocess = ModalityPreprocessor(
        StandardScaler(), transformers=[("text", "passthrough"), ("sound", StandardScaler())]
    )
    html = text_of(preprocess.fit(X))
    assert "default: image 4" in html
    assert "text: 3 columns" in html
    assert "sound" not in html  # the data have no such modality


def test_companions_and_parts_show_their_weights(videos):
    X, y = videos
    ensemble = KFoldEnsembleRegressor(
        network(), cv=2, companions=[("ridge", Ridge())], random_state=0
    )
    assert "mean weight" not in text_of(ensemble)
    ensemble.fit(X, y)
    for share in ensemble.blend_weights_.mean(axis=1):
        assert f"mean weight {share:.2f}" in text_of(ensemble)
    blend = BlendRegressor([("a", Ridge()), ("b", "drop"), ("c", network())], cv=2).fit(X, y)
    html = text_of(blend)
    for name, share in zip("ac", blend.weights_.mean(axis=1), strict=True):
        assert f"{name}: mean weight {share:.2f}" in html
    assert ">b<" in html


def test_a_parameter_that_was_changed_since_the_fit_does_no_harm(videos):
    X, y = videos
    ensemble = KFoldEnsembleRegressor(network(), cv=2).fit(X, y)
    ensemble.set_params(companions=[("ridge", Ridge())])
    assert ">ridge<" in text_of(ensemble)


def test_many_modalities_take_one_line():
    widths = {f"modality{i}": 1000 for i in range(20)}
    assert caption_of(widths).endswith("modality4 1000, ... (20 modalities)")
    assert caption_of({"image": 4, "text": None}) == "image 4, text"
    assert caption_of({}) is None
