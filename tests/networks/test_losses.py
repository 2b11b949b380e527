"""Losses: their formulas, their weights, and what they refuse."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_pinball_loss
from torch import nn
from torch.testing import assert_close

from mofa_sklearn.metrics import concordance_correlation_coefficient
from mofa_sklearn.networks.losses import (
    LOSSES,
    Concordance,
    Quantile,
    TargetWeighted,
    make_loss,
    mean_loss,
    needs_whole_batch,
)

N_ROWS, N_TARGETS = 12, 3

every_loss = pytest.mark.parametrize("name", LOSSES)


def make_batch(loss, n_rows=N_ROWS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    n_outputs = N_TARGETS * getattr(loss, "outputs_per_target", 1)
    prediction = torch.randn(n_rows, n_outputs, generator=generator, requires_grad=True)
    return prediction, torch.randn(n_rows, N_TARGETS, generator=generator)


# All losses


@every_loss
def test_a_row_of_weight_zero_has_no_influence(name):
    loss = LOSSES[name]()
    prediction, target = make_batch(loss)
    weight = torch.rand(N_ROWS, generator=torch.Generator().manual_seed(1))
    weight[[2, 7]] = 0
    counted = weight > 0
    expected = mean_loss(loss, prediction[counted], target[counted], weight[counted])
    assert_close(mean_loss(loss, prediction, target, weight), expected)
    mean_loss(loss, prediction, target, weight).backward()
    assert (prediction.grad[~counted] == 0).all()
    assert (prediction.grad[counted] != 0).any()


@every_loss
def test_weight_two_is_the_row_twice(name):
    loss = LOSSES[name]()
    prediction, target = make_batch(loss)
    weight = torch.arange(N_ROWS) % 3
    expected = mean_loss(
        loss, prediction.repeat_interleave(weight, dim=0), target.repeat_interleave(weight, dim=0)
    )
    assert_close(mean_loss(loss, prediction, target, weight.float()), expected)


@every_loss
def test_equal_weights_are_none(name):
    loss = LOSSES[name]()
    prediction, target = make_batch(loss)
    expected = mean_loss(loss, prediction, target)
    assert_close(mean_loss(loss, prediction, target, torch.full((N_ROWS,), 0.3)), expected)


@every_loss
@pytest.mark.parametrize("n_rows", [1, 2])
@pytest.mark.parametrize("weight", [None, 0.0, 1.0])
def test_tiny_batches_constant_targets_and_exact_hits_give_finite_gradients(name, n_rows, weight):
    loss = LOSSES[name]()
    prediction, target = make_batch(loss, n_rows)
    target[:, 0] = 0.0
    with torch.no_grad():
        prediction[:, 0] = 0.0
    weight = None if weight is None else torch.full((n_rows,), weight)
    value = mean_loss(loss, prediction, target, weight)
    value.backward()
    assert value.isfinite()
    assert prediction.grad.isfinite().all()


@every_loss
def test_a_members_axis_keeps_members_apart(name):
    loss = LOSSES[name]()
    batches = [make_batch(loss, seed=seed) for seed in range(3)]
    weight = torch.rand(3, N_ROWS)
    prediction, target = (torch.stack(parts) for parts in zip(*batches, strict=True))
    alone = [mean_loss(loss, *batch, own) for batch, own in zip(batches, weight, strict=True)]
    assert_close(mean_loss(loss, prediction, target, weight), torch.stack(alone))


@every_loss
def test_target_weights_are_those_of_the_losses_alone(name):
    loss = LOSSES[name]()
    prediction, target = make_batch(loss)
    n_each = getattr(loss, "outputs_per_target", 1)
    alone = [
        mean_loss(loss, prediction[:, i * n_each : (i + 1) * n_each], target[:, [i]])
        for i in range(N_TARGETS)
    ]
    weighted = mean_loss(TargetWeighted(loss, [1, 0, 3]), prediction, target)
    assert_close(weighted, 0.25 * alone[0] + 0.75 * alone[2])
    equal = mean_loss(TargetWeighted(loss, [2] * N_TARGETS), prediction, target)
    assert_close(equal, mean_loss(loss, prediction, target))


@every_loss
def test_a_penalty_is_a_weighted_mean_on_top(name):
    loss = LOSSES[name]()
    prediction, target = make_batch(loss)
    weight, penalty = torch.rand(2, N_ROWS)
    expected = (
        mean_loss(loss, prediction, target, weight) + (weight * penalty).sum() / weight.sum()
    )
    assert_close(mean_loss(loss, prediction, target, weight, penalty), expected)


@every_loss
def test_a_lower_loss_is_found_by_going_downhill(name):
    loss = LOSSES[name]()
    prediction, target = make_batch(loss)
    optimizer = torch.optim.Adam([prediction], lr=0.05)
    values = []
    for _ in range(100):
        optimizer.zero_grad()
        value = mean_loss(loss, prediction, target)
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < 0.5 * values[0]


# Each by its formula


def test_squared_absolute_huber_and_hybrid():
    prediction, target = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.5, 5.0]])
    values = {
        name: LOSSES[name]()(prediction, target)[0].tolist()
        for name in ("squared_error", "absolute_error", "huber", "hybrid")
    }
    assert values == {
        "squared_error": [0.25, 9.0],
        "absolute_error": [0.5, 3.0],
        "huber": [0.125, 2.5],
        "hybrid": [0.375, 11.5],
    }
    assert LOSSES["huber"](delta=10.0)(prediction, target)[0].tolist() == [0.125, 4.5]


@pytest.mark.parametrize("weighted", [False, True])
def test_ccc_is_one_minus_the_metric(weighted):
    prediction, target = make_batch(Concordance(), 200)
    target = target + prediction.detach()
    weight = torch.rand(200) if weighted else None
    expected = 1 - concordance_correlation_coefficient(
        target.numpy(),
        prediction.detach().numpy(),
        sample_weight=None if weight is None else weight.numpy(),
    )
    value = mean_loss(Concordance(), prediction, target, weight).item()
    assert value == pytest.approx(expected, abs=1e-4)


def test_ccc_pulls_towards_a_constant_target():
    prediction = torch.full((4, 1), 0.01, requires_grad=True)
    mean_loss(Concordance(), prediction, torch.zeros(4, 1)).backward()
    assert (prediction.grad > 0).all()


def test_the_quantile_loss_is_the_pinball_loss():
    levels = (0.1, 0.5, 0.8)
    prediction, target = make_batch(Quantile(levels))
    by_level = prediction.detach().view(N_ROWS, N_TARGETS, 3).sort(dim=-1).values.numpy()
    expected = np.mean(
        [
            mean_pinball_loss(target.numpy(), by_level[..., i], alpha=level)
            for i, level in enumerate(levels)
        ]
    )
    assert mean_loss(Quantile(levels), prediction, target).item() == pytest.approx(expected)


def test_the_quantile_loss_finds_quantiles():
    target = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
    prediction = torch.zeros(1, 5, requires_grad=True)
    optimizer = torch.optim.Adam([prediction], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        mean_loss(Quantile(), prediction.expand(2000, -1), target).backward()
        optimizer.step()
    expected = torch.quantile(target.squeeze(), torch.tensor(Quantile().levels))
    assert_close(prediction.detach().squeeze().sort().values, expected, rtol=0, atol=0.1)


@pytest.mark.parametrize(
    "levels", [(0.1, 0.9), (0.5, 0.1), (0.0, 0.5), (0.5, 1.0), (0.5, 0.5), ()], ids=str
)
def test_levels_must_ascend_and_have_the_median(levels):
    with pytest.raises(ValueError, match=r"levels must ascend .* 0\.5"):
        Quantile(levels)


# Losses from elsewhere


@pytest.mark.parametrize(
    "loss", [nn.SmoothL1Loss, nn.L1Loss, partial(nn.HuberLoss, delta=0.3)], ids=str
)
def test_torch_s_losses_leave_the_mean_to_the_weights(loss):
    prediction, target = make_batch(None)
    weight = torch.rand(N_ROWS)
    losses = make_loss(loss)(prediction, target).mean(dim=-1)
    expected = (losses * weight).sum() / weight.sum()
    assert_close(mean_loss(make_loss(loss), prediction, target, weight), expected)
    assert_close(mean_loss(make_loss(loss), prediction, target), loss()(prediction, target))


class RowLoss(nn.Module):
    def forward(self, prediction, target):
        return (prediction - target).abs().amax(dim=-1)


class ScalarLoss(nn.Module):
    def forward(self, prediction, target):
        return (prediction - target).abs().mean()


class WholeRowLoss(RowLoss):
    whole_batch = True

    def forward(self, prediction, target, weight):
        return super().forward(prediction, target)


def test_a_loss_may_be_one_number_for_each_row():
    prediction, target = make_batch(None)
    expected = (prediction - target).abs().amax(dim=-1).mean()
    assert_close(mean_loss(make_loss(RowLoss), prediction, target), expected)


@pytest.mark.parametrize(
    ("loss", "shape"), [(ScalarLoss, r"\(batch,\)"), (WholeRowLoss, r"\(n_targets,\)")]
)
def test_a_loss_of_another_shape_is_refused_by_name(loss, shape):
    prediction, target = make_batch(None)
    with pytest.raises(ValueError, match=rf"{loss.__name__} returned .*{shape}"):
        mean_loss(loss(), prediction, target)


@pytest.mark.parametrize("loss", [RowLoss, ScalarLoss])
def test_target_weights_need_a_loss_that_tells_targets_apart(loss):
    prediction, target = make_batch(None)
    with pytest.raises(ValueError, match=f"target_weight needs .* {loss.__name__}"):
        mean_loss(TargetWeighted(loss(), [1, 2, 3]), prediction, target)


def test_only_ccc_needs_the_whole_batch():
    needing = [name for name, loss in LOSSES.items() if needs_whole_batch(loss())]
    assert needing == ["ccc"]
    assert needs_whole_batch(TargetWeighted(Concordance(), [1.0]))
