"""Learning-rate schedules."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mofa_sklearn.training.schedules import SCHEDULES

losses = st.one_of(st.sampled_from([0.5, 1.0, 1.00005, 1.0002, 0.9999, 2.0]), st.floats(0.125, 10))


def factors(schedule, n_steps=1000):
    return np.array([schedule.factor(step / n_steps) for step in range(n_steps)])


@given(st.lists(losses, min_size=1, max_size=60))
@settings(deadline=None, max_examples=60)
def test_plateau_is_torch_s_reduce_lr_on_plateau(sequence):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=5)
    schedule = SCHEDULES["plateau"]()
    for loss in sequence:
        reference.step(loss)
        schedule.end_epoch(loss)
        # torch leaves a rate alone that would change by less than 1e-8.
        expected = optimizer.param_groups[0]["lr"]
        assert schedule.factor(0.5) == pytest.approx(expected, abs=2e-8)


def test_plateau_halves_after_more_than_five_epochs_without_progress():
    schedule = SCHEDULES["plateau"]()
    course = []
    for _ in range(13):
        schedule.end_epoch(1.0)
        course.append(schedule.factor(0.0))
    assert course == [1.0] * 6 + [0.5] * 6 + [0.25]


def test_cosine_warms_up_for_a_tenth_of_the_steps_and_ends_near_zero():
    course = factors(SCHEDULES["cosine"]())
    assert 0 < course[0] < 0.1
    assert (np.diff(course[:100]) > 0).all()
    assert course.argmax() == 100
    assert course.max() == 1
    assert (np.diff(course[100:]) < 0).all()
    assert 0 <= course[-1] < 1e-4


@pytest.mark.parametrize("n_steps", [1, 2, 5, 11, 100])
def test_cosine_never_stands_still_and_never_exceeds_the_rate(n_steps):
    course = factors(SCHEDULES["cosine"](), n_steps)
    assert (course > 0).all()
    assert (course <= 1).all()


def test_one_cycle_is_torch_s():
    n_steps = 2000
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    reference = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1.0, total_steps=n_steps, cycle_momentum=False
    )
    expected = []
    for _ in range(n_steps):
        expected.append(reference.get_last_lr()[0])
        optimizer.step()
        reference.step()
    # torch counts its phases from the second step.
    assert_allclose(factors(SCHEDULES["one_cycle"](), n_steps), expected, atol=5e-3)


def test_a_warm_up_goes_before_the_plateaus():
    schedule = SCHEDULES["warmup_plateau"]()
    course = factors(schedule)
    assert (np.diff(course[:101]) > 0).all()
    assert (course[100:] == 1).all()
    for _ in range(7):
        schedule.end_epoch(1.0)
    assert_allclose(factors(schedule), course / 2)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_never_stands_still(name):
    course = factors(SCHEDULES[name](), 7)
    assert (course > 0).all()
    assert (course <= 1).all()


def test_constant_stays():
    schedule = SCHEDULES["constant"]()
    schedule.end_epoch(1.0)
    assert (factors(schedule) == 1).all()
