"""Numbers of threads are given back, whatever happens, and fits in other threads keep theirs."""

import threading

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from mofa_sklearn.training.threads import blas_threads, torch_threads


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def threads_of_a_new_thread():
    """Return the number that torch has in a thread that starts now."""
    seen = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return seen[0]


def test_the_number_holds_inside_the_block_only():
    with torch_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
    assert threads_of_a_new_thread() == 3


def test_none_changes_nothing():
    with torch_threads(None):
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_the_number_is_given_back_after_an_exception(error):
    with pytest.raises(error), torch_threads(1):
        raise error
    assert torch.get_num_threads() == 3
    assert threads_of_a_new_thread() == 3


def test_the_number_is_given_back_after_nested_blocks():
    with torch_threads(2), torch_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
    assert threads_of_a_new_thread() == 3


def test_an_inner_block_gives_back_the_outer_block_s_number():
    with torch_threads(2):
        with torch_threads(1):
            pass
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 3


def test_other_threads_keep_their_number():
    started, ask, seen = threading.Event(), threading.Event(), []

    def work():
        assert torch.get_num_threads() == 3
        torch.set_num_threads(2)
        started.set()
        ask.wait(10)
        seen.append(torch.get_num_threads())

    other = threading.Thread(target=work)
    other.start()
    assert started.wait(10)
    torch.set_num_threads(3)  # for new threads
    with torch_threads(1):
        assert threads_of_a_new_thread() == 3
        ask.set()
        other.join()
    assert seen == [2]
    assert torch.get_num_threads() == threads_of_a_new_thread() == 3


def overlap(block, look, first_out):
    """Enter a block in two threads, leave it in some order; tell what is seen meanwhile."""
    entered = [threading.Event(), threading.Event()]
    leave = [threading.Event(), threading.Event()]
    inside = []

    def work(i):
        with block():
            inside.append(look())
            entered[i].set()
            leave[i].wait(10)
            inside.append(look())

    workers = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for worker, event in zip(workers, entered, strict=True):
        worker.start()
        assert event.wait(10)
    for i in (first_out, 1 - first_out):
        leave[i].set()
        workers[i].join()
    return inside


orders = pytest.mark.parametrize(
    "first_out", [0, 1], ids=["first in, first out", "first in, last out"]
)


@orders
def test_the_number_is_given_back_after_two_overlapping_threads(first_out):
    assert overlap(lambda: torch_threads(1), torch.get_num_threads, first_out) == [1] * 4
    assert torch.get_num_threads() == 3
    assert threads_of_a_new_thread() == 3


# BLAS, whose number is one for the whole process.


def n_blas():
    numbers = {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}
    assert len(numbers) == 1
    return numbers.pop()


def set_blas(n_threads):
    # In a thread that ends: threadpoolctl lets no other thread set it while this one lives.
    setter = threading.Thread(target=threadpool_limits, args=(n_threads, "blas"))
    setter.start()
    setter.join()


@pytest.fixture(autouse=True)
def two_blas_threads():
    """Give BLAS two threads to lose, also on a machine or a test run with one."""
    before = n_blas()
    set_blas(2)
    assert n_blas() == 2
    yield
    set_blas(before)


def test_blas_gets_its_number_back():
    before = n_blas()
    with blas_threads(1):
        assert n_blas() == 1
    assert n_blas() == before


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_blas_gets_its_number_back_after_an_exception(error):
    before = n_blas()
    with pytest.raises(error), blas_threads(1):
        raise error
    assert n_blas() == before


@orders
def test_blas_gets_its_number_back_after_two_overlapping_threads(first_out):
    before = n_blas()
    assert overlap(lambda: blas_threads(1), n_blas, first_out) == [1] * 4
    assert n_blas() == before


def test_a_limit_around_the_block_is_given_back():
    with threadpool_limits(2, user_api="blas"):
        with blas_threads(1):
            assert n_blas() == 1
        assert n_blas() == 2


def test_nested_blocks_share_the_smallest_number():
    with blas_threads(1):
        with blas_threads(2):
            assert n_blas() == 1
        assert n_blas() == 1


def test_numbers_of_openmp_are_left_alone():
    with blas_threads(1):
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == 3
