"""Every argument of everything public has an effect, or none that a reason is given for.

The tables are in the files beside this one, one for each room of the package. An argument that
is in none of them fails the last tests here.
"""

import inspect
from itertools import chain
from pathlib import Path

import pytest

from . import _baselines, _ensembles, _estimators, _transformers
from ._public import public_estimators
from ._rows import Elsewhere, check

TABLES = (_estimators, _ensembles, _baselines, _transformers)
TESTS = Path(__file__).parents[1]


def merged(kind):
    """Return the rows of all tables: what is fitted -> (case, argument -> row)."""
    return dict(chain.from_iterable(getattr(table, kind, {}).items() for table in TABLES))


PARAMETERS, FIT_ARGUMENTS, IGNORED, IGNORED_PARAMETERS = map(
    merged, ("PARAMETERS", "FIT_ARGUMENTS", "IGNORED", "IGNORED_PARAMETERS")
)


def params(table):
    for estimator, (case, rows) in table.items():
        for argument, row in rows.items():
            if isinstance(row, Elsewhere):
                continue
            yield pytest.param(case, argument, row, id=f"{estimator}-{argument}")


@pytest.mark.parametrize(("case", "name", "row"), list(params(PARAMETERS)))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_parameters(case, name, row):
    check(case, name, row, of_fit=False)


@pytest.mark.parametrize(("case", "name", "row"), list(params(FIT_ARGUMENTS)))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fit_arguments(case, name, row):
    check(case, name, row, of_fit=True)


@pytest.mark.parametrize(("case", "name", "row"), list(params(IGNORED)))
def test_fit_arguments_that_would_be_ignored_are_refused(case, name, row):
    check(case, name, row, of_fit=True)


@pytest.mark.parametrize(("case", "name", "row"), list(params(IGNORED_PARAMETERS)))
def test_parameters_that_would_be_ignored_are_refused(case, name, row):
    check(case, name, row, of_fit=False)


def arguments_of(function):
    """Return the names of what a function can be passed, but for rows and targets."""
    parameters = inspect.signature(function).parameters.values()
    named = (p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
    return set(named) - {"self", "X", "y"}


@pytest.mark.parametrize("name", public_estimators())
def test_no_parameter_is_left_out(name):
    expected = set(inspect.signature(public_estimators()[name]).parameters)
    assert set(PARAMETERS[name][1]) == expected


@pytest.mark.parametrize("name", public_estimators())
def test_no_argument_of_fit_is_left_out(name):
    expected = arguments_of(public_estimators()[name].fit)
    assert set(FIT_ARGUMENTS[name][1] if name in FIT_ARGUMENTS else ()) == expected


def test_tests_elsewhere_are_there():
    rows = [
        row
        for table in (PARAMETERS, FIT_ARGUMENTS)
        for _, rows in table.values()
        for row in rows.values()
    ]
    for row in rows:
        if isinstance(row, Elsewhere):
            assert f"def {row.test}(" in (TESTS / row.file).read_text()
