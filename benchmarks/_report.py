"""What the benchmarks share: the machine, timing by turns, memory, tables."""

import ctypes
import os
import platform
import threading
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import torch
from threadpoolctl import threadpool_info

_STATUS = Path("/proc/self/status")
_SAMPLING_SECONDS = 0.01


def machine_line(*packages):
    """One line on the machine, the versions of Python and of `packages`, and the threads."""
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {_version(name)}" for name in packages]
    machine = f"{_processor()} ({platform.machine()}), {_n_cores()} cores{_gpu()}"
    return f"{machine}; {', '.join(versions)}; {_threads()}"


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def _n_cores():
    """Cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count()


def _gpu():
    return f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""


def _version(package):
    for name in (package, f"{package}-cpu"):  # xgboost-cpu is xgboost without a GPU
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "not installed"


def _threads():
    blas = {library["num_threads"] for library in threadpool_info()}
    return f"threads: torch {torch.get_num_threads()}, BLAS and OpenMP {max(blas, default=1)}"


def seconds_of(function):
    """Run a function once; return its wall-clock seconds and its result."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def median_seconds(functions, n_repeats):
    """Median wall-clock seconds of every function of a dict; the functions take turns."""
    seconds = {name: [] for name in functions}
    for _ in range(n_repeats):
        for name, function in functions.items():
            seconds[name].append(seconds_of(function)[0])
    return {name: median(values) for name, values in seconds.items()}


class PeakMemory:
    """Sample the memory of a ``with`` block from a thread; `peak` is what it added, in bytes.

    On Linux this is the resident memory that no file stands behind (``RssAnon``): the page cache
    of a memory-mapped input does not count. Elsewhere it is the whole resident memory.
    """

    def __enter__(self):
        _give_back_free_memory()
        self._before = self._highest = resident_bytes()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        self.peak = max(self._highest, resident_bytes()) - self._before

    def _sample(self):
        while not self._end.wait(_SAMPLING_SECONDS):
            self._highest = max(self._highest, resident_bytes())


def resident_bytes():
    """Resident memory of this process, without pages of files where the system tells them."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        import psutil

        return psutil.Process().memory_info().rss
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def _give_back_free_memory():
    """Let the C library return what was freed: else it would be used again, unseen."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def megabytes(n_bytes):
    """Bytes as text in MiB."""
    return f"{n_bytes / 2**20:,.0f} MiB"


def numbers(text, kind=int):
    """Parse a comma-separated command-line argument: ``"1000,8000"`` -> ``[1000, 8000]``."""
    return [kind(part) for part in text.split(",")]


def print_row(values, widths):
    """Print one row of a table: the first column to the left, the others to the right."""
    first, *others = zip(values, widths, strict=True)
    cells = [f"{first[0]:<{first[1]}}", *(f"{value:>{width}}" for value, width in others)]
    print("  ".join(cells).rstrip(), flush=True)
