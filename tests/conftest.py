"""Settings of the whole test run."""

import gc
import os
import signal
from weakref import WeakKeyDictionary

# Small networks: more threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Where there are more threads, those that wait for each other leave the processors to others.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import matplotlib
import pytest
from hypothesis import settings
from sklearn.base import BaseEstimator

matplotlib.use("Agg")

# A shell lets what it starts in the background ignore Ctrl-C: a test of it would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run, however slow the machine is.
settings.register_profile("tests", derandomize=True, deadline=None, max_examples=30)
settings.load_profile("tests")

# scikit-learn looks a signature up whenever it asks for parameters: once is enough of each class.
_param_names_of = BaseEstimator._get_param_names.__func__
_param_names = WeakKeyDictionary()


def _get_param_names(cls):
    if cls not in _param_names:
        _param_names[cls] = _param_names_of(cls)
    return _param_names[cls]


BaseEstimator._get_param_names = classmethod(_get_param_names)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file():
    """Look for no examples in the docstrings of tests."""
    return [each for each in (yield) if type(each).__name__ != "DoctestModule"]


def pytest_collection_modifyitems(items):
    """Begin with the tests that start processes.

    One worker of pytest-xdist has them all, then, and imports but once what these are copies of.
    They take long for what they compute, too: at the end others would have to wait for them.
    """
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keep the garbage collector from all that is imported and collected: it stays.

    Most of the garbage goes without it. It comes by more seldom than it would otherwise.
    """
    gc.disable()
    gc.set_threshold(7000)
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Keep the lines that led to an expected failure from the report, which asks for all of them.

    Of scikit-learn's checks that takes longer than most of the tests.
    """
    try:
        return (yield)
    except Exception as error:
        if item.get_closest_marker("xfail") is None:
            raise
        raise error.with_traceback(None) from None
