import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from scipy import sparse

from mofa_sklearn.datasets import join_modalities
from mofa_sklearn.modalities import resolve_modalities

IMAGE = np.arange(12, dtype=np.float32).reshape(4, 3)


def as_frame(block):
    return join_modalities({"image": block})


@pytest.mark.parametrize(
    "block",
    [
        IMAGE,
        IMAGE.astype(np.float16),
        np.asfortranarray(IMAGE),
        IMAGE.tolist(),
        list(IMAGE),
        [tuple(row) for row in IMAGE],
        torch.from_numpy(IMAGE),
        torch.from_numpy(IMAGE).bfloat16().requires_grad_(),
        sparse.csr_array(IMAGE),
        sparse.coo_matrix(IMAGE),
        pd.DataFrame(IMAGE, columns=[f"image_{i}" for i in range(3)]),
        pl.DataFrame(IMAGE, schema=[f"image_{i}" for i in range(3)]),
        pa.table({f"image_{i}": IMAGE[:, i] for i in range(3)}),
        pd.Series(list(IMAGE)),
        pl.Series(list(IMAGE)),
        dict(enumerate(IMAGE)),
    ],
    ids=lambda block: type(block).__module__.split(".")[0] + "-" + type(block).__name__,
)
def test_a_block_means_the_same_whatever_it_came_as(block):
    frame = as_frame(block)
    assert list(frame) == ["image_0", "image_1", "image_2"]
    np.testing.assert_array_equal(frame.to_numpy(dtype=np.float32), IMAGE)


def test_names_tell_the_modalities():
    meta = pd.DataFrame({"age": [1.0, 2.0], "meta_0": [3.0, 4.0]})
    frame = join_modalities({"meta": meta, "image": np.ones((2, 2)), "title": np.ones(2)})
    assert list(frame) == ["meta__age", "meta_0", "image_0", "image_1", "title_0"]
    assert list(resolve_modalities(frame)) == ["meta", "image", "title"]


def test_rows_are_looked_up_by_id_in_the_order_asked_for():
    image = {"a": [1.0, 2.0], "c": [3.0, 4.0], "unused": [0.0, 0.0]}
    text = pd.DataFrame({"n": [5.0, 6.0]}, index=["b", "c"])
    frame = join_modalities({"image": image, "text": text, "age": [1, 2, 3]}, ids=["c", "b", "a"])
    assert frame.index.tolist() == ["c", "b", "a"]
    expected = [[3, 4, 6, 1], [np.nan, np.nan, 5, 2], [1, 2, np.nan, 3]]
    np.testing.assert_array_equal(frame.to_numpy(), expected)


def test_without_ids_all_that_any_block_has_are_rows():
    frame = join_modalities({"image": {2: [1.0], 1: [2.0]}, "text": {3: [3.0], 1: [4.0]}})
    assert frame.index.tolist() == [2, 1, 3]
    np.testing.assert_array_equal(frame["text_0"], [np.nan, 4, 3])


@pytest.mark.parametrize("empty", [None, float("nan"), pd.NA])
def test_a_row_without_a_vector_is_missing(empty):
    frame = as_frame([[1.0, 2.0], empty])
    assert frame.loc[1].isna().all()
    assert frame.loc[0].tolist() == [1, 2]


def test_an_index_of_frames_is_kept_where_arrays_stand_beside_them():
    meta = pd.DataFrame({"age": [1, 2]}, index=["p", "q"])
    frame = join_modalities({"meta": meta, "image": np.ones((2, 1))})
    assert frame.index.tolist() == ["p", "q"]
    assert not frame.isna().any(axis=None)


@pytest.mark.parametrize(
    "block", [np.ones((2, 3, 4)), [np.ones((3, 4)), None], list(np.ones((2, 3, 4)))]
)
def test_sequences_of_one_length_stand_side_by_side(block):
    assert as_frame(block).shape == (2, 12)


def test_sequences_of_different_lengths_stay_in_their_cells():
    frame = as_frame([np.ones((3, 4)), np.ones((2, 4)), None])
    assert list(frame) == ["image"]
    assert [None if cell is None else cell.shape for cell in frame["image"]] == [
        (3, 4),
        (2, 4),
        None,
    ]


def test_words_and_paths_are_one_column():
    frame = join_modalities({"title": {"a": "one", "b": "two"}, "image": {"b": [1.0]}})
    assert frame["title"].tolist() == ["one", "two"]


ONE_TWO = pd.DataFrame({"n": [1, 2]}, index=[1, 2])


@pytest.mark.parametrize(
    ("blocks", "ids", "message"),
    [
        ({"a": np.ones((3, 1)), "b": np.ones((2, 1))}, None, "'b' has 2 rows, and 'a' has 3"),
        ({"a": np.ones((3, 1))}, [1, 2], "'a' has 3 rows, and there are ids of 2"),
        ({"a": {1: [1.0], 2: [1.0, 2.0], 3: [3.0]}}, None, "'a' .* shape .2,. in row 2, .1,."),
        ({"a": np.ones((2, 1))}, [7, 7], "ids come more than once: 7"),
        ({"a": pd.DataFrame({"n": [1, 2]}, index=[5, 5])}, None, "ids of modality 'a' .* once: 5"),
        (
            {"a": {1: [1.0]}, "b": np.ones((1, 1))},
            None,
            "'a' has ids, and 'b' have none: pass ids=",
        ),
        ({"a": ONE_TWO, "c": ONE_TWO[::-1], "b": np.ones((2, 1))}, None, "'c' has ids"),
        (
            {"a": {1: [1.0]}},
            ["1"],
            "'a' has none of the ids asked for: it has 1, asked for are '1'",
        ),
        (
            {"a": np.ones((2, 1)), "b": pd.DataFrame({"n": [1, 1]}), "b__n": ["x", "y"]},
            None,
            "'b__n'",
        ),
        ({"a": {}}, None, "'a' have no rows"),
        ({"a": np.ones((2, 1, 1, 1))}, None, "'a' has shape"),
        ({"a": [[1, "b"], [1, 2]]}, None, "'a' is no vector of numbers"),
        ({}, None, "empty"),
    ],
)
def test_what_does_not_fit_together_is_named(blocks, ids, message):
    with pytest.raises(ValueError, match=message):
        join_modalities(blocks, ids=ids)


@pytest.mark.parametrize(
    "blocks", [np.ones((2, 2)), {"a": 5}, {"a": "words"}, {1: np.ones((2, 2))}]
)
def test_what_is_no_block_is_named(blocks):
    with pytest.raises(TypeError):
        join_modalities(blocks)
