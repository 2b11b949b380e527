"""Every way of saying which columns form which modality, and every way of saying it wrongly."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.preprocessing import StandardScaler

from mofa_sklearn.modalities import resolve_modalities
from mofa_sklearn.modalities._names import modality_of
from mofa_sklearn.modalities._positions import as_slice

from ..tables import in_container

NAMES = ["image_0", "image_1", "text_0", "text_1", "text_2"]
X = np.zeros((3, 5))
FRAME = pd.DataFrame(X, columns=NAMES)
IMAGE_AND_TEXT = {"image": [0, 1], "text": [2, 3, 4]}


def as_lists(blocks):
    return {name: positions.tolist() for name, positions in blocks.items()}


def frame_of(*names):
    return pd.DataFrame(np.zeros((2, len(names))), columns=list(names))


@pytest.mark.parametrize(
    ("column", "modality"),
    [
        ("a__x", "a"),
        ("a__x__y", "a"),
        ("a_b_12", "a_b"),
        ("a_b__3", "a_b"),
        ("a_b__c_3", "a_b"),
        ("a_0", "a"),
        ("a", None),
        ("a_b", None),
        ("_3", None),
        ("12", None),
        ("__x", None),
    ],
)
def test_modality_is_the_part_before_two_underscores_else_before_a_last_number(column, modality):
    assert modality_of(column) == modality


@pytest.mark.parametrize(
    ("names", "blocks"),
    [
        (["a__x", "a__y", "b__x"], {"a": [0, 1], "b": [2]}),
        (["a_b_0", "a_b_12", "c_1"], {"a_b": [0, 1], "c": [2]}),
        (["b__x", "a__x", "b__y"], {"b": [0, 2], "a": [1]}),
        (["a__x", "a_1", "b_2"], {"a": [0, 1], "b": [2]}),
        (["age", "height"], {"x": [0, 1]}),
    ],
    ids=["prefix", "number", "interleaved", "both", "plain"],
)
def test_none_reads_the_names_in_order_of_appearance(names, blocks):
    resolved = resolve_modalities(frame_of(*names))
    assert as_lists(resolved) == blocks
    assert list(resolved) == list(blocks)


@pytest.mark.parametrize("data", [X, X.tolist(), pd.DataFrame(X)], ids=["array", "list", "frame"])
def test_without_string_names_all_columns_are_one_block(data):
    assert as_lists(resolve_modalities(data)) == {"x": [0, 1, 2, 3, 4]}


def test_names_with_and_without_a_modality_cannot_be_mixed():
    with pytest.raises(ValueError, match=r"'age'.*have no modality.*'image'"):
        resolve_modalities(frame_of("image_0", "image_1", "age"))


def test_none_reads_what_a_column_transformer_writes():
    transformer = ColumnTransformer(
        [("text", StandardScaler(), NAMES[2:]), ("image", "passthrough", NAMES[:2])]
    ).set_output(transform="pandas")
    resolved = resolve_modalities(transformer.fit_transform(FRAME))
    assert as_lists(resolved) == {"text": [0, 1, 2], "image": [3, 4]}


@pytest.mark.parametrize(
    "modalities",
    [
        {"image": 2, "text": 3},
        {"image": np.int64(2), "text": np.int32(3)},
        {"image": slice(0, 2), "text": slice(2, None)},
        {"image": slice(None, -3), "text": slice(-3, None)},
        {"image": slice("image_0", "image_1"), "text": slice("text_0", "text_2")},
        {"image": slice(None, "image_1"), "text": slice("text_0", None)},
        {"image": NAMES[:2], "text": NAMES[2:]},
        {"image": pd.Index(NAMES[:2]), "text": np.array(NAMES[2:])},
        {"image": [0, 1], "text": (2, 3, 4)},
        {"image": range(2), "text": np.arange(2, 5)},
        {"image": [-5, -4], "text": [-3, -2, -1]},
        {"image": [True, True, False, False, False], "text": np.array([0, 0, 1, 1, 1], bool)},
        {"image": make_column_selector("image"), "text": make_column_selector("text")},
        {"image": lambda X: [0, 1], "text": lambda X: slice(2, X.shape[1])},
        {"image": [0, "image_1"], "text": slice(2, 5)},
        lambda X: {"image": 2, "text": X.shape[1] - 2},
        lambda X: {"image": NAMES[:2], "text": lambda X: [2, 3, 4]},
        None,
    ],
)
def test_every_representation_gives_the_same_blocks(modalities):
    assert as_lists(resolve_modalities(FRAME, modalities)) == IMAGE_AND_TEXT


def test_a_single_name_is_a_block_of_one_column():
    assert as_lists(resolve_modalities(frame_of("a", "b"), {"one": "a", "two": "b"})) == {
        "one": [0],
        "two": [1],
    }


def test_interleaved_columns_keep_the_order_in_which_they_are_named():
    resolved = resolve_modalities(X, {"a": [4, 0, 2], "b": slice(1, None, 2)})
    assert as_lists(resolved) == {"a": [4, 0, 2], "b": [1, 3]}


@pytest.mark.parametrize(
    ("modalities", "message"),
    [
        ({"a": 2, "b": 2}, r"add up to 4 \(a 2 \+ b 2\), but X has 5"),
        ({"a": 4, "b": 4}, r"add up to 8 \(a 4 \+ b 4\), but X has 5"),
        ({"a": 0, "b": 5}, "'a' is empty: its width is 0"),
        ({"a": -1, "b": 6}, "'a' is empty: its width is -1"),
        ({"a": 2, "b": [2, 3, 4]}, r"'a' are given by width and 'b' by columns"),
        ({"a": [0, 1, 2], "b": [2, 3, 4]}, "'a' and 'b' overlap: both hold column 'text_0'"),
        ({"a": [0, 0, 1], "b": [2, 3, 4]}, "'a' and 'a' overlap: both hold column 'image_0'"),
        ({"a": [0, 1], "b": [3, 4]}, r"'a', 'b' leave a gap: 1 of 5 .*'text_0'"),
        ({"a": [0, 1], "b": ["text_0", "txt"]}, "'b' names the unknown column 'txt'"),
        ({"a": slice("image_0", "txt")}, "'a' names the unknown column 'txt'"),
        ({"a": [0, 7]}, "'a' names column 7, but X has 5 features"),
        ({"a": [-6]}, "'a' names column -6, but X has 5 features"),
        ({"a": slice(0, 9)}, "'a' ends at column 9, but X has 5 features"),
        ({"a": [], "b": slice(0, 5)}, "'a' is empty"),
        ({"a": slice(2, 2), "b": slice(0, 5)}, "'a' is empty"),
        ({"a": [False] * 5, "b": slice(0, 5)}, "'a' is empty"),
        ({"a": make_column_selector("audio"), "b": slice(0, 5)}, "'a' is empty"),
        ({"a": [True, False]}, "mask of modality 'a' has 2 entries, but X has 5"),
        ({"a__b": 5}, "'a__b' must not contain '__'"),
        ({}, "empty dict"),
        (lambda X: {}, "empty dict"),
    ],
)
def test_errors_name_the_block_and_both_numbers(modalities, message):
    with pytest.raises(ValueError, match=message):
        resolve_modalities(FRAME, modalities)


@pytest.mark.parametrize(
    ("modalities", "message"),
    [
        ({"a": 2.5, "b": 2.5}, r"columns of modality 'a' must be .* got 2.5"),
        ({"a": [0.0, 1.0], "b": [2, 3, 4]}, "columns of modality 'a' must be names or positions"),
        ({0: 2, 1: 3}, "non-empty string, got 0"),
        ({"": 5}, "non-empty string, got ''"),
        ([2, 3], r"got \[2, 3\] of type list"),
        (lambda X: [2, 3], r"got \[2, 3\] of type list"),
    ],
)
def test_other_kinds_are_type_errors(modalities, message):
    with pytest.raises(TypeError, match=message):
        resolve_modalities(FRAME, modalities)


def test_names_need_a_frame():
    with pytest.raises(ValueError, match="'image' names the column 'image_0', but X has no"):
        resolve_modalities(X, {"image": NAMES[:2], "text": NAMES[2:]})


def test_a_matrix_has_two_dimensions():
    with pytest.raises(ValueError, match="Expected 2D array, got 3D"):
        resolve_modalities(np.zeros((2, 3, 4)))


@pytest.mark.parametrize("positions", [[0, 1, 2], [3], [3, 4], [0, 2], [2, 1], [4, 0]])
def test_as_slice_selects_the_same_columns(positions):
    positions = np.array(positions)
    data = np.arange(10).reshape(2, 5)
    assert_array_equal(data[:, as_slice(positions)], data[:, positions])


def test_consecutive_columns_are_a_view():
    assert np.shares_memory(X[:, as_slice(np.array([1, 2]))], X)


def mask_of(positions, n_features):
    mask = np.zeros(n_features, dtype=bool)
    mask[positions] = True
    return mask


def as_slices(positions, names):
    """Write consecutive positions as a slice, others as they are."""
    if positions == list(range(positions[0], positions[-1] + 1)):
        return slice(positions[0], positions[-1] + 1)
    return positions


def as_slices_of_names(positions, names):
    """Write consecutive columns as a slice of names, others as names."""
    if positions == list(range(positions[0], positions[-1] + 1)):
        return slice(names[positions[0]], names[positions[-1]])
    return [names[p] for p in positions]


REPRESENTATIONS = {
    "positions": lambda positions, names: positions,
    "array": lambda positions, names: np.array(positions),
    "negative": lambda positions, names: [p - len(names) for p in positions],
    "names": lambda positions, names: [names[p] for p in positions],
    "index": lambda positions, names: pd.Index([names[p] for p in positions]),
    "mask": lambda positions, names: mask_of(positions, len(names)),
    "slice": as_slices,
    "slice of names": as_slices_of_names,
    "callable": lambda positions, names: lambda X: positions,
}


def represented(draw, parts, names):
    """Draw a way of writing down each part, and whether all of them come of a callable."""
    modalities = {
        name: REPRESENTATIONS[draw(st.sampled_from(sorted(REPRESENTATIONS)))](part, names)
        for name, part in parts.items()
    }
    return (lambda X: modalities) if draw(st.booleans()) else modalities


@st.composite
def parts_of_columns(draw, at_least=1):
    """Draw column names and which of them form which part."""
    owners = draw(st.lists(st.integers(0, 3), min_size=at_least, max_size=12))
    if at_least > 1 and len(set(owners)) == 1:
        owners[0] = owners[0] + 1
    parts = {}
    for position, owner in enumerate(owners):
        parts.setdefault(f"m{owner}", []).append(position)
    return [f"column {position}" for position in range(len(owners))], parts


@given(parts_of_columns(), st.data())
def test_any_partition_in_any_representation_is_given_back(columns, data):
    names, parts = columns
    frame = frame_of(*names)
    blocks = resolve_modalities(frame, represented(data.draw, parts, names))
    assert as_lists(blocks) == parts
    every = np.concatenate(list(blocks.values()))
    assert_array_equal(np.sort(every), np.arange(frame.shape[1]))


@given(parts_of_columns(), st.data())
def test_blocks_by_name_follow_columns_that_change_places(columns, data):
    names, parts = columns
    modalities = {name: [names[p] for p in part] for name, part in parts.items()}
    order = data.draw(st.permutations(names))
    frame = frame_of(*order)
    blocks = resolve_modalities(frame, modalities)
    assert {name: list(frame.columns[block]) for name, block in blocks.items()} == modalities


@given(parts_of_columns(at_least=2), st.data())
def test_any_overlap_is_refused(columns, data):
    names, parts = columns
    taking, losing = data.draw(st.permutations(sorted(parts)))[:2]
    column = data.draw(st.sampled_from(parts[losing]))
    parts[taking] = sorted([*parts[taking], column])
    with pytest.raises(ValueError, match=f"overlap: both hold column 'column {column}'") as error:
        resolve_modalities(frame_of(*names), represented(data.draw, parts, names))
    assert f"'{taking}'" in str(error.value)
    assert f"'{losing}'" in str(error.value)


@given(parts_of_columns(at_least=2), st.data())
def test_any_gap_is_refused(columns, data):
    names, parts = columns
    losing = data.draw(st.sampled_from(sorted(parts)))
    column = data.draw(st.sampled_from(parts[losing]))
    parts[losing].remove(column)
    if not parts[losing]:
        del parts[losing]
    told = f"leave a gap: 1 of {len(names)} columns .*'column {column}'"
    with pytest.raises(ValueError, match=told):
        resolve_modalities(frame_of(*names), represented(data.draw, parts, names))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_any_widths_give_every_column_once_in_order(widths):
    modalities = {f"m{i}": width for i, width in enumerate(widths)}
    blocks = resolve_modalities(np.zeros((1, sum(widths))), modalities)
    assert [len(positions) for positions in blocks.values()] == widths
    assert_array_equal(np.concatenate(list(blocks.values())), np.arange(sum(widths)))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(-5, 5).filter(bool))
def test_any_widths_that_do_not_add_up_are_refused_with_both_numbers(widths, error):
    n_features = max(1, sum(widths) + error)
    if n_features == sum(widths):
        return
    modalities = {f"m{i}": width for i, width in enumerate(widths)}
    with pytest.raises(ValueError, match=f"add up to {sum(widths)} .*X has {n_features} "):
        resolve_modalities(np.zeros((1, n_features)), modalities)


# Tables of other libraries, and what is left


@pytest.mark.parametrize("container", ["pandas", "polars", "pyarrow"])
def test_names_are_read_in_every_container(container):
    frame = pd.DataFrame(np.zeros((2, 3)), columns=["image_0", "text__a", "image_1"])
    table = in_container(frame, container)
    assert as_lists(resolve_modalities(table)) == {"image": [0, 2], "text": [1]}
    by_name = resolve_modalities(table, {"image": ["image_0", "image_1"], "text": ["text__a"]})
    assert as_lists(by_name) == {"image": [0, 2], "text": [1]}


def test_level_0_of_a_multi_index_is_the_modality():
    columns = pd.MultiIndex.from_tuples([("image", 0), ("text", "a"), ("image", 1)])
    blocks = resolve_modalities(pd.DataFrame(np.zeros((2, 3)), columns=columns))
    assert as_lists(blocks) == {"image": [0, 2], "text": [1]}


def test_a_separator_in_level_0_is_an_error():
    columns = pd.MultiIndex.from_tuples([("image__a", 0), ("text", 0)])
    with pytest.raises(ValueError, match="'image__a': a modality's name must not contain '__'"):
        resolve_modalities(pd.DataFrame(np.zeros((2, 2)), columns=columns))


@pytest.mark.parametrize("container", ["pandas", "polars", "pyarrow"])
def test_a_column_of_vectors_is_a_modality_of_its_own_name(container):
    frame = pd.DataFrame({"clip_2": [[1.0, 2.0], None], "numbers_0": [1, 2], "numbers_1": [3, 4]})
    frame["video__mae"] = [[1.0], [2.0]]
    blocks = resolve_modalities(in_container(frame, container))
    assert as_lists(blocks) == {"clip_2": [0], "numbers": [1, 2], "video": [3]}


@pytest.mark.parametrize(
    ("modalities", "expected"),
    [
        ({"image": [0, 2], "others": "rest"}, {"image": [0, 2], "others": [1, 3, 4]}),
        ({"others": "rest", "image": [0, 2]}, {"others": [1, 3, 4], "image": [0, 2]}),
        ({"image": 3, "others": "rest"}, {"image": [0, 1, 2], "others": [3, 4]}),
        ({"image": slice(1, 3), "others": "rest"}, {"image": [1, 2], "others": [0, 3, 4]}),
        ({"all": "rest"}, {"all": [0, 1, 2, 3, 4]}),
    ],
)
def test_the_rest_is_what_no_other_names(modalities, expected):
    blocks = resolve_modalities(np.zeros((2, 5)), modalities)
    assert as_lists(blocks) == expected
    assert list(blocks) == list(expected)


@pytest.mark.parametrize(
    ("modalities", "message"),
    [
        ({"a": 5, "b": "rest"}, "'b' is empty: it is given by 'rest', but the others have all 5"),
        ({"a": 2, "b": "rest", "c": "rest"}, "'b', 'c' are given by 'rest': only one can be"),
        ({"a": 6, "b": "rest"}, r"add up to 6 \(a 6\), but X has 5"),
    ],
)
def test_a_rest_that_cannot_be_is_an_error(modalities, message):
    with pytest.raises(ValueError, match=message):
        resolve_modalities(np.zeros((2, 5)), modalities)
