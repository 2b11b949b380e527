"""Files that are damaged are errors that name them, or give the model that was stored."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge

from mofa_sklearn.persistence import PersistenceError, get_untrusted_types, load

from ..helpers import make_data
from ._files import read_members, write, write_members

pytest.importorskip("skops")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A small model, and what its file holds."""
    model = Ridge().fit(*make_data(20))
    return model, write(model, tmp_path_factory.mktemp("stored")).read_bytes()


def is_refused(path):
    """Tell whether a file is refused by name; any other error goes up."""
    try:
        load(path)
    except PersistenceError as error:
        return str(path) in str(error)
    return False


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no archive", bytes(1000), b"PK\x05\x06" + bytes(18)]
)
def test_what_is_no_file_of_dump_is_refused(content, tmp_path):
    path = tmp_path / "model.mofa"
    path.write_bytes(content)
    with pytest.raises(PersistenceError, match=r"model.mofa' cannot be loaded: .*not written by"):
        load(path)
    with pytest.raises(PersistenceError, match=r"model.mofa' cannot be loaded"):
        get_untrusted_types(path)


def test_a_truncated_file_is_refused_wherever_it_ends(stored, tmp_path):
    _, data = stored
    path = tmp_path / "model.mofa"
    for length in np.linspace(0, len(data) - 1, 60).astype(int):
        path.write_bytes(data[:length])
        assert is_refused(path), length


def test_a_flipped_byte_never_gives_another_model(stored, tmp_path):
    X, _ = make_data(20)
    model, data = stored
    path, expected = tmp_path / "model.mofa", model.predict(X)
    rng = np.random.default_rng(0)
    n_refused = 0
    for position in rng.choice(len(data), 150, replace=False):
        damaged = bytearray(data)
        damaged[position] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        if is_refused(path):
            n_refused += 1
        else:  # what is flipped means nothing, as the time of a member
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert_array_equal(load(path).predict(X), expected)
    assert n_refused > 100


@pytest.mark.parametrize("name", ["model.json", "mofa_sklearn.json"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]", b"null", b"no json", b"\xff"])
def test_a_member_that_is_lost_or_wrong_is_told(name, content, stored, tmp_path):
    path = tmp_path / "model.mofa"
    path.write_bytes(stored[1])
    members = read_members(path)
    members.pop(name)
    write_members(path, members if content is None else {**members, name: content})
    with pytest.raises(PersistenceError, match=r"has no|holds no|cannot be read"):
        load(path)


def test_a_lost_array_is_told(stored, tmp_path):
    path = tmp_path / "model.mofa"
    path.write_bytes(stored[1])
    members = read_members(path)
    name = next(name for name in members if name.endswith(".npy"))
    del members[name]
    write_members(path, members)
    with pytest.raises(PersistenceError, match=f"no member '{name}'"):
        load(path)


@pytest.mark.parametrize("read", [load, get_untrusted_types])
def test_no_file_and_a_folder(read, tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing.mofa")
    with pytest.raises(OSError, match=r"directory|denied"):
        read(tmp_path)


def test_a_file_of_skops_itself_is_told_apart(tmp_path):
    skops_io = pytest.importorskip("skops.io")
    path = tmp_path / "model.mofa"
    skops_io.dump(Ridge(), path)
    with pytest.raises(PersistenceError, match=r"never writes|cannot be loaded"):
        load(path)


def test_a_file_of_version_0_1_is_told_what_to_do_with(tmp_path):
    path = tmp_path / "model.mofa"
    manifest = b'{"format": 1, "versions": {}}'
    write_members(path, {"mofa_sklearn.json": manifest, "schema.json": b"{}"})
    with pytest.raises(PersistenceError, match=r"that of mofa_sklearn 0.1: load it with that"):
        load(path)
