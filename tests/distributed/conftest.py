"""Small clusters of two worker processes, one thread each."""

from contextlib import contextmanager

import pytest


@contextmanager
def small_cluster():
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with local as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="session")
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
