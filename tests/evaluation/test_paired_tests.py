"""The corrected resampled t-test against hand-computed values and chance."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.model_selection import KFold, ShuffleSplit

from mofa_sklearn.evaluation import leaderboard, paired_tests

from .tables import table


def test_a_hand_computed_example():
    # Differences 1, 2, 3 (times 0.1): mean 2, variance 1. With n_test / n_train = 1/4 the
    # standard error is sqrt((1/3 + 1/4) * 1) = sqrt(7/12), so t = 2 * sqrt(12/7) = 2.6186.
    # Student's distribution of 2 degrees of freedom has the tail (1 - t / sqrt(t^2 + 2)) / 2:
    # p = 1 - 2.6186 / sqrt(48/7 + 2) = 0.1201. Its 97.5 % quantile is 4.3027.
    scores = table({"base": [0.5, 0.5, 0.5], "other": [0.6, 0.7, 0.8]})
    row = paired_tests(scores, "base").loc["other"]
    assert_allclose(row["difference"], 0.2)
    assert_allclose(row["t"], 2 * np.sqrt(12 / 7))
    assert_allclose(row["p_value"], 1 - np.sqrt(48 / 7) / np.sqrt(48 / 7 + 2))
    margin = 0.1 * np.sqrt(7 / 12) * 4.30265273
    assert_allclose([row["lower"], row["upper"]], [0.2 - margin, 0.2 + margin])
    assert row["n_folds"] == 3


def test_without_overlap_it_is_the_paired_t_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 8))
    scores = table({"a": a, "b": b}, n_train=10**12, n_test=1)
    expected = stats.ttest_rel(a, b)
    row = paired_tests(scores, "b").loc["a"]
    assert_allclose([row["t"], row["p_value"]], [expected.statistic, expected.pvalue])
    interval = expected.confidence_interval(0.8)
    row = paired_tests(scores, "b", confidence_level=0.8).loc["a"]
    assert_allclose([row["lower"], row["upper"]], interval)


def test_exchanging_the_two_changes_the_sign_alone():
    scores = table({"a": [0.5, 0.4, 0.6], "b": [0.3, 0.4, 0.35]})
    forth = paired_tests(scores, "a").loc["b"]
    back = paired_tests(scores, "b").loc["a"]
    assert_allclose(forth["difference"], -back["difference"])
    assert_allclose([forth["lower"], forth["upper"]], [-back["upper"], -back["lower"]])
    assert_allclose(forth["p_value"], back["p_value"])


def test_holm_s_adjustment():
    rng = np.random.default_rng(1)
    shifts = {"reference": 0.0, "a": 0.0, "b": 0.4, "c": 2.0, "d": 0.8}
    values = {name: shift + 0.3 * rng.normal(size=5) for name, shift in shifts.items()}
    tests = paired_tests(table(values), "reference")
    p = tests["p_value"].to_numpy()
    # By hand: multiply by 4, 3, 2, 1 from the smallest on, never falling, at most one.
    expected, highest = np.empty(4), 0.0
    for rank, index in enumerate(np.argsort(p)):
        highest = max(highest, min(1.0, (4 - rank) * p[index]))
        expected[index] = highest
    assert_allclose(tests["p_value_holm"], expected)
    assert (tests["p_value_holm"] >= p).all()


def test_the_reference_is_the_best_unless_named():
    scores = table({"bad": [0.9, 0.8], "good": [0.2, 0.1], "fair": [0.5, 0.6]})
    assert paired_tests(scores).index.tolist() == ["fair", "bad"]
    assert paired_tests(scores, "bad").index.tolist() == ["good", "fair"]
    assert (paired_tests(scores)["difference"] > 0).all()
    best = table({"bad": [0.1, 0.2], "good": [0.8, 0.9]}, metric="test_score")
    assert paired_tests(best).index.tolist() == ["bad"]


def test_failed_folds_are_left_out_of_pairs():
    scores = table({"a": [0.5, 0.6, 0.7, 0.8], "b": [0.4, None, 0.4, 0.4], "c": [None] * 4})
    tests = paired_tests(scores, "a")
    assert tests["n_folds"].tolist() == [3, 0]
    alone = table({"a": [0.5, 0.7, 0.8], "b": [0.4, 0.4, 0.4]})
    assert_allclose(tests.loc["b", "p_value"], paired_tests(alone, "a").loc["b", "p_value"])
    assert tests.loc["c"].drop("n_folds").isna().all()
    # What could not be tested does not count in the adjustment.
    assert tests.loc["b", "p_value_holm"] == tests.loc["b", "p_value"]


def test_one_fold_has_a_difference_and_no_test():
    row = paired_tests(table({"a": [0.5], "b": [0.4]}), "a").loc["b"]
    assert_allclose(row["difference"], -0.1)
    assert row[["lower", "upper", "t", "p_value", "p_value_holm"]].isna().all()


def test_equal_values_do_not_differ_and_equal_differences_surely_do():
    scores = table({"a": [0.5, 0.25, 0.75], "same": [0.5, 0.25, 0.75], "more": [1.5, 1.25, 1.75]})
    tests = paired_tests(scores, "a")
    assert tests.loc["same", ["t", "p_value"]].tolist() == [0, 1]
    assert tests.loc["more", ["t", "p_value"]].tolist() == [np.inf, 0]


def test_a_table_of_one_estimator_has_no_tests():
    assert len(paired_tests(table({"a": [0.5, 0.6]}))) == 0


@pytest.mark.parametrize(
    ("scores", "reference", "message"),
    [
        (table({"a": [0.5], "b": [0.4]}), "c", r"one of \['b', 'a'\], got 'c'"),
        (table({"a": [None, None], "b": [0.4, 0.5]}), "a", "'a' has no nmse on any fold"),
        (table({"a": [None, None]}), None, "'a' has no nmse on any fold"),
    ],
)
def test_a_reference_that_cannot_be_one_is_told(scores, reference, message):
    with pytest.raises(ValueError, match=message):
        paired_tests(scores, reference)


def test_a_fold_that_occurs_twice_is_told():
    scores = table({"a": [0.5, 0.6], "b": [0.4, 0.4]}).replace({"fold": {1: 0}})
    with pytest.raises(ValueError, match="more than one row for estimator 'a' and fold 0"):
        paired_tests(scores)


def _errors_of_equal_learners(rng, cv, n_samples=60):
    """Cross-validate least squares on each half of the columns, which mean the same to y."""
    X = rng.normal(size=(n_samples, 6))
    y = X.sum(axis=1) + rng.normal(size=n_samples)
    errors = {"first half": [], "second half": []}
    for train, test in cv.split(X):
        for name, half in zip(errors, (X[:, :3], X[:, 3:]), strict=True):
            coefficients = np.linalg.lstsq(half[train], y[train], rcond=None)[0]
            errors[name].append(np.mean((y[test] - half[test] @ coefficients) ** 2))
    return table(errors, n_train=len(train), n_test=len(test))


@pytest.mark.parametrize(
    "cv", [KFold(10), ShuffleSplit(15, test_size=0.2, random_state=0)], ids=["folds", "splits"]
)
def test_equal_learners_are_seldom_told_apart(cv):
    rng = np.random.default_rng(0)
    n_trials, level = 40, 0.05
    corrected = plain = 0
    for _ in range(n_trials):
        scores = _errors_of_equal_learners(rng, cv)
        corrected += paired_tests(scores, "first half")["p_value"].iloc[0] < level
        values = scores.pivot(index="fold", columns="estimator", values="nmse")
        plain += stats.ttest_rel(values["first half"], values["second half"]).pvalue < level
    # Three standard deviations of a binomial count.
    limit = n_trials * level + 3 * np.sqrt(n_trials * level * (1 - level))
    assert corrected <= limit
    if isinstance(cv, ShuffleSplit):  # what the correction is for
        assert plain > limit


def test_the_order_is_the_leaderboard_s():
    rng = np.random.default_rng(0)
    scores = table({name: rng.uniform(size=4) for name in "abcde"})
    ranking = leaderboard(scores).index.tolist()
    assert paired_tests(scores, "c").index.tolist() == [name for name in ranking if name != "c"]
