"""Networks that are trained together: the same as one by one."""

import copy
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from mofa_sklearn.networks import MoFANetwork
from mofa_sklearn.networks.fusions import FUSIONS
from mofa_sklearn.networks.losses import LOSSES
from mofa_sklearn.training.batches import Rows
from mofa_sklearn.training.interrupts import cancellable
from mofa_sklearn.training.schedules import SCHEDULES
from mofa_sklearn.training.seeding import build_seeded
from mofa_sklearn.training.stacked import train_stacked
from mofa_sklearn.training.train import TrainingPlan, train

WIDTHS = [4, 3, 5]
N_VALID = 20


def make_plan(member, **changes):
    plan = TrainingPlan(
        criterion=LOSSES["squared_error"](),
        schedule=SCHEDULES["constant"](),
        learning_rate=3e-3,
        weight_decay=1e-2,
        batch_size=32,
        max_epochs=4,
        keep_best=True,
        n_iter_no_change=None,
        device=torch.device("cpu"),
        autocast=None,
        shuffle_seed=10 + member,
        dropout_seed=20 + member,
    )
    return replace(plan, **changes)


def make_members(
    sizes=(90, 90, 90), *, validate=True, weighted=False, missing=False, dropout=0.0, **plan
):
    """Make the arguments of train_stacked; a function as `plan`'s value gets the member."""
    rng = np.random.default_rng(0)
    modules, train_rows, valid_rows, plans = [], [], [], []
    for member, size in enumerate(sizes):
        X = rng.normal(size=(size, sum(WIDTHS))).astype(np.float32)
        y = X[:, :2] + X[:, -2:] + rng.normal(size=(size, 2)).astype(np.float32)
        if missing:
            X[::4, : WIDTHS[0]] = np.nan
        weight = rng.integers(0, 3, size=size) if weighted else None
        network = build_seeded(
            lambda: MoFANetwork(WIDTHS, 2, FUSIONS["modality_attention"], 8, dropout, dropout),
            member,
        )
        modules.append(network)
        train_rows.append(Rows(X, y, weight, np.arange(N_VALID, size)))
        valid_rows.append(Rows(X, y, weight, np.arange(N_VALID)) if validate else None)
        changes = {k: v(member) if callable(v) else v for k, v in plan.items()}
        plans.append(make_plan(member, **changes))
    return modules, train_rows, valid_rows, plans


def one_by_one(members):
    return [train(*member) for member in zip(*members, strict=True)]


def assert_same_training(result, expected):
    """Compare histories and outputs up to rounding that some steps have amplified."""
    assert result.best_epoch == expected.best_epoch
    assert result.diverged == expected.diverged
    assert len(result.history) == len(expected.history)
    for epoch, expected_epoch in zip(result.history, expected.history, strict=True):
        assert list(epoch) == list(expected_epoch)
        for name, value in expected_epoch.items():
            if name != "dur":
                assert epoch[name] == pytest.approx(value, rel=1e-4, nan_ok=True), name
    x = torch.randn(10, sum(WIDTHS), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        output, expected_output = (r.net.module_(x) for r in (result, expected))
    assert_close(output, expected_output, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"sizes": (70, 120, 95)},
        {"sizes": (52, 53, 117), "validate": False},
        {"weighted": True, "sizes": (70, 120, 95)},
        {"missing": True},
        {"validate": False, "keep_best": False, "weighted": True},
        {"schedule": lambda member: SCHEDULES["cosine"]()},
        {"learning_rate": lambda member: 1e-3 * (1 + member)},
        {"batch_size": 200},
        {"max_epochs": lambda member: 2 + member},
        {"average_epochs": 1.5, "sizes": (70, 120, 95)},
        {"average_epochs": 2, "validate": False, "keep_best": False},
        {"average_epochs": 1, "max_epochs": lambda member: 2 + member, "weighted": True},
    ],
    ids=lambda case: "-".join(case),
)
def test_members_trained_together_agree_with_one_by_one(case):
    members = make_members(**case)
    expected = one_by_one(copy.deepcopy(members))
    for result, alone in zip(train_stacked(*members), expected, strict=True):
        assert_same_training(result, alone)


def test_each_member_has_its_own_plateaus():
    case = {"learning_rate": lambda member: (3e-2, 1e-3)[member], "max_epochs": 20}
    members = make_members((60, 90), schedule=lambda member: SCHEDULES["plateau"](), **case)
    results = train_stacked(*members)
    rates = [set(result.history[:, "learning_rate"]) for result in results]
    assert len(rates[0]) > 1  # too fast: it was halved
    assert len(rates[1]) == 1


def test_each_member_stops_for_itself():
    case = {"max_epochs": 25, "n_iter_no_change": 2}
    members = make_members((50, 90, 130), learning_rate=lambda m: (5e-2, 1e-2, 5e-4)[m], **case)
    results = train_stacked(*members)
    n_epochs = [len(result.history) for result in results]
    assert len(set(n_epochs)) > 1
    for result, length in zip(results, n_epochs, strict=True):
        best = int(np.argmin(result.history[:, "valid_loss"])) + 1
        assert result.best_epoch == best
        assert length in (best + 2, 25)


def test_a_member_that_is_left_alone_goes_on_as_before():
    """The restacking keeps weights, moments and step counts."""
    members = make_members((70, 95), max_epochs=lambda member: 1 + 4 * member)
    expected = one_by_one(copy.deepcopy(members))
    for result, alone in zip(train_stacked(*members), expected, strict=True):
        assert_same_training(result, alone)


@pytest.mark.parametrize("validate", [True, False])
def test_a_diverging_member_does_not_disturb_the_others(validate):
    members = make_members((70, 90, 90), validate=validate)
    members[1][1].y.fill_(1e30)  # its squared error is infinite
    members[3][2].learning_rate = 1e30  # its weights are
    expected = one_by_one(copy.deepcopy(members))
    results = train_stacked(*members)
    assert [result.diverged for result in results] == [False, True, True]
    assert results[1].best_epoch == 0
    assert_same_training(results[0], expected[0])
    assert [len(r.history) for r in results] == [len(r.history) for r in expected]


def test_the_best_epoch_s_weights_are_kept():
    members = make_members(max_epochs=8, learning_rate=3e-2)
    valid_rows = members[2]
    for result, rows in zip(train_stacked(*members), valid_rows, strict=True):
        X, (y, _) = rows.take(slice(None))
        with torch.inference_mode():
            loss = (result.net.module_(X) - y).square().mean().item()
        assert loss == pytest.approx(min(result.history[:, "valid_loss"]), rel=1e-4)


def test_nets_are_at_rest():
    for module, result in zip(*_modules_and_results(), strict=True):
        assert result.net.module_ is module
        assert not module.training
        assert not hasattr(result.net, "optimizer_") or result.net.optimizer_ is None
        assert all(parameter.grad is None for parameter in module.parameters())
        assert all(p.untyped_storage().nbytes() == p.nbytes for p in module.parameters())


def _modules_and_results():
    members = make_members(max_epochs=1)
    return members[0], train_stacked(*members)


def test_a_training_goes_on_with_an_earlier_history():
    earlier = [{"batches": [], "epoch": 1, "train_loss": 1.0, "valid_loss": 1.0}]
    results = train_stacked(*make_members(max_epochs=2, history=earlier))
    assert [epoch["epoch"] for epoch in results[0].history] == [1, 2, 3]
    assert results[0].best_epoch in (2, 3)


def test_dropout_depends_on_the_seeds_alone():
    first, second = (train_stacked(*make_members(dropout=0.3)) for _ in range(2))
    other = train_stacked(*make_members(dropout=0.3, dropout_seed=7))
    losses = [[r.history[:, "train_loss"] for r in results] for results in (first, second, other)]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_a_cancelled_training_is_an_interrupt():
    event = threading.Event()
    event.set()
    with cancellable(event), pytest.raises(KeyboardInterrupt):
        train_stacked(*make_members())


def test_a_training_together_in_bfloat16():
    results = train_stacked(*make_members(autocast=torch.bfloat16))
    assert all(np.isfinite(result.history[:, "valid_loss"]).all() for result in results)


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"batch_size": lambda m: 32 + m}, "batch_size"), ({"validate": None}, "validation rows")],
)
def test_plans_that_do_not_go_together_are_refused(changes, name):
    members = make_members(**changes) if "batch_size" in changes else make_members()
    if "validate" in changes:
        members[2][0] = None
    with pytest.raises(ValueError, match=name):
        train_stacked(*members)
