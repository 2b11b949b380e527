"""The network: its size, its attention, missing modalities, and its random layers."""

import pytest
import torch
from torch.testing import assert_close

from mofa_sklearn.networks import MoFANetwork
from mofa_sklearn.networks.dropout import Dropout, random_bytes, seed_dropout
from mofa_sklearn.networks.fusions import FUSIONS

WIDTHS = [4, 3, 5]


def make_network(n_outputs=2, **params):
    torch.manual_seed(0)
    fusion = FUSIONS["modality_attention"]
    return MoFANetwork(WIDTHS, n_outputs, fusion, **{"hidden_dim": 8, **params}).eval()


def make_rows(n_rows=6):
    return torch.randn(n_rows, sum(WIDTHS), generator=torch.Generator().manual_seed(1))


def without(x, row, block):
    """Return the rows with one block of one row missing."""
    x = x.clone()
    x[row].split(WIDTHS)[block].fill_(torch.nan)
    return x


def n_linear(n_in, n_out):
    return n_in * n_out + n_out


def test_mofa_lite_has_the_parameters_of_its_layer_widths():
    network = MoFANetwork([1024, 768, 1024], 3, FUSIONS["modality_attention"], hidden_dim=512)
    norm = 2
    encoders = sum(n_linear(width, 512) + norm * 512 for width in (1024, 768, 1024))
    scorer = n_linear(512, 128) + n_linear(128, 1)
    trunk = n_linear(3 * 512, 512) + norm * 512 + n_linear(512, 256) + norm * 256
    head = n_linear(256, 256) + n_linear(256, 128) + n_linear(128, 3)
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    assert n_parameters == encoders + scorer + trunk + head
    assert 2.4e6 < n_parameters < 2.6e6


@pytest.mark.parametrize("fusion", FUSIONS)
def test_an_encoding_has_the_width_asked_for(fusion):
    torch.manual_seed(0)
    network = MoFANetwork(WIDTHS, 2, FUSIONS[fusion], hidden_dim=8, encoding_dim=4)
    encodings, _ = network.encode(make_rows())
    assert encodings.shape == (6, 3, 4)
    assert network(make_rows()).shape == (6, 2)


def test_narrow_encodings_leave_the_layers_after_the_fusion_alone():
    network = make_network(encoding_dim=2)
    assert network.fusion.fused_dim == 3 * 2
    assert network.trunk[0].weight.shape == (8, 6)
    after = [*network.trunk[1:].parameters(), *network.head.parameters()]
    expected = make_network()
    expected = [*expected.trunk[1:].parameters(), *expected.head.parameters()]
    assert [p.shape for p in after] == [p.shape for p in expected]


@pytest.mark.parametrize("hidden_dim", [1, 2, 3, 8])
def test_output_has_a_row_for_each_row_and_a_column_for_each_target(hidden_dim):
    assert make_network(n_outputs=4, hidden_dim=hidden_dim)(make_rows(3)).shape == (3, 4)


def test_attention_rows_are_weights_that_sum_to_one():
    _, weights = make_network().fuse(make_rows())
    assert weights.shape == (6, 3)
    assert (weights > 0).all()
    assert_close(weights.sum(dim=-1), torch.ones(6))


@pytest.mark.parametrize("block", [0, 1, 2])
def test_a_missing_modality_has_weight_zero_and_the_others_sum_to_one(block):
    _, weights = make_network().fuse(without(make_rows(), 2, block))
    assert weights[2, block] == 0
    assert_close(weights.sum(dim=-1), torch.ones(6))


@pytest.mark.parametrize("block", [0, 1, 2])
def test_the_encoder_of_a_missing_modality_does_not_matter(block):
    network, x = make_network(), without(make_rows(), 2, block)
    with torch.no_grad():
        before = network(x)
        for parameter in network.encoders[block].parameters():
            parameter.add_(10.0)
        after = network(x)
    assert torch.equal(before[2], after[2])
    assert not torch.equal(before[1], after[1])


@pytest.mark.parametrize("block", [0, 1, 2])
def test_other_rows_do_not_notice_a_missing_modality(block):
    network, x = make_network(), make_rows()
    with torch.no_grad():
        complete, one, two = map(network, (x, without(x, 2, block), without(x, 4, block)))
    others = (torch.arange(len(x)) != 2) & (torch.arange(len(x)) != 4)
    assert torch.equal(one[others], two[others])
    assert not torch.equal(one[2], two[2])
    # Complete rows are read in place rather than from a copy, which may round otherwise.
    assert_close(complete[others], one[others])


def test_missing_modalities_leave_gradients_finite():
    network = make_network().train()
    x = without(without(make_rows(), 2, 0), 2, 1)
    network(x).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.99])
def test_modality_dropout_always_leaves_one_modality(rate):
    network = make_network(modality_dropout=rate, dropout=0.0).train()
    x = without(without(make_rows(400), 2, 0), 2, 1)
    _, weights = network.fuse(x)
    assert_close(weights.sum(dim=-1), torch.ones(400))
    assert weights[2].tolist() == [0, 0, 1]
    assert (weights == 0).any(dim=-1).sum() > 1


def test_modality_dropout_hides_at_its_rate_where_one_is_left():
    network = make_network(modality_dropout=0.25).train()
    present = torch.ones(40_000, 3, dtype=torch.bool)
    kept = network._hide_modalities(present, 0.25)
    hidden = 1 - kept.float().mean().item()
    # Rows that would lose all three keep them.
    assert hidden == pytest.approx(0.25 - 0.25**3, abs=0.01)


def test_random_layers_do_nothing_in_evaluation():
    network, x = make_network(dropout=0.9, modality_dropout=0.9), make_rows()
    with torch.no_grad():
        assert torch.equal(network(x), network(x))
        assert torch.equal(network(x), make_network(dropout=0.0)(x))


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.9])
def test_dropout_drops_at_its_rate_and_keeps_the_expectation(rate):
    layer = Dropout(rate).train()
    layer.generator = torch.Generator().manual_seed(0)
    dropped = layer(torch.ones(200_000))
    assert (dropped == 0).float().mean().item() == pytest.approx(rate, abs=0.005)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert len(dropped.unique()) <= 2


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_dropout_is_the_identity_in_evaluation(rate):
    x = make_rows()
    assert torch.equal(Dropout(rate).eval()(x), x)


def test_random_layers_draw_from_the_generator_they_were_given():
    network, x = make_network(dropout=0.5, modality_dropout=0.3).train(), make_rows()
    state = torch.get_rng_state()

    def output():
        seed_dropout(network, torch.Generator().manual_seed(7))
        return network(x)

    first = output()
    torch.randn(10)
    assert torch.equal(first, output())
    torch.set_rng_state(state)
    output()
    assert torch.equal(torch.get_rng_state(), state)


def test_seed_dropout_takes_the_generator_away_again():
    network = make_network()
    seed_dropout(network, torch.Generator())
    seed_dropout(network, None)
    assert all(getattr(layer, "generator", None) is None for layer in network.modules())


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 5), (0, 4)])
def test_random_bytes_have_the_shape_asked_for(shape):
    drawn = random_bytes(torch.Size(shape), torch.device("cpu"), None)
    assert drawn.shape == shape
    assert drawn.dtype == torch.uint8


def test_random_bytes_are_uniform():
    generator = torch.Generator().manual_seed(0)
    drawn = random_bytes(torch.Size([256 * 4000]), torch.device("cpu"), generator)
    counts = torch.bincount(drawn.long(), minlength=256)
    # Poisson: a standard deviation is sqrt(4000), about 63.
    assert (counts - 4000).abs().max() < 6 * 63
