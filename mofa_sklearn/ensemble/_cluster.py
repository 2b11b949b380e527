"""Fit the members of an ensemble on the workers of a Dask cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import parallel_config
from joblib.parallel import get_active_backend
from sklearn import config_context, get_config

from .._sklearn_private import _num_samples
from ..training.interrupts import cancellable
from ..training.threads import blas_threads

if TYPE_CHECKING:
    from ._members import Fold, Member, MemberTask

#: How often rows that died with their worker are sent again before that is an error.
_MAX_LOSSES = 3
#: How long rows wait for workers, once all have died.
_SECONDS_FOR_WORKERS = 120
#: What is smaller travels with each task, as in joblib.
_MIN_BYTES = 1_000
# In place of arrays that are sent apart, or made anew where they are needed.
_NOT_HERE: Any = None
# What of a task is sent apart.
_ROWS = ("X", "y", "sample_weight", "X_val", "y_val", "sample_weight_val")

_shipment: ContextVar[Shipment | None] = ContextVar("shipment", default=None)


def on_cluster() -> bool:
    """Tell whether a ``joblib.parallel_config("dask")`` block is around this call."""
    return _dask_backend() is not None


def _dask_backend() -> Any:
    backend, _ = get_active_backend()
    # Not by its class: importing that would import Dask.
    return backend if type(backend).__name__ == "DaskDistributedBackend" else None


class Shipment:
    """Rows on the workers of a cluster, sent once however many tasks need them.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._sent: dict[int, tuple[Any, Any]] = {}

    def futures_of(self, values: dict[str, Any], n_tasks: int) -> dict[str, Any]:
        """Return values of a dict as futures of them, where they are large.

        Parameters
        ----------
        values : dict
            What the tasks need.
        n_tasks : int
            How many tasks: no more workers than that get a copy.

        Returns
        -------
        dict
        """
        return {name: self._future_of(value, n_tasks) for name, value in values.items()}

    def is_lost(self) -> bool:
        """Tell whether the last copy of anything sent died with its worker."""
        return any(future.status in ("cancelled", "lost") for _, future in self._sent.values())

    def forget(self) -> None:
        """Let the workers drop what was sent; send it anew if it is asked for again."""
        self._sent.clear()

    def _future_of(self, value: Any, n_tasks: int) -> Any:
        from dask.sizeof import sizeof

        if sizeof(value) < _MIN_BYTES:
            return value
        # The value is kept beside its future, so that no other object gets its id.
        if id(value) not in self._sent:
            self._sent[id(value)] = (value, self._send(value, n_tasks))
        return self._sent[id(value)][1]

    def _send(self, value: Any, n_tasks: int) -> Any:
        # Copies at the start, not when a task asks: if a worker dies, another one has the rows.
        # Inside a task, this worker has them already, and others take them from here.
        copies = False if _inside_a_task() else max(1, min(n_tasks, len(self._client.ncores())))
        # Equal hashes in nested calls make distributed cancel futures (distributed#3703).
        return self._client.scatter(
            [value], broadcast=copies, hash=False, timeout=_SECONDS_FOR_WORKERS
        )[0]


@contextmanager
def rows_sent_once() -> Iterator[None]:
    """Let all ensembles that are fitted in this block share what they send to a cluster.

    Nothing that they fit on may be changed in the block. Outside a
    ``joblib.parallel_config("dask")`` block this does nothing.
    """
    backend = _dask_backend()
    if backend is None or _shipment.get() is not None:
        yield
        return
    shipment = Shipment(backend.client)
    token = _shipment.set(shipment)
    try:
        yield
    finally:
        _shipment.reset(token)
        # Connections that were opened in this block keep its context variables.
        shipment.forget()


def fit_on_cluster(
    task: MemberTask, folds: Sequence[Fold], store: Callable[[int, Member], None] | None = None
) -> Iterator[Member]:
    """Fit a member on each fold, on all workers; yield them in the folds' order.

    Parameters
    ----------
    task : MemberTask
        What is fitted.
    folds : sequence of Fold
        The folds.
    store : callable or None
        Called on the worker with a fold's index and its member.

    Yields
    ------
    Member

    Notes
    -----
    A worker that dies takes its running members with it; Dask fits them again on
    another one. If the only copy of the rows died too, those are sent again here.
    """
    backend = _dask_backend()
    backend.effective_n_jobs(-1)  # waits for a first worker, and says so if none comes
    shipment = _shipment.get() or Shipment(backend.client)
    left, n_losses = list(folds), 0
    while left:
        futures: list[Any] = []
        try:
            # One by one: what was submitted before an interrupt has to be cancelled, too.
            for future in _submit(backend, shipment, task, left, store):
                futures.append(future)
            with backend.retrieval_context():  # a worker that waits here makes room
                while futures:
                    member = futures[0].result()
                    del futures[0], left[0]
                    yield member
        except CancelledError:
            n_losses += 1
            if n_losses > _MAX_LOSSES or not shipment.is_lost():
                raise
            shipment.forget()
        except BaseException:
            # Interrupts and errors go up at once: no member may keep the workers busy.
            with suppress(Exception):
                backend.client.cancel(futures)
            raise


def _submit(
    backend: Any, shipment: Shipment, task: MemberTask, folds: Sequence[Fold], store: Any
) -> Iterator[Any]:
    """Yield the future members.

    Not by joblib, which puts large arguments on one worker, and anew for each call.
    """
    rows = {name: getattr(task, name) for name in _ROWS}
    n_samples = _num_samples(task.X)
    arguments = (
        replace(task, **dict.fromkeys(_ROWS, _NOT_HERE), fit_params={}),
        shipment.futures_of(rows, len(folds)),
        shipment.futures_of(task.fit_params, len(folds)),
    )
    for fold in folds:
        yield backend.client.submit(
            _fit_on_worker,
            *arguments,
            _without_train(fold, n_samples),
            store,
            get_config(),
            pure=False,
            **backend.submit_kwargs,
        )


def _fit_on_worker(
    task: MemberTask,
    rows: dict[str, Any],
    fit_params: dict[str, Any],
    fold: Fold,
    store: Callable[[int, Member], None] | None,
    config: dict[str, Any],
) -> Member:
    """Fit a member; `rows` and `fit_params` are the values here, no longer futures."""
    task = replace(task, **rows, fit_params=fit_params)
    fold = _with_train(fold, _num_samples(task.X))
    try:
        with (
            config_context(**config),
            parallel_config("dask"),  # what a member runs in parallel goes to the cluster too
            cancellable(_ReleasedTask()),
            blas_threads(1),
        ):
            member = task.fit(fold)
            if store is not None:
                store(fold.index, member)
            return member
    except KeyboardInterrupt as error:
        # It would end the worker; nobody waits for this task any more.
        raise CancelledError("Nobody waits for this member any more.") from error


class _ReleasedTask(threading.Event):
    """An event that is set once nobody waits for the running task any more."""

    def __init__(self) -> None:
        from distributed import get_worker

        super().__init__()
        self._worker = get_worker()
        self._key = self._worker.get_current_task()

    def is_set(self) -> bool:
        task = self._worker.state.tasks.get(self._key)
        return task is None or task.state == "cancelled"


def _inside_a_task() -> bool:
    from distributed import get_worker

    try:
        get_worker()
    except ValueError:
        return False
    return True


def _without_train(fold: Fold, n_samples: int) -> Fold:
    """Drop the training rows where they are all rows but those held out, in order.

    They would be sent for each fold, and be larger than some data sets.
    """
    return replace(fold, train=_NOT_HERE) if _is_the_rest(fold, n_samples) else fold


def _is_the_rest(fold: Fold, n_samples: int) -> bool:
    return np.array_equal(fold.train, _rest(fold.test, n_samples))


def _with_train(fold: Fold, n_samples: int) -> Fold:
    return replace(fold, train=_rest(fold.test, n_samples)) if fold.train is None else fold


def _rest(rows: np.ndarray, n_samples: int) -> np.ndarray:
    others = np.ones(n_samples, dtype=bool)
    others[rows] = False
    return np.flatnonzero(others)
