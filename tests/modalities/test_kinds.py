"""What columns hold, whatever library holds them, and which cells hold nothing."""

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

from mofa_sklearn.modalities._kinds import kinds_of, missing_rows
from mofa_sklearn.modalities._tables import as_table

from ..tables import CONTAINERS, in_container, make_table


@pytest.mark.parametrize("container", CONTAINERS)
def test_kinds_are_the_same_in_every_container(container):
    table = as_table(in_container(make_table()[0], container))
    assert dict(zip(table.columns, kinds_of(table), strict=True)) == {
        "vector": "vectors",
        "words": "text",
        "topic": "categories",
        "language": "text",
        "verified": "numbers",
        "posted": "dates",
        "followers": "numbers",
        "likes": "numbers",
    }


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1, None, 2.5], "numbers"),
        ([True, None], "numbers"),
        ([decimal.Decimal("1.5"), None], "numbers"),
        (["a", None, np.nan], "text"),
        ([datetime.date(2024, 1, 1), None], "dates"),
        ([None, [1.0, 2.0]], "vectors"),
        ([[], (1, 2)], "vectors"),
        ([np.zeros(3), None], "vectors"),
        ([np.zeros((2, 3))], "sequences of vectors"),
        ([[[1.0], [2.0]]], "sequences of vectors"),
        ([["a", "b"]], "objects"),
        ([{"a": 1}], "objects"),
        ([b"bytes"], "objects"),
        ([1, "unknown", 2.5], "numbers and text"),
        ([None, None], "nothing"),
        ([[], []], "nothing"),
    ],
)
def test_columns_of_objects_are_known_by_their_cells(cells, kind):
    frame = pd.DataFrame({"c": pd.Series(cells, dtype=object)})
    assert kinds_of(frame) == [kind]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pl.Series([1, None]), "numbers"),
        (pl.Series(["a"]), "text"),
        (pl.Series(["a"], dtype=pl.Categorical), "categories"),
        (pl.Series(["a"], dtype=pl.Enum(["a", "b"])), "categories"),
        (pl.Series([datetime.datetime(2024, 1, 1)]), "dates"),
        (pl.Series([datetime.timedelta(hours=1)]), "durations"),
        (pl.Series([[1.0, 2.0]]), "vectors"),
        (pl.Series([[1, 2]], dtype=pl.Array(pl.Int64, 2)), "vectors"),
        (pl.Series([[[1.0], [2.0]]]), "sequences of vectors"),
        (pl.Series([["a"]]), "objects"),
        (pl.Series([None]), "nothing"),
        (pl.Series([{"a": 1}]), "objects"),
    ],
)
def test_polars_columns_are_known_by_their_types(column, kind):
    assert kinds_of(pl.DataFrame({"c": column})) == [kind]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([1.0, None]), "numbers"),
        (pa.array(["a", None]), "text"),
        (pa.array([[1.0, 2.0]]), "vectors"),
        (pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2)), "vectors"),
        (pa.array([datetime.date(2024, 1, 1)]), "dates"),
        (pa.array(["a"]).dictionary_encode(), "categories"),
    ],
)
def test_arrow_s_types_in_pandas_are_known(column, kind):
    frame = pa.table({"c": column}).to_pandas(types_mapper=pd.ArrowDtype)
    assert kinds_of(as_table(frame)) == [kind]


NOTHING = {
    "numbers": ([1.0, None, np.nan], [0, 1, 1]),
    "text": (["a", "", " "], [0, 1, 1]),
    "dates": ([datetime.datetime(2024, 1, 1), None, None], [0, 1, 1]),
    "vectors": ([[1.0, None], [], [np.nan, np.nan]], [0, 1, 1]),
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", NOTHING)
def test_a_row_without_any_value_is_found(kind, container):
    cells, expected = NOTHING[kind]
    column = pa.array(cells, from_pandas=False)
    frame = as_table(in_container(pa.table({"c": column}).to_pandas(), container))
    assert_array_equal(missing_rows(frame), expected)


def test_a_value_in_any_column_is_one_of_the_row():
    frame = pd.DataFrame({"a": [None, "", "b"], "b": [1.0, np.nan, np.nan]})
    assert_array_equal(missing_rows(frame), [False, True, False])


def test_missing_values_of_pandas_are_all_known():
    frame = pd.DataFrame(
        {
            "a": pd.array([1, None, 2], dtype="Int64"),
            "b": pd.array([True, pd.NA, None], dtype="boolean"),
            "c": [pd.Timestamp(0), pd.NaT, pd.NaT],
        }
    )
    assert_array_equal(missing_rows(frame), [False, True, False])
