"""The examples run, on data small enough for seconds."""

import runpy
import sys
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.estimators import LogisticPathClassifier
from mofa_sklearn.estimators._base import BaseMoFA
from mofa_sklearn.recipes import _registry, get_recipe

EXAMPLES = Path(__file__).parents[1] / "examples"
DEMO = EXAMPLES / "demo.py"
GALLERY = sorted((EXAMPLES / "gallery").glob("plot_*.py"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder as the demo reads it: two modalities, numbers with a NaN, creators, counts."""
    path = tmp_path_factory.mktemp("videos")
    videos = make_micro_videos(
        80,
        modalities={"image": 6, "text": 5},
        n_targets=2,
        n_creators=40,
        random_state=0,
        return_bunch=True,
    )
    numbers = np.random.default_rng(0).uniform(0, 1e5, size=(80, 2)).astype(np.float32)
    numbers[3, 0] = np.nan
    np.save(path / "image_features.npy", videos.data[:, :6])
    np.save(path / "text_features.npy", videos.data[:, 6:])
    np.save(path / "social_features.npy", numbers)
    np.save(path / "popularity_counts.npy", videos.counts)
    np.save(path / "creator_ids.npy", videos.creator_ids)
    return path


@pytest.fixture
def one_companion(monkeypatch):
    """Let the default recipe have its quickest companion alone: what the others do, tests show."""
    recipe = get_recipe("default")
    shorter = replace(
        recipe,
        companions=recipe.companions[:1],
        class_companions=[("logistic", LogisticPathClassifier(Cs=[0.1], standardize=False))],
    )
    monkeypatch.setitem(_registry.RECIPES, "default", partial(deepcopy, shorter))


def test_demo_prints_a_table_and_saves_what_it_says(folder, tmp_path, monkeypatch, capsys):
    arguments = ["--data", folder, "--output", tmp_path, "--folds", "2", "--max-epochs", "1"]
    monkeypatch.setattr(sys, "argv", ["demo.py", *map(str, arguments)])
    with joblib.parallel_config("threading"):  # which start at once
        runpy.run_path(str(DEMO), run_name="__main__")
    assert "ensemble of 2" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "attention.png",
        "pipeline.joblib",
        "predicted_vs_true.png",
        "predictions.npy",
        "training_curves.png",
    ]
    predictions = np.load(tmp_path / "predictions.npy")
    assert predictions.shape[1] == 2
    assert joblib.load(tmp_path / "pipeline.joblib").n_features_in_ == 13


@pytest.mark.usefixtures("one_companion")
def test_demo_reads_a_table_of_any_columns(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "cover": list(rng.normal(size=(60, 3))),
            "title": [f"{word} no. {i}" for i, word in enumerate(["cat", "dog", "news"] * 20)],
            "followers": np.where(rng.random(60) < 0.1, np.nan, rng.integers(0, 9999, 60)),
            "creator_id": np.arange(60) // 2,
            "views": rng.integers(0, 999, 60),
            "likes": rng.integers(0, 99, 60),
        }
    )
    frame.to_parquet(tmp_path / "videos.parquet")
    arguments = ["--data", tmp_path / "videos.parquet", "--target", "views,likes"]
    arguments += ["--output", tmp_path / "out", "--folds", "2", "--max-epochs", "1"]
    monkeypatch.setattr(sys, "argv", ["demo.py", *map(str, arguments)])
    with joblib.parallel_config("threading"):
        runpy.run_path(str(DEMO), run_name="__main__")
    printed = capsys.readouterr().out
    assert "modalities: cover 1, table 2; targets: views, likes" in printed
    assert "30 creators" in printed
    assert np.load(tmp_path / "out" / "predictions.npy").shape[1] == 2


def test_log1p_of_counts_leaves_embeddings_and_nan_alone():
    log1p_counts = runpy.run_path(str(DEMO))["log1p_counts"]
    X = np.array([[0.5, 5000.0, -2.0], [0.1, np.nan, 3000.0], [0.2, 7.0, 1.0]])
    result = log1p_counts(X, {"text": 1, "social": 2})
    np.testing.assert_allclose(result[:, 1], np.log1p(X[:, 1]), rtol=1e-6)
    np.testing.assert_allclose(result[:, [0, 2]], X[:, [0, 2]], rtol=1e-6)


@pytest.mark.usefixtures("one_companion")
@pytest.mark.parametrize(
    ("name", "source"),
    [("tune_grid", "generated"), ("tune_halving", "folder"), ("tune_optuna", "folder")],
)
@pytest.mark.filterwarnings("ignore::FutureWarning:optuna")
def test_tuning_examples_print_every_candidate_and_the_gain(
    name, source, folder, monkeypatch, capsys
):
    if name == "tune_optuna":
        pytest.importorskip("optuna_integration")
    data = ["--data", str(folder)] if source == "folder" else ["--n-samples", "160"]
    small = ["--folds", "2", "--members", "2", "--hidden-dim", "4", "--max-epochs", "3"]
    few = [] if name == "tune_grid" else ["--candidates", "4"]
    monkeypatch.setattr(sys, "argv", [name, *data, *small, *few])
    monkeypatch.syspath_prepend(EXAMPLES)
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    candidates, _, gain = capsys.readouterr().out.partition("held-out rows:")
    header, *rows = candidates.splitlines()
    assert {"dropout", "learning_rate", "nmse"} <= set(header.split())
    assert len(rows) >= 4
    assert "as it was" in gain
    assert "tuned" in gain


@pytest.mark.usefixtures("one_companion")
@pytest.mark.parametrize("script", GALLERY, ids=lambda script: script.stem)
@pytest.mark.filterwarnings("ignore:.*non-interactive:UserWarning")
def test_gallery_scripts_run(script, monkeypatch):
    """In short, so that what they claim may not show; `make docs` runs them in full."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    plan = BaseMoFA._plan

    def fewer_videos(n_samples, **params):
        return make_micro_videos(min(n_samples, 110), **params)

    def fewer_epochs(estimator, *args, **kwargs):
        planned = plan(estimator, *args, **kwargs)
        return replace(planned, max_epochs=min(planned.max_epochs, 1))

    monkeypatch.setattr("mofa_sklearn.datasets.make_micro_videos", fewer_videos)
    monkeypatch.setattr(BaseMoFA, "_plan", fewer_epochs)
    runpy.run_path(str(script), run_name="__main__")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    if script.stem != "plot_dask":
        assert pyplot.get_fignums()
    pyplot.close("all")
