"""Regressors that note the numbers of threads that they may use, and what all have before."""

import time
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, RegressorMixin
from threadpoolctl import threadpool_info

from .training.test_threads import n_blas, set_blas, threads_of_a_new_thread

N_BEFORE = 2


class Probe(RegressorMixin, BaseEstimator):
    """Notes, while it is fitted, in which thread that is and how many more it may use."""

    def __init__(self, error=None):
        self.error = error

    def fit(self, X, y):
        if self.error is not None:
            raise self.error
        pools = {lib["filepath"]: lib["num_threads"] for lib in threadpool_info()}
        blas = [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"]
        self.n_torch_, self.n_blas_, self.pools_ = torch.get_num_threads(), max(blas), pools
        self.width_ = np.shape(y)[1]
        return self

    def predict(self, X):
        return np.zeros((len(X), self.width_))


class NetworkProbe(Probe):
    """Is fitted in threads of this process, as networks are."""

    _fits_well_on_one_thread = True


@contextmanager
def several_threads():
    """Give torch and BLAS threads to lose, also where the test run has one of each."""
    before = torch.get_num_threads(), n_blas()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            patch.delenv(name, raising=False)  # which joblib's processes would inherit
        torch.set_num_threads(N_BEFORE)
        set_blas(N_BEFORE)
        yield
    torch.set_num_threads(before[0])
    set_blas(before[1])


def assert_given_back(within=0.0):
    """Assert that all have what they had; within some seconds where members may be ending."""
    deadline = time.monotonic() + within
    time.sleep(min(within, 0.2))  # a new thread that asks while a member sets its number disturbs
    while threads_of_a_new_thread() != N_BEFORE or n_blas() != N_BEFORE:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    assert torch.get_num_threads() == threads_of_a_new_thread() == N_BEFORE
    assert n_blas() == N_BEFORE
