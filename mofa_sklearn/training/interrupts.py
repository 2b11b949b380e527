"""Whether Ctrl-C ends one fit gracefully, or goes up at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_goes_up: ContextVar[bool] = ContextVar("interrupt_goes_up", default=False)
_cancel: ContextVar[threading.Event | None] = ContextVar("cancel", default=None)


class StopTraining(Exception):
    """Raised inside a training loop to end it after the current epoch."""


@contextmanager
def interrupts_go_up() -> Iterator[None]:
    """Let an interrupt of a fit inside this block be raised instead of swallowed.

    A network that is fitted alone ends with its best weights so far, as skorch's
    do. A member of an ensemble must not: the ensemble would go on with the next.
    """
    token = _goes_up.set(True)
    try:
        yield
    finally:
        _goes_up.reset(token)


def interrupt_goes_up() -> bool:
    """Tell whether an interrupt has to be raised here."""
    return _goes_up.get()


@contextmanager
def cancellable(event: threading.Event) -> Iterator[None]:
    """Let trainings inside this block end, with KeyboardInterrupt, once the event is set.

    Only the main thread hears of Ctrl-C; it tells the threads it started.
    """
    token = _cancel.set(event)
    try:
        yield
    finally:
        _cancel.reset(token)


def raise_if_cancelled() -> None:
    """Raise KeyboardInterrupt if whoever started this thread's work gave it up."""
    event = _cancel.get()
    if event is not None and event.is_set():
        raise KeyboardInterrupt
