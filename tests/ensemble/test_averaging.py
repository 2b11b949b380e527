"""What averaging members gains, and weights that know of it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from mofa_sklearn import BlendRegressor, KFoldEnsembleRegressor
from mofa_sklearn.ensemble._averaging import averaging_gain, rows_to_compare_on
from mofa_sklearn.ensemble._blend_weights import blend, blend_weights

from ..helpers import make_data

N_MEMBERS, N_ROWS = 5, 2000


def one_fold_each(n_members=N_MEMBERS, n_rows=N_ROWS):
    """Every member holds out every n_members-th row."""
    return np.arange(n_rows) % n_members == np.arange(n_members)[:, None]


def make_members(noise, seed=0, n_rows=N_ROWS, own_error=1.0):
    """Members that share an error, and have noise of their own on top of it."""
    rng = np.random.default_rng(seed)
    shared = own_error * rng.normal(size=(n_rows, 1))
    return shared + noise * rng.normal(size=(N_MEMBERS, n_rows, 1))


def gain_of(parts, unseen, sample_weight=None):
    """The gain where members are nearer to the truth on rows that they learned from."""
    learned = [~mask[:, :, None] for mask in unseen]
    total = sum((part * mask).sum(axis=0) for part, mask in zip(parts, learned, strict=True))
    truth = total / np.maximum(sum(mask.sum(axis=0) for mask in learned), 1)
    return averaging_gain(parts, unseen, truth, sample_weight)


def held_out(members, unseen):
    return np.sum(members * unseen[:, :, None], axis=0)


def test_the_gain_is_the_error_that_averaging_takes_away():
    unseen = one_fold_each()
    members = make_members(noise=2.0)  # of a target that is zero
    single = np.mean(held_out(members, unseen) ** 2)
    mean_of_new_members = np.mean(make_members(noise=2.0, n_rows=20_000).mean(axis=0) ** 2)
    gain = gain_of([members], [unseen])
    assert gain.shape == (1, 1, 1)
    assert_allclose(single - gain[0, 0, 0], mean_of_new_members, rtol=0.1)


def test_members_that_agree_gain_nothing():
    members = np.repeat(make_members(noise=0.0)[:1], N_MEMBERS, axis=0)
    assert_allclose(gain_of([members], [one_fold_each()]), 0, atol=1e-12)


def test_a_single_member_gains_nothing():
    members = make_members(noise=1.0)[:1]
    assert_array_equal(gain_of([members], [np.ones((1, N_ROWS), bool)]), 0)


def test_members_that_learned_from_a_row_alone_are_compared():
    unseen = one_fold_each()
    members = make_members(noise=1.0)
    elsewhere = np.where(unseen[:, :, None], 1e6, members)
    assert_allclose(gain_of([members], [unseen]), gain_of([elsewhere], [unseen]))


def test_a_part_that_is_worse_on_rows_that_it_learned_from_counts_no_gain():
    members, unseen = make_members(noise=1.0), one_fold_each()
    truth = held_out(members, unseen)  # right on the rows that it never saw, and only there
    gain = averaging_gain([members, 0.1 * members], [unseen, unseen], truth)
    assert_array_equal(gain, 0)
    assert (gain_of([members], [unseen]) > 0).all()


def test_a_member_that_fits_its_own_rows_more_closely_counts_no_more():
    members, unseen = make_members(noise=0.5), one_fold_each()
    shared, truth = make_members(noise=0.0)[0], np.zeros((N_ROWS, 1))
    before = averaging_gain([members], [unseen], truth)
    stopped_late = members.copy()
    stopped_late[0] -= np.where(unseen[0][:, None], 0.0, 0.8 * shared)
    assert_allclose(averaging_gain([stopped_late], [unseen], truth), before, rtol=0.1)


def test_parts_with_other_splits_count_as_independent():
    members, unseen = make_members(noise=1.0), one_fold_each()
    gain = gain_of([members, members], [unseen, unseen[::-1]])
    assert gain[0, 1, 0] == gain[1, 0, 0] == 0
    same = gain_of([members, members], [unseen, unseen])
    assert_allclose(same[..., 0], same[0, 0, 0])


def test_a_repeated_cross_validation_has_less_left_to_gain():
    members = make_members(noise=1.0)
    once = one_fold_each()
    twice = once | np.roll(once, 1, axis=1)
    ratio = gain_of([members], [twice]) / gain_of([members], [once])
    assert_allclose(ratio, (1 / 2 - 1 / 5) / (1 - 1 / 5), rtol=0.1)


def test_rows_without_weight_do_not_count():
    members, unseen = make_members(noise=1.0), one_fold_each()
    weight = np.repeat([1.0, 0.0], N_ROWS // 2)
    half = gain_of([members[:, : N_ROWS // 2]], [unseen[:, : N_ROWS // 2]])
    assert_allclose(gain_of([members], [unseen], weight), half)


def test_the_mean_over_members_is_better_for_weights_that_know_of_it():
    unseen = one_fold_each()
    kinds = [(1.0, 2.0), (1.4, 0.0)]  # shared error and noise: noisy members, and equal ones
    parts = [make_members(b, seed, own_error=a) for seed, (a, b) in enumerate(kinds)]
    y = np.zeros((N_ROWS, 1))
    predictions = np.stack([held_out(part, unseen) for part in parts])
    gain = gain_of(parts, [unseen, unseen])
    blind, knowing = blend_weights(predictions, y), blend_weights(predictions, y, gain=gain)
    new = [make_members(b, 10 + seed, 20_000, own_error=a) for seed, (a, b) in enumerate(kinds)]
    means = np.stack([part.mean(axis=0) for part in new])
    errors = [np.mean(blend(means, weights) ** 2) for weights in (blind, knowing)]
    assert knowing[0, 0] > blind[0, 0] + 0.1
    assert errors[1] < errors[0]


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.integers(0, 10**6), st.integers(2, 5), st.floats(0, 100))
def test_whatever_the_gain_a_blend_is_never_worse_out_of_fold_than_its_best_part(seed, n, size):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(30, 2))
    predictions = y + rng.uniform(0.1, 3, size=(n, 1, 2)) * rng.normal(size=(n, 30, 2))
    root = rng.normal(size=(n, n, 2))
    gain = size * np.einsum("abt,cbt->act", root, root)
    weights = blend_weights(predictions, y, gain=gain)
    assert_allclose(weights.sum(axis=0), 1)
    assert weights.min() >= 0
    best = np.min(np.sum((y - predictions) ** 2, axis=1), axis=0)
    assert (np.sum((y - blend(predictions, weights)) ** 2, axis=0) <= best * (1 + 1e-9)).all()


def test_rows_to_compare_on_are_spread_and_few():
    assert_array_equal(rows_to_compare_on(4), [0, 1, 2, 3])
    rows = rows_to_compare_on(1_000_000)
    assert len(rows) == 1000
    assert rows[0] == 0
    assert rows[-1] == 999_999
    assert np.ptp(np.diff(rows)) <= 1


RANDOM_TREE = DecisionTreeRegressor(min_samples_leaf=8, splitter="random", random_state=0)


def noisy_targets():
    X, y = make_data(200, None, seed=1)
    return X, y + 2 * np.abs(X[:, 0]) + 2 * np.random.default_rng(0).normal(size=200)


def test_random_trees_count_for_more_in_a_blend_that_knows_of_averaging():
    X, y = noisy_targets()
    model = BlendRegressor([("ridge", Ridge()), ("tree", RANDOM_TREE)], random_state=0).fit(X, y)
    predictions = np.stack([part.oof_prediction_[:, None] for part in model.estimators_])
    assert model.weights_[1, 0] > blend_weights(predictions, y[:, None])[1, 0] + 0.02


def test_companions_have_the_weights_of_a_blend():
    X, y = noisy_targets()
    splits = list(KFold(5).split(X))
    parts = [("ridge", Ridge()), ("neighbors", KNeighborsRegressor(10))]
    ensemble = KFoldEnsembleRegressor(parts[0][1], cv=splits, companions=parts[1:]).fit(X, y)
    weights = BlendRegressor(parts, cv=splits).fit(X, y).weights_
    assert weights.min() > 0.01
    assert_allclose(ensemble.blend_weights_.to_numpy(), weights)
