"""Weights of a blend: the best ones, and never worse than the best part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize

from mofa_sklearn.ensemble._blend_weights import blend, blend_weights, given_weights


def make_predictions(n_parts, n_samples=30, n_targets=1, seed=0):
    """Parts that are right up to errors of very different sizes."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n_samples, n_targets))
    scale = 10 ** rng.uniform(-1, 1, size=(n_parts, 1, n_targets))
    common = rng.normal(size=y.shape)
    return y + scale * (common + rng.normal(size=(n_parts, *y.shape))), y


def squared_errors(predictions, y, weights):
    return np.sum((y - blend(predictions, weights)) ** 2, axis=0)


def slsqp(predictions, y):
    """The same problem, for one target, by a general optimiser."""
    n_parts = len(predictions)
    errors = (y - predictions)[..., 0]
    gram = errors @ errors.T
    gram /= np.abs(gram).max()
    result = minimize(
        lambda w: w @ gram @ w,
        np.full(n_parts, 1 / n_parts),
        jac=lambda w: 2 * gram @ w,
        bounds=[(0, 1)] * n_parts,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    return result.x[:, None]


@pytest.mark.parametrize("n_parts", [2, 3, 5])
@pytest.mark.parametrize("seed", range(8))
def test_no_optimiser_finds_better_weights(n_parts, seed):
    predictions, y = make_predictions(n_parts, seed=seed)
    weights = blend_weights(predictions, y)
    ours, theirs = (squared_errors(predictions, y, w) for w in (weights, slsqp(predictions, y)))
    assert_allclose(ours, theirs, rtol=1e-5)
    assert ours <= theirs * (1 + 1e-9)


def test_no_point_of_a_grid_is_better():
    predictions, y = make_predictions(3, seed=3)
    found = squared_errors(predictions, y, blend_weights(predictions, y))
    steps = np.linspace(0, 1, 51)
    grid = [(a, b, 1 - a - b) for a in steps for b in steps if a + b <= 1]
    errors = [squared_errors(predictions, y, np.array(point)[:, None]) for point in grid]
    assert found <= np.min(errors)
    assert np.min(errors) < found * 1.01


def test_two_parts_have_the_weight_of_the_formula():
    predictions, y = make_predictions(2, seed=1)
    first, second = (y - predictions)[..., 0]
    expected = np.clip(second @ (second - first) / np.sum((second - first) ** 2), 0, 1)
    assert_allclose(blend_weights(predictions, y)[:, 0], [expected, 1 - expected])


KINDS = {
    "different": lambda p, y: p,
    "identical": lambda p, y: np.repeat(p[:1], len(p), axis=0),
    "nearly identical": lambda p, y: p[:1] + 1e-12 * p,
    "collinear": lambda p, y: np.concatenate([p, p.mean(axis=0, keepdims=True)]),
    "constant": lambda p, y: np.concatenate([p, np.full_like(p[:1], y.mean())]),
    "far off": lambda p, y: np.concatenate([p, p[:1] + 1e6]),
    "perfect": lambda p, y: np.concatenate([p, y[None]]),
    "huge": lambda p, y: np.concatenate([p, 1e30 * p[:1]]),
}


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    n_parts=st.integers(1, 6),
    n_samples=st.integers(1, 12),
    n_targets=st.integers(1, 3),
    weighted=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_blend_is_never_worse_than_its_best_part(
    kind, n_parts, n_samples, n_targets, weighted, seed
):
    predictions, y = make_predictions(n_parts, n_samples, n_targets, seed)
    predictions = KINDS[kind](predictions, y)
    weight = np.random.default_rng(seed).uniform(0.1, 2, n_samples) if weighted else None
    weights = blend_weights(predictions, y, weight)
    assert weights.shape == (len(predictions), n_targets)
    assert (weights >= 0).all()
    assert_allclose(weights.sum(axis=0), 1, rtol=1e-12)
    row_weight = np.ones(n_samples) if weight is None else weight
    of_parts = row_weight @ (y - predictions) ** 2
    assert (row_weight @ (y - blend(predictions, weights)) ** 2 <= of_parts.min(axis=0)).all()


@pytest.mark.parametrize("kind", ["different", "identical", "collinear", "constant", "far off"])
def test_no_single_part_can_take_more_weight_to_advantage(kind):
    """The condition of a minimum on the simplex (Karush, Kuhn and Tucker)."""
    predictions, y = make_predictions(4, n_targets=3, seed=2)
    predictions = KINDS[kind](predictions, y)
    error = y - blend(predictions, blend_weights(predictions, y))
    slopes = np.sum((y - predictions) * error, axis=1)  # (n_parts, n_targets)
    assert (np.sum(error**2, axis=0) <= slopes.min(axis=0) * (1 + 1e-7)).all()


def test_a_part_that_is_perfect_gets_all_the_weight():
    predictions, y = make_predictions(3)
    assert_array_equal(blend_weights(np.stack([*predictions, y]), y).ravel(), [0, 0, 0, 1])


def test_targets_are_weighed_apart():
    predictions, y = make_predictions(3, n_targets=2)
    each = [blend_weights(predictions[..., [i]], y[:, [i]]) for i in range(2)]
    assert_allclose(blend_weights(predictions, y), np.hstack(each), rtol=1e-9)


def test_scale_and_offset_of_a_target_do_not_matter():
    predictions, y = make_predictions(3)
    expected = blend_weights(predictions, y)
    assert_allclose(blend_weights(1e5 * predictions + 7, 1e5 * y + 7), expected, rtol=1e-6)


def test_a_row_of_weight_two_counts_as_two_rows_and_of_weight_zero_as_none():
    predictions, y = make_predictions(3, 20)
    weight = np.random.default_rng(0).integers(0, 3, 20)
    rows = np.repeat(np.arange(20), weight)
    expected = blend_weights(predictions[:, rows], y[rows])
    assert_allclose(blend_weights(predictions, y, weight.astype(float)), expected, rtol=1e-9)


def test_rows_that_a_part_does_not_predict_are_left_out():
    predictions, y = make_predictions(3, 20)
    expected = blend_weights(predictions[:, 4:], y[4:])
    predictions[0, :3] = np.nan
    predictions[2, 2:4] = np.nan
    assert_array_equal(blend_weights(predictions, y), expected)


@pytest.mark.parametrize("zero_weight", [False, True])
def test_some_row_has_to_be_predicted_by_all(zero_weight):
    predictions, y = make_predictions(2, 4)
    if not zero_weight:
        predictions[0, :2] = predictions[1, 2:] = np.nan
    with pytest.raises(ValueError, match="no row of positive weight that every part predicts"):
        blend_weights(predictions, y, np.zeros(4) if zero_weight else None)


# Weights that are given


def test_uniform_weights():
    assert_allclose(given_weights("uniform", [True, False, True], 3), np.full((2, 3), 0.5))


def test_weights_for_all_targets_or_for_each():
    assert_allclose(given_weights([0.3, 0.7], [True, True], 2), [[0.3, 0.3], [0.7, 0.7]])
    assert_allclose(given_weights([[0.3, 1], [0.7, 0]], [True, True], 2), [[0.3, 1], [0.7, 0]])


def test_what_a_dropped_part_had_is_shared_out():
    weights = given_weights([0.2, 0.5, 0.3], [True, False, True], 1)
    assert_allclose(weights.ravel(), [0.4, 0.6])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], r"shape \(1,\), but there are 2 estimators and 3 target\(s\): expected \(2,\)"),
        ([[0.5], [0.5]], r"shape \(2, 1\), .* expected \(2,\) or \(2, 3\)"),
        ([[0.5] * 2] * 2, r"shape \(2, 2\), .* expected \(2,\) or \(2, 3\)"),
        (0.5, r"shape \(\)"),
        ([1.5, -0.5], r"must not be negative or NaN, got \[1\.5, -0\.5\]"),
        ([0.5, np.nan], "must not be negative or NaN"),
        ([0.5, 0.6], r"must sum to one over the estimators, got sums of 1\.1"),
        ([[0.5, 0.5, 1], [0.5, 0.4, 0]], r"got sums of \[1\.0, 0\.9, 1\.0\]"),
    ],
)
def test_weights_that_do_not_fit_are_told(weights, message):
    with pytest.raises(ValueError, match=message):
        given_weights(weights, [True, True], 3)


def test_what_is_left_after_dropping_needs_a_weight():
    with pytest.raises(ValueError, match="not dropped have a weight of zero"):
        given_weights([0.0, 1.0], [True, False], 1)
