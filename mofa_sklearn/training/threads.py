"""How many threads torch may use, set for a while and given back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_n_users = 0
_n_threads_before = 0


@contextmanager
def torch_threads(n_threads: int | None) -> Iterator[None]:
    """Let torch use `n_threads` threads in this block, and give the setting back.

    Torch keeps its number of threads per calling thread, but a new thread starts
    with the number that was set last by anyone. Two fits in two threads therefore
    agree, under a lock, on what has to be there again when the last one leaves.

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
    global _n_users, _n_threads_before
    if n_threads is None:
        yield
        return
    with _lock:
        before = torch.get_num_threads()
        if _n_users == 0:
            _n_threads_before = before
        _n_users += 1
        torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        with _lock:
            _n_users -= 1
            torch.set_num_threads(before if _n_users else _n_threads_before)
