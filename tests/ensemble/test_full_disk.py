"""A disk that is full is told, and costs no member that was stored before."""

import errno
import os
import subprocess
from contextlib import contextmanager

import pytest
from numpy.testing import assert_array_equal

from mofa_sklearn import KFoldEnsembleRegressor

from ..helpers import make_data, small_mofa

resource = pytest.importorskip("resource", reason="only POSIX limits the size of files")

MEMBERS = [f"member_{i:04d}.joblib" for i in range(4)]
TOLD = r"'{name}' cannot be written to the checkpoint folder '{folder}': .*make room.*fit again"


def make_ensemble(folder, **params):
    params = {"cv": 4, "n_jobs": 1, **params}
    return KFoldEnsembleRegressor(small_mofa(), checkpoint=folder, random_state=0, **params)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def no_file_above(n_bytes):
    """Let this process write no larger file, as on a disk that has no more room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    "params", [{}, {"n_jobs": 2}, {"engine": "stacked"}], ids=["one", "two", "stacked"]
)
def test_members_that_were_stored_are_kept_and_the_next_fit_goes_on(params, tmp_path):
    X, y = make_data(40)
    whole = make_ensemble(tmp_path, **params).fit(X, y)
    for name in MEMBERS[2:]:
        (tmp_path / name).unlink()
    before = contents(tmp_path)

    told = TOLD.format(name=r"member_000\d.joblib", folder=tmp_path)
    with no_file_above(2000), pytest.raises(OSError, match=told) as raised:
        make_ensemble(tmp_path, **params).fit(X, y)
    assert raised.value.errno == errno.EFBIG
    assert contents(tmp_path) == before

    resumed = make_ensemble(tmp_path, **params).fit(X, y)
    assert set(contents(tmp_path)) == {"manifest.json", *MEMBERS}
    assert_array_equal(resumed.predict(X), whole.predict(X))
    assert_array_equal(resumed.oof_prediction_, whole.oof_prediction_)


def test_a_disk_that_is_full_from_the_start_is_told(tmp_path):
    X, y = make_data(40)
    told = TOLD.format(name="manifest.json", folder=tmp_path)
    with no_file_above(10), pytest.raises(OSError, match=told):
        make_ensemble(tmp_path).fit(X, y)
    assert contents(tmp_path) == {}


_PAGE = 4096


@contextmanager
def disk_of(folder, n_pages):
    """Mount a disk of a few pages, where that is allowed."""
    folder.mkdir()
    size = f"size={n_pages * _PAGE}"
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "none", folder], capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def whole(tmp_path):
    return make_ensemble(tmp_path / "whole").fit(*make_data(40))


@pytest.fixture
def tiny_disk(whole, tmp_path):
    """Make room for the manifest, two members, and a little more."""
    member = (tmp_path / "whole" / MEMBERS[0]).stat().st_size
    with disk_of(tmp_path / "disk", 2 + 2 * -(-member // _PAGE)) as disk:
        yield disk


def test_a_fit_on_a_disk_that_fills_up_ends_elsewhere(whole, tiny_disk, tmp_path):
    X, y = make_data(40)
    folder = tiny_disk / "members"
    told = TOLD.format(name=MEMBERS[2], folder=folder)
    with pytest.raises(OSError, match=told) as raised:
        make_ensemble(folder).fit(X, y)
    assert raised.value.errno == errno.ENOSPC
    stored = contents(folder)
    assert set(stored) == {"manifest.json", *MEMBERS[:2]}

    larger = tmp_path / "larger"
    larger.mkdir()
    for name, content in stored.items():
        (larger / name).write_bytes(content)
    resumed = make_ensemble(larger).fit(X, y)
    assert_array_equal(resumed.predict(X), whole.predict(X))
    assert {name: contents(larger)[name] for name in stored} == stored


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_told(tmp_path):
    tmp_path.chmod(0o500)
    X, y = make_data(40)
    with pytest.raises(PermissionError, match=TOLD.format(name="manifest.json", folder=tmp_path)):
        make_ensemble(tmp_path).fit(X, y)


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    X, y = make_data(40)
    with pytest.raises(FileExistsError, match=f"checkpoint folder '{path}' cannot be made"):
        make_ensemble(path).fit(X, y)
