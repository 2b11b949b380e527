"""Rows and members that tell what happened to them on the workers."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, RegressorMixin
from threadpoolctl import threadpool_info

from mofa_sklearn.ensemble._members import MemberTask


class CountedFrame(pd.DataFrame):
    """A DataFrame that notes, in a file, each process that it arrives in."""

    @classmethod
    def of(cls, frame, log):
        """Make one whose arrivals are noted in the file `log`."""
        counted = cls(frame)
        counted.attrs["log"] = str(log)
        return counted

    def __reduce__(self):
        return _arrive, (pd.DataFrame(self), self.attrs["log"])


def _arrive(frame, log):
    with Path(log).open("a") as file:
        file.write(f"{os.getpid()}\n")
    return CountedFrame.of(frame, log)


def arrivals(log):
    """Return the processes' numbers, one for each arrival."""
    return [int(line) for line in Path(log).read_text().split()] if Path(log).exists() else []


class Witness(RegressorMixin, BaseEstimator):
    """A regressor that predicts the mean, and remembers where and how it was fitted."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.mean_ = np.mean(y, axis=0)
        self.process_ = os.getpid()
        self.threads_ = threads_here()
        return self

    def predict(self, X):
        return np.broadcast_to(self.mean_, (len(X), *np.shape(self.mean_)))


class RowsWitness(Witness):
    """Remembers what kind of array all rows are, of which it learns some."""

    def fit(self, X, y):
        import sys

        frame = sys._getframe()
        while not isinstance(frame.f_locals.get("self"), MemberTask):
            frame = frame.f_back
        self.kind_of_rows_ = type(frame.f_locals["self"].X).__name__
        return super().fit(X, y)


class Sleeper(Witness):
    """Takes its time, and predicts at random."""

    def __init__(self, seconds=0.0, random_state=None):
        self.seconds = seconds
        super().__init__(random_state)

    def fit(self, X, y):
        time.sleep(self.seconds)
        super().fit(X, y)
        self.mean_ = self.mean_ + np.random.RandomState(self.random_state).normal()
        return self


class Failing(Witness):
    """Fails."""

    def fit(self, X, y):
        raise ValueError("no such luck")


def threads_here():
    """Return torch's and BLAS's numbers of threads in this thread."""
    blas = {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}
    return torch.get_num_threads(), max(blas, default=1)


def when_all_are_busy(client, action):
    """Call `action` in a thread once each worker has been at work for a moment.

    Or after a minute: a test that waits for it must not wait for ever.
    """

    def wait():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not all(client.processing().values()):
            time.sleep(0.02)
        time.sleep(0.3)
        action()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def kill(pids):
    """End processes at once, without a word."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
