"""One default pipeline for all tests that only predict with it."""

import numpy as np
import polars as pl
import pytest
import torch

from mofa_sklearn import make_mofa_pipeline
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.export import to_module

from ..helpers import with_quick_companions

WIDTHS = {"image": 140, "video": 6, "text": 8}  # a block that is reduced, two that are not
SMALL = {"hidden_dim": 8, "max_epochs": 2}


def small(model):
    """Let a pipeline's networks and trees train in a moment; return the pipeline."""
    names = [
        name for name in model.get_params() if name.endswith(("__hidden_dim", "__max_epochs"))
    ]
    model.set_params(**{name: SMALL[name.rpartition("__")[2]] for name in names})
    return with_quick_companions(model)


def assert_same(model, X, rtol=1e-5, atol=1e-6):
    """Compare a model with its module, on rows of float32."""
    expected = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    with torch.inference_mode():
        got = to_module(model)(torch.from_numpy(X)).numpy()
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=atol)


@pytest.fixture(scope="package")
def videos():
    """Rows with missing modalities, repeated rows, and a column of few values."""
    X, y = make_micro_videos(
        150, modalities=WIDTHS, n_targets=2, missing_rate=0.1, noise=0.2, random_state=0
    )
    X[:, 140] = np.where(np.isnan(X[:, 140]), np.nan, np.round(X[:, 140]))
    X[10:14] = X[9]
    return X, y


@pytest.fixture(scope="package")
def pipeline(videos):
    """The default pipeline, trained on counts, in a table of polars, with weights."""
    names = [f"{name}__{i}" for name, width in WIDTHS.items() for i in range(width)]
    X = pl.DataFrame(videos[0], schema=names)
    counts = np.round(np.expm1(np.abs(videos[1])))
    y = pl.DataFrame(counts, schema=["views", "likes"])
    model = make_mofa_pipeline(cv=2, target_transform="log1p", random_state=0)
    return small(model).fit(X, y, sample_weight=np.linspace(0.1, 1, len(X)))
