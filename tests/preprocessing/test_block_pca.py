"""Components of wide blocks; narrow blocks as they are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import ModalityPreprocessor
from mofa_sklearn.preprocessing import BlockPCA


def make_block(n_samples=50, n_features=20, seed=0):
    return np.random.default_rng(seed).normal(size=(n_samples, n_features))


def test_a_wide_block_becomes_its_standardised_columns_components():
    X, X_new = make_block(), make_block(seed=1)
    model = BlockPCA(4, random_state=0).fit(X)
    scaler = StandardScaler().fit(X)
    pca = PCA(4, random_state=0).fit(scaler.transform(X))
    assert_allclose(model.transform(X_new), pca.transform(scaler.transform(X_new)))
    assert model.get_feature_names_out().tolist() == ["pca0", "pca1", "pca2", "pca3"]


@pytest.mark.parametrize("width", [1, 3, 4])
def test_a_narrow_block_stays_as_it_is_with_its_gaps(width):
    X = make_block(n_features=width)
    X[2, 0] = np.nan
    model = BlockPCA(4).fit(X)
    assert_array_equal(model.transform(X), X)
    assert model.get_feature_names_out().tolist() == [f"x{i}" for i in range(width)]


def test_logarithms_are_of_narrow_blocks_only_and_keep_the_sign():
    X = make_block(n_features=3)
    X[0] = [0.0, 1e6, -1e6]
    model = BlockPCA(4, log_narrow=True).fit(X)
    assert_allclose(model.transform(X)[0], [0, np.log1p(1e6), -np.log1p(1e6)])
    wide = make_block()
    both = [BlockPCA(4, log_narrow=log).fit(wide).transform(wide) for log in (False, True)]
    assert_array_equal(*both)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_there_are_no_more_components_than_dimensions(dtype):
    few_rows = make_block(n_samples=5).astype(dtype)
    assert BlockPCA(10).fit_transform(few_rows).shape == (5, 4)
    three = make_block(n_features=3).astype(dtype)
    flat = (three @ make_block(3, 20).astype(dtype)).astype(dtype)
    assert BlockPCA(10).fit_transform(flat).shape == (50, 3)
    constant = np.ones((50, 20), dtype)
    assert_allclose(BlockPCA(10).fit_transform(constant), np.zeros((50, 1)), atol=1e-6)


def test_gaps_of_a_wide_block_are_filled():
    X = make_block()
    X[::3, 5] = np.nan
    X[:, 6] = np.nan
    assert np.isfinite(BlockPCA(4).fit_transform(X)).all()


def test_a_global_pandas_output_does_not_matter():
    from sklearn import config_context

    X = make_block()
    with config_context(transform_output="pandas"):
        assert BlockPCA(4).fit_transform(X).columns.tolist() == ["pca0", "pca1", "pca2", "pca3"]


def test_modalities_keep_their_names():
    X = make_block(n_features=8)
    reduce = ModalityPreprocessor(BlockPCA(2), modalities={"text": 6, "numeric": 2})
    names = reduce.set_output(transform="pandas").fit_transform(X).columns.tolist()
    assert names == ["text__pca0", "text__pca1", "numeric__x6", "numeric__x7"]


@pytest.mark.parametrize(
    ("n_samples", "width", "expected"),
    [(100, 127, 127), (100, 128, 32), (10_000, 279, 279), (10_000, 280, 70)],
)
def test_auto_takes_more_components_of_more_rows_and_leaves_moderate_blocks(
    n_samples, width, expected
):
    X = make_block(n_samples, width).astype(np.float32)
    assert BlockPCA("auto", random_state=0).fit(X).n_components_ == expected


def test_columns_can_count_by_their_variance():
    X, X_new = make_block() * np.logspace(0, 3, 20), make_block(seed=1)
    model = BlockPCA(4, impute=False, standardize=False).fit(X)
    assert_allclose(model.transform(X_new), PCA(4).fit(X).transform(X_new))


def test_gaps_that_are_not_to_be_filled_are_an_error_of_a_wide_block_only():
    X = make_block()
    X[2, 0] = np.nan
    assert_array_equal(BlockPCA(20, impute=False).fit_transform(X), X)
    with pytest.raises(ValueError, match="NaN"):
        BlockPCA(4, impute=False).fit(X)
    model = BlockPCA(4, impute=False).fit(X[3:])
    with pytest.raises(ValueError, match="NaN"):
        model.transform(X)
