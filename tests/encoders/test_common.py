"""What holds of every encoder, as of every transformer of scikit-learn.

Of scikit-learn's own checks run those that do not fit numbers: the others call `fit` with
matrices of random floats, which are no column of raw cells. What they ask for is asked here with
raw cells: that fits repeat and leave parameters alone, subsets of rows, pickles, names.
"""

import ast
import copy
import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import skrub
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks, get_tags

from mofa_sklearn import encoders, persistence
from mofa_sklearn.encoders import AudioEncoder, ImageEncoder, TextEncoder, VideoEncoder

MODELS = {
    TextEncoder: ("bert", {}),
    ImageEncoder: ("clip", {}),
    VideoEncoder: ("videomae", {"n_frames": 4}),
    AudioEncoder: ("wav2vec2", {}),
}
KINDS = pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
N_ROWS = 6


@pytest.fixture
def make(models):
    def make_encoder(kind, **params):
        name, own = MODELS[kind]
        return kind(models(name), **own, **params)

    return make_encoder


@pytest.fixture
def cells_of(rng, pictures):
    """Kind -> six cells, the third of them missing."""
    pixels = rng.integers(0, 256, (N_ROWS, 5, 8, 8, 3), dtype=np.uint8)
    cells = {
        TextEncoder: ["a cat", "a dog", None, "runs", "far", "and away"],
        ImageEncoder: [*pictures[:2], None, *pictures[3:]],
        VideoEncoder: [*pixels[:2], None, *pixels[3:]],
        AudioEncoder: [None if i == 2 else rng.normal(size=2000 + i) for i in range(N_ROWS)],
    }
    return cells.__getitem__


CHECKS = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_mixin_order,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_set_params,
    estimator_checks.check_valid_tag_types,
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_param_validation,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_get_feature_names_out_error,
    estimator_checks.check_estimators_unfitted,
]


@KINDS
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_scikit_learns_checks_that_fit_no_numbers(kind, check, make):
    check(kind.__name__, make(kind))


@KINDS
@pytest.mark.parametrize(
    "params",
    [
        {"pooling": "median"},
        {"n_components": 0},
        {"n_components": 1.5},
        {"dtype": "int8"},
        {"batch_size": 0},
        {"normalize": "yes"},
        {"on_error": "ignore"},
        {"memory": 3},
        {"device": "no device"},
    ],
    ids=str,
)
def test_wrong_parameters_are_refused_in_fit(kind, params, make, cells_of):
    with pytest.raises(ValueError, match=next(iter(params))):
        make(kind, **params).fit(cells_of(kind))


@KINDS
def test_nothing_is_loaded_before_fit(kind):
    kind("./no/such/model")


@KINDS
def test_the_shape_is_as_said_and_missing_cells_are_nan(kind, make, cells_of):
    encoder = make(kind)
    vectors = encoder.fit_transform(cells_of(kind))
    assert vectors.dtype == np.float32
    assert vectors.shape == (N_ROWS, len(encoder.get_feature_names_out()))
    assert np.isnan(vectors).all(axis=1).tolist() == [i == 2 for i in range(N_ROWS)]
    assert np.isnan(vectors).any(axis=1).tolist() == [i == 2 for i in range(N_ROWS)]


@KINDS
def test_fitting_again_changes_nothing(kind, make, cells_of):
    encoder, cells = make(kind, n_components=2, random_state=0), cells_of(kind)
    before = encoder.get_params()
    first = encoder.fit_transform(cells)
    assert encoder.get_params() == before
    np.testing.assert_array_equal(first, encoder.fit(cells).transform(cells))
    np.testing.assert_array_equal(first, encoder.fit_transform(cells))


@KINDS
def test_rows_do_not_depend_on_the_rows_beside_them(kind, make, cells_of):
    encoder, cells = make(kind), cells_of(kind)
    together = encoder.fit_transform(cells)
    alone = np.vstack([encoder.transform([cell]) for cell in cells])
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        encoder.transform(cells[::-1]), together[::-1], rtol=1e-3, atol=1e-5
    )


@KINDS
def test_cells_are_left_alone(kind, make, cells_of):
    cells = cells_of(kind)
    before = copy.deepcopy(cells)
    make(kind).fit_transform(cells)
    for one, other in zip(before, cells, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@KINDS
@pytest.mark.parametrize("dump", [pickle.dumps, copy.deepcopy], ids=["pickle", "deepcopy"])
def test_copies_hold_no_weights_and_find_the_model_again(kind, dump, make, cells_of):
    encoder, cells = make(kind, n_components=2, random_state=0), cells_of(kind)
    vectors = encoder.fit_transform(cells)
    copied = dump(encoder)
    if isinstance(copied, bytes):
        assert len(copied) < 5_000
        copied = pickle.loads(copied)
    assert "_model" not in vars(copied)
    np.testing.assert_array_equal(copied.transform(cells), vectors)


@KINDS
def test_files_without_pickles_hold_no_weights(kind, make, cells_of, tmp_path):
    encoder, cells = make(kind, n_components=2, random_state=0), cells_of(kind)
    vectors = encoder.fit_transform(cells)
    persistence.dump(encoder, tmp_path / "encoder")
    assert (tmp_path / "encoder").stat().st_size < 30_000
    np.testing.assert_array_equal(persistence.load(tmp_path / "encoder").transform(cells), vectors)


@KINDS
def test_clones_share_a_loaded_model(kind, make, cells_of):
    encoder = make(kind).fit(cells_of(kind))
    assert clone(encoder).fit(cells_of(kind))._model is encoder._model


@KINDS
def test_tables_give_the_same_vectors_and_names(kind, make, cells_of):
    cells = cells_of(kind)
    objects = np.empty(N_ROWS, dtype=object)
    objects[:] = cells
    expected = make(kind).fit_transform(cells)
    series = pd.Series(objects, name="clip")
    for X in [objects, objects.reshape(-1, 1), series, series.to_frame()]:
        np.testing.assert_array_equal(make(kind).fit_transform(X), expected)
    encoder = make(kind).fit(series.to_frame())
    assert encoder.n_features_in_ == 1
    assert list(encoder.feature_names_in_) == ["clip"]
    assert list(encoder.get_feature_names_out()[:2]) == ["clip_00", "clip_01"]
    with pytest.raises(ValueError, match="feature names"):
        encoder.transform(series.rename("other").to_frame())


def test_polars_cells(make, cells_of):
    column = pl.DataFrame({"plot": cells_of(TextEncoder)})
    expected = make(TextEncoder).fit_transform(cells_of(TextEncoder))
    np.testing.assert_array_equal(make(TextEncoder).fit_transform(column), expected)
    np.testing.assert_array_equal(make(TextEncoder).fit_transform(column["plot"]), expected)


@KINDS
def test_frames_come_out_where_they_are_asked_for(kind, make, cells_of):
    cells = pd.Series(cells_of(kind), index=list("abcdef"), name="clip")
    frame = make(kind).set_output(transform="pandas").fit_transform(cells)
    assert list(frame.index) == list("abcdef")
    assert frame.columns[0] == "clip_00"
    with config_context(transform_output="pandas"):
        encoder = make(kind, n_components=2).fit(cells)
        np.testing.assert_array_equal(encoder.transform(cells), encoder.fit_transform(cells))


@KINDS
def test_in_a_pipeline_and_a_column_transformer(kind, make, cells_of):
    X = pd.DataFrame({"clip": pd.Series(cells_of(kind) * 2), "likes": np.arange(12.0)})
    y = np.arange(12.0)
    for column in ("clip", ["clip"]):
        join = ColumnTransformer(
            [("raw", make(kind, n_components=2), column)], remainder="passthrough"
        )
        assert join.fit_transform(X).shape == (12, 3)
        assert list(join.get_feature_names_out()) == [
            "raw__clip_0",
            "raw__clip_1",
            "remainder__likes",
        ]
        model = make_pipeline(join, SimpleImputer(), Ridge())
        scores = cross_val_score(model, X, y, cv=3, error_score="raise")
        assert np.isfinite(scores).all()


def test_skrub_gives_each_column_an_encoder(make, cells_of):
    cells = ["none" if cell is None else cell for cell in cells_of(TextEncoder)]
    table = pd.DataFrame({"plot": cells, "title": cells[::-1], "likes": range(N_ROWS)})
    apply = skrub.ApplyToCols(make(TextEncoder), cols=["plot", "title"])
    vectors = apply.fit_transform(table)
    assert vectors.shape == (N_ROWS, 2 * 16 + 1)
    expected = make(TextEncoder).fit_transform(cells)
    np.testing.assert_allclose(vectors.filter(like="plot"), expected, rtol=1e-5)


@KINDS
def test_unfitted_encoders_say_so(kind, make, cells_of):
    with pytest.raises(NotFittedError):
        make(kind).transform(cells_of(kind))
    with pytest.raises(NotFittedError):
        make(kind).get_feature_names_out()


@KINDS
def test_a_column_without_a_cell_is_an_error(kind, make):
    with pytest.raises(ValueError, match="all 2 cells of the column are missing"):
        make(kind).fit([None, None])


@KINDS
def test_rows_that_are_all_missing_are_transformed(kind, make, cells_of):
    encoder = make(kind).fit(cells_of(kind))
    assert np.isnan(encoder.transform([None, None])).all()


@KINDS
def test_normalized_vectors_have_length_one(kind, make, cells_of):
    vectors = make(kind, normalize=True).fit_transform(cells_of(kind))
    lengths = np.linalg.norm(np.delete(vectors, 2, axis=0), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)


@KINDS
def test_components_are_those_of_the_fit(kind, make, cells_of):
    encoder = make(kind, n_components=3).fit(cells_of(kind))
    assert encoder.transform(cells_of(kind)).shape == (N_ROWS, 3)
    mean = np.nanmean(encoder.transform(cells_of(kind)), axis=0)
    np.testing.assert_allclose(mean, 0, atol=1e-4)
    assert np.abs(encoder.transform(cells_of(kind)[:1])).max() > 1e-3  # not centred anew


@KINDS
def test_more_components_than_vectors_have_is_an_error(kind, make, cells_of):
    with pytest.raises(ValueError, match="n_components=6 is more than 5 vectors"):
        make(kind, n_components=6).fit(cells_of(kind))


@KINDS
def test_rows_are_called_as_in_the_index(kind, make, cells_of):
    cells = pd.Series(cells_of(kind), index=list("abcdef"), dtype=object)
    cells["e"] = object()
    with pytest.raises(TypeError, match=f"{kind.__name__}: row 'e' holds object"):
        make(kind).fit(cells)


@KINDS
def test_tags_tell_that_cells_are_raw(kind, make):
    tags = get_tags(make(kind)).input_tags
    assert tags.string
    assert tags.allow_nan
    assert not tags.two_d_array


@KINDS
@pytest.mark.parametrize(
    "params",
    [
        {"dtype": "bfloat16"},
        {"device": "cuda"},
        {"local_files_only": True},
        {"cache_folder": "folder"},
        {"n_tokens": 3},
    ],
    ids=str,
)
def test_what_a_function_would_not_see_is_refused(kind, params, cells_of):
    with pytest.raises(ValueError, match="would be ignored"):
        kind(lambda cells: np.ones((len(cells), 2)), **params).fit(cells_of(kind))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda cells: np.ones((1, 2)), "was given 5 cells, and gave 1"),
        (lambda cells: np.full((len(cells), 2), np.nan), "NaN or infinity"),
        (lambda cells: np.ones((len(cells), 2, 2, 2)), r"must give an array of shape"),
        (lambda cells: None, "must return an array or a list"),
    ],
)
def test_what_a_function_gives_is_checked(given, message, cells_of):
    with pytest.raises(RuntimeError, match=message):
        TextEncoder(given).fit(cells_of(TextEncoder))


def test_a_functions_unreadable_cell_is_found(cells_of):
    def encode(cells):
        return np.array([[float(len(cell)), 1 / (cell != "runs" or _fail())] for cell in cells])

    def _fail():
        raise ValueError("no runs")

    with pytest.raises(OSError, match=r"row 3 \('runs'\): ValueError: no runs"):
        TextEncoder(encode).fit(cells_of(TextEncoder))
    vectors = TextEncoder(encode, on_error="missing").fit_transform(cells_of(TextEncoder))
    assert np.isnan(vectors).all(axis=1).tolist() == [False, False, True, True, False, False]


def test_a_model_that_has_changed_since_the_fit_is_an_error(models, tmp_path):
    from . import tiny

    tiny.save(tiny.bert, tmp_path)
    dumped = pickle.dumps(TextEncoder(tmp_path).fit(["abc"]))
    tiny.save(tiny.bert, tmp_path, seed=1)
    with pytest.raises(ValueError, match="another model than at the fit"):
        pickle.loads(dumped).transform(["abc"])


def test_equal_models_in_two_folders_share_what_is_remembered(models, tmp_path):
    from . import tiny

    memory = tmp_path / "memory"
    TextEncoder(models("bert"), memory=memory).fit(["abc"])
    other = TextEncoder(tiny.save(tiny.bert, tmp_path / "copy"), memory=memory).fit(["abc"])
    assert other._model is None


def test_a_bar_is_drawn_where_it_is_asked_for(make, cells_of, capsys):
    make(TextEncoder).fit(cells_of(TextEncoder))
    assert capsys.readouterr().err == ""
    make(TextEncoder, verbose=1).fit(cells_of(TextEncoder))
    assert "TextEncoder: 100%" in capsys.readouterr().err


class _Blocker:
    """Lets nobody import some libraries."""

    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ImportError(f"no {name}")


@pytest.mark.parametrize(
    ("kind", "cell", "lacking"),
    [
        (TextEncoder, "a", "sentence_transformers"),
        (ImageEncoder, b"a", "PIL"),
        (ImageEncoder, np.zeros((4, 4)), "transformers"),
        (VideoEncoder, b"a", "av"),
        (AudioEncoder, b"a", "soundfile"),
        (AudioEncoder, np.zeros(400), "transformers"),
    ],
)
def test_a_library_that_is_not_there_is_an_error_that_says_what_to_install(
    kind, cell, lacking, make, monkeypatch
):
    encoder = make(kind)
    for name in [name for name in sys.modules if name.partition(".")[0] == lacking]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Blocker({lacking}), *sys.meta_path])
    with pytest.raises(ImportError, match=r"pip install mofa-sklearn\[encoders\]"):
        encoder.fit([cell])


def test_none_of_the_libraries_is_imported_before_it_is_needed():
    lazy = {"PIL", "av", "huggingface_hub", "safetensors", "soundfile", "timm", "transformers"}
    for path in Path(encoders.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        nodes = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        names = {getattr(node, "module", None) or node.names[0].name for node in nodes}
        assert not {name.partition(".")[0] for name in names} & {*lazy, "sentence_transformers"}
