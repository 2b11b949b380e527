"""A file tells which versions wrote it, and load warns of others."""

import json
import sys
import warnings

import numpy as np
import pytest
import sklearn
import torch
from sklearn.exceptions import InconsistentVersionWarning

import mofa_sklearn
from mofa_sklearn.persistence import PersistenceError, VersionWarning, dump, load

from ..helpers import small_mofa
from ._files import read_members, write, write_members

pytest.importorskip("skops")


@pytest.fixture
def path(tmp_path):
    return write(small_mofa(), tmp_path)


def change_manifest(path, change):
    members = read_members(path)
    manifest = json.loads(members["mofa_sklearn.json"])
    change(manifest)
    write_members(path, {**members, "mofa_sklearn.json": json.dumps(manifest)})


def test_versions_are_recorded(path):
    manifest = json.loads(read_members(path)["mofa_sklearn.json"])
    versions = manifest["versions"]
    assert manifest["format"] == 2
    assert versions["mofa_sklearn"] == mofa_sklearn.__version__
    assert versions["scikit-learn"] == sklearn.__version__
    assert versions["numpy"] == np.__version__
    assert versions["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert {"skorch", "scipy", "python"} < versions.keys()


@pytest.mark.parametrize(
    "name", ["mofa_sklearn", "scikit-learn", "numpy", "torch", "skorch", "python"]
)
def test_another_version_is_warned_of(name, path):
    change_manifest(path, lambda manifest: manifest["versions"].update({name: "0.0.1"}))
    with pytest.warns(VersionWarning, match=rf"model.mofa' was written with {name} 0.0.1 \(now"):
        loaded = load(path)
    assert loaded.hidden_dim == 16


def test_the_warning_is_one_of_scikit_learn_s(path):
    change_manifest(path, lambda manifest: manifest["versions"].pop("torch"))
    with pytest.warns(InconsistentVersionWarning, match=r"torch unknown \(now"):
        load(path)


def test_the_same_versions_are_not_warned_of(path):
    def other_builds(manifest):
        versions = manifest["versions"]
        versions["torch"] = versions["torch"].partition("+")[0] + "+cu999"
        versions["python"] = ".".join([*versions["python"].split(".")[:2], "99"])

    change_manifest(path, other_builds)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(path)


def test_a_newer_format_is_refused(path):
    change_manifest(path, lambda manifest: manifest.update(format=3))
    with pytest.raises(PersistenceError, match=r"its format is 3, .* up to 2: install"):
        load(path)


def test_it_does_not_need_skops(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops", None)
    dump(load(path), path)
    assert load(path).hidden_dim == 16
