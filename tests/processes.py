"""Processes that start in a moment: copies of one that has imported what others wrote, no more.

To import PyTorch and the others takes a fresh process seconds, ten times what a small fit takes.
"""

import contextlib
import io
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

# Nothing of ours, and nothing that we import only when it is needed.
IMPORTED = [
    "distributed",
    "pandas",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.pipeline",
    "skorch",
    "torch",
    "torch._dynamo",  # which the first step of an optimizer imports
]


def fresh_process_context():
    """Return the context of `multiprocessing` that makes such processes."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


def in_fresh_process(function, *arguments):
    """Return what a function returns in a process of its own; its errors are raised here."""
    with ProcessPoolExecutor(1, mp_context=fresh_process_context()) as pool:
        return pool.submit(function, *arguments).result()


def run_code(code, arguments):
    """Run Python code as a script with arguments; return what it prints."""
    sys.argv = ["-c", *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, {"__name__": "__main__"})
    return printed.getvalue()
