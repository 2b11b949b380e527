"""Tables of numbers as scikit-learn takes them, and what other columns are told."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal

from mofa_sklearn.modalities._numbers import numbers

from ..tables import CONTAINERS, in_container

FRAME = pd.DataFrame(
    {
        "a_0": [1.5, np.nan, 3.0],
        "a_1": [True, False, True],
        "b_0": pd.array([4, None, 6], dtype="Int64"),
        "b_1": pd.Series([None, None, None], dtype=object),
    },
)
VALUES = [[1.5, 1, 4, np.nan], [np.nan, 0, np.nan, np.nan], [3, 1, 6, np.nan]]


@pytest.mark.parametrize("container", CONTAINERS)
def test_gaps_and_booleans_become_floats_with_their_names(container):
    frame = numbers(in_container(FRAME, container))
    assert_array_equal(frame.to_numpy(), VALUES)
    assert list(frame.columns) == list(FRAME.columns)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_plain_numbers_are_not_copied(dtype):
    X = np.ones((3, 2), dtype=dtype)
    assert numbers(X) is X
    frame = pd.DataFrame(X, columns=["a", "b"])
    assert numbers(frame) is frame


def test_the_index_is_kept():
    frame = FRAME.set_axis(["x", "y", "z"])
    assert numbers(frame).index.tolist() == ["x", "y", "z"]


@pytest.mark.parametrize("change", [torch.Tensor.bfloat16, torch.Tensor.requires_grad_])
def test_tensors_are_taken_as_arrays(change):
    assert_array_equal(numbers(change(torch.ones(2, 3))), np.ones((2, 3)))


def test_levels_of_columns_become_names():
    columns = pd.MultiIndex.from_tuples([("image", 0), ("image", 1), ("text", 0)])
    frame = numbers(pd.DataFrame(np.ones((2, 3)), columns=columns))
    assert list(frame.columns) == ["image__0", "image__1", "text__0"]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["good", "bad", None], r"holds text .*'good' \(row 0\).*encoders=.*TextEncoder"),
        (pd.Categorical(["a", "b", "a"]), r"holds categories .*\[tables\]"),
        (pd.date_range("2024-01-01", periods=3), r"holds dates .*TableVectorizer"),
        ([None, [1.0, 2.0], [3.0, 4.0]], r"holds vectors .* of 2 in row 1.*VectorColumns"),
        ([[[1.0]], [[2.0]], [[3.0]]], r"holds sequences .*TokenPooling"),
    ],
)
def test_other_columns_are_named_with_what_takes_them(cells, told, container):
    frame = in_container(FRAME.assign(c_0=cells), container)
    with pytest.raises(ValueError, match=f"Column 'c_0' {told}"):
        numbers(frame)


def test_objects_are_a_type_error_that_names_the_encoders():
    frame = FRAME.assign(c_0=[{"a": 1}, None, {}])
    with pytest.raises(TypeError, match=r"'c_0' holds objects .*not 'dict'; .*encoders="):
        numbers(frame)


def test_a_mark_among_numbers_is_shown():
    frame = FRAME.assign(c_0=[1.0, "unknown", 2.0])
    with pytest.raises(ValueError, match=r"'c_0' holds numbers and text .*'unknown' \(row 1\)"):
        numbers(frame)


@pytest.mark.parametrize("make", [list, lambda rows: np.array(rows, dtype=object)])
def test_words_in_arrays_and_lists_are_named_by_their_position(make):
    with pytest.raises(ValueError, match="Column 1 holds text"):
        numbers(make([[1.0, "a"], [2.0, "b"]]))


def test_several_columns_of_a_kind_are_named_together():
    frame = FRAME.assign(**{f"c_{i}": "a" for i in range(7)})
    with pytest.raises(ValueError, match=r"Columns 'c_0', 'c_1', .*\(7 in all\) hold text"):
        numbers(frame)
