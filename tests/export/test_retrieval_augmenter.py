"""Exported retrieval finds what the augmenter finds."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.export import to_module
from mofa_sklearn.export._convert import convert
from mofa_sklearn.preprocessing import RetrievalAugmenter

from .conftest import WIDTHS, small


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metric": "cosine"},
        {"joint": False, "passthrough": False},
        {"include_distances": False, "temperature": 0.3, "n_neighbors": 5},
    ],
    ids=["default", "cosine", "modalities", "targets"],
)
def test_evidence_is_the_same_also_where_modalities_are_missing(videos, options):
    X, y = videos
    augmenter = RetrievalAugmenter(WIDTHS, random_state=0, **options).fit(X, y)
    near = X[:20] + np.float32(0.01)
    for rows in (X, near, X[:1]):
        got = convert(augmenter, "")(torch.from_numpy(rows)).numpy()
        np.testing.assert_allclose(got, augmenter.transform(rows), atol=1e-4)


def test_the_recipe_that_retrieves_predicts_the_same(videos):
    X, y = videos
    model = small(make_mofa_pipeline(WIDTHS, recipe="mmra", cv=2, random_state=0)).fit(X, y)
    with torch.inference_mode():
        got = to_module(model)(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(got, model.predict(X), atol=1e-4 * y.std())


def test_the_recipe_of_statistics_predicts_the_same(videos):
    pytest.importorskip("catboost")
    X, y = videos
    model = make_mofa_pipeline(WIDTHS, recipe="pixelrec-catboost", cv=2, random_state=0)
    name = next(name for name in model.get_params() if name.endswith("__iterations"))
    model.set_params(**{name: 20}).fit(X, np.digitize(y[:, 0], np.quantile(y[:, 0], [0.3, 0.6])))
    with torch.inference_mode():
        got = to_module(model)(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(got, model.predict_proba(X), atol=1e-4)


def test_an_approximate_search_is_told(videos):
    pytest.importorskip("voyager")
    X, y = np.nan_to_num(videos[0]), videos[1]
    augmenter = RetrievalAugmenter(WIDTHS, algorithm="approximate", random_state=0)
    with pytest.raises(TypeError, match=r"approximate.*algorithm='brute'"):
        to_module(make_pipeline(augmenter, Ridge()).fit(X, y))
