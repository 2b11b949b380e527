"""scikit-learn's checks, in short where they do not ask how well something is learned."""

import re

import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

# The checks that ask how well something is predicted, or how weights count.
_LEARNING = re.compile("train|classes|class_weight|equivalence")
# What the steps of a training are called, by us and by others.
_STEPS = {"max_epochs", "max_iter", "n_estimators", "iterations"}
_ALL_ROWS = 512


def parametrize_with_checks(estimators, expected_failed_checks):
    """Parametrize a test as scikit-learn's function of that name does.

    It writes an estimator out for each of its checks, which takes longer than most checks.
    """
    cases = []
    for estimator in estimators:
        name = re.sub(r"\s", "", repr(estimator))
        checks = estimator_checks_generator(
            estimator, expected_failed_checks=expected_failed_checks(estimator), mark="xfail"
        )
        for case in checks:
            marks = getattr(case, "marks", ())
            same, check = getattr(case, "values", case)
            how = ",".join(f"{key}={value}" for key, value in check.keywords.items())
            id = f"{name}-{check.func.__name__}{f'({how})' if how else ''}"
            cases.append(pytest.param(same, check, marks=marks, id=id))
    return pytest.mark.parametrize(("estimator", "check"), cases)


def run(check, estimator):
    """Run a check that `parametrize_with_checks` hands over."""
    check(estimator if _LEARNING.search(check.func.__name__) else with_one_step(estimator))


def with_one_step(estimator):
    """Return an estimator that trains for a moment, as do those in it, at any depth."""
    params = {}
    for name in estimator.get_params():
        before, _, last = name.rpartition("__")
        if last in _STEPS:
            params[name] = 1
        if last == "max_epochs":
            params[f"{before}__batch_size" if before else "batch_size"] = _ALL_ROWS
    return clone(estimator).set_params(**params)
