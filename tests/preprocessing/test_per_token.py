"""Transformers that see one token a row."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.preprocessing import StandardScaler

from mofa_sklearn.preprocessing import ModalityPreprocessor, _per_token

MODALITIES = {"image": 2, "video": 12}
TOKENS = {"video": 4}  # of width 3


def rows(n_rows=30, seed=0):
    X = np.random.default_rng(seed).normal(2, 3, size=(n_rows, 14))
    X[1, 2:5] = np.nan  # a token
    X[2, 2:] = np.nan  # all of them
    return X


def preprocessor(transformer, **params):
    params = {"modalities": MODALITIES, "tokens": TOKENS, **params}
    return ModalityPreprocessor(transformers=[("video", transformer)], **params)


def tokens_of(X):
    tokens = X[:, 2:].reshape(-1, 3)
    return tokens, ~np.isnan(tokens[:, 0])


@pytest.mark.parametrize("transformer", [StandardScaler(), PCA(2, svd_solver="full")])
def test_a_token_is_transformed_as_a_row_of_its_own(transformer):
    X, new = rows(), rows(8, seed=1)
    tokens, there = tokens_of(X)
    own = transformer.fit(tokens[there])
    for data, made in (
        (X, preprocessor(transformer).fit_transform(X)),
        (new, preprocessor(transformer).fit(X).transform(new)),
    ):
        tokens, there = tokens_of(data)
        expected = np.full((len(tokens), own.transform(tokens[there]).shape[1]), np.nan)
        expected[there] = own.transform(tokens[there])
        assert_allclose(made[:, 2:], expected.reshape(len(data), -1))


def test_rows_and_tokens_are_taken_in_parts(monkeypatch):
    X = rows()
    expected = preprocessor(StandardScaler()).fit_transform(X)
    monkeypatch.setattr(_per_token, "_CHUNK_VALUES", 25)
    assert_allclose(preprocessor(StandardScaler()).fit_transform(X), expected)


def test_a_part_of_many_tokens_is_learned_from(monkeypatch):
    monkeypatch.setattr(_per_token, "_MAX_FIT_TOKENS", 20)
    scaler = preprocessor(StandardScaler()).fit(rows()).transformers_["video"].transformer_
    assert scaler.n_samples_seen_ == 20
    assert np.isfinite(scaler.mean_).all()


def test_a_token_has_the_targets_of_its_row():
    X = np.random.default_rng(0).normal(size=(50, 14))
    y = X[:, 2:].reshape(50, 4, 3)[:, :, 1].sum(axis=1)
    made = preprocessor(SelectKBest(f_regression, k=1)).fit_transform(X, y)
    assert_array_equal(made[:, 2:], X[:, 3::3])


def test_names_tell_the_modality_and_the_token():
    preprocess = preprocessor(PCA(1), tokens={"video": 12}).fit(rows())
    assert preprocess.get_feature_names_out()[[2, 3, -1]].tolist() == [
        "video__t00__pca0",
        "video__t01__pca0",
        "video__t11__pca0",
    ]


def test_sequences_in_cells_are_padded_or_cut():
    X = rows()
    frame = pd.DataFrame(X[:, :2], columns=["image_0", "image_1"])
    cells = [row.reshape(4, 3) for row in X[:, 2:]]
    cells[2], cells[3], X[3, 8:] = None, cells[3][:2], np.nan
    cells[4] = np.vstack([cells[4], cells[4]])
    frame["video"] = cells
    modalities = {"image": ["image_0", "image_1"], "video": ["video"]}
    made = preprocessor(StandardScaler(), modalities=modalities).fit_transform(frame)
    assert_allclose(made, preprocessor(StandardScaler()).fit_transform(X))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ({"sound": 3}, "unknown modality 'sound'"),
        ({"video": 5}, "'video' has 12 columns.*5 tokens"),
        ({"video": 0}, "0 for modality 'video'"),
        ({"video": 2.0}, "2.0 for modality 'video'"),
        ([4], "tokens"),
    ],
)
def test_tokens_that_do_not_fit_are_named(tokens, message):
    with pytest.raises(ValueError, match=message):
        preprocessor(StandardScaler(), tokens=tokens).fit(rows())


def test_a_token_with_a_gap_is_named():
    X = rows()
    X[5, 4] = np.nan
    with pytest.raises(ValueError, match=r"'video' has NaN.*4 tokens in 1 of 30 rows"):
        preprocessor(PCA(1)).fit(X)
