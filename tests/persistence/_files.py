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
    path = folder / "model.skops"
    dump(estimator, path)
    return path


def read_members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def change_schema(path, change):
    """Let `change` edit the schema and the members of a file in place."""
    members = read_members(path)
    schema = json.loads(members["schema.json"])
    change(schema, members)
    write_members(path, {**members, "schema.json": json.dumps(schema).encode()})


def attributes_of(schema):
    """Return the nodes of an estimator's attributes by name."""
    return schema["content"]["content"]


def node(loader, kind, **fields):
    """Make a node; `kind` is the full name of what it says it is."""
    module, _, name = kind.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": name, **fields}


def json_node(value):
    return node("JsonNode", "builtins.str", content=json.dumps(value), is_json=True)


def tuple_node(*parts):
    return node("TupleNode", "builtins.tuple", content=list(parts))


def dict_node(key, value, key_type):
    """A dict of one entry whose key is made by calling `key_type`."""
    key_types = node("ListNode", "builtins.list", content=[key_type])
    return node("DictNode", "builtins.dict", content={key: value}, key_types=key_types)


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


def refused(path, marker, match=None, **options):
    """Check that a file is refused, by name, and that nothing ran."""
    with pytest.raises(PersistenceError, match=match) as caught:
        load(path, **options)
    assert str(path) in str(caught.value)
    assert not marker.exists()


def kind_of(name):
    """The fields of a node that say what it is made into."""
    module, _, name = name.rpartition(".")
    return {"__module__": module, "__class__": name}
