"""VectorColumns: a float column for each number in vector cells."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from mofa_sklearn.preprocessing import VectorColumns

N_ROWS, WIDTH = 7, 4
X = np.random.default_rng(0).normal(size=(N_ROWS, WIDTH)).astype(np.float32)


def of_objects(cells):
    column = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        column[row] = cell
    return pd.DataFrame({"v": column})


def fixed_size_lists():
    return pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), WIDTH)


TABLES = {
    "lists": lambda: of_objects(X.tolist()),
    "tuples": lambda: of_objects([tuple(row) for row in X.tolist()]),
    "arrays": lambda: of_objects(list(X)),
    "tensors": lambda: of_objects(list(torch.from_numpy(X))),
    "lists and arrays": lambda: of_objects([X[0].tolist(), *X[1:]]),
    "an array of objects": lambda: of_objects(list(X)).to_numpy(),
    "a Series": lambda: of_objects(list(X))["v"],
    "Arrow in pandas": lambda: pa.table({"v": fixed_size_lists()}).to_pandas(
        types_mapper=pd.ArrowDtype
    ),
    "polars Array": lambda: pl.DataFrame({"v": X}),
    "polars List": lambda: pl.DataFrame({"v": X.tolist()}),
    "polars Series": lambda: pl.Series("v", X),
    "pyarrow fixed-size list": lambda: pa.table({"v": fixed_size_lists()}),
    "pyarrow list": lambda: pa.table({"v": pa.array(X.tolist())}),
}


@pytest.mark.parametrize("table", TABLES)
def test_all_kinds_of_cells_give_the_same_numbers(table):
    columns = VectorColumns()
    assert_allclose(columns.fit_transform(TABLES[table]()), X, rtol=1e-6)
    assert_allclose(columns.transform(TABLES[table]()), X, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
@pytest.mark.parametrize("make", [of_objects, lambda rows: pl.DataFrame({"v": np.array(rows)})])
def test_the_type_of_64_bit_floats_is_kept_and_others_are_float32(dtype, make):
    rows = (10 * X).astype(dtype)
    result = VectorColumns().fit_transform(make(list(rows)))
    assert result.dtype == (np.float64 if dtype == np.float64 else np.float32)
    assert_array_equal(result, rows)


@pytest.mark.parametrize("nothing", [None, [], [np.nan] * WIDTH, [None] * WIDTH, np.nan])
def test_a_cell_without_a_vector_is_a_row_of_nan(nothing):
    cells = X.tolist()
    cells[2] = nothing
    expected = X.copy()
    expected[2] = np.nan
    frames = [of_objects(cells)]
    if nothing is not np.nan:
        frames += [pl.DataFrame({"v": cells}), pa.table({"v": pa.array(cells)})]
    for frame in frames:
        assert_allclose(VectorColumns().fit_transform(frame), expected, rtol=1e-6)


def test_a_gap_in_a_vector_stays_one():
    for frame in (of_objects([[1, None, 3]]), pl.DataFrame({"v": [[1, None, 3]]})):
        assert_array_equal(VectorColumns().fit_transform(frame), [[1, np.nan, 3]])


def test_all_cells_may_be_missing_in_a_transform():
    columns = VectorColumns().fit(of_objects(X.tolist()))
    for frame in (of_objects([None, None]), pl.DataFrame({"v": [None, None]})):
        assert_array_equal(columns.transform(frame), np.full((2, WIDTH), np.nan))


def test_columns_of_numbers_stay_and_names_tell_the_column():
    frame = of_objects(list(X)).assign(age=range(N_ROWS))
    columns = VectorColumns().fit(frame)
    assert_array_equal(columns.transform(frame), np.column_stack([X, np.arange(N_ROWS)]))
    assert columns.get_feature_names_out().tolist() == [*(f"v_{i}" for i in range(WIDTH)), "age"]


@pytest.mark.parametrize("make", [of_objects, lambda cells: pl.DataFrame({"v": cells})])
def test_different_lengths_are_named_with_column_row_and_pooling(make):
    cells = X.tolist()
    cells[0], cells[5] = None, [1.0, 2.0]
    message = r"Column 'v'.* row 5 has 2 numbers, that of row 1 has 4.*TokenPooling"
    with pytest.raises(ValueError, match=message):
        VectorColumns().fit(make(cells))


def test_another_length_than_in_fit_is_an_error():
    columns = VectorColumns().fit(of_objects(X.tolist()))
    with pytest.raises(ValueError, match=r"'v'.* row 0 has 5 numbers, those of the fit have 4"):
        columns.transform(of_objects([[1.0] * 5]))


@pytest.mark.parametrize(
    ("cells", "kind", "message"),
    [
        ([np.zeros((2, 3))], ValueError, "sequences of vectors .*TokenPooling"),
        ([[[1.0, 2.0], [3.0, 4.0]]], ValueError, "sequences of vectors .*TokenPooling"),
        (["a word"], ValueError, "'v' holds text .*encoders="),
        ([["a", "b"]], TypeError, "'v' holds objects"),
        ([[1.0, "b"]], ValueError, "'v' holds vectors of what is no number"),
    ],
)
def test_other_cells_are_told_what_takes_them(cells, kind, message):
    with pytest.raises(kind, match=message):
        VectorColumns().fit(of_objects(cells))


def test_a_column_without_any_vector_has_no_width():
    frame = pl.DataFrame({"v": pl.Series([None, None], dtype=pl.List(pl.Float32))})
    with pytest.raises(ValueError, match="'v' holds no vector"):
        VectorColumns().fit(frame)


@pytest.mark.parametrize("changed", [[1.0], ["a"]])
def test_another_kind_than_in_fit_is_an_error(changed):
    columns = VectorColumns().fit(of_objects(X.tolist()))
    with pytest.raises(ValueError, match="'v' holds"):
        columns.transform(pd.DataFrame({"v": changed}))
    columns = VectorColumns().fit(pd.DataFrame({"v": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="'v' holds vectors"):
        columns.transform(of_objects(X.tolist()))


def test_other_columns_in_a_transform_are_scikit_learn_s_error():
    columns = VectorColumns().fit(of_objects(X.tolist()).assign(w=1.0))
    with pytest.raises(ValueError, match="same order"):
        columns.transform(of_objects(X.tolist()).assign(w=1.0)[["w", "v"]])
