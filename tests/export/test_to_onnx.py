"""An exported file predicts in onnxruntime what the model does."""

import json

import numpy as np
import onnx
import onnxruntime
import polars as pl
import pytest
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    ModalityPreprocessor,
    MoFAClassifier,
    make_mofa_pipeline,
)
from mofa_sklearn.baselines import BoostingRegressor
from mofa_sklearn.baselines._block_statistics import BlockStatistics
from mofa_sklearn.datasets import make_micro_videos
from mofa_sklearn.export import to_onnx
from mofa_sklearn.persistence import dump, load
from mofa_sklearn.preprocessing import RetrievalAugmenter

from .conftest import SMALL, WIDTHS


def opened(model, folder, **options):
    path = folder / "model.onnx"
    to_onnx(model, path, **options)
    onnx.checker.check_model(str(path))
    return onnxruntime.InferenceSession(path)


def run(session, X):
    return session.run(None, {"X": np.ascontiguousarray(X, dtype=np.float32)})[0]


def metadata(session):
    return {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}


@pytest.fixture(scope="package")
def session(pipeline, tmp_path_factory):
    """A file of the pipeline, made of a copy of it that was stored."""
    folder = tmp_path_factory.mktemp("onnx")
    dump(pipeline, folder / "model.mofa")
    return opened(load(folder / "model.mofa"), folder)


def frame(pipeline, X):
    return pl.DataFrame(X, schema=[*pipeline.feature_names_in_])


def close(got, expected):
    """Of counts, on the scale that was learned."""
    assert got.dtype == np.float32
    assert got.shape == expected.shape
    np.testing.assert_allclose(np.log1p(got), np.log1p(expected), atol=1e-4)


@pytest.mark.parametrize("n_rows", [0, 1, 2, 150, 1000])
def test_any_number_of_rows_is_predicted_as_by_the_model(pipeline, session, videos, n_rows):
    X = np.resize(videos[0], (n_rows, 154))
    got = run(session, X)
    assert got.shape == (n_rows, 2)
    if n_rows:
        close(got, pipeline.predict(frame(pipeline, X)))


def test_gaps_extremes_and_missing_modalities_are_predicted_the_same(pipeline, session, videos):
    X = videos[0]
    rng = np.random.default_rng(0)
    holes = np.where(rng.random(X.shape) < 0.01, np.nan, X)
    far = np.where(rng.random(X.shape) < 0.01, 1e12, X).astype(np.float32)
    far[0], far[1] = 3e38, -3e38
    alone = X.copy()
    alone[:, :140] = np.nan
    present = ~np.isnan(alone).all(axis=1)
    for rows in (holes, far, alone[present]):
        close(run(session, rows), pipeline.predict(frame(pipeline, rows)))


def test_rows_that_cannot_be_predicted_get_nan_and_others_do_not_notice(session, videos):
    rows = np.nan_to_num(videos[0][:4])
    expected = run(session, rows)
    rows[1], rows[2, 5] = np.nan, np.inf
    got = run(session, rows)
    assert np.isnan(got[[1, 2]]).all()
    np.testing.assert_allclose(got[[0, 3]], expected[[0, 3]], rtol=1e-5)


def test_the_file_tells_what_it_takes_and_gives(session):
    assert [(i.name, i.type, i.shape[1:]) for i in session.get_inputs()] == [
        ("X", "tensor(float)", [154])
    ]
    assert [(o.name, o.type) for o in session.get_outputs()] == [("prediction", "tensor(float)")]
    about = metadata(session)
    assert about["modalities"] == WIDTHS
    assert about["targets"] == ["views", "likes"]
    assert about["feature_names"][:2] == ["image__0", "image__1"]
    assert about["mofa_sklearn"]
    assert "columns" not in about


def test_classes_tokens_and_modalities_that_are_not_in_order_are_told(tmp_path):
    X, y = make_micro_videos(
        90, modalities={"video": 4, "text": 5}, n_tokens={"video": 3}, random_state=0
    )
    X[::3, 8:12] = np.nan
    where = {"text": [14, 13, 12, 15, 16], "video": [*range(12)]}
    names = ["low", "mid", "top"]
    levels = np.array(names)[np.digitize(y[:, 0], np.quantile(y[:, 0], [0.3, 0.6]))]
    model = MoFAClassifier(where, tokens={"video": 3}, ordinal=names, random_state=0, **SMALL)
    model = KFoldEnsembleClassifier(model, cv=2).fit(X, levels)
    session = opened(model, tmp_path)
    assert session.get_outputs()[0].name == "probabilities"
    assert metadata(session)["tokens"] == {"video": 3}
    assert metadata(session)["columns"] == where
    assert metadata(session)["classes"] == names
    np.testing.assert_allclose(run(session, X), model.predict_proba(X), atol=1e-5)


def test_blends_retrieval_statistics_and_estimators_of_others_are_exported(videos, tmp_path):
    X, y = np.nan_to_num(videos[0])[:, :12], videos[1]
    augment = RetrievalAugmenter({"a": 5, "b": 7}, random_state=0)
    retrieving = make_pipeline(
        augment.set_output(transform="pandas"),
        ModalityPreprocessor(BlockStatistics()),
        BoostingRegressor(max_iter=3),
    )
    parts = [("scaled", make_pipeline(StandardScaler(), Ridge())), ("retrieving", retrieving)]
    halves = np.arange(75), np.arange(75, 150)  # one member of each part
    model = BlendRegressor(parts, weights="uniform", cv=[halves]).fit(X, y)
    np.testing.assert_allclose(run(opened(model, tmp_path), X), model.predict(X), atol=1e-4)


@pytest.mark.parametrize(
    ("opset", "model", "limits"),
    [
        (18, Ridge(), None),
        (25, LogisticRegression(), [0.5]),
        (25, LogisticRegression(), [0.3, 0.6]),
    ],
    ids=["oldest", "newest, two classes", "newest, three classes"],
)
def test_an_opset_can_be_chosen(videos, tmp_path, opset, model, limits):
    """Also of a single target, and of classes without an order."""
    X, y = np.nan_to_num(videos[0])[:, :6], videos[1][:, 0]
    model.fit(X, y if limits is None else np.digitize(y, np.quantile(y, limits)))
    session = opened(model, tmp_path, opset=opset)
    (written,) = onnx.load(tmp_path / "model.onnx").opset_import
    assert written.version == opset
    expected = getattr(model, "predict_proba", model.predict)(X)
    got = run(session, X)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, atol=1e-4)


# ------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize("opset", [7, 99, 20.5])
def test_an_opset_that_cannot_be_written_is_refused(videos, tmp_path, opset):
    model = Ridge().fit(np.nan_to_num(videos[0]), videos[1])
    with pytest.raises(ValueError, match=r"'opset' .* range \[18, 25\]"):
        to_onnx(model, tmp_path / "model.onnx", opset=opset)


def test_a_step_without_a_counterpart_is_named_and_no_file_is_left(videos, tmp_path):
    X, y = np.nan_to_num(videos[0]), videos[1][:, 0]
    model = make_pipeline(StandardScaler(), GradientBoostingRegressor(n_estimators=2)).fit(X, y)
    with pytest.raises(TypeError, match=r"'gradientboostingregressor' \(GradientBoosting"):
        to_onnx(model, tmp_path / "model.onnx")
    with pytest.raises(NotFittedError):
        to_onnx(make_mofa_pipeline(WIDTHS), tmp_path / "model.onnx")
    assert not [*tmp_path.iterdir()]


def test_a_folder_that_is_not_there_is_an_error(videos, tmp_path):
    model = Ridge().fit(np.nan_to_num(videos[0]), videos[1])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        to_onnx(model, tmp_path / "nowhere" / "model.onnx")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((2, 153), dtype=np.float32), "Expected: 154"),
        (np.zeros((2, 154)), "expected: .tensor.float"),
    ],
)
def test_the_runtime_tells_of_other_widths_and_types(session, rows, message):
    with pytest.raises(Exception, match=message):
        session.run(None, {"X": rows})
