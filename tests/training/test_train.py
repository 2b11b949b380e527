"""Training one network: callbacks, weighted losses, and what is left of it."""

import math
import pickle
import threading

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EarlyStopping
from torch import nn
from torch.testing import assert_close

from mofa_sklearn.networks.losses import LOSSES
from mofa_sklearn.training.batches import Rows
from mofa_sklearn.training.interrupts import cancellable, interrupts_go_up
from mofa_sklearn.training.schedules import SCHEDULES
from mofa_sklearn.training.seeding import build_seeded, seeded_dropout
from mofa_sklearn.training.train import TrainingPlan, train

BATCH_SIZE = 8
N_ROWS = 20


def make_rows(seed=0, sample_weight=None):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_ROWS, 3)).astype(np.float32)
    y = (X @ rng.normal(size=(3, 2))).astype(np.float32)
    return Rows(X, y, sample_weight)


def make_module():
    return build_seeded(lambda: nn.Linear(3, 2), 0)


def make_plan(schedule="constant", **params):
    plan = {
        "criterion": LOSSES["squared_error"](),
        "schedule": SCHEDULES[schedule](),
        "learning_rate": 0.05,
        "weight_decay": 0.0,
        "batch_size": BATCH_SIZE,
        "max_epochs": 6,
        "keep_best": False,
        "n_iter_no_change": None,
        "device": torch.device("cpu"),
        "autocast": None,
        "shuffle_seed": 0,
        "dropout_seed": 0,
    }
    return TrainingPlan(**{**plan, **params})


class Recorder(Callback):
    """Keeps the rate of every step and the weights after every epoch."""

    def initialize(self):
        self.rates, self.weights = [], []
        return self

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        if training:
            self.rates.append(net.optimizer_.param_groups[0]["lr"])

    def on_epoch_end(self, net, **kwargs):
        self.weights.append(net.module_.weight.detach().clone())


class InEpoch(Callback):
    """Does something at the end of one epoch."""

    def __init__(self, epoch, action):
        self.epoch = epoch
        self.action = action

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            self.action(net)


class InterruptInBatch(Callback):
    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        if len(net.history) == 3:
            raise KeyboardInterrupt


def poison(net):
    with torch.no_grad():
        net.module_.weight.fill_(math.nan)


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
def test_every_step_has_the_rate_that_the_schedule_says(schedule):
    recorder = Recorder()
    train(make_module(), make_rows(), None, make_plan(schedule, callbacks=[recorder]))
    n_steps = 6 * 3
    reference = SCHEDULES[schedule]()
    assert len(recorder.rates) == n_steps
    # Six epochs are too few for a plateau.
    expected = [0.05 * reference.factor(step / n_steps) for step in range(n_steps)]
    assert recorder.rates == pytest.approx(expected)


def test_the_history_has_a_record_of_losses_and_rates_for_every_epoch():
    result = train(make_module(), make_rows(), make_rows(1), make_plan("cosine"))
    for name in ("train_loss", "valid_loss", "learning_rate", "dur"):
        values = np.array(result.history[:, name])
        assert values.shape == (6,)
        assert np.isfinite(values).all()


def test_the_schedule_is_told_the_validation_loss():
    told = []

    class Telling(SCHEDULES["constant"]):
        def end_epoch(self, loss):
            told.append(loss)

    plan = make_plan()
    plan.schedule = Telling()
    result = train(make_module(), make_rows(), make_rows(1), plan)
    assert told == result.history[:, "valid_loss"]


def test_keep_best_puts_the_weights_of_the_lowest_loss_back():
    recorder = Recorder()
    plan = make_plan(keep_best=True, learning_rate=0.5, max_epochs=12, callbacks=[recorder])
    result = train(make_module(), make_rows(), make_rows(1), plan)
    losses = result.history[:, "valid_loss"]
    assert result.best_epoch == np.argmin(losses) + 1 < 12
    assert torch.equal(result.net.module_.weight, recorder.weights[result.best_epoch - 1])


def test_otherwise_the_last_weights_stay():
    recorder = Recorder()
    plan = make_plan(learning_rate=0.5, max_epochs=12, callbacks=[recorder])
    result = train(make_module(), make_rows(), make_rows(1), plan)
    assert result.best_epoch == 12
    assert torch.equal(result.net.module_.weight, recorder.weights[-1])


@pytest.mark.parametrize("patience", [1, 3])
def test_training_stops_after_so_many_epochs_without_a_lower_loss(patience):
    plan = make_plan(keep_best=True, n_iter_no_change=patience, learning_rate=0.5, max_epochs=100)
    result = train(make_module(), make_rows(), make_rows(1), plan)
    losses = result.history[:, "valid_loss"]
    assert len(losses) < 100
    best = np.argmin(losses) + 1
    assert result.best_epoch == best == len(losses) - patience


def test_a_loss_is_the_weighted_mean_over_rows():
    weight = np.random.default_rng(0).integers(0, 4, size=N_ROWS).astype(float)
    rows = make_rows(sample_weight=weight)
    # A rate of almost zero: the weights of the module stay where they are.
    result = train(make_module(), rows, rows, make_plan(learning_rate=1e-12, max_epochs=1))
    with torch.no_grad():
        losses = LOSSES["squared_error"]()(make_module()(rows.X), rows.y).mean(dim=1).numpy()
    expected = pytest.approx(np.average(losses, weights=weight), rel=1e-5)
    assert result.history[0, "valid_loss"] == expected
    assert result.history[0, "train_loss"] == expected


def test_a_batch_of_weight_zero_does_no_harm():
    weight = np.zeros(N_ROWS)
    weight[0] = 1
    rows = make_rows(sample_weight=weight)
    result = train(make_module(), rows, None, make_plan())
    assert torch.isfinite(result.net.module_.weight).all()
    assert np.isfinite(result.history[:, "train_loss"]).all()


@pytest.mark.parametrize("keep_best", [False, True])
def test_a_diverged_training_keeps_the_last_finite_weights(keep_best):
    recorder = Recorder()
    plan = make_plan(keep_best=keep_best, callbacks=[InEpoch(4, poison), recorder])
    result = train(make_module(), make_rows(), make_rows(1), plan)
    assert result.diverged
    assert len(result.history) == 5
    assert 1 <= result.best_epoch <= 4
    assert torch.isfinite(result.net.module_.weight).all()


def test_nothing_is_kept_where_the_first_loss_is_not_finite():
    rows = make_rows()
    rows.y[0, 0] = math.inf
    result = train(make_module(), rows, None, make_plan())
    assert result.diverged
    assert result.best_epoch == 0


def test_an_interrupt_inside_an_ensemble_goes_up():
    with pytest.raises(KeyboardInterrupt), interrupts_go_up():
        train(make_module(), make_rows(), None, make_plan(callbacks=[InterruptInBatch()]))


def test_an_interrupt_of_a_batch_ends_the_training_with_the_weights_so_far():
    result = train(make_module(), make_rows(), None, make_plan(callbacks=[InterruptInBatch()]))
    assert result.interrupted
    assert result.best_epoch == 2


def test_a_skorch_callback_ends_the_training_without_being_an_interrupt():
    stopper = EarlyStopping(monitor="train_loss", patience=2, threshold=10.0, sink=lambda _: None)
    with interrupts_go_up():
        result = train(make_module(), make_rows(), None, make_plan(callbacks=[stopper]))
    assert not result.interrupted
    assert len(result.history) < 6


def test_a_cancelled_training_is_interrupted():
    event = threading.Event()
    event.set()
    with pytest.raises(KeyboardInterrupt), cancellable(event), interrupts_go_up():
        train(make_module(), make_rows(), None, make_plan())


def test_the_net_at_rest_has_neither_optimizer_nor_data_nor_generator():
    X, y = np.zeros((20_000, 3), np.float32), np.zeros((20_000, 2), np.float32)
    plan = make_plan(max_epochs=1, batch_size=5000)
    net = train(make_module(), Rows(X, y), Rows(X, y), plan).net
    assert not hasattr(net, "optimizer_") or net.optimizer_ is None
    assert net.device == "cpu"
    assert all(parameter.grad is None for parameter in net.module_.parameters())
    assert len(pickle.dumps(net)) < 20_000


def test_clipping_bounds_a_step():
    """Gradients a thousand times larger than the bound give the step of the bound."""

    class Norms(Callback):
        norms = []

        def on_batch_end(self, net, training=False, **kwargs):
            if training:
                gradients = [p.grad.flatten() for p in net.module_.parameters()]
                self.norms.append(torch.cat(gradients).norm())

    rows = make_rows()
    rows.y *= 1000
    norms = Norms()
    train(make_module(), rows, None, make_plan(max_epochs=1, callbacks=[norms]))
    assert_close(torch.stack(norms.norms), torch.ones(3))


def test_initial_weights_depend_on_the_seed_alone():
    state = torch.get_rng_state()
    first = build_seeded(lambda: nn.Linear(3, 2), 5).weight
    torch.randn(3)
    assert torch.equal(first, build_seeded(lambda: nn.Linear(3, 2), 5).weight)
    assert not torch.equal(first, build_seeded(lambda: nn.Linear(3, 2), 6).weight)
    torch.set_rng_state(state)
    build_seeded(lambda: nn.Linear(3, 2), 5)
    assert torch.equal(torch.get_rng_state(), state)


def test_seeded_dropout_takes_the_generator_away_after_an_exception():
    module = nn.Linear(3, 2)
    module.generator = None
    with pytest.raises(ValueError, match="stop"), seeded_dropout(module, 0):
        assert module.generator is not None
        raise ValueError("stop")
    assert module.generator is None
