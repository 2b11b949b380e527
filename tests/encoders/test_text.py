"""Texts to vectors."""

import numpy as np
import pytest

from mofa_sklearn.encoders import TextEncoder

from ..lazily import Lazily

sentence_transformers = Lazily("sentence_transformers")
base = Lazily("sentence_transformers.base.modules")
modules = Lazily("sentence_transformers.sentence_transformer.modules")

TEXTS = ["a cat", "the dog runs far away", "b", "many words " * 3]


@pytest.mark.parametrize("name", ["bert", "deberta"])
def test_vectors_are_those_of_sentence_transformers(name, models):
    expected = sentence_transformers.SentenceTransformer(str(models(name)), device="cpu").encode(
        TEXTS
    )
    np.testing.assert_allclose(
        TextEncoder(models(name)).fit_transform(TEXTS), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_batches_do_not_change_vectors(batch_size, models):
    vectors = TextEncoder(models("bert"), batch_size=batch_size).fit_transform(TEXTS)
    expected = TextEncoder(models("bert")).fit_transform(TEXTS)
    np.testing.assert_allclose(vectors, expected, rtol=1e-4, atol=1e-5)


@pytest.fixture
def bge(models, tmp_path):
    """A folder that says how its tokens are pooled: the first one, of length one."""
    transformer = base.Transformer(str(models("bert")))
    pooling = modules.Pooling(16, pooling_mode="cls")
    model = sentence_transformers.SentenceTransformer(
        modules=[transformer, pooling, base.Normalize()], device="cpu"
    )
    model.save(str(tmp_path / "bge"))
    return tmp_path / "bge"


def test_auto_pooling_is_what_the_model_says(bge):
    vectors = TextEncoder(bge).fit_transform(TEXTS)
    expected = TextEncoder(bge, pooling="cls", normalize=True).fit_transform(TEXTS)
    np.testing.assert_allclose(vectors, expected, rtol=1e-4, atol=1e-5)


def test_poolings_are_those_of_the_tokens(models):
    encoder = TextEncoder(models("bert"), pooling="none")
    tokens = encoder.fit_transform(TEXTS).reshape(len(TEXTS), encoder.n_tokens_, 16)
    expected = {
        "mean": np.nanmean(tokens, axis=1),
        "max": np.nanmax(tokens, axis=1),
        "cls": tokens[:, 0],
    }
    for pooling, vectors in expected.items():
        np.testing.assert_allclose(
            TextEncoder(models("bert"), pooling=pooling).fit_transform(TEXTS),
            vectors,
            rtol=1e-4,
            atol=1e-5,
        )


def test_tokens_that_are_not_there_are_nan(models):
    encoder = TextEncoder(models("bert"), pooling="none", n_tokens=6)
    tokens = encoder.fit_transform(["ab", None, "abcdefgh"]).reshape(3, 6, 16)
    there = ~np.isnan(tokens).any(axis=2)
    assert there.sum(axis=1).tolist() == [4, 0, 6]  # [CLS] a ##b [SEP]
    assert np.array_equal(there, ~np.isnan(tokens).all(axis=2))


def test_longer_texts_than_those_of_the_fit_are_cut(models):
    encoder = TextEncoder(models("bert"), pooling="none").fit(["ab"])
    np.testing.assert_array_equal(
        encoder.transform(["abcdef"]).shape, (1, encoder.n_tokens_ * encoder.n_components_)
    )


def test_components_of_tokens_are_those_of_a_token(models):
    encoder = TextEncoder(models("bert"), pooling="none", n_components=3)
    given = encoder.fit_transform(TEXTS)
    assert given.shape == (len(TEXTS), encoder.n_tokens_ * 3)
    assert encoder.pca_.n_features_in_ == 16


@pytest.mark.parametrize("cell", [3, b"bytes", ["a"], 1.5])
def test_other_cells_than_strings_are_an_error_that_names_the_row(cell, models):
    with pytest.raises(TypeError, match=r"TextEncoder: row 1 holds .*texts are strings"):
        TextEncoder(models("bert")).fit(["a", cell])


def test_lone_surrogates_are_texts(models):
    assert TextEncoder(models("bert")).fit_transform(["a \ud800 b"]).shape == (1, 16)


def test_bfloat16_is_near_float32(models):
    exact = TextEncoder(models("bert")).fit_transform(TEXTS)
    rough = TextEncoder(models("bert"), dtype="bfloat16").fit_transform(TEXTS)
    assert rough.dtype == np.float32
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(rough, exact, atol=0.1)
