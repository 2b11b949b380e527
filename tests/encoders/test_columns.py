"""One column of cells, from whatever table it comes in."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mofa_sklearn.encoders._columns import column_of

TEXTS = ["a", "b", None]
COLUMNS = {
    "list": TEXTS,
    "tuple": tuple(TEXTS),
    "list of rows": [["a"], ["b"], ["c"]],
    "array": np.array(TEXTS, dtype=object),
    "array of one column": np.array(TEXTS, dtype=object).reshape(-1, 1),
    "array of strings": np.array(["a", "b", "c"]),
    "series": pd.Series(TEXTS),
    "categories": pd.Series(TEXTS, dtype="category"),
    "pandas strings": pd.Series(TEXTS, dtype="string"),
    "arrow strings": pd.Series(TEXTS, dtype=pd.ArrowDtype(pa.string())),
    "frame": pd.DataFrame({"plot": TEXTS}),
    "polars series": pl.Series("plot", TEXTS),
    "polars frame": pl.DataFrame({"plot": TEXTS}),
    "polars categories": pl.Series("plot", TEXTS, dtype=pl.Categorical),
    "pyarrow table": pa.table({"plot": TEXTS}),
    "pyarrow array": pa.array(TEXTS),
    "pyarrow chunks": pa.chunked_array([TEXTS]),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS.keys())
def test_every_kind_of_column_gives_its_cells(column):
    assert column_of(column, "Encoder").cells[:2] == ["a", "b"]


@pytest.mark.parametrize("name", ["frame", "polars series", "polars frame", "pyarrow table"])
def test_a_column_keeps_its_name(name):
    assert list(column_of(COLUMNS[name], "Encoder").checked.columns) == ["plot"]


def test_rows_are_called_as_in_a_pandas_index():
    assert list(column_of(pd.Series(["a", "b"], index=["v7", "v9"]), "Encoder").labels) == [
        "v7",
        "v9",
    ]


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": TEXTS, "b": TEXTS}),
        pl.DataFrame({"a": TEXTS, "b": TEXTS}),
        pa.table({"a": TEXTS, "b": TEXTS}),
        np.array([["a", "b"]], dtype=object),
    ],
    ids=["pandas", "polars", "pyarrow", "array"],
)
def test_two_columns_are_an_error_that_says_what_takes_them(table):
    with pytest.raises(ValueError, match=r"got 2 columns.*ColumnTransformer"):
        column_of(table, "Encoder")


@pytest.mark.parametrize("empty", [[], np.array([], dtype=object), pd.Series([], dtype=object)])
def test_no_row_is_scikit_learns_error(empty):
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        column_of(empty, "Encoder")


@pytest.mark.parametrize("value", ["a text", b"bytes", 3, None, {"a": 1}, np.array("a")])
def test_what_is_no_column_is_an_error(value):
    with pytest.raises(TypeError, match="one column of cells"):
        column_of(value, "Encoder")


@pytest.mark.parametrize(
    ("shape", "cell_ndim"),
    [((3, 8, 8), 2), ((3, 8, 8, 3), 2), ((3, 5, 8, 8, 3), 4), ((3, 100), 1)],
)
def test_an_array_of_numbers_holds_a_cell_in_each_row(shape, cell_ndim):
    cells = column_of(np.zeros(shape), "Encoder", cell_ndim=cell_ndim).cells
    assert [cell.shape for cell in cells] == [shape[1:]] * 3


def test_lists_of_numbers_in_polars_are_cells():
    assert column_of(pl.Series([[0.0, 1.0], [2.0]]), "Encoder").cells == [[0.0, 1.0], [2.0]]
