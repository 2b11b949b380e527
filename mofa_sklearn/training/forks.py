"""Let copies of a process (``os.fork``) compute, too.

GNU's OpenMP keeps the threads of a parallel region for the next one. A copy of the process has
one thread only, but remembers that there were others, and waits for them for ever at its first
parallel region. So those threads are let go just before the copy is made: parent and copy start
new ones when they need some.

Servers that load a model once and then fork their workers (gunicorn with ``preload_app``,
multiprocessing's "fork") come to this as soon as the parent has predicted.
"""

from __future__ import annotations

import ctypes
import os
import threading

import torch
from threadpoolctl import ThreadpoolController

# omp_pause_hard of OpenMP's omp_pause_resource_t: lets go of the threads, and of all they hold.
_PAUSE_HARD = 2
# Whether the copy that is about to be made will find no trace of old threads.
_is_ready = False


def release_threads() -> bool:
    """Let go of the threads that the calling thread keeps for OpenMP's parallel regions.

    Returns
    -------
    bool
        False if a library does not know how, or is inside such a region now.

    Examples
    --------
    >>> from mofa_sklearn.training.forks import release_threads
    >>> isinstance(release_threads(), bool)
    True
    """
    # Looked for anew every time: a library may have been imported since.
    openmp = ThreadpoolController().select(user_api="openmp").lib_controllers
    # Others than GNU's see to copies themselves.
    outcomes = [_pause(each.filepath) for each in openmp if each.prefix == "libgomp"]
    return all(outcomes)


def _pause(library: str) -> bool:
    try:
        return ctypes.CDLL(library).omp_pause_resource_all(_PAUSE_HARD) == 0
    except (AttributeError, OSError):  # older than OpenMP 5
        return False


def _before() -> None:
    global _is_ready
    _is_ready = release_threads()


def _after_in_parent() -> None:
    global _is_ready
    _is_ready = False


def _after_in_child() -> None:
    # Whoever forks without telling Python leaves it unready. One thread waits for no others.
    if not _is_ready:
        torch.set_num_threads(1)
    _after_in_parent()


def lock_of_process() -> threading.Lock:
    """Make a lock that a copy of the process finds open.

    Another thread might hold it while the copy is made, and would not be there to open it.

    Returns
    -------
    threading.Lock
    """
    lock = threading.Lock()
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(
            before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
        )
    return lock


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
