"""Files to be tampered with."""

import pytest

from ._files import fitted_mofa, write


@pytest.fixture
def marker(tmp_path):
    """A file that is there once a payload has run."""
    return tmp_path / "it_ran"


@pytest.fixture(scope="module")
def network_file(tmp_path_factory):
    return write(fitted_mofa(), tmp_path_factory.mktemp("network"))


@pytest.fixture
def network(network_file, tmp_path):
    """A copy of the file of a network, to be tampered with."""
    path = tmp_path / "network.mofa"
    path.write_bytes(network_file.read_bytes())
    return path
