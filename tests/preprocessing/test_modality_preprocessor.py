"""ModalityPreprocessor: a transformer for each modality, missing modalities left alone."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    StandardScaler,
)

from mofa_sklearn import ModalityPreprocessor, RankGaussTransformer
from mofa_sklearn.modalities import resolve_modalities
from mofa_sklearn.preprocessing import FloatColumns, VectorColumns

from ..helpers import N_FEATURES, WIDTHS, make_data
from ..tables import CONTAINERS, MODALITIES, in_container, make_table

IMAGE, VIDEO, TEXT = slice(0, 4), slice(4, 7), slice(7, 12)
NAMES = [f"{name}_{i}" for name, width in WIDTHS.items() for i in range(width)]


def make_rows(dtype=np.float64):
    return make_data(50)[0].astype(dtype)


def make_missing():
    """Return rows without image in the first five, without text in the next five."""
    X = make_rows()
    X[:5, IMAGE] = np.nan
    X[5:10, TEXT] = np.nan
    return X


def make_preprocessor(default="passthrough", **named):
    return ModalityPreprocessor(default, transformers=list(named.items()), modalities=WIDTHS)


# Complete data


@pytest.mark.parametrize(
    "steps",
    [
        {"image": StandardScaler(), "video": MinMaxScaler(), "text": "passthrough"},
        {"image": PCA(2, random_state=0), "video": Normalizer(), "text": StandardScaler()},
        {
            "image": make_pipeline(RankGaussTransformer(20), PCA(1)),
            "video": "passthrough",
            "text": SelectKBest(f_regression, k=2),
        },
    ],
)
def test_on_complete_data_it_is_a_column_transformer(steps):
    X, y = make_rows(), make_data(50, None)[1]
    columns = dict(zip(WIDTHS, (IMAGE, VIDEO, TEXT), strict=True))
    reference = ColumnTransformer([(name, steps[name], columns[name]) for name in WIDTHS])
    expected = reference.fit_transform(X, y)
    preprocessor = make_preprocessor(**steps)
    assert_allclose(preprocessor.fit_transform(X, y), expected)
    assert_allclose(preprocessor.transform(X[:3]), expected[:3])
    assert_allclose(make_preprocessor(**steps).fit(X, y).transform(X), expected)


def test_the_default_is_copied_for_every_modality_that_is_not_named():
    preprocessor = make_preprocessor(StandardScaler(), text=MinMaxScaler()).fit(make_rows())
    fitted = preprocessor.transformers_
    kinds = [type(fitted[name]) for name in WIDTHS]
    assert kinds == [StandardScaler, StandardScaler, MinMaxScaler]
    assert fitted["image"] is not fitted["video"]
    assert not hasattr(preprocessor.default, "mean_")


def test_named_modalities_that_the_data_lack_are_passed_over():
    X = make_rows()
    preprocessor = make_preprocessor(StandardScaler(), audio=PCA(99))
    assert_allclose(preprocessor.fit_transform(X), StandardScaler().fit_transform(X))


def test_interleaved_columns_are_brought_together():
    X = make_rows()
    modalities = {"a": [11, 0, 5], "b": [i for i in range(N_FEATURES) if i not in (11, 0, 5)]}
    transformed = ModalityPreprocessor(modalities=modalities).fit_transform(X)
    assert_array_equal(transformed, X[:, modalities["a"] + modalities["b"]])


def test_passthrough_gives_a_copy():
    X = make_rows()
    transformed = make_preprocessor().fit_transform(X)
    assert_array_equal(transformed, X)
    assert not np.shares_memory(transformed, X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "default", ["passthrough", StandardScaler(), PCA(1), RankGaussTransformer(20)]
)
def test_the_precision_is_kept(default, dtype):
    X = make_rows(dtype)
    preprocessor = make_preprocessor(default).fit(X)
    assert preprocessor.transform(X).dtype == dtype
    X[0, IMAGE] = np.nan
    assert preprocessor.transform(X).dtype == dtype
    X[:, IMAGE] = np.nan
    assert preprocessor.transform(X).dtype == dtype


# Missing modalities


def test_missing_modalities_stay_nan_and_do_not_influence_the_fit():
    X = make_missing()
    preprocessor = make_preprocessor(StandardScaler())
    transformed = preprocessor.fit_transform(X)
    assert_array_equal(np.isnan(transformed), np.isnan(X))
    assert_allclose(preprocessor.transformers_["image"].mean_, X[5:, IMAGE].mean(axis=0))
    assert_allclose(transformed[5:, IMAGE], StandardScaler().fit_transform(X[5:, IMAGE]))
    assert_allclose(preprocessor.transform(X), transformed)


def test_a_transformer_that_refuses_nan_never_sees_any():
    X = make_missing()
    preprocessor = make_preprocessor(PCA(2, random_state=0))
    transformed = preprocessor.fit_transform(X)
    assert transformed.shape == (50, 6)
    assert_array_equal(np.isnan(transformed[:, 0]), np.isnan(X[:, 0]))
    assert_allclose(transformed[5:, :2], PCA(2, random_state=0).fit_transform(X[5:, IMAGE]))


def test_targets_follow_the_rows_that_have_the_modality():
    X, y = make_missing(), make_data(50, None)[1]
    transformed = make_preprocessor(SelectKBest(f_regression, k=1)).fit_transform(X, y)
    expected = SelectKBest(f_regression, k=1).fit(X[5:, IMAGE], y[5:])
    assert_allclose(transformed[5:, :1], expected.transform(X[5:, IMAGE]))


def test_a_modality_may_be_missing_in_all_rows_of_a_transform():
    X = make_missing()
    preprocessor = make_preprocessor(PCA(2)).fit(X)
    transformed = preprocessor.transform(X[:3])
    assert transformed.shape == (3, 6)
    assert_array_equal(np.isnan(transformed).all(axis=0), [1, 1, 0, 0, 0, 0])


@pytest.mark.parametrize("default", ["passthrough", StandardScaler()])
def test_a_modality_missing_in_all_rows_of_the_fit_is_an_error(default):
    X = make_rows()
    X[:, VIDEO] = np.nan
    with pytest.raises(ValueError, match="'video' is missing in all 50 rows"):
        make_preprocessor(default).fit(X)


def test_an_imputer_in_front_fills_single_gaps_only():
    X = make_missing()
    X[20, 0] = X[21, 8] = np.nan
    preprocessor = make_preprocessor(make_pipeline(SimpleImputer(), StandardScaler()))
    transformed = preprocessor.fit_transform(X)
    whole = np.isnan(make_missing())
    assert_array_equal(np.isnan(transformed), whole)
    assert transformed[20, 0] == pytest.approx(0)
    assert_allclose(
        preprocessor.transformers_["image"][0].statistics_, np.nanmean(X[:, IMAGE], axis=0)
    )


def test_a_transformer_decides_about_single_gaps():
    X = make_rows()
    X[3, 0] = np.nan
    assert np.isnan(make_preprocessor(StandardScaler()).fit_transform(X)).sum() == 1
    with pytest.raises(ValueError, match="NaN"):
        make_preprocessor(PCA(1)).fit(X)


@pytest.mark.parametrize("default", ["passthrough", StandardScaler()])
def test_infinity_is_an_error_that_names_the_block(default):
    X = make_rows()
    preprocessor = make_preprocessor(default).fit(X)
    X[7, 5] = -np.inf
    for method in (preprocessor.fit, preprocessor.fit_transform, preprocessor.transform):
        with pytest.raises(ValueError, match=r"infinity in modality 'video' \(rows 7"):
            method(X)


# Names


@pytest.mark.parametrize("framed", [False, True])
def test_names_tell_the_modality(framed):
    X = make_rows()
    data = pd.DataFrame(X, columns=NAMES) if framed else X
    preprocessor = make_preprocessor(StandardScaler(), text=PCA(2)).fit(data)
    names = preprocessor.get_feature_names_out()
    kept = NAMES[:7] if framed else [f"{n.rpartition('_')[0]}__x{i}" for i, n in enumerate(NAMES)]
    assert names.tolist() == [*kept[:7], "text__pca0", "text__pca1"]
    blocks = resolve_modalities(pd.DataFrame(preprocessor.transform(data), columns=names))
    assert {name: len(block) for name, block in blocks.items()} == {
        "image": 4,
        "video": 3,
        "text": 2,
    }


def test_a_wrong_parameter_of_a_step_is_not_taken_for_a_fault_of_the_columns():
    words = pd.DataFrame({"title": ["a cat", "a dog", "the sea"]})
    steps = make_pipeline(FloatColumns(), RankGaussTransformer(max_absolute_value=-1))
    preprocess = ModalityPreprocessor(steps, modalities={"words": ["title"]})
    with pytest.raises(ValueError, match="'max_absolute_value' parameter") as caught:
        preprocess.fit(words)
    assert "numbers are expected" not in str(caught.value)
    assert caught.value.__notes__ == ["This was in the modality 'words'."]


def test_a_transformer_without_names_transforms_and_says_so_when_asked():
    class Nameless(TransformerMixin, BaseEstimator):
        def fit(self, X, y=None):
            self.fitted_ = True
            return self

        def transform(self, X):
            return 2 * X

        def get_feature_names_out(self, input_features=None):
            raise ValueError("no names here")

    X, _ = make_data()
    preprocess = ModalityPreprocessor(Nameless(), modalities=WIDTHS).fit(X)
    assert_array_equal(preprocess.transform(X), 2 * X)
    with pytest.raises(ValueError, match="no names here"):
        preprocess.get_feature_names_out()


def test_pandas_output_keeps_index_and_names():
    frame = pd.DataFrame(make_rows(), columns=NAMES, index=np.arange(50) + 100)
    preprocessor = ModalityPreprocessor(StandardScaler()).set_output(transform="pandas")
    transformed = preprocessor.fit_transform(frame)
    assert transformed.columns.tolist() == NAMES
    pd.testing.assert_index_equal(transformed.index, frame.index)


@pytest.mark.parametrize("default", ["passthrough", StandardScaler(), PCA(1)])
def test_a_global_pandas_output_changes_the_container_only(default):
    X = make_missing()
    expected = make_preprocessor(default).fit_transform(X)
    with config_context(transform_output="pandas"):
        transformed = make_preprocessor(default).fit_transform(X)
    assert isinstance(transformed, pd.DataFrame)
    assert_allclose(transformed.to_numpy(), expected)


def test_other_columns_at_transform_are_an_error():
    frame = pd.DataFrame(make_rows(), columns=NAMES)
    preprocessor = ModalityPreprocessor().fit(frame)
    with pytest.raises(ValueError, match="same order"):
        preprocessor.transform(frame[NAMES[::-1]])
    with pytest.raises(ValueError, match="12 features"):
        ModalityPreprocessor(modalities=WIDTHS).fit(make_rows()).transform(make_rows()[:, :11])


# Parameters


def test_nested_parameters_can_be_set():
    preprocessor = make_preprocessor(StandardScaler(), text=PCA(2), video="passthrough")
    params = preprocessor.get_params()
    assert params["text__n_components"] == 2
    assert params["default__with_std"] is True
    preprocessor.set_params(text__n_components=1, default__with_std=False)
    preprocessor.fit(make_rows())
    assert preprocessor.transformers_["text"].n_components_ == 1
    assert preprocessor.transformers_["image"].scale_ is None
    # Naming a modality replaces its transformer.
    preprocessor.set_params(text=MinMaxScaler(), video=StandardScaler())
    assert [type(step) for _, step in preprocessor.transformers] == [MinMaxScaler, StandardScaler]
    preprocessor.set_params(video="passthrough")
    assert dict(preprocessor.transformers)["video"] == "passthrough"


def test_unknown_parameters_are_refused():
    with pytest.raises(ValueError, match="Invalid parameter 'sound'"):
        make_preprocessor(text=PCA(2)).set_params(sound__n_components=1)


def test_a_clone_has_parameters_of_its_own():
    preprocessor = make_preprocessor(StandardScaler(), text=PCA(2))
    copy = clone(preprocessor).set_params(text__n_components=1)
    assert preprocessor.get_params()["text__n_components"] == 2
    assert copy.get_params()["text__n_components"] == 1


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"default": "pasthrough"}, "default"),
        ({"default": object()}, "default"),
        ({"transformers": "text"}, "transformers"),
        ({"modalities": 3}, "modalities"),
    ],
)
def test_wrong_parameters_are_named(params, name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        ModalityPreprocessor(**params).fit(make_rows())


@pytest.mark.parametrize("kind", [list, tuple])
def test_transformers_may_be_a_list_or_a_tuple(kind):
    preprocessor = ModalityPreprocessor(transformers=kind([("text", PCA(2))]), modalities=WIDTHS)
    assert preprocessor.fit(make_rows()).transformers_["text"].n_components == 2
    preprocessor.set_params(text=PCA(1)).fit(make_rows())
    assert preprocessor.transformers_["text"].n_components == 1


@pytest.mark.parametrize("step", ["pasthrough", object(), None, PCA])
def test_a_wrong_transformer_of_a_modality_is_an_error(step):
    with pytest.raises(TypeError, match=r"transformer of modality 'text' must be"):
        make_preprocessor(text=step).fit(make_rows())


def test_a_modality_with_the_name_of_a_parameter_cannot_be_named():
    preprocessor = ModalityPreprocessor(transformers=[("default", PCA(1))])
    with pytest.raises(ValueError, match=r"conflict with constructor arguments: \['default'\]"):
        preprocessor.fit(make_rows())


def test_a_modality_named_twice_is_an_error():
    preprocessor = ModalityPreprocessor(
        transformers=[("text", PCA(1)), ("text", PCA(2))], modalities=WIDTHS
    )
    with pytest.raises(ValueError, match=r"not unique: .*text"):
        preprocessor.fit(make_rows())


def test_single_gaps_that_a_transformer_refuses_are_named_by_their_modality():
    X = np.random.default_rng(0).normal(size=(30, 8))
    model = ModalityPreprocessor(PCA(2), modalities={"image": 4, "text": 4}).fit(X)
    X[[3, 7], 5] = np.nan
    X[9, :4] = np.nan
    expected = r"modality 'text' has NaN in some of its columns in 2 of 30 rows; impute"
    for method in (model.transform, model.fit, model.fit_transform):
        with pytest.raises(ValueError, match=expected):
            method(X)


# Tables


class Spy(FunctionTransformer):
    """Keeps what it was given."""

    def fit_transform(self, X, y=None):
        self.given_, self.y_ = X, y
        return np.zeros((len(X), 1))

    def transform(self, X):
        self.given_ = X
        return np.zeros((len(X), 1))

    def get_feature_names_out(self, input_features=None):
        return np.array(["spied"])


@pytest.mark.parametrize("container", CONTAINERS)
def test_numbers_are_handed_on_as_floats_and_the_rest_as_the_table_it_is(container):
    frame, _ = make_table()
    modalities = {"numbers": ["likes", "verified"], "meta": "rest"}
    preprocessor = ModalityPreprocessor(Spy(), modalities=modalities)
    preprocessor.fit_transform(in_container(frame, container))
    numbers, meta = (preprocessor.transformers_[name].given_ for name in modalities)
    assert_array_equal(numbers, frame[["likes", "verified"]].astype(float))
    assert preprocessor.tables_ == ["meta"]
    assert isinstance(meta, pl.DataFrame if container == "polars" else pd.DataFrame)
    rest = [name for name in frame.columns if name not in modalities["numbers"]]
    assert list(meta.columns) == rest


def without_words_and_vectors(frame):
    """Return a table whose first rows have no words, none or empty, and whose next no vector."""
    frame = frame[["words", "vector", "likes"]].copy()
    frame["words"] = frame["words"].astype(object)
    for row in range(3):
        frame.at[row, "words"] = [None, "", "  "][row]
        frame.at[row + 3, "vector"] = [None, None, np.full(6, np.nan, "float32")][row]
    return frame


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_modality_of_any_kind_is_missing_where_no_cell_has_a_value(container):
    frame = without_words_and_vectors(make_table()[0])
    named = [
        ("words", make_pipeline(TfidfVectorizer(), TruncatedSVD(2))),
        ("vector", make_pipeline(VectorColumns(), PCA(2))),
    ]
    modalities = {"words": ["words"], "vector": ["vector"], "likes": ["likes"]}
    preprocessor = ModalityPreprocessor(
        StandardScaler(), transformers=named, modalities=modalities
    )
    table = in_container(frame, container)
    missing = np.isnan(preprocessor.fit_transform(table))
    assert_array_equal(np.flatnonzero(missing[:, 0]), [0, 1, 2])
    assert_array_equal(np.flatnonzero(missing[:, 2]), [3, 4, 5])
    assert_array_equal(missing[:, 4], False)
    assert_array_equal(np.isnan(preprocessor.transform(table)), missing)
    assert np.isnan(preprocessor.transform(table[:3])[:, :2]).all()


def test_targets_are_passed_on_as_they_are_for_the_rows_that_have_the_modality():
    frame, y = make_table()
    frame = without_words_and_vectors(frame)
    preprocessor = ModalityPreprocessor(Spy(), modalities={"words": ["words"], "others": "rest"})
    targets = pd.DataFrame({"views": y})
    preprocessor.fit_transform(frame, targets)
    pd.testing.assert_frame_equal(preprocessor.transformers_["words"].y_, targets.iloc[3:])
    assert preprocessor.transformers_["others"].y_ is targets


@pytest.mark.parametrize("container", CONTAINERS)
def test_other_columns_in_any_table_are_scikit_learn_s_error(container):
    frame, _ = make_table()
    preprocessor = ModalityPreprocessor(FloatColumns(), modalities=MODALITIES)
    preprocessor.fit(in_container(frame, container))
    with pytest.raises(ValueError, match="same order"):
        preprocessor.transform(in_container(frame[frame.columns[::-1]], container))
    with pytest.raises(ValueError, match=r"(?s)seen at fit time, yet now missing.*likes"):
        preprocessor.transform(in_container(frame.drop(columns="likes"), container))


@pytest.mark.parametrize("default", ["passthrough", StandardScaler(), PCA(1)])
def test_a_transformer_of_numbers_says_which_column_is_none(default):
    frame, _ = make_table()
    preprocessor = ModalityPreprocessor(default, modalities={"meta": ["words", "likes"]})
    with pytest.raises(ValueError, match=r"'words' holds text .*mofa-sklearn\[tables\]"):
        preprocessor.fit(frame[["words", "likes"]])


def test_a_row_that_comes_as_objects_is_read_by_the_names_of_the_fit():
    frame, _ = make_table()
    frame = frame[["language", "likes"]]
    preprocessor = ModalityPreprocessor(FloatColumns(), modalities={"meta": "rest"}).fit(frame)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        transformed = preprocessor.transform(frame.to_numpy(dtype=object))
    assert_array_equal(transformed, preprocessor.transform(frame))
    unnamed = ModalityPreprocessor(FloatColumns(), modalities={"meta": 2})
    assert_array_equal(unnamed.fit_transform(frame.to_numpy(dtype=object)), transformed)
    assert unnamed.get_feature_names_out()[:2].tolist() == ["meta__x1", "meta__x0_en"]


# Sparse matrices


def make_sparse():
    words = sparse.random(50, 30, density=0.1, format="csr", random_state=0)
    image = make_rows()[:, IMAGE]
    image[:3] = np.nan
    return sparse.hstack([words, image]).tocsr(), {"words": 30, "image": 4}


def test_sparse_blocks_stay_sparse_for_transformers_that_take_them():
    X, modalities = make_sparse()
    named = [("words", TruncatedSVD(3, random_state=0)), ("image", StandardScaler())]
    preprocessor = ModalityPreprocessor(transformers=named, modalities=modalities)
    transformed = preprocessor.fit_transform(X)
    expected = TruncatedSVD(3, random_state=0).fit_transform(X[:, :30])
    assert_allclose(transformed[:, :3], expected)
    assert_array_equal(np.flatnonzero(np.isnan(transformed[:, 3])), [0, 1, 2])
    assert_allclose(preprocessor.transform(X), transformed)
    names = [f"words_{i}" for i in range(30)] + [f"image_{i}" for i in range(4)]
    frame = pd.DataFrame.sparse.from_spmatrix(X, columns=names)
    by_name = ModalityPreprocessor(transformers=named).fit_transform(frame)
    assert_allclose(by_name, transformed)


def test_sparse_results_become_dense_float32():
    frame, _ = make_table()
    named = [("words", TfidfVectorizer())]
    preprocessor = ModalityPreprocessor(transformers=named, modalities={"words": ["words"]})
    transformed = preprocessor.fit_transform(frame[["words"]])
    expected = TfidfVectorizer().fit_transform(frame["words"]).toarray()
    assert transformed.dtype == np.float32
    assert_allclose(transformed, expected, rtol=1e-6)
    names = TfidfVectorizer().fit(frame["words"]).get_feature_names_out()
    assert preprocessor.get_feature_names_out().tolist() == [f"words__{name}" for name in names]
    encoder = make_preprocessor(OneHotEncoder(handle_unknown="ignore"))
    assert isinstance(encoder.fit_transform(make_rows().round()), np.ndarray)


# Transformers that do not name their columns


@pytest.mark.parametrize(
    "step", [FunctionTransformer(np.abs), make_pipeline(FunctionTransformer(np.abs), PCA(2))]
)
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_a_function_that_keeps_the_columns_keeps_their_names(step, method):
    X = make_rows()
    preprocessor = make_preprocessor(image=step).set_output(transform="pandas")
    getattr(preprocessor, method)(X)
    columns = preprocessor.transform(X).columns[:2].tolist()
    named_by_pca = isinstance(step, type(make_pipeline(PCA())))
    assert columns == (
        ["image__pca0", "image__pca1"] if named_by_pca else ["image__x0", "image__x1"]
    )
    X[:, IMAGE] = np.nan
    assert np.isnan(preprocessor.transform(X).iloc[:, 0]).all()


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_a_function_that_changes_the_columns_is_told_to_name_them(method):
    step = FunctionTransformer(lambda X: X[:, :2])
    with pytest.raises(ValueError, match=r"'image' .*4 names.*feature_names_out= is given"):
        getattr(make_preprocessor(image=step), method)(make_rows())
