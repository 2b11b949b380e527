"""What sets a modality apart from the others of its row."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from mofa_sklearn.networks import MoFANetwork
from mofa_sklearn.networks.fusions import FUSIONS
from mofa_sklearn.networks.residual import ResidualFeatures
from mofa_sklearn.networks.stacking import is_stackable, stack_modules
from tests.helpers import make_data, small_mofa

WIDTHS = [4, 3, 5]


def make_network(fusion="modality_attention", residual_features=True, seed=0):
    torch.manual_seed(seed)
    names = ["a", "b", "c"]
    return MoFANetwork(
        WIDTHS,
        2,
        FUSIONS[fusion],
        hidden_dim=8,
        modality_names=names,
        residual_features=residual_features,
    ).eval()


def make_rows(n_rows=6):
    return torch.randn(n_rows, sum(WIDTHS), generator=torch.Generator().manual_seed(1))


def without(x, row, *blocks):
    x = x.clone()
    for block in blocks:
        x[row].split(WIDTHS)[block].fill_(torch.nan)
    return x


def make_encodings(*present):
    encodings = torch.randn(len(present), 3, 8, generator=torch.Generator().manual_seed(2))
    present = torch.tensor(present)
    return encodings * present.unsqueeze(-1), present


def test_a_residual_is_the_encoding_minus_the_mean_of_the_others():
    layer = ResidualFeatures(8)
    encodings, present = make_encodings([True, True, True], [True, False, True])
    result = layer(encodings, present)
    first = encodings[0, 1] - (encodings[0, 0] + encodings[0, 2]) / 2
    second = encodings[1, 0] - encodings[1, 2]  # the one in between is missing
    assert_close(result[0, 1], encodings[0, 1] + layer.project(first))
    assert_close(result[1, 0], encodings[1, 0] + layer.project(second))


def test_a_missing_modality_stays_zero_and_one_alone_stays_as_it_is():
    encodings, present = make_encodings([False, True, True], [False, False, True])
    result = ResidualFeatures(8)(encodings, present)
    assert (result[0, 0] == 0).all()
    assert torch.equal(result[1], encodings[1])


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("missing", [(0,), (0, 2)])
def test_what_a_missing_modality_would_have_said_does_not_matter(fusion, missing):
    network, x = make_network(fusion), without(make_rows(), 2, *missing)
    with torch.no_grad():
        before = network(x)
        for block in missing:
            for parameter in network.encoders[block].parameters():
                parameter.add_(10.0)
        after = network(x)
    assert torch.equal(before[2], after[2])
    assert torch.isfinite(before).all()


@pytest.mark.parametrize("fusion", FUSIONS)
def test_gradients_are_finite_where_one_modality_is_left(fusion):
    network = make_network(fusion).train()
    network(without(make_rows(), 2, 0, 1)).sum().backward()
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    assert all(torch.isfinite(grad).all() for grad in grads)
    assert network.residuals.project.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("fusion", FUSIONS)
def test_stacked_networks_compute_the_same(fusion):
    members = [make_network(fusion, seed=seed) for seed in range(3)]
    assert is_stackable(members[0], WIDTHS)
    x = without(make_rows(), 2, 0)
    with torch.no_grad():
        stacked = stack_modules(members)(x)
        assert_close(stacked, torch.stack([member(x) for member in members]))


def test_without_it_a_network_is_what_it_was():
    """No weight more, and those there are drawn in the same order."""
    plain, richer = make_network(residual_features=False), make_network()
    weights, more = plain.state_dict(), richer.state_dict()
    assert set(more) - set(weights) == {"residuals.project.weight"}
    assert all(torch.equal(value, more[name]) for name, value in weights.items())


def test_an_estimator_weighs_modalities_with_it():
    X, y = make_data()
    X[::5, :4] = np.nan
    model = small_mofa(residual_features=True).fit(X, y)
    attention = model.modality_attention(X)
    assert (attention["image"] == 0).tolist() == np.isnan(X[:, 0]).tolist()
    np.testing.assert_allclose(attention.sum(axis=1), 1, rtol=1e-5)
