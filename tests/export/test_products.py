"""Products with one matrix for each member: the same for one row and for many."""

import numpy as np
import pytest
import torch

from mofa_sklearn.estimators import KernelPathRegressor
from mofa_sklearn.export import to_module
from mofa_sklearn.export._products import products

from .conftest import assert_same


@pytest.mark.parametrize("n_rows", [0, 1, 3, 4, 50])
def test_every_member_has_its_own_matrix(n_rows):
    rng = np.random.default_rng(0)
    matrices, rows = rng.normal(size=(3, 5, 7)), rng.normal(size=(3, n_rows, 7))
    got = products(torch.from_numpy(rows), torch.from_numpy(matrices))
    np.testing.assert_allclose(got, np.einsum("moi,mri->mro", matrices, rows))


@pytest.mark.parametrize(("offset", "precision"), [(0, torch.float32), (1e4, torch.float64)])
def test_landmarks_are_rounded_where_predictions_do_not_notice(offset, precision):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6)).astype(np.float32)
    y = np.sin(X[:, 0]) * X[:, 1]
    # Far from the mean, float32 cannot tell rows apart by products.
    X[:9] += np.float32(offset)
    model = KernelPathRegressor(gamma=0.5, random_state=0).fit(X, y)
    assert to_module(model).steps.members.landmarks.dtype == precision
    assert_same(model, X, rtol=1e-4, atol=1e-4 * y.std())
