"""FloatColumns: each column becomes floats by what it holds."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import OrdinalEncoder

from mofa_sklearn.preprocessing import FloatColumns

from ..tables import CONTAINERS, in_container, make_table

FRAME = make_table()[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_float_matrix_is_handed_on_as_it_is(dtype):
    X = np.ones((3, 2), dtype=dtype)
    assert FloatColumns().fit_transform(X) is X
    assert FloatColumns().fit(X).transform(X) is X


@pytest.fixture(scope="module")
def expected():
    return FloatColumns(random_state=0).fit_transform(FRAME)


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_gives_the_same_floats_and_names(container, expected):
    table = in_container(FRAME, container)
    columns = FloatColumns(random_state=0)
    assert_array_equal(columns.fit_transform(table), expected)
    assert_allclose(columns.transform(table), expected, atol=1e-5)
    names = columns.get_feature_names_out().tolist()
    assert len(names) == expected.shape[1]
    assert expected.dtype == np.float32
    assert names[:4] == ["verified", "followers", "likes", "vector_0"]
    assert {"language_zh", "topic_a", "posted_month", "words_00"} <= set(names)


@pytest.mark.parametrize("container", CONTAINERS)
def test_gaps_stay_gaps_and_vectors_are_cut_at_no_place(container, expected):
    columns = FloatColumns(random_state=0).fit(in_container(FRAME, container))
    names = columns.get_feature_names_out().tolist()
    at = names.index("followers")
    assert_array_equal(np.isnan(expected[:, at]), FRAME["followers"].isna())
    vectors = np.stack(FRAME["vector"].tolist())
    assert_array_equal(expected[:, names.index("vector_0") :][:, :6], vectors)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_new_row_may_lack_anything_and_bring_what_was_never_seen(container, expected):
    columns = FloatColumns(random_state=0).fit(in_container(FRAME, container))
    nothing = dict.fromkeys(FRAME.columns)
    row = {**nothing, "language": "never seen", "topic": "nor this", "words": "?"}
    for values in (nothing, row):
        new = pd.DataFrame([values]) if container == "pandas" else pl.DataFrame([values])
        if container == "pyarrow":
            new = new.to_arrow()
        floats = columns.transform(new)
        assert floats.shape == (1, expected.shape[1])
        assert not np.isinf(floats).any()


def test_numbers_in_place_of_words_are_read_as_words():
    frame = pd.DataFrame({"code": ["7", "8", "9"] * 5})
    columns = FloatColumns().fit(frame)
    assert_array_equal(
        columns.transform(pd.DataFrame({"code": [8, 7]})),
        columns.transform(pd.DataFrame({"code": ["8", "7"]})),
    )


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("likes", "many", "'likes' holds text"),
        ("posted", 3.0, "'posted' holds numbers, but held dates in fit"),
        ("vector", 3.0, "'vector' holds numbers, but held vectors of 6"),
        ("vector", [1.0], "'vector'.* row 0 has 1 numbers"),
    ],
)
def test_a_column_of_another_kind_than_in_fit_is_named(column, value, message):
    columns = FloatColumns(random_state=0).fit(FRAME)
    new = FRAME.iloc[:1].assign(**{column: pd.Series([value], index=[0])})
    with pytest.raises(ValueError, match=message):
        columns.transform(new)


@pytest.mark.parametrize(
    ("cells", "kind", "message"),
    [
        ([{"a": 1}] * 60, TypeError, "'c' holds objects .*encoders="),
        ([1, "unknown"] * 30, ValueError, "'c' holds numbers and text .*'unknown'"),
    ],
)
def test_columns_that_nothing_takes_are_named(cells, kind, message):
    with pytest.raises(kind, match=message):
        FloatColumns().fit(FRAME.assign(c=pd.Series(cells, dtype=object)))


def test_another_transformer_may_take_what_is_mixed():
    frame = FRAME[["language", "topic", "likes"]]
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    mixed = make_column_transformer((ordinal, ["language", "topic"]))
    columns = FloatColumns(mixed).fit(frame)
    assert columns.transform(frame).shape == (60, 3)
    assert columns.mixed_ is not mixed
    assert columns.get_feature_names_out()[0] == "likes"


def test_the_lack_of_skrub_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "skrub", None)
    with pytest.raises(ImportError, match=r"mofa-sklearn\[tables\]"):
        FloatColumns().fit(FRAME)
    FloatColumns().fit(FRAME[["vector", "verified", "likes"]])  # needs no skrub


def test_a_wide_sparse_matrix_is_reduced_and_a_narrow_one_made_dense():
    X = sparse.random(40, 30, density=0.2, format="csr", random_state=0)
    columns = FloatColumns(n_components=5, random_state=0)
    expected = TruncatedSVD(5, random_state=0).fit_transform(X)
    assert_allclose(columns.fit_transform(X), expected, rtol=1e-4, atol=1e-5)
    assert columns.get_feature_names_out().tolist() == [f"svd{i}" for i in range(5)]
    assert_allclose(clone(columns).set_params(n_components=30).fit_transform(X), X.toarray())


def test_sequences_become_their_mean_and_a_missing_one_stays_missing():
    cells = [np.arange(6.0).reshape(2, 3), np.ones((1, 3)), None]
    frame = pd.DataFrame({"c": pd.Series(cells, dtype=object), "n": [1.0, 2.0, 3.0]})
    columns = FloatColumns().fit(frame)
    expected = [[1, 1.5, 2.5, 3.5], [2, 1, 1, 1], [3, np.nan, np.nan, np.nan]]
    np.testing.assert_allclose(columns.transform(frame), expected)
    assert columns.get_feature_names_out().tolist() == ["n", "c__mean0", "c__mean1", "c__mean2"]
