"""RetrievalRegressor remembers rows, and knows how far to trust its memory."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mofa_sklearn.estimators import RetrievalRegressor
from mofa_sklearn.metrics import normalized_mean_squared_error
from tests.helpers import WIDTHS, make_data


def creators(n_creators=60, n_videos=5, seed=0):
    """Videos whose columns tell the creator, and nothing else about the targets."""
    rng = np.random.default_rng(seed)
    identity = rng.normal(size=(n_creators, 12))
    targets = rng.normal(size=(n_creators, 2))
    groups = np.repeat(np.arange(n_creators), n_videos)
    X = identity[groups] + 0.05 * rng.normal(size=(len(groups), 12))
    return X.astype(np.float32), targets[groups], groups


def nmse(y_true, y_pred):
    return normalized_mean_squared_error(y_true, y_pred)


def test_it_remembers_creators():
    X, y, _ = creators()
    known = np.arange(len(X)) % 5 > 0
    model = RetrievalRegressor(WIDTHS, random_state=0).fit(X[known], y[known])
    assert nmse(y[~known], model.predict(X[~known])) < 0.1


def test_with_groups_it_does_not_trust_what_it_remembers():
    X, y, groups = creators()
    model = RetrievalRegressor(WIDTHS, random_state=0).fit(X, y, groups=groups)
    # Neighbours of other creators tell nothing, and the ridge regression has seen that.
    new_X, new_y, _ = creators(seed=1)
    trusting = RetrievalRegressor(WIDTHS, random_state=0).fit(X, y)
    assert nmse(new_y, model.predict(new_X)) < nmse(new_y, trusting.predict(new_X))


def test_missing_modalities_pass():
    X, y, _ = creators()
    X[::3, :4] = np.nan
    model = RetrievalRegressor(WIDTHS, random_state=0).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


def test_a_missing_modality_counts_as_its_mean():
    X, y, _ = creators()
    model = RetrievalRegressor(WIDTHS, random_state=0).fit(X, y)
    lacking, filled = X.copy(), X.copy()
    lacking[:, :4], filled[:, :4] = np.nan, X[:, :4].mean(axis=0)
    assert_allclose(model.predict(lacking), model.predict(filled), rtol=1e-4, atol=1e-4)


def test_wide_blocks_are_reduced():
    X, y, _ = creators()
    model = RetrievalRegressor(WIDTHS, n_components=2, random_state=0).fit(X, y)
    assert model.augmenter_.n_features_in_ == 6


def test_no_more_rows_are_remembered_than_asked_for():
    X, y, groups = creators()
    model = RetrievalRegressor(WIDTHS, max_samples=100, random_state=0)
    assert len(model.fit(X, y, groups=groups).augmenter_.targets_) == 100


@pytest.mark.parametrize("n_samples", [1, 2, 9])
def test_few_rows_predict_their_mean(n_samples):
    X, y = make_data(n_samples)
    model = RetrievalRegressor(WIDTHS).fit(X, y)
    assert model.augmenter_ is None
    assert_allclose(model.predict(X), np.tile(y.mean(axis=0), (n_samples, 1)), rtol=1e-6)


@pytest.mark.parametrize("n_groups", [None, 2, 3, 7])
@pytest.mark.parametrize("n_samples", [10, 13, 40])
def test_neighbours_are_fewer_where_rows_are(n_samples, n_groups):
    X, y = make_data(n_samples)
    groups = None if n_groups is None else np.arange(n_samples) % n_groups
    model = RetrievalRegressor(WIDTHS).fit(X, y, groups=groups)
    assert 1 <= model.augmenter_.n_neighbors < n_samples
    assert model.predict(X).shape == y.shape


def test_two_fits_are_equal():
    X, y, _ = creators()
    first, second = (RetrievalRegressor(WIDTHS, random_state=3).fit(X, y) for _ in range(2))
    assert_allclose(first.predict(X), second.predict(X), rtol=0)


def test_columns_can_count_by_their_variance():
    X, y = make_data(300)
    X = (X - X[:200].mean(axis=0)) / X[:200].std(axis=0)
    stretched = X * np.linspace(1, 10, X.shape[1], dtype=np.float32)

    def predict(rows, standardize):
        model = RetrievalRegressor(WIDTHS, standardize=standardize, random_state=0)
        return model.fit(rows[:200], y[:200]).predict(rows[200:])

    assert_allclose(predict(X, False), predict(X, True), rtol=1e-2, atol=1e-2)
    assert_allclose(predict(stretched, True), predict(X, True), rtol=1e-2, atol=1e-2)
    assert not np.allclose(predict(stretched, False), predict(X, True), atol=0.1)


def test_clones_predict_together_what_each_predicts_by_itself():
    X, y, _ = creators()
    models = [
        RetrievalRegressor(WIDTHS, random_state=0).fit(X[start:], y[start:]) for start in (0, 20)
    ]
    models.append(RetrievalRegressor(WIDTHS).fit(X[:5], y[:5]))  # it has no neighbours
    for rows in (X[:1], X[:8], X[:30]):
        together = RetrievalRegressor._predict_stacked(models, rows)
        for model, prediction in zip(models, together, strict=True):
            assert_array_equal(prediction, model.predict(rows))


def test_a_row_s_prediction_does_not_depend_on_the_rows_beside_it():
    X, y, _ = creators()
    model = RetrievalRegressor(WIDTHS, random_state=0).fit(X, y)
    rows = X[:20] + np.float32(0.01)
    alone = [model.predict(rows[i : i + 1]) for i in range(len(rows))]
    assert_allclose(np.concatenate(alone), model.predict(rows), rtol=1e-5, atol=1e-6)
