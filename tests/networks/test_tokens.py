"""Networks whose blocks are sequences of tokens."""

import pytest
import torch
from torch.testing import assert_close

from mofa_sklearn.networks import MoFANetwork
from mofa_sklearn.networks.dropout import seed_dropout
from mofa_sklearn.networks.fusions import FUSIONS
from mofa_sklearn.networks.stacking import is_stackable, stack_modules
from mofa_sklearn.training.chunks import evaluation_rows, n_activations, n_products

WIDTHS = [4, 12, 6]
TOKENS = [None, 4, 3]  # tokens of width 3 and 2
N_MEMBERS = 3
FUSION = FUSIONS["modality_attention"]


def network(fusion=FUSION, tokens=TOKENS, **params):
    return MoFANetwork(WIDTHS, 2, fusion, **{"hidden_dim": 8, "tokens": tokens, **params})


def rows(*shape):
    x = torch.randn(*shape, sum(WIDTHS))
    x[..., 0, :4] = torch.nan  # the first modality
    x[..., 1, 4:7] = torch.nan  # the first token of the second
    x[..., 2, 4:16] = torch.nan  # all of them
    x[..., 3, 7:13] = torch.nan  # two of them, and the whole third modality
    x[..., 3, 16:] = torch.nan
    return x


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("residual_features", [False, True])
@pytest.mark.parametrize("fusion", FUSIONS.values())
def test_a_stack_computes_what_its_members_do(fusion, residual_features):
    members = [network(fusion, residual_features=residual_features) for _ in range(N_MEMBERS)]
    for member in members:
        member.eval().stand_ins.encodings.normal_()
        member.stand_ins.has_one[2] = True
    assert is_stackable(members[0], WIDTHS)
    stacked, x = stack_modules(members), rows(N_MEMBERS, 7)
    own = [member(part) for member, part in zip(members, x, strict=True)]
    assert_close(stacked(x), torch.stack(own))
    shared = [member(x[0]) for member in members]
    assert_close(stacked(x[0]), torch.stack(shared))
    weights = [member.token_weights(part, 1) for member, part in zip(members, x, strict=True)]
    assert_close(stacked.token_weights(x, 1), torch.stack(weights))


@pytest.mark.parametrize("fusion", ["modality_attention", "conditional_query"])
def test_gradients_are_those_of_the_members(fusion):
    members = [network(FUSIONS[fusion]).eval() for _ in range(N_MEMBERS)]
    stacked, x = stack_modules(members), rows(N_MEMBERS, 7)
    stacked(x).square().sum().backward()
    weights = dict(stacked.named_parameters())
    for position, member in enumerate(members):
        member(x[position]).square().sum().backward()
        for name, parameter in member.named_parameters():
            assert_close(weights[name].grad[position], parameter.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fusion", FUSIONS.values())
def test_weights_are_those_of_tokens_that_are_there(fusion):
    model, x = network(fusion).eval(), rows(7)
    weights = model.token_weights(x, 1)
    assert weights.shape == (7, 4)
    is_there = ~x[:, 4:16:3].isnan()
    assert ((weights > 0) == is_there).all()
    assert_close(weights.sum(dim=1), is_there.any(dim=1).float())


@pytest.mark.parametrize("fusion", FUSIONS.values())
def test_a_token_that_is_not_there_changes_nothing(fusion):
    """A sequence padded with NaN is the shorter sequence, and its order does not matter."""
    short = network(fusion, tokens=[None, 4, 2]).eval()
    x = torch.randn(5, sum(WIDTHS))
    x[:, 10:16] = torch.nan
    swapped = torch.cat([x[:, :4], x[:, 10:16], x[:, 7:10], x[:, 4:7], x[:, 16:]], dim=1)
    assert_close(short(swapped), short(x))
    model = MoFANetwork([4, 6, 6], 2, fusion, hidden_dim=8, tokens=[None, 2, 2]).eval()
    model.load_state_dict(short.state_dict())
    assert_close(model(torch.cat([x[:, :10], x[:, 16:]], dim=1)), short(x))


def test_the_guide_of_a_conditional_query_decides_which_tokens_count():
    model = network(FUSIONS["conditional_query"]).eval()
    x = torch.randn(6, sum(WIDTHS))
    other = x.clone()
    other[:, :4] += 1  # the guide is the first modality
    assert not torch.allclose(model.token_weights(other, 1), model.token_weights(x, 1))
    other = x.clone()
    other[:, 16:] += 1
    assert_close(model.token_weights(other, 1), model.token_weights(x, 1))


def test_a_guide_that_is_a_sequence_weighs_its_own_tokens():
    model = network(FUSIONS["conditional_query"], tokens=[2, None, 3]).eval()
    x = torch.randn(6, sum(WIDTHS))
    weights = model.token_weights(x, 0)
    x[:, 4:] = torch.nan
    assert_close(model.token_weights(x, 0), weights)


@pytest.mark.parametrize("fusion", FUSIONS.values())
def test_a_hidden_sequence_tells_nothing(fusion):
    model = network(fusion, dropout=0.0, modality_dropout=0.9).train()
    x = torch.randn(50, sum(WIDTHS))

    def drawn(function, x):
        seed_dropout(model, torch.Generator().manual_seed(0))
        return function(x)

    _, present = drawn(model.encode, x)
    assert not present[:, 1:].all(dim=0).any()
    hidden = (~present).repeat_interleave(torch.tensor(WIDTHS), dim=1)
    assert_close(drawn(model, torch.where(hidden, x + 1, x)), drawn(model, x))


def test_only_the_encoder_in_turn_learns():
    model = network().train()
    model.learning_modality = 0
    model(torch.randn(6, sum(WIDTHS))).sum().backward()
    assert all(parameter.grad is None for parameter in model.encoders[1].parameters())
    assert all(parameter.grad is not None for parameter in model.encoders[0].parameters())


def test_rows_at_a_time_are_fewer_where_sequences_are_long():
    long = MoFANetwork([512 * 100], 1, FUSION, hidden_dim=64, tokens=[512])
    assert n_activations(long) > 512 * 64
    assert evaluation_rows(long) * (512 * 100 + n_activations(long)) < 20_000_000
    assert evaluation_rows(MoFANetwork([512 * 100], 1, FUSION)) == 1024


def test_products_of_a_row_are_the_weights_where_there_is_no_sequence():
    plain = network(tokens=None)
    n_weights = sum(parameter.numel() for parameter in plain.parameters())
    assert n_products(plain) == n_weights
    assert n_products(network()) > n_weights
