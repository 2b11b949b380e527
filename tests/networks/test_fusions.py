"""Fusions: what they do with missing modalities, and what each is by its formula."""

import math
from copy import deepcopy
from functools import partial
from itertools import product

import pytest
import torch
from torch.testing import assert_close

from mofa_sklearn.networks import MoFANetwork
from mofa_sklearn.networks.attention import MultiHeadAttention
from mofa_sklearn.networks.dropout import Dropout
from mofa_sklearn.networks.fusions import FUSIONS, ConditionalQuery, Late, ProductOfExperts
from mofa_sklearn.networks.layers import masked_softmax

WIDTHS = [4, 3, 5]
NAMES = ["image", "title", "sound"]
# Which modalities a row has: all but none of them.
COMBINATIONS = [present for present in product([True, False], repeat=3) if any(present)]

every_fusion = pytest.mark.parametrize("fusion", FUSIONS.values(), ids=FUSIONS)
weighing = pytest.mark.parametrize(
    "fusion", [fusion for fusion in FUSIONS.values() if fusion.has_weights]
)


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def make_network(fusion, widths=WIDTHS, **params):
    params = {"hidden_dim": 8, "modality_names": NAMES[: len(widths)], **params}
    return MoFANetwork(widths, 2, fusion, **params).eval()


def make_rows(n_repeats=2):
    """Make rows of all combinations of modalities."""
    present = torch.tensor(COMBINATIONS).repeat(n_repeats, 1)
    x = torch.randn(len(present), sum(WIDTHS))
    for block, has_it in zip(x.split(WIDTHS, dim=-1), present.T, strict=True):
        block[~has_it] = torch.nan
    return x, present


@every_fusion
def test_a_prediction_has_a_column_for_each_output(fusion):
    x, _ = make_rows()
    prediction = make_network(fusion)(x)
    assert prediction.shape == (len(x), 2)
    assert prediction.isfinite().all()


@every_fusion
@pytest.mark.parametrize("hidden_dim", [1, 3, 12])
def test_one_modality_and_odd_widths_are_enough(fusion, hidden_dim):
    network = make_network(fusion, [4], hidden_dim=hidden_dim)
    fused, weights = network.fuse(torch.randn(5, 4))
    assert fused.isfinite().all()
    if weights is not None:
        assert_close(weights, torch.ones(5, 1))


@every_fusion
def test_the_encoding_of_a_missing_modality_does_not_matter(fusion):
    """Whatever an encoder makes of nothing, a row without that modality is the same."""
    network = make_network(fusion)
    x, present = make_rows()
    with torch.no_grad():
        before = network(x)
        for block, encode in enumerate(network.encoders):
            weights = {k: v.clone() for k, v in encode.state_dict().items()}
            for parameter in encode.parameters():
                parameter.add_(torch.randn_like(parameter))
            after = network(x)
            encode.load_state_dict(weights)
            assert torch.equal(after[~present[:, block]], before[~present[:, block]])
            assert (after != before)[present[:, block]].any()


@every_fusion
def test_other_rows_do_not_notice_a_missing_modality(fusion):
    network = make_network(fusion)
    x, present = make_rows()
    complete = present.all(dim=1)
    with torch.no_grad():
        assert_close(network(x)[complete], network(x[complete]))


@every_fusion
def test_gradients_are_finite_for_all_combinations(fusion):
    network = make_network(fusion, dropout=0.2, modality_dropout=0.3).train()
    x, _ = make_rows()
    prediction, penalty = network(x, with_penalty=True)
    (prediction.sum() + (0 if penalty is None else penalty.sum())).backward()
    gradients = [parameter.grad for parameter in network.parameters()]
    assert all(gradient is None or gradient.isfinite().all() for gradient in gradients)
    assert sum(gradient is not None and bool(gradient.any()) for gradient in gradients) > 5


@every_fusion
def test_every_weight_learns(fusion):
    network = make_network(fusion).train()
    prediction, penalty = network(make_rows()[0], with_penalty=True)
    (prediction.square().sum() + (0 if penalty is None else penalty.sum())).backward()
    idle = {name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()}
    # A softmax does not notice what is added to all scores.
    assert idle <= {"fusion.scorer.2.bias"}


@weighing
def test_weights_sum_to_one_and_are_zero_where_a_modality_is_missing(fusion):
    x, present = make_rows()
    _, weights = make_network(fusion).fuse(x)
    assert (weights[~present] == 0).all()
    assert (weights[present] > 0).all()
    assert_close(weights.sum(dim=-1), torch.ones(len(x)))


@pytest.mark.parametrize("name", [name for name in FUSIONS if not FUSIONS[name].has_weights])
def test_fusions_without_weights_say_none(name):
    _, weights = make_network(FUSIONS[name]).fuse(make_rows()[0])
    assert weights is None


@every_fusion
def test_double_precision_and_bfloat16_work(fusion):
    x, _ = make_rows()
    network = make_network(fusion)
    with torch.no_grad():
        expected = network(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough, _ = network.train()(x, with_penalty=True)
        assert rough.isfinite().all()
        rounded = deepcopy(network).eval().bfloat16()(x.bfloat16()).float()
        assert_close(rounded, expected, rtol=0.1, atol=0.1)
        assert_close(network.eval().double()(x.double()).float(), expected)


# The parts, by their formulas


def test_a_masked_softmax_is_zero_where_nothing_is_allowed():
    scores = torch.randn(3, 4, requires_grad=True)
    allowed = torch.tensor([[True] * 4, [True, False, True, False], [False] * 4])
    weights = masked_softmax(scores, allowed)
    assert_close(weights.sum(dim=-1), torch.tensor([1.0, 1.0, 0.0]))
    assert (weights[~allowed] == 0).all()
    assert_close(weights[1, [0, 2]], scores[1, [0, 2]].softmax(dim=-1))
    weights.square().sum().backward()
    assert scores.grad.isfinite().all()


@pytest.mark.parametrize(("hidden_dim", "n_heads"), [(512, 8), (16, 8), (12, 6), (7, 7), (11, 1)])
def test_there_are_eight_heads_or_as_many_as_divide_the_width(hidden_dim, n_heads):
    assert MultiHeadAttention(hidden_dim).n_heads == n_heads


def test_multi_head_attention_is_torch_s():
    ours = MultiHeadAttention(16)
    theirs = torch.nn.MultiheadAttention(16, 8, batch_first=True)
    # Ours keeps the three projections of a head together.
    parts = ours.project_in.weight.view(8, 3, 2, 16), ours.project_in.bias.view(8, 3, 2)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(parts[0].transpose(0, 1).reshape(48, 16))
        theirs.in_proj_bias.copy_(parts[1].transpose(0, 1).reshape(48))
        theirs.out_proj.load_state_dict(ours.project_out.state_dict())
    tokens = torch.randn(5, 3, 16)
    present = torch.tensor(COMBINATIONS[:5])
    attended, weights = ours(tokens, present.unsqueeze(-2).expand(5, 3, 3))
    expected, expected_weights = theirs(tokens, tokens, tokens, key_padding_mask=~present)
    assert_close(attended, expected)
    assert_close(weights, expected_weights)


def test_a_product_of_experts_adds_precisions():
    fusion = ProductOfExperts(2, 1).eval()
    opinions = [(1.0, math.log(1 / 2)), (-2.0, math.log(1 / 4))]  # mean and log-variance
    with torch.no_grad():
        for expert, opinion in zip(fusion.experts, opinions, strict=True):
            expert.weight.zero_()
            expert.bias.copy_(torch.tensor(opinion))
    encodings = torch.ones(2, 2, 1)
    present = torch.tensor([[True, True], [True, False]])
    fused, weights, penalty = fusion(encodings, present)
    # Precisions 2 and 4, and the prior's 1.
    assert_close(fused, torch.tensor([[(2 * 1 - 4 * 2) / 7], [2 / 3]]))
    assert_close(weights, torch.tensor([[1 / 3, 2 / 3], [1.0, 0.0]]))
    posterior = torch.distributions.Normal(fused, torch.tensor([[1 / 7], [1 / 3]]).sqrt())
    prior = torch.distributions.Normal(0.0, 1.0)
    divergence = torch.distributions.kl_divergence(posterior, prior).squeeze(-1)
    assert_close(penalty, fusion.beta * divergence)


def test_a_product_of_experts_draws_around_its_mean_in_training():
    fusion = ProductOfExperts(3, 4)
    encodings = torch.randn(1, 3, 4).expand(20_000, -1, -1)
    present = torch.ones(20_000, 3, dtype=torch.bool)
    mean = fusion.eval()(encodings, present)[0]
    fusion.train()
    fusion.generator = torch.Generator().manual_seed(0)
    draws = fusion(encodings, present)[0]
    assert_close(draws.mean(dim=0), mean[0], rtol=0, atol=0.03)
    assert (draws.std(dim=0) > 0.1).all()
    fusion.generator = torch.Generator().manual_seed(0)
    assert torch.equal(fusion(encodings, present)[0], draws)


def test_the_late_prediction_is_the_weighted_mean_of_each_modality_s():
    network = make_network(Late)
    x, _ = make_rows()
    prediction, weights = network.fuse(x)
    alone = []
    for block in range(3):
        hidden = torch.ones(3, dtype=torch.bool)
        hidden[block] = False
        own = x.clone()
        for other, columns in enumerate(own.split(WIDTHS, dim=-1)):
            columns[:] = torch.nan if hidden[other] else columns.nan_to_num()
        alone.append(network(own))
    expected = (torch.stack(alone, dim=1) * weights.unsqueeze(-1)).sum(dim=1)
    assert_close(prediction, expected)


# The guide of a conditional query


@pytest.mark.parametrize("query", ["title", 1])
def test_the_guide_is_found_by_name_or_position(query):
    network = make_network(partial(ConditionalQuery, query=query))
    assert network.fusion.query == 1
    assert make_network(ConditionalQuery).fusion.query == 0


@pytest.mark.parametrize("query", ["titel", 3, -1])
def test_an_unknown_guide_is_refused_with_the_names(query):
    with pytest.raises(ValueError, match=rf"query={query!r} is none .*image.*title.*sound"):
        make_network(partial(ConditionalQuery, query=query))


def test_only_the_guide_decides_what_is_listened_to():
    fusion = make_network(ConditionalQuery).fusion
    present = torch.ones(1, 3, dtype=torch.bool)
    encodings = torch.randn(1, 3, 8)
    _, before = fusion(encodings, present)
    other_guide = encodings.clone()
    other_guide[:, 0] = torch.randn(8)
    other_sound = encodings.clone()
    other_sound[:, 2] = torch.randn(8)
    ratios = [w[0, 1] / w[0, 0] for w in (before, fusion(other_sound, present)[1])]
    assert_close(*ratios)
    assert not torch.allclose(before, fusion(other_guide, present)[1])


def test_what_a_partial_binds_is_kept():
    assert make_network(partial(ProductOfExperts, beta=0.5)).fusion.beta == 0.5
    network = make_network(partial(Late, dropout=0.75), dropout=0.25)
    assert {layer.rate for layer in network.encoders.modules() if isinstance(layer, Dropout)} == {
        0.25
    }
    own = {layer.rate for layer in network.fusion.modules() if isinstance(layer, Dropout)}
    assert min(own) == 0.75
