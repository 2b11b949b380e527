"""How many threads torch and BLAS may use, set for a while and given back."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from threadpoolctl import ThreadpoolController

from .forks import lock_of_process

_lock = lock_of_process()
# What the blocks that are open now want, and what each library had before the first of them.
_blas_wanted: list[int] = []
_blas_before: dict[str, int] = {}


@contextmanager
def torch_threads(n_threads: int | None) -> Iterator[None]:
    """Let torch use `n_threads` threads in this block, and give the setting back.

    The number is that of the calling thread: fits in other threads, also in threads
    that start during the block, keep theirs.

    Parameters
    ----------
    n_threads : int or None
        Number of threads; None leaves the setting alone.

    Examples
    --------
    >>> import torch
    >>> from mofa_sklearn.training.threads import torch_threads
    >>> before = torch.get_num_threads()
    >>> with torch_threads(1):
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    # Also makes torch take up its number for this thread, which would overwrite ours later. Done
    # while another thread sets its own, it could leave that one's number to all new threads.
    with _lock:
        before = torch.get_num_threads()
    if n_threads is None or n_threads == before:
        yield
        return
    _set_for_this_thread(n_threads)
    try:
        yield
    finally:
        _set_for_this_thread(before)


def _set_for_this_thread(n_threads: int) -> None:
    """Set torch's number here only.

    Torch keeps it per thread, but a new thread starts with what was set last by anyone:
    a short-lived thread sets that again to what it was.
    """
    with _lock:
        for_new_threads = _in_new_thread(torch.get_num_threads)
        torch.set_num_threads(n_threads)
        _in_new_thread(lambda: torch.set_num_threads(for_new_threads))


def _in_new_thread(function: Callable[[], Any]) -> Any:
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def thread_pools() -> ThreadpoolController:
    """Find the libraries that have threads: anew only after something was imported.

    To look for them takes longer than a small fit or search.

    Returns
    -------
    threadpoolctl.ThreadpoolController

    Examples
    --------
    >>> from mofa_sklearn.training.threads import thread_pools
    >>> thread_pools() is thread_pools()
    True
    """
    return _thread_pools_of(len(sys.modules))


@lru_cache(maxsize=1)
def _thread_pools_of(n_modules: int) -> ThreadpoolController:
    return ThreadpoolController()


def ready_for_threads() -> None:
    """Let torch renew, in one thread, what a copied process must not use: its pool of threads.

    In a copy of a process (``os.fork``, multiprocessing's "fork") torch makes its pool
    anew at its first use. Two threads that come to it at once crash the process.

    Examples
    --------
    >>> from mofa_sklearn.training.threads import ready_for_threads
    >>> ready_for_threads()
    """
    _set_for_this_thread(torch.get_num_threads())


@contextmanager
def blas_threads(n_threads: int) -> Iterator[None]:
    """Let BLAS use at most `n_threads` threads in this block, and give the setting back.

    BLAS has one number for the whole process. Blocks that overlap in several threads
    share the smallest of theirs, and the last one to leave gives back what was there
    before the first one came.

    Parameters
    ----------
    n_threads : int
        Number of threads.

    See Also
    --------
    threadpoolctl.threadpool_limits : Sets it; two of them that overlap in two threads
        leave one's limit behind.

    Examples
    --------
    >>> from mofa_sklearn.training.threads import blas_threads
    >>> with blas_threads(1):
    ...     pass
    """
    blas = thread_pools().select(user_api="blas")
    with _lock:
        if not _blas_wanted:
            _blas_before.clear()
        for library in blas.lib_controllers:
            _blas_before.setdefault(library.filepath, library.num_threads)
        _blas_wanted.append(n_threads)
        limit = blas.limit(limits=min(_blas_wanted)).__enter__()
    try:
        yield
    finally:
        with _lock:
            _blas_wanted.remove(n_threads)
            limit.__exit__(None, None, None)
            # Newer versions of threadpoolctl let no other thread set the number while the
            # one that set it lives: it must be one that ends.
            _in_new_thread(lambda: _set_blas(blas))


def _set_blas(blas: ThreadpoolController) -> None:
    """Set what the blocks that are still open want, or what was there before."""
    for library in blas.lib_controllers:
        before = _blas_before[library.filepath]
        library.set_num_threads(min(_blas_wanted, default=before))
