"""Averages of weights: what goes into them, and where a network has them."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch.testing import assert_close

from mofa_sklearn.training.averaging import steps_averaged
from mofa_sklearn.training.train import train
from tests.helpers import make_data, small_mofa

from .test_train import InterruptInBatch, make_module, make_plan, make_rows

N_STEPS_PER_EPOCH = 3


class Spy(Callback):
    """Keeps the weights after every step, and those that are there at the end of an epoch."""

    def initialize(self):
        self.trained, self.shown = [], []
        return self

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.trained.append(net.module_.weight.detach().clone())

    def on_epoch_end(self, net, **kwargs):
        self.shown.append(net.module_.weight.detach().clone())


def spied(average_epochs, valid_rows=None, **params):
    spy = Spy()
    plan = make_plan(average_epochs=average_epochs, callbacks=[spy], **params)
    return train(make_module(), make_rows(), valid_rows, plan), spy


def test_the_average_goes_over_all_steps_until_there_are_enough():
    assert [steps_averaged(step, 2, 4) for step in (1, 5, 8, 9, 100)] == [1, 5, 8, 8, 8]
    assert steps_averaged(7, 0.01, 4) == 1


@pytest.mark.parametrize("validate", [True, False])
def test_at_first_it_is_the_plain_mean_of_the_steps(validate):
    result, spy = spied(100, make_rows(1) if validate else None)
    for epoch, shown in enumerate(spy.shown, 1):
        steps = torch.stack(spy.trained[: epoch * N_STEPS_PER_EPOCH])
        assert_close(shown, steps.mean(dim=0))
    assert torch.equal(result.net.module_.weight, spy.shown[-1])


def test_later_it_forgets_exponentially():
    _, spy = spied(1)
    expected = torch.zeros(())
    for step, weights in enumerate(spy.trained, 1):
        expected = expected + (weights - expected) / min(step, N_STEPS_PER_EPOCH)
        if step % N_STEPS_PER_EPOCH == 0:
            assert_close(spy.shown[step // N_STEPS_PER_EPOCH - 1], expected)


def test_less_than_a_step_is_no_average():
    _, spy = spied(0.01)
    assert torch.equal(spy.shown[-1], spy.trained[-1])


def test_the_steps_are_those_of_a_training_without():
    (_, averaged), (_, plain) = spied(2, make_rows(1)), spied(None, make_rows(1))
    assert all(map(torch.equal, averaged.trained, plain.trained))
    assert not torch.equal(averaged.shown[-1], plain.shown[-1])


def test_the_validation_loss_is_that_of_the_average():
    rows = make_rows(1)
    result, spy = spied(2, rows, keep_best=True, learning_rate=0.5, max_epochs=12)
    best = result.best_epoch
    assert torch.equal(result.net.module_.weight, spy.shown[best - 1])
    with torch.inference_mode():
        loss = (result.net.module_(rows.X) - rows.y).square().mean().item()
    assert loss == pytest.approx(min(result.history[:, "valid_loss"]))


def test_an_interrupted_training_has_the_average_so_far():
    spy = Spy()
    plan = make_plan(average_epochs=100, callbacks=[spy, InterruptInBatch()])
    result = train(make_module(), make_rows(), None, plan)
    assert result.interrupted
    assert_close(result.net.module_.weight, torch.stack(spy.trained).mean(dim=0))


def test_single_networks_gain_from_it():
    errors = {None: 0.0, 2: 0.0}
    for seed in range(3):
        X, y = make_data(1200, noise=1.0, seed=seed)
        for average_epochs in errors:
            model = small_mofa(
                average_epochs=average_epochs,
                max_epochs=10,
                early_stopping=False,
                learning_rate=0.03,
                batch_size=64,
            ).fit(X[:200], y[:200])
            errors[average_epochs] += np.mean((model.predict(X[200:]) - y[200:]) ** 2)
    assert errors[2] < errors[None]
