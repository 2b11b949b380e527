"""Sequences of vectors pooled, or padded to a block."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mofa_sklearn.modalities import resolve_modalities
from mofa_sklearn.preprocessing import ModalityPreprocessor, TokenPooling

WIDTH = 3
POOLINGS = {
    "mean": lambda tokens: tokens.mean(axis=0),
    "max": lambda tokens: tokens.max(axis=0),
    "mean-std": lambda tokens: np.hstack([tokens.mean(axis=0), tokens.std(axis=0)]),
    "first": lambda tokens: tokens[0],
}


def ragged(n_samples=12, dtype=np.float32):
    """Make sequences of 1 to 5 tokens; the one in row 2 is missing."""
    rng = np.random.default_rng(0)
    cells = [rng.normal(size=(1 + i % 5, WIDTH)).astype(dtype) for i in range(n_samples)]
    cells[2] = None
    return cells


def frame_of(cells, name="words"):
    return pd.DataFrame({name: pd.Series(cells, dtype=object)})


def padded(cells, n_tokens=5):
    block = np.full((len(cells), n_tokens, WIDTH), np.nan, dtype=np.float32)
    for row, cell in zip(block, cells, strict=True):
        if cell is not None:
            row[: len(cell)] = cell[:n_tokens]
    return block.reshape(len(cells), -1)


def lists(cells):
    return [None if cell is None else cell.tolist() for cell in cells]


def in_polars(cells):
    pl = pytest.importorskip("polars")
    return pl.DataFrame({"words": pl.Series(lists(cells), dtype=pl.List(pl.List(pl.Float32)))})


def in_pyarrow(cells):
    pa = pytest.importorskip("pyarrow")
    column = pa.array(lists(cells), type=pa.list_(pa.list_(pa.float32())))
    return pa.table({"words": column})


CONTAINERS = {
    "arrays in a frame": frame_of,
    "lists in a frame": lambda cells: frame_of(lists(cells)),
    "arrays of arrays": lambda cells: frame_of(
        [None if c is None else np.array([*c, None], dtype=object)[:-1] for c in cells]
    ),
    "Series": lambda cells: frame_of(cells)["words"],
    "list": list,
    "list of lists": lists,
    "polars": in_polars,
    "pyarrow": in_pyarrow,
}


@pytest.mark.parametrize("pooling", POOLINGS)
def test_what_is_there_is_pooled(pooling):
    cells = ragged()
    pooled = TokenPooling(pooling).fit_transform(frame_of(cells))
    assert np.isnan(pooled[2]).all()
    for row, cell in enumerate(cells):
        if cell is not None:
            assert_allclose(pooled[row], POOLINGS[pooling](cell), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_block_is_pooled_as_the_cells_are(pooling):
    cells = ragged()
    expected = TokenPooling(pooling).fit_transform(frame_of(cells))
    assert_array_equal(TokenPooling(pooling, n_tokens=5).fit_transform(padded(cells)), expected)


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=list(CONTAINERS))
@pytest.mark.parametrize("pooling", ["mean", "none"])
def test_containers_give_the_same(pooling, container):
    cells = ragged()
    expected = TokenPooling(pooling).fit(frame_of(cells)).transform(frame_of(cells))
    pool = TokenPooling(pooling)
    result = pool.fit(container(cells)).transform(container(cells))
    assert result.dtype == np.float32
    assert_allclose(result, expected, rtol=1e-6)


def test_an_array_of_three_axes_is_one_column():
    X = np.random.default_rng(0).normal(size=(6, 4, WIDTH))
    assert_allclose(TokenPooling().fit_transform(X), X.mean(axis=1))
    assert_array_equal(TokenPooling("none").fit_transform(X), X.reshape(6, -1))


def test_without_pooling_cells_become_a_padded_block():
    cells = ragged()
    assert_array_equal(TokenPooling("none").fit_transform(frame_of(cells)), padded(cells))
    for n_tokens in (3, 8):
        pool = TokenPooling("none", n_tokens=n_tokens)
        assert_array_equal(pool.fit_transform(frame_of(cells)), padded(cells, n_tokens))


def test_longer_sequences_than_those_of_the_fit_are_cut():
    cells = ragged()
    pool = TokenPooling("none").fit(frame_of(cells[:3]))
    assert pool.n_tokens_ == 2
    assert_array_equal(pool.transform(frame_of(cells)), padded(cells, 2))


def test_n_tokens_bounds_what_is_used_of_cells():
    cells = ragged()
    expected = TokenPooling().fit_transform(frame_of([c if c is None else c[:2] for c in cells]))
    assert_array_equal(TokenPooling(n_tokens=2).fit_transform(frame_of(cells)), expected)


def test_tokens_of_nan_are_not_there():
    cell = np.array([[1, 2], [np.nan, np.nan], [3, 6]])
    frame = frame_of([cell, [None, [4.0, 5.0]], np.full((2, 2), np.nan), []])
    nan = [np.nan, np.nan]
    assert_array_equal(TokenPooling().fit_transform(frame), [[2, 4], [4, 5], nan, nan])


def test_float64_stays_and_lists_become_float32():
    assert TokenPooling().fit_transform(frame_of(ragged(dtype=np.float64))).dtype == np.float64
    assert TokenPooling().fit_transform(frame_of(lists(ragged()))).dtype == np.float32
    assert TokenPooling().fit_transform(frame_of(ragged(dtype=np.float16))).dtype == np.float32


@pytest.mark.parametrize("pooling", [*POOLINGS, "none"])
def test_names_tell_the_modality(pooling):
    cells = ragged()
    frame = frame_of(cells).assign(frames=frame_of(cells[::-1]).words)
    pool = TokenPooling(pooling).set_output(transform="pandas").fit(frame)
    out = pool.transform(frame)
    assert out.columns.tolist() == pool.get_feature_names_out().tolist()
    assert out.columns.is_unique
    assert list(resolve_modalities(out)) == ["words", "frames"]


def test_names_of_a_block_tell_the_modality():
    X = np.ones((2, 10))
    preprocess = ModalityPreprocessor(
        transformers=[("video", TokenPooling("mean-std", n_tokens=4))],
        modalities={"image": 2, "video": 8},
    ).fit(X)
    assert preprocess.get_feature_names_out()[2:].tolist() == [
        "video__mean0",
        "video__mean1",
        "video__std0",
        "video__std1",
    ]


@pytest.mark.parametrize(
    ("X", "params", "message"),
    [
        (np.ones((3, 10)), {"n_tokens": 4}, "10 columns.*4 tokens"),
        (np.ones((3, 10)), {}, "10 columns of numbers; n_tokens="),
        ([[1.0, np.nan, 2.0, 3.0]], {"n_tokens": 2}, "token 0 in row 0"),
        (frame_of([np.ones((2, 3)), np.ones((2, 4))]), {}, "'words'.*width 4 in row 1.*3"),
        (frame_of([np.ones((2, 3)), [[1.0], [1.0, 2.0]]]), {}, "'words'.*row 1 .*widths, 1 and 2"),
        (frame_of([np.ones((2, 3)), np.ones(3)]), {}, r"'words'.*\(3,\) in row 1.*VectorColumns"),
        (frame_of([np.ones((2, 3)), "many words"]), {}, "'words'.*row 1 .*many words"),
        (frame_of([np.ones((2, 3)), ["many", "words"]]), {}, "'words'.*row 1 .*many"),
        (frame_of([np.array([[1, 2], [np.nan, 3]])]), {}, "'words'.*token 1 in row 0"),
        (frame_of([np.array([[np.inf, 2]])]), {}, "'words'.*infinity"),
        (frame_of([None, None]), {}, "'words'.*no token"),
        (frame_of([np.ones((2, 3))]).assign(age=5.0), {}, "'age'.*row 0"),
    ],
)
def test_what_is_wrong_is_named(X, params, message):
    with pytest.raises(ValueError, match=message):
        TokenPooling(**params).fit(X)


def test_transform_takes_what_the_fit_had():
    pool = TokenPooling().fit(frame_of([np.ones((2, 3))]))
    with pytest.raises(ValueError, match=r"width 4 in row 0.*3"):
        pool.transform(frame_of([np.ones((2, 4))]))
    with pytest.raises(ValueError, match="numbers, but held cells"):
        pool.transform(pd.DataFrame({"words": [1.0]}))
    with pytest.raises(ValueError, match="feature names"):
        pool.transform(frame_of([np.ones((2, 3))], "frames"))
