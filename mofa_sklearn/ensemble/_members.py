"""Fit the members of an ensemble, one after the other or several at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from joblib import cpu_count, effective_n_jobs
from joblib.parallel import ThreadingBackend, get_active_backend
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, clone
from sklearn.utils.parallel import Parallel, delayed

from .._sklearn_private import _num_samples, _safe_indexing
from ..training.interrupts import cancellable, interrupts_go_up
from ..training.threads import blas_threads, ready_for_threads, torch_threads
from ._validation_sets import (
    fit_with_validation,
    last_step,
    stop_for_certain,
    stops_early_on_rows,
    uses_validation_rows,
    validation_arguments,
)


@dataclass
class Fold:
    """One split: the rows a member learns from, and those it never sees.

    Parameters
    ----------
    index : int
        Its place among the splits.
    train, test : ndarray of int
        Row positions.
    seed : int
        What the member's random states are drawn from.
    """

    index: int
    train: np.ndarray
    test: np.ndarray
    seed: int


@dataclass
class Member:
    """A fitted member, and what it predicts for the rows held out.

    Parameters
    ----------
    estimator : estimator
        The fitted member.
    prediction : ndarray of shape (n_test, ...)
        Its prediction for its fold's test rows.
    classes : ndarray of shape (n_classes,), default=None
        Of a classifier that learned the classes' positions in place of them: the classes.
    """

    estimator: BaseEstimator
    prediction: np.ndarray
    classes: np.ndarray | None = None


#: Rows, their targets, their weights.
Watched = tuple[Any, np.ndarray, np.ndarray | None]


@dataclass
class MemberTask:
    """All that is needed to fit a member on any of the folds.

    Parameters
    ----------
    estimator : estimator
        What each member is a clone of.
    X, y : array-like of n_samples rows
        All training rows.
    fit_params : dict
        Arguments of the members' `fit`; those of n_samples rows are cut to the
        fold.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights, for the rows held out.
    hand_over : bool
        Whether members stop early on the rows held out.
    method : str
        The method that predicts: "predict" or "predict_proba".
    X_val, y_val : array-like of n_val rows, or None
        Rows of the user, which members stop early on in place of those held out.
    sample_weight_val : ndarray of shape (n_val,) or None
        Their weights.
    """

    estimator: BaseEstimator
    X: Any
    y: np.ndarray
    fit_params: dict[str, Any]
    sample_weight: np.ndarray | None
    hand_over: bool
    method: str = "predict"
    X_val: Any = None
    y_val: np.ndarray | None = None
    sample_weight_val: np.ndarray | None = None

    def fit(self, fold: Fold) -> Member:
        """Fit one member, on one torch thread.

        One thread each, however many members are fitted at a time: the number of
        threads changes the last bits of a sum, and a training amplifies them.
        """
        member = self._unfitted(fold)
        if self.fits_in_place():
            return self._fit_in_place(member, fold)
        X, y, fit_params = self._rows_to_learn(fold)
        watched = self._rows_to_watch(fold)
        with interrupts_go_up(), torch_threads(1):
            classes = self._learn(member, X, y, fit_params, watched)
            return self._finished(member, fold, classes)

    def fits_in_place(self) -> bool:
        """Tell whether members can learn from rows of X without a copy of them.

        Of a memory-mapped X, a copy of nine tenths would no longer fit into memory.
        """
        takes_rows = getattr(type(self.estimator), "_takes_rows", None)
        known = set(self.fit_params) <= {"sample_weight", "groups"}
        return takes_rows is not None and known and takes_rows(self.estimator, self.X)

    def _fit_in_place(self, member: BaseEstimator, fold: Fold) -> Member:
        arguments = dict(self.fit_params)
        if self._watches_rows_of_the_user():
            arguments |= {"X_val": self.X_val, "y_val": self.y_val}
            arguments["sample_weight_val"] = self.sample_weight_val
        elif self._watches_rows_held_out() and len(rows := self._counted(fold.test)):
            arguments["rows_val"] = rows
        with interrupts_go_up(), torch_threads(1):
            member._fit_rows(self.X, self.y, rows=fold.train, **arguments)
            return self._finished(member, fold)

    def fit_stacked(self, folds: Sequence[Fold]) -> list[Member]:
        """Fit a member on each fold, all of them together, on one torch thread."""
        members = [self._unfitted(fold) for fold in folds]
        with interrupts_go_up(), torch_threads(1):
            arguments = [self._arguments(*pair) for pair in zip(members, folds, strict=True)]
            type(self.estimator)._fit_stacked(members, arguments)
            return [
                self._finished(member, fold) for member, fold in zip(members, folds, strict=True)
            ]

    def _unfitted(self, fold: Fold) -> BaseEstimator:
        member = set_random_states(clone(self.estimator), fold.seed)
        return stop_for_certain(member) if self._watches_rows_of_the_user() else member

    def _arguments(self, member: BaseEstimator, fold: Fold) -> dict[str, Any]:
        """Return all arguments of a member's `fit`, by name."""
        X, y, fit_params = self._rows_to_learn(fold)
        watched = self._rows_to_watch(fold)
        if watched is None:
            return {"X": X, "y": y, **fit_params}
        extra = validation_arguments(member, y, fit_params, *watched)
        return {"X": X, "y": y, **extra, **fit_params}

    def _learn(
        self,
        member: BaseEstimator,
        X: Any,
        y: np.ndarray,
        fit_params: dict[str, Any],
        watched: Watched | None,
    ) -> np.ndarray | None:
        """Fit a member; return the classes that it knows by their positions alone."""
        if watched is None:
            member.fit(X, y, **fit_params)
        else:
            fit_with_validation(member, X, y, fit_params, *watched)
        return None

    def _rows_to_learn(self, fold: Fold) -> tuple[Any, np.ndarray, dict[str, Any]]:
        n_samples = _num_samples(self.X)
        fit_params = {
            key: _safe_indexing(value, fold.train) if _is_per_row(value, n_samples) else value
            for key, value in self.fit_params.items()
        }
        return _safe_indexing(self.X, fold.train), self.y[fold.train], fit_params

    def _rows_to_watch(self, fold: Fold) -> Watched | None:
        """Return the rows that the member of a fold stops early on, if there are any."""
        if self._watches_rows_of_the_user():
            assert self.y_val is not None
            return self.X_val, self.y_val, self.sample_weight_val
        if not self._watches_rows_held_out():
            return None
        rows = self._counted(fold.test)
        if len(rows) == 0:
            return None
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return _safe_indexing(self.X, rows), self.y[rows], weight

    def _watches_rows_of_the_user(self) -> bool:
        return self.X_val is not None and uses_validation_rows(self.estimator, self.fit_params)

    def _watches_rows_held_out(self) -> bool:
        # With rows of the user, out-of-fold predictions are honest.
        hands_over = self.hand_over and self.X_val is None
        return hands_over and stops_early_on_rows(self.estimator, self.fit_params)

    def without_uncounted(self, fold: Fold) -> Fold:
        """Leave rows of weight zero out of those to learn from."""
        return replace(fold, train=self._counted(fold.train))

    def _counted(self, rows: np.ndarray) -> np.ndarray:
        """Return those of some rows that have any weight."""
        return rows if self.sample_weight is None else rows[self.sample_weight[rows] > 0]

    def _finished(
        self, member: BaseEstimator, fold: Fold, classes: np.ndarray | None = None
    ) -> Member:
        X_test = _safe_indexing(self.X, fold.test)
        return Member(member, np.asarray(getattr(member, self.method)(X_test)), classes)


def set_random_states(estimator: BaseEstimator, seed: int) -> BaseEstimator:
    """Give every ``random_state`` inside an estimator a seed drawn from one seed.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    seed : int
        The seed.

    Returns
    -------
    estimator
        The same object.
    """
    random_state = np.random.RandomState(seed)
    names = [
        name
        for name in sorted(estimator.get_params(deep=True))
        if name == "random_state" or name.endswith("__random_state")
    ]
    seeds = random_state.randint(np.iinfo(np.int32).max, size=len(names))
    # Not what set_params returns, which of a frozen estimator is nothing.
    estimator.set_params(**dict(zip(names, seeds.tolist(), strict=True)))
    return estimator


def fit_members(
    fit: Callable[[Fold], Member],
    folds: Sequence[Fold],
    estimator: BaseEstimator,
    n_jobs: int | None,
) -> Iterator[Member]:
    """Fit a member on each fold; yield them in the folds' order as they are ready.

    Parameters
    ----------
    fit : callable
        Fits one member.
    folds : sequence of Fold
        The folds.
    estimator : estimator
        What the members are clones of.
    n_jobs : int or None
        How many at a time. None: networks as many at a time as torch has threads,
        others as joblib says (one, outside a ``joblib.parallel_config``).

    Yields
    ------
    Member
    """
    n_threads = n_threads_for(estimator, n_jobs)
    if n_threads > 1 and len(folds) > 1:
        yield from _fit_in_threads(fit, folds, min(n_threads, len(folds)))
    elif effective_n_jobs(n_jobs) == 1 or len(folds) == 1:
        yield from map(fit, folds)
    else:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator")
        with _blas_of_threads(effective_n_jobs(n_jobs)):
            yield from parallel(delayed(fit)(fold) for fold in folds)


def trains_stacked(task: MemberTask, engine: str) -> bool:
    """Tell whether an engine trains all members together.

    Parameters
    ----------
    task : MemberTask
        What is to be fitted.
    engine : {"auto", "joblib", "stacked"}
        How.

    Returns
    -------
    bool
        Whatever `n_jobs` is: results do not depend on it.

    Raises
    ------
    ValueError
        If ``"stacked"`` is asked for members that know no such thing.
    """
    if engine == "joblib":
        return False
    stacks = getattr(type(task.estimator), "_stacks", None)
    if stacks is None:
        if engine == "auto":
            return False
        raise ValueError(
            "engine='stacked' trains the networks of bare MoFARegressors, or MoFAClassifiers, "
            f"together; got {type(task.estimator).__name__}, whose members can only be fitted "
            "one by one: take engine='auto' or 'joblib'."
        )
    return stacks(task.estimator, task.X, task.y, only_if_faster=engine == "auto")


def n_threads_for(estimator: BaseEstimator, n_jobs: int | None) -> int:
    """Tell in how many threads of this process members are fitted; 1 if joblib decides."""
    if not getattr(last_step(estimator), "_fits_well_on_one_thread", False):
        return 1
    backend, _ = get_active_backend(prefer="threads")
    if not isinstance(backend, ThreadingBackend):
        return 1  # a joblib.parallel_config block asks for processes, or for a cluster
    n_workers = effective_n_jobs(n_jobs)
    return torch.get_num_threads() if n_jobs is None and n_workers == 1 else n_workers


def _blas_of_threads(n_workers: int) -> AbstractContextManager:
    """Divide BLAS among workers that are threads; for processes joblib does it."""
    if isinstance(get_active_backend()[0], ThreadingBackend):
        return blas_threads(max(1, cpu_count() // n_workers))
    return nullcontext()


def _fit_in_threads(
    fit: Callable[[Fold], Member], folds: Sequence[Fold], n_threads: int
) -> Iterator[Member]:
    cancel = threading.Event()
    # scikit-learn's configuration is one thread's own.
    task = partial(_fit_in_thread, fit, get_config(), cancel)
    ready_for_threads()
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="mofa-member")
    # BLAS counts its threads for the whole process: one for each member.
    with blas_threads(1), pool:
        futures = [pool.submit(task, fold) for fold in folds]
        try:
            for future in futures:
                yield future.result()
        except BaseException:
            # Interrupts and errors go up at once: no member may keep them waiting.
            cancel.set()
            for future in futures:
                future.cancel()
            raise


def _fit_in_thread(fit, config: dict, cancel: threading.Event, fold: Fold) -> Member:
    with config_context(**config), cancellable(cancel):
        return fit(fold)


def _is_per_row(value: Any, n_samples: int) -> bool:
    if value is None or isinstance(value, (str, bytes, dict)) or not hasattr(value, "__len__"):
        return False
    return np.ndim(value) != 0 and _num_samples(value) == n_samples
