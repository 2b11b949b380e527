"""Small clusters of two worker processes, one thread each."""

import sys
from contextlib import contextmanager

import pytest

from ..processes import fresh_process_context


@contextmanager
def small_cluster():
    distributed = pytest.importorskip("distributed")
    dask = pytest.importorskip("dask")
    method = "spawn" if sys.platform == "win32" else "forkserver"
    settings = {
        "distributed.worker.multiprocessing-method": method,
        "distributed.worker.profile.enabled": False,
    }
    with dask.config.set(settings):
        distributed.utils.get_mp_context()  # sets a list of what its processes import first,
        fresh_process_context()  # in whose place we put ours
        local = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        )
        with local as cluster, distributed.Client(cluster) as client:
            yield client


@pytest.fixture(scope="package")
def client():
    """The client of one cluster for all tests of this folder."""
    with small_cluster() as client:
        yield client


@pytest.fixture
def mortal_client():
    """The client of a cluster of a test's own, whose workers it may kill.

    Whether dead workers come back is Dask's affair: no other test waits for them.
    """
    with small_cluster() as client:
        yield client
