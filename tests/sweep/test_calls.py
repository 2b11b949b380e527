"""Every argument of public functions and methods has an effect, and wrong values are refused.

The tables are in `_functions.py`, `_methods.py` and `_displays.py`, as those of parameters are in
the files beside them. Rows and targets, X and y, are in `tests/test_bad_input_of_all.py`.
"""

import matplotlib.pyplot as plt
import pytest

from . import _displays, _functions, _methods
from ._calls import call, check_effect, check_refusal
from ._public import public_displays, public_functions, public_methods
from ._rows import Elsewhere, Row
from .test_parameters import TESTS, arguments_of

TABLES = {
    **_functions.FUNCTIONS,
    **_methods.METHODS,
    **_displays.DISPLAYS,
}
PUBLIC = {**public_functions(), **public_methods(), **public_displays()}


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    _functions.folder.path = tmp_path_factory.mktemp("files")


@pytest.fixture(autouse=True)
def _no_figures():
    yield
    plt.close("all")


def effects():
    for function, (case, arguments) in TABLES.items():
        for name, argument in arguments.items():
            if isinstance(argument.row, Row):
                yield pytest.param(case, name, argument.row, id=f"{function}-{name}")


def refusals():
    for function, (case, arguments) in TABLES.items():
        for name, argument in arguments.items():
            for number, value in enumerate(argument.wrong):
                id = f"{function}-{name}-{number}"
                yield pytest.param(case, name, argument, value, id=id)


@pytest.mark.parametrize(("case", "name", "row"), list(effects()))
def test_effects(case, name, row):
    check_effect(case, name, row)


@pytest.mark.parametrize(("case", "name", "argument", "value"), list(refusals()))
def test_wrong_values_are_refused_by_name(case, name, argument, value):
    check_refusal(case, name, argument, value)


@pytest.mark.parametrize("name", [each for each in PUBLIC if "ax" in arguments_of(PUBLIC[each])])
@pytest.mark.parametrize("ax", [3, "left"])
def test_what_is_drawn_onto_has_to_be_axes(name, ax):
    with pytest.raises(TypeError, match="ax must be"):
        call(TABLES[name][0], None, {"ax": ax})


@pytest.mark.parametrize("name", PUBLIC)
def test_no_argument_is_left_out(name):
    assert name in TABLES
    assert set(TABLES[name][1]) == arguments_of(PUBLIC[name]) - {"y_true", "y_pred", "ax"}


def test_every_argument_has_wrong_values():
    assert [
        (function, name)
        for function, (_, arguments) in TABLES.items()
        for name, argument in arguments.items()
        if not argument.wrong
    ] == []


def test_tests_elsewhere_are_there():
    rows = [arg.row for _, arguments in TABLES.values() for arg in arguments.values()]
    for row in rows:
        if isinstance(row, Elsewhere):
            assert f"def {row.test}(" in (TESTS / row.file).read_text()
