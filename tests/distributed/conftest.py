"""One small cluster for all tests of this folder."""

import pytest


@pytest.fixture(scope="session")
def client():
    """The client of two worker processes, one thread each."""
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with local as cluster, distributed.Client(cluster) as client:
        yield client
