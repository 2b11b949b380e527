"""Networks stacked along a members axis."""

import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from mofa_sklearn.networks import MoFANetwork, stacking
from mofa_sklearn.networks.fusions import FUSIONS
from mofa_sklearn.networks.losses import LOSSES
from mofa_sklearn.networks.stacking import (
    LINKED_LAYERS,
    STACKED_LAYERS,
    is_stackable,
    is_stackable_loss,
    passes_trial,
    stack_modules,
    unstack_modules,
)

WIDTHS = [4, 3, 5]
N_MEMBERS = 3


class FusionByPosition(nn.Module):
    """The mean over modalities, which it takes to be the second axis."""

    def __init__(self, n_modalities, hidden_dim):
        super().__init__()
        self.fused_dim = hidden_dim

    def forward(self, encodings, present):
        return encodings.mean(dim=1), None


class FusionFromTheEnd(FusionByPosition):
    """The mean over modalities, counted from the end."""

    def forward(self, encodings, present):
        return encodings.mean(dim=-2), None


class PenaltyByPosition(FusionFromTheEnd):
    """Counts modalities of the first axis."""

    def forward(self, encodings, present):
        fused, weights = super().forward(encodings, present)
        return fused, weights, present.float().mean(dim=0).sum(dim=-1, keepdim=True)


class FusionWithBatchNorm(FusionFromTheEnd):
    """A layer with weights and buffers that is not known to the stacking."""

    def __init__(self, n_modalities, hidden_dim):
        super().__init__(n_modalities, hidden_dim)
        self.norm = nn.BatchNorm1d(hidden_dim)

    def forward(self, encodings, present):
        return self.norm(encodings.mean(dim=-2)), None


class FusionWithAParameter(FusionFromTheEnd):
    """A weight of its own."""

    def __init__(self, n_modalities, hidden_dim):
        super().__init__(n_modalities, hidden_dim)
        self.scale = nn.Parameter(torch.ones(hidden_dim))

    def forward(self, encodings, present):
        return encodings.mean(dim=-2) * self.scale, None


def network(fusion=FUSIONS["modality_attention"], hidden_dim=8, **kwargs):
    return MoFANetwork(WIDTHS, 2, fusion, hidden_dim, **kwargs)


def rows(*shape):
    x = torch.randn(*shape, sum(WIDTHS))
    x[..., 0, : WIDTHS[0]] = torch.nan  # a missing modality
    return x


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("fusion", [*FUSIONS.values(), FusionFromTheEnd])
def test_a_stack_computes_what_its_members_do(fusion):
    members = [network(fusion).eval() for _ in range(N_MEMBERS)]
    x = rows(N_MEMBERS, 7)
    expected = torch.stack([member(own) for member, own in zip(members, x, strict=True)])
    assert_close(stack_modules(members)(x), expected)


@pytest.mark.parametrize("fusion", [*FUSIONS.values(), FusionFromTheEnd])
def test_rows_without_a_members_axis_are_for_all_members(fusion):
    members = [network(fusion).eval() for _ in range(N_MEMBERS)]
    x = rows(7)
    expected = torch.stack([member(x) for member in members])
    assert_close(stack_modules(members)(x), expected)


@pytest.mark.parametrize("fusion", [fusion for fusion in FUSIONS.values() if fusion.has_weights])
def test_weights_have_a_members_axis(fusion):
    members = [network(fusion).eval() for _ in range(N_MEMBERS)]
    x = rows(N_MEMBERS, 7)
    _, weights = stack_modules(members).fuse(x)
    expected = [member.fuse(own)[1] for member, own in zip(members, x, strict=True)]
    assert_close(weights, torch.stack(expected))


def test_penalties_have_a_members_axis():
    members = [network(FUSIONS["product_of_experts"]).eval() for _ in range(N_MEMBERS)]
    x = rows(N_MEMBERS, 7)
    _, penalties = stack_modules(members)(x, with_penalty=True)
    expected = [member(own, with_penalty=True)[1] for member, own in zip(members, x, strict=True)]
    assert_close(penalties, torch.stack(expected))


@pytest.mark.parametrize("fusion", FUSIONS.values())
def test_gradients_are_those_of_the_members(fusion):
    members = [network(fusion) for _ in range(N_MEMBERS)]
    stacked = stack_modules(members).eval()
    x = rows(N_MEMBERS, 7)
    stacked(x).square().sum().backward()
    weights = dict(stacked.named_parameters())
    for position, member in enumerate(members):
        member.eval()(x[position]).square().sum().backward()
        for name, parameter in member.named_parameters():
            gradient = weights[name].grad
            expected = parameter.grad
            if expected is None:  # a weight that decides about nothing but a draw
                assert gradient is None or not gradient[position].any()
            else:
                assert_close(gradient[position], expected, rtol=1e-4, atol=1e-5)


def test_members_are_dropped_out_independently():
    member = network(dropout=0.5, modality_dropout=0.5)
    stacked = stack_modules([member] * 2).train()
    first, second = stacked(rows(1, 7).expand(2, -1, -1))
    assert not torch.equal(first, second)


def test_unstacking_gives_every_member_its_weights_back():
    members = [network() for _ in range(N_MEMBERS)]
    others = [network() for _ in range(N_MEMBERS)]
    unstack_modules(stack_modules(members), others)
    for member, other in zip(members, others, strict=True):
        assert_close(other.state_dict(), member.state_dict(), rtol=0, atol=0)


def test_stacking_leaves_the_members_alone():
    members = [network() for _ in range(N_MEMBERS)]
    before = copy.deepcopy(members[0].state_dict())
    with torch.no_grad():
        for parameter in stack_modules(members).parameters():
            parameter.zero_()
    assert_close(members[0].state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize("layers", [STACKED_LAYERS, LINKED_LAYERS], ids=["copied", "linked"])
def test_what_is_set_on_a_stack_is_not_set_on_its_members(layers):
    members = [network(residual_features=True, tokens=[None, 3, 5]) for _ in range(2)]
    for layer in stack_modules(members, layers).eval().modules():
        layer.generator = "of the stack"
    for layer in (layer for member in members for layer in member.modules()):
        assert layer.training
        assert getattr(layer, "generator", None) is None


def test_layers_without_bias_or_affine_map_can_be_stacked():
    members = [
        nn.Sequential(nn.Linear(4, 3, bias=False), nn.LayerNorm(3, elementwise_affine=False))
        for _ in range(2)
    ]
    x = torch.randn(2, 5, 4)
    expected = torch.stack([member(own) for member, own in zip(members, x, strict=True)])
    assert_close(stack_modules(members)(x), expected)
    assert_close(stack_modules(members)(x[0])[1], members[1](x[0]))


def test_a_layer_that_is_used_twice_stays_one():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(4, 4)
            self.second = self.first

        def forward(self, x):
            return self.second(self.first(x))

    members = [Twice() for _ in range(2)]
    stacked = stack_modules(members)
    assert stacked.first is stacked.second
    x = torch.randn(2, 5, 4)
    expected = torch.stack([member(own) for member, own in zip(members, x, strict=True)])
    assert_close(stacked(x), expected)


@pytest.mark.parametrize(
    ("fusion", "name"),
    [(FusionWithBatchNorm, "BatchNorm1d"), (FusionWithAParameter, "FusionWithAParameter")],
)
def test_a_layer_with_weights_that_cannot_be_stacked_is_named(fusion, name):
    with pytest.raises(TypeError, match=name):
        stack_modules([network(fusion) for _ in range(2)])


def test_different_architectures_are_refused():
    with pytest.raises(ValueError, match="architectures"):
        stack_modules([network(hidden_dim=8), network(hidden_dim=16)])


@pytest.mark.parametrize(
    ("fusion", "expected"),
    [
        (FusionFromTheEnd, True),
        (PenaltyByPosition, False),
        (FusionByPosition, False),
        (FusionWithBatchNorm, False),
        (FusionWithAParameter, False),
    ],
)
def test_a_trial_tells_whether_a_network_can_be_stacked(fusion, expected):
    assert is_stackable(network(fusion), WIDTHS) is expected


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dropout": 0.0, "modality_dropout": 0.5, "encoding_dim": 4},
        {"residual_features": True, "tokens": [None, 3, 5]},
        {"residual_features": True, "numeric_embedding": "piecewise_linear"},
    ],
    ids=lambda options: "-".join(options),
)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_our_networks_pass_the_trial_that_they_are_spared(monkeypatch, fusion, options):
    ours = network(FUSIONS[fusion], modality_names=["a", "b", "c"], **options)
    assert passes_trial(ours, WIDTHS)
    monkeypatch.setattr(stacking, "passes_trial", None)  # to ask it would be an error
    assert is_stackable(ours, WIDTHS)


def _with_a_hook(layer):
    layer.register_forward_hook(lambda layer, args, output: output.flip(0))


def _with_a_pre_hook(layer):
    layer.register_forward_pre_hook(lambda layer, args: args[0].flip(0))


def _with_a_forward_of_its_own(layer):
    layer.forward = lambda x: x.mean(dim=1, keepdim=True).expand(x.shape)


@pytest.mark.parametrize("change", [_with_a_hook, _with_a_pre_hook, _with_a_forward_of_its_own])
def test_layers_of_ours_that_were_changed_are_put_to_the_trial(change):
    changed = network()
    change(changed.trunk)
    assert not is_stackable(changed, WIDTHS)


class Centred(nn.Module):
    """A loss across rows that does not say so."""

    def forward(self, prediction, target):
        error = prediction - target
        return (error - error.mean(dim=0)).square().mean(dim=-1)


class CentredByPosition(Centred):
    """A loss of a whole batch that takes rows to be the first axis."""

    whole_batch = True

    def forward(self, prediction, target, weight):
        return super().forward(prediction, target).mean(dim=0)


class WithAWeight(nn.Linear):
    """A loss that learns."""

    def __init__(self):
        super().__init__(2, 2)

    def forward(self, prediction, target):
        return super().forward(prediction - target).square()


@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("loss", LOSSES.values())
def test_our_losses_can_be_stacked(loss, n_targets):
    assert is_stackable_loss(loss(), n_targets)


@pytest.mark.parametrize("loss", [Centred, CentredByPosition, WithAWeight])
def test_a_loss_that_mixes_members_up_or_learns_is_found_out(loss):
    assert not is_stackable_loss(loss(), 2)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_linked_stack_computes_bit_for_bit_what_its_members_do(fusion):
    members = [
        MoFANetwork(
            WIDTHS, 2, FUSIONS[fusion], hidden_dim=8, modality_names=["a", "b", "c"]
        ).eval()
        for _ in range(N_MEMBERS)
    ]
    members[1].stand_ins.has_one.fill_(True)
    linked = stack_modules(members, LINKED_LAYERS).eval()
    x = torch.randn(4, sum(WIDTHS))
    x[1, : WIDTHS[0]] = torch.nan
    with torch.inference_mode():
        assert_close(linked(x), torch.stack([member(x) for member in members]), rtol=0, atol=1e-6)


def test_a_linked_stack_follows_its_members_weights():
    members = [MoFANetwork(WIDTHS, 1, FUSIONS["concat"], hidden_dim=4).eval() for _ in range(2)]
    linked = stack_modules(members, LINKED_LAYERS).eval()
    assert not list(linked.parameters())
    with torch.inference_mode():
        for parameter in members[1].parameters():
            parameter.data.add_(0.5)
        x = torch.randn(3, sum(WIDTHS))
        assert_close(linked(x)[1], members[1](x))


@pytest.mark.parametrize("shape", [(1, 512), (2, 1, 512), (2, 512), (2, 3, 512)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_linked_layers_of_many_weights_compute_what_their_members_do(shape, has_bias):
    generator = torch.Generator().manual_seed(0)
    layers = [nn.Linear(512, 512, bias=has_bias) for _ in range(2)]
    linked = stack_modules([nn.Sequential(layer) for layer in layers], LINKED_LAYERS)
    x = torch.randn(shape, generator=generator)
    rows = x if x.dim() > 2 else [x, x]
    expected = torch.stack([layer(own) for layer, own in zip(layers, rows, strict=True)])
    assert_close(linked(x), expected)
