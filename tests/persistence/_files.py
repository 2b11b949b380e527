"""Files to load: written, taken apart, changed and put together again."""

import io
import json
import zipfile

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.persistence import PersistenceError, dump, load

from ..helpers import make_data, small_mofa


def fitted_mofa(**params):
    return small_mofa(max_epochs=1, **params).fit(*make_data(40))


def fitted_ridges(**params):
    return KFoldEnsembleRegressor(Ridge(), cv=2, random_state=0, **params).fit(*make_data(40))


def write(estimator, folder):
    """Dump into a folder; return the file."""
    path = folder / "model.mofa"
    dump(estimator, path)
    return path


def read_members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def change_model(path, change):
    """Let `change` edit the root node and the members of a file in place."""
    members = read_members(path)
    root = json.loads(members["model.json"])
    change(root, members)
    write_members(path, {**members, "model.json": json.dumps(root).encode()})


def set_attribute(path, name, node):
    """Put a node in the place of an attribute of the estimator in a file."""
    change_model(path, lambda root, members: root["attributes"].update({name: node}))


def nodes_of(node):
    """Yield every node below one that is a dict."""
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node:
        if isinstance(part, (dict, list)):
            yield from nodes_of(part)


def dict_node(values):
    return {"dict": [[key, value] for key, value in values.items()]}


def npy(array, allow_pickle=False):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


class Payload:
    """Its pickle makes a file when it is loaded."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def add_array(members, array, allow_pickle=False):
    """Add a member; return its node."""
    name = f"{900 + len(members)}.npy"
    members[name] = npy(np.asarray(array), allow_pickle)
    return {"array": name}


def refused(path, marker, match=None, **options):
    """Check that a file is refused, by name, and that nothing ran."""
    with pytest.raises(PersistenceError, match=match) as caught:
        load(path, **options)
    assert str(path) in str(caught.value)
    assert not marker.exists()
