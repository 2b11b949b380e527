"""Copies of a process (``os.fork``) predict and fit as the process itself does."""

import json
import os
import signal
import threading
from contextlib import suppress
from http.client import HTTPConnection

import pytest

from mofa_sklearn.training.forks import lock_of_process, release_threads

from ..processes import fresh_process_context
from . import prefork_server

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
]

# A worker that hangs would hang for ever.
TIME_LIMIT = 60


@pytest.fixture(scope="module")
def server():
    """A server with models loaded before its two workers were forked."""
    context = fresh_process_context()
    answers, connection = context.Pipe(duplex=False)
    process = context.Process(target=prefork_server.main, args=[connection])
    process.start()
    connection.close()  # if the process ends, nobody has the other end any more
    stop = threading.Timer(2 * TIME_LIMIT, end, [process])
    stop.start()
    try:
        yield answers.recv()
    finally:
        stop.cancel()
        end(process)
        process.join()


def end(process):
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def ask(server, path):
    connection = HTTPConnection("127.0.0.1", server["port"], timeout=TIME_LIMIT)
    connection.request("GET", path)
    return json.loads(connection.getresponse().read())


@pytest.mark.parametrize("model", ["network", "ensemble", "pipeline"])
@pytest.mark.parametrize("task", ["predict", "fit"])
def test_workers_of_a_preloaded_server_answer_as_their_parent_would(server, task, model):
    n_requests = {"predict": 6, "fit": 1}[task]
    answers = [ask(server, f"/{task}/{model}") for _ in range(n_requests)]
    assert {answer["checksum"] for answer in answers} == {server["expected"][model]}


def test_the_parent_of_workers_goes_on_as_before(server):
    assert server["again"] == server["expected"]


def test_threads_can_be_released_again_and_again():
    assert release_threads() == release_threads()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_lock_that_another_thread_holds_is_open_in_a_copy_of_the_process():
    lock = lock_of_process()
    is_held, may_go = threading.Event(), threading.Event()

    def hold():
        with lock:
            is_held.set()
            may_go.wait(0.2)

    thread = threading.Thread(target=hold)
    thread.start()
    is_held.wait()
    pid = os.fork()
    if pid == 0:
        os._exit(not lock.acquire(timeout=1))
    thread.join()
    assert os.waitpid(pid, 0)[1] == 0
    assert lock.acquire(timeout=1)
    lock.release()  # later copies of this process wait for it
