"""Payloads hidden in what a file holds are refused, and do not run."""

import io
import pickle
import struct
import zipfile

import joblib
import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from mofa_sklearn.persistence import PersistenceError, get_untrusted_types, load

from ..helpers import make_data
from ._files import (
    Payload,
    attributes_of,
    change_schema,
    dict_node,
    fitted_ridges,
    json_node,
    kind_of,
    node,
    npy,
    read_members,
    refused,
    write,
    write_members,
)

pytest.importorskip("skops")

# Where the network's state lives.


def weights_of(schema):
    return attributes_of(attributes_of(schema)["_packed_net"]["content"]["weights"])


def packed_of(schema):
    return attributes_of(schema)["_packed_net"]["content"]


def first_weights(schema):
    return next(iter(packed_of(schema)["weights"]["content"].values()))


def hide_pickled_array(schema, members, marker):
    members[first_weights(schema)["file"]] = npy(
        np.array([Payload(marker)], dtype=object), allow_pickle=True
    )


def hide_pickle(schema, members, marker):
    members[first_weights(schema)["file"]] = pickle.dumps(Payload(marker))


def hide_torch_file(schema, members, marker):
    path = marker.with_name("weights.pt")
    torch.save(Payload(marker), path)
    members[first_weights(schema)["file"]] = path.read_bytes()


def hide_archive_of_arrays(schema, members, marker):
    path = marker.with_name("weights.npz")
    np.savez(path, np.array([Payload(marker)], dtype=object))
    members[first_weights(schema)["file"]] = path.read_bytes()


def hide_bytes(schema, members, marker):
    members["999.bin"] = pickle.dumps(Payload(marker))
    packed_of(schema)["weights"] = node("BytesNode", "builtins.bytes", file="999.bin")


def hide_bytes_among_weights(schema, members, marker):
    members["999.bin"] = pickle.dumps(Payload(marker))
    weights = packed_of(schema)["weights"]["content"]
    weights[next(iter(weights))] = node("BytesNode", "builtins.bytes", file="999.bin")


def hide_sparse_matrix(schema, members, marker):
    path = marker.with_name("sparse.npz")
    np.savez(path, data=np.array([Payload(marker)], dtype=object), format=b"csr")
    members["999.npz"] = path.read_bytes()
    weights = packed_of(schema)["weights"]["content"]
    weights[next(iter(weights))] = node(
        "SparseMatrixNode", "scipy.sparse._matrix.spmatrix", type="scipy", file="999.npz"
    )


def hide_skorch_net(schema, members, marker):
    members["999.bin"] = pickle.dumps(Payload(marker))
    state = dict_node(
        "__cuda_dependent_attributes__",
        node("BytesNode", "builtins.bytes", file="999.bin"),
        node("TypeNode", "builtins.str"),
    )
    del attributes_of(schema)["_packed_net"]
    attributes_of(schema)["net_"] = node("ObjectNode", "skorch.net.NeuralNet", content=state)


@pytest.mark.parametrize(
    "hide",
    [
        hide_pickled_array,
        hide_pickle,
        hide_torch_file,
        hide_archive_of_arrays,
        hide_bytes,
        hide_bytes_among_weights,
        hide_sparse_matrix,
        hide_skorch_net,
    ],
)
def test_a_payload_in_the_weights_is_refused(hide, network, marker):
    change_schema(network, lambda schema, members: hide(schema, members, marker))
    refused(network, marker)


def change_weights(schema, members):
    members[first_weights(schema)["file"]] = npy(np.zeros((3, 3), np.float32))


def leave_weights_out(schema, members):
    weights = packed_of(schema)["weights"]
    del weights["content"][next(iter(weights["content"]))]
    weights["key_types"]["content"].pop()


def forge_argument(name, value):
    def change(schema, members):
        packed_of(schema)["arguments"]["content"][name] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        change_weights,
        leave_weights_out,
        forge_argument("fusion", json_node("no_fusion")),
        forge_argument("fusion", json_node(3)),
        forge_argument("fusion", node("TypeNode", "builtins.list")),
        forge_argument("hidden_dim", json_node(10**9)),
        forge_argument("hidden_dim", json_node("512")),
        forge_argument("n_outputs", json_node(10**15)),
    ],
)
def test_a_forged_network_is_refused_before_its_memory_is_taken(change, network, marker):
    change_schema(network, change)
    refused(network, marker)


# Files of other kinds.


@pytest.mark.parametrize(
    "save",
    [
        lambda payload, path: path.write_bytes(pickle.dumps(payload)),
        lambda payload, path: path.write_bytes(pickle.dumps(payload, protocol=0)),
        joblib.dump,
        lambda payload, path: joblib.dump(payload, path, compress=3),
        torch.save,
        lambda payload, path: torch.save(payload, path, _use_new_zipfile_serialization=False),
        lambda payload, path: path.write_bytes(npy(np.array([payload], dtype=object), True)),
    ],
)
def test_a_pickle_by_another_name_is_refused(save, marker):
    path = marker.with_name("model.skops")
    save(Payload(marker), path)
    refused(path, marker, "not written by mofa_sklearn|never writes")
    with pytest.raises(PersistenceError):
        get_untrusted_types(path)


def test_the_payload_is_real(marker):
    pickle.loads(pickle.dumps(Payload(marker))).close()
    assert marker.exists()


@pytest.mark.parametrize(
    "name",
    ["../it_ran", "/it_ran", "..\\it_ran", "C:/it_ran", "a/1.npy", "it_ran", "1.pkl", "data.pkl"],
)
def test_a_member_of_a_strange_name_is_refused(name, network, marker):
    members = read_members(network)
    write_members(network, {**members, name: b"1"})
    refused(network, marker, "member that dump never writes")
    assert not any(path.name.endswith("it_ran") for path in marker.parent.parent.iterdir())


def test_two_members_of_one_name_are_refused(network, marker):
    with zipfile.ZipFile(network, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("1.npy", b"")
    refused(network, marker, "two members of one name")


def test_a_bomb_is_refused_before_it_unfolds(network, marker):
    members = read_members(network)
    bomb = {**members, "1.npy": b"\x93NUMPY" + bytes(10**7)}
    write_members(network, bomb, zipfile.ZIP_DEFLATED)
    assert network.stat().st_size < 10**6
    refused(network, marker, "compressed")


def test_sizes_that_are_not_those_of_the_file_are_refused(network, marker):
    data = bytearray(network.read_bytes())
    entry = data.rfind(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 2**31)  # its uncompressed size
    network.write_bytes(data)
    refused(network, marker)


def test_an_array_of_a_forged_size_is_refused(network, marker):
    def forge(schema, members):
        buffer = io.BytesIO()
        header = {"descr": "<f4", "fortran_order": False, "shape": (10**13, 4)}
        np.lib.format.write_array_header_1_0(buffer, header)
        members[first_weights(schema)["file"]] = buffer.getvalue() + bytes(64)

    change_schema(network, forge)
    refused(network, marker)


def test_a_deeply_nested_schema_is_refused(network, marker):
    members = read_members(network)
    members["schema.json"] = b"[" * 10**5
    write_members(network, members)
    refused(network, marker)


@pytest.mark.parametrize("root", [json_node({"a": 1}), dict_node("a", json_node(1), json_node(1))])
def test_what_is_no_estimator_is_refused(root, network, marker):
    def put(schema, members):
        root_fields = {"protocol": schema["protocol"], "_skops_version": "0"}
        schema.clear()
        schema.update(root, **root_fields)

    change_schema(network, put)
    refused(network, marker, "no estimator")


def test_a_holder_that_is_no_estimator_is_refused(network, marker):
    def put(schema, members):
        schema.update(kind_of("sklearn.model_selection._split.KFold"))

    change_schema(network, put)
    refused(network, marker, "no estimator")


# Folders of pickles.


@pytest.mark.parametrize("name", ["checkpoint", "memory"])
def test_a_folder_of_pickles_in_a_file_is_forgotten(name, tmp_path, marker):
    folder = tmp_path / "members"
    folder.mkdir()
    model = fitted_ridges() if name == "checkpoint" else make_pipeline(Ridge())
    path = write(model, tmp_path)

    def put(schema, members):
        attributes_of(schema)[name] = json_node(str(folder))

    change_schema(path, put)
    assert getattr(load(path), name) is None


# Tables that compiled code believes.


def boosting():
    return HistGradientBoostingRegressor(max_iter=1).fit(*make_data(60, None))


def neighbours():
    return KNeighborsRegressor(algorithm="kd_tree", leaf_size=5).fit(*make_data(40))


def forge_nodes(field, value, where=0):
    def forge(array):
        array[field][where] = value

    return forge


@pytest.mark.parametrize(
    ("make", "forge"),
    [
        (boosting, forge_nodes("left", 10**6)),
        (boosting, forge_nodes("right", 0)),
        (boosting, forge_nodes("right", 1)),
        (boosting, forge_nodes("feature_idx", 12)),
        (boosting, forge_nodes("feature_idx", -1)),
        (boosting, forge_nodes("is_categorical", 1)),
        (boosting, forge_nodes("is_leaf", 0, where=-1)),
        (neighbours, forge_nodes("idx_end", 10**6)),
        (neighbours, forge_nodes("idx_start", -1)),
        (neighbours, forge_nodes("is_leaf", 0, where=-1)),
    ],
)
def test_forged_nodes_of_a_tree_are_refused(make, forge, tmp_path, marker):
    path = write(make(), tmp_path)

    def change(schema, members):
        for name, content in members.items():
            if name.endswith(".npy") and b"is_leaf" in content:
                (tmp_path / "nodes.npy").write_bytes(content)
                nodes = np.load(tmp_path / "nodes.npy")
                forge(nodes)
                members[name] = npy(nodes)

    change_schema(path, change)
    refused(path, marker, "tampered")


@pytest.mark.parametrize(
    "attributes",
    [
        {"_in_fit": json_node(True)},
        {"n_features_in_": json_node(None)},
        {"n_features_in_": json_node(5)},
        {"_preprocess_X": node("TypeNode", "builtins.tuple")},
    ],
)
def test_a_boosting_model_that_would_not_check_its_rows_is_refused(attributes, tmp_path, marker):
    path = write(boosting(), tmp_path)

    def put(schema, members):
        for name, value in attributes.items():
            attributes_of(schema)[name] = value
            schema["content"]["key_types"]["content"].append(node("TypeNode", "builtins.str"))

    change_schema(path, put)
    refused(path, marker, "tampered")
