"""What tells one function that makes vectors from another."""

import functools
import pickle
import threading

import numpy as np
import pytest

from mofa_sklearn.encoders._identity import identity_of


def make_function(source, **names):
    """Define `encode` anew, as a notebook's cell does."""
    space = {"np": np, "__name__": "notebook", **names}
    exec(source, space)
    return space["encode"]


SOURCE = "def encode(cells):\n    return [[len(cell) * {} for _ in range(2)] for cell in cells]"


def test_the_same_code_is_the_same_function():
    assert identity_of(make_function(SOURCE.format(1))) == identity_of(
        make_function(SOURCE.format(1))
    )


def test_other_code_is_another_function():
    assert identity_of(make_function(SOURCE.format(1))) != identity_of(
        make_function(SOURCE.format(2))
    )


@pytest.mark.parametrize("values", [(1, 2), (np.zeros(2), np.ones(2)), ({"a": 1}, {"a": 2})])
def test_what_a_function_looks_up_makes_it_another(values):
    source = SOURCE.format("factor")
    one, other = (make_function(source, factor=value) for value in values)
    assert identity_of(one) != identity_of(other)
    assert identity_of(one) == identity_of(make_function(source, factor=values[0]))


def test_what_a_closure_holds_makes_it_another():
    def make(factor):
        return lambda cells: [[len(cell) * factor] for cell in cells]

    assert identity_of(make(1)) == identity_of(make(1)) != identity_of(make(2))


def test_a_helper_counts_with_its_code():
    source = "def helper(x):\n    return x * {}\ndef encode(cells):\n    return helper(cells)"
    assert identity_of(make_function(source.format(1))) != identity_of(
        make_function(source.format(2))
    )


def test_defaults_and_bound_arguments_count():
    def encode(cells, *, factor=1):
        return cells * factor

    one, other = (functools.partial(encode, factor=factor) for factor in (1, 2))
    assert len({identity_of(each) for each in (encode, one, other)}) == 3


class Scaled:
    def __init__(self, factor):
        self.factor = factor
        self.n_calls = 0

    def __call__(self, cells):
        self.n_calls += 1
        return [[len(cell) * self.factor] for cell in cells]


def test_objects_and_methods_count_with_what_they_hold():
    assert identity_of(Scaled(1)) == identity_of(Scaled(1)) != identity_of(Scaled(2))
    assert identity_of(Scaled(1).__call__) != identity_of(Scaled(2).__call__)


def test_counting_does_not_make_a_function_another():
    seen = []

    def encode(cells):
        seen.extend(cells)
        return cells

    scaled = Scaled(1)
    before = identity_of(encode), identity_of(scaled)
    encode(["a"])
    scaled(["a"])
    assert (identity_of(encode), identity_of(scaled)) == before


def test_locks_are_passed_over_and_recursion_ends():
    lock = threading.Lock()

    def encode(cells):
        with lock:
            return encode(cells[1:]) if cells else []

    assert identity_of(encode)


def test_what_cannot_be_looked_into_asks_for_a_revision():
    class Closed:
        def __reduce__(self):
            raise pickle.PicklingError("closed")

    held = Closed()
    with pytest.raises(ValueError, match=r"cannot look into the Closed.*revision='\.\.\.'"):
        identity_of(lambda cells: held)
