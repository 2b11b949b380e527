"""torch_threads gives torch's number of threads back, whatever happens."""

import threading

import pytest
import torch

from mofa_sklearn.training.threads import torch_threads


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


@pytest.mark.parametrize("first_out", [0, 1], ids=["first in, first out", "first in, last out"])
def test_the_number_is_given_back_after_two_overlapping_threads(first_out):
    entered = [threading.Event(), threading.Event()]
    leave = [threading.Event(), threading.Event()]
    inside = []

    def work(i):
        with torch_threads(1):
            inside.append(torch.get_num_threads())
            entered[i].set()
            leave[i].wait(10)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for worker, event in zip(workers, entered, strict=True):
        worker.start()
        assert event.wait(10)
    for i in (first_out, 1 - first_out):
        leave[i].set()
        workers[i].join()
    assert inside == [1, 1]
    assert torch.get_num_threads() == 3
    assert threads_of_a_new_thread() == 3
