"""Payloads and forged tables hidden in what a file holds are refused."""

import io
import json
import pickle
import struct
import time
import tracemalloc
import zipfile

import joblib
import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.persistence import PersistenceError, get_untrusted_types, load

from ..helpers import make_data
from ._files import (
    Payload,
    add_array,
    change_model,
    fitted_ridges,
    nodes_of,
    npy,
    read_members,
    refused,
    set_attribute,
    write,
    write_members,
)


def entries(node):
    """Return the values of a dict's node by their keys."""
    return dict(node["dict"])


def packed_of(root):
    return entries(root["attributes"]["_packed_net"])


def first_weights(root):
    return packed_of(root)["weights"]["dict"][0][1]


def hide_pickled_array(root, members, marker):
    payload = np.array([Payload(marker)], dtype=object)
    members[first_weights(root)["array"]] = npy(payload, allow_pickle=True)


def hide_pickle(root, members, marker):
    members[first_weights(root)["array"]] = pickle.dumps(Payload(marker))


def hide_torch_file(root, members, marker):
    path = marker.with_name("weights.pt")
    torch.save(Payload(marker), path)
    members[first_weights(root)["array"]] = path.read_bytes()


def hide_archive_of_arrays(root, members, marker):
    path = marker.with_name("weights.npz")
    np.savez(path, np.array([Payload(marker)], dtype=object))
    members[first_weights(root)["array"]] = path.read_bytes()


def hide_bytes(root, members, marker):
    members["999.bin"] = pickle.dumps(Payload(marker))
    root["attributes"]["_packed_net"] = {"bytes": "999.bin"}


def hide_bytes_among_weights(root, members, marker):
    members["999.bin"] = pickle.dumps(Payload(marker))
    packed_of(root)["weights"]["dict"].append(["more", {"bytearray": "999.bin"}])


@pytest.mark.parametrize(
    "hide",
    [
        hide_pickled_array,
        hide_pickle,
        hide_torch_file,
        hide_archive_of_arrays,
        hide_bytes,
        hide_bytes_among_weights,
    ],
)
def test_a_payload_in_the_weights_is_refused(hide, network, marker):
    change_model(network, lambda root, members: hide(root, members, marker))
    refused(network, marker)


def change_weights(root, members):
    members[first_weights(root)["array"]] = npy(np.zeros((3, 3), np.float32))


def leave_weights_out(root, members):
    _, node = packed_of(root)["weights"]["dict"].pop(0)
    del members[node["array"]]


def forge_argument(name, value):
    def change(root, members):
        for pair in packed_of(root)["arguments"]["dict"]:
            if pair[0] == name:
                pair[1] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        change_weights,
        leave_weights_out,
        forge_argument("fusion", "no_fusion"),
        forge_argument("fusion", 3),
        forge_argument("fusion", {"class": "builtins.list"}),
        forge_argument("hidden_dim", 10**9),
        forge_argument("hidden_dim", "512"),
        forge_argument("n_outputs", 10**15),
    ],
)
def test_a_forged_network_is_refused_before_its_memory_is_taken(change, network, marker):
    change_model(network, change)
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
    path = marker.with_name("model.mofa")
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


def header_of(**changes):
    """The start of a .npy file whose header has these fields."""
    header = {"descr": "<f4", "fortran_order": False, "shape": (2,), **changes}
    text = "{" + "".join(f"'{key}': {value!r}, " for key, value in header.items()) + "}"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        header_of(shape=(10**13, 4)) + bytes(64),
        header_of(shape=(0, 10**15)),
        header_of(shape=(-2, -1)) + bytes(8),
        header_of(shape=(3,)) + bytes(8),
        header_of(descr="|O") + bytes(16),
        header_of(descr="<f4,(100000000,)i4") + bytes(8),
        header_of(descr=[("a", "<f4"), ("a", "<f4")]) + bytes(16),
        header_of(descr="|U0") + bytes(8),
        b"\x93NUMPY\x01\x00\x10\x27" + b"-" * 9999 + b"1",
        b"\x93NUMPY\x01\x00\x10\x27{'descr': " + b"(" * 9990,
        header_of(descr="|b1") + b"\x02\x03",
        header_of(descr="<U1") + b"\xff" * 8,
    ],
)
def test_an_array_with_a_forged_header_is_refused(content, network, marker):
    def forge(root, members):
        members[first_weights(root)["array"]] = content

    change_model(network, forge)
    refused(network, marker)


def test_a_member_that_nothing_speaks_of_or_two_nodes_is_refused(network, marker):
    change_model(network, lambda root, members: add_array(members, np.zeros(3)) and None)
    refused(network, marker, "nothing refers to its member")
    twice = {"list": [{"array": "1.npy"}, {"array": "1.npy"}]}
    set_attribute(network, "verbose", twice)
    refused(network, marker, "used twice")


def test_a_model_that_is_nested_deeply_is_refused(network, marker):
    members = read_members(network)
    for text in (b"[" * 10**5, b'{"list":[' * 500 + b"]}" * 500, b"1" * 10**5):
        write_members(network, {**members, "model.json": text})
        refused(network, marker)


@pytest.mark.parametrize(
    "root",
    [
        None,
        3,
        [],
        {},
        {"object": []},
        {"object": {}},
        {"list": []},
        {"dict": [["a", 1]]},
        {"function": "numpy.absolute"},
    ],
)
def test_what_is_no_estimator_is_refused(root, network, marker):
    write_members(network, {**read_members(network), "model.json": json.dumps(root).encode()})
    refused(network, marker, "no estimator|damaged")


def test_a_splitter_alone_is_no_estimator(network, marker):
    members = {name: content for name, content in read_members(network).items() if "json" in name}
    splitter = {"object": "sklearn.model_selection._split.KFold", "attributes": {}}
    write_members(network, {**members, "model.json": json.dumps(splitter).encode()})
    refused(network, marker, "no estimator")


# Folders of pickles.


def put_everywhere(path, name, node):
    """Put a node in the place of an attribute, and among what a search tries."""

    def change(root, members):
        for part in nodes_of(root):
            if name in part.get("attributes", {}):
                part["attributes"][name] = node
            for pair in part.get("dict", []):
                if str(pair[0]).endswith(name):
                    pair[1] = node
        used = {part.get("array") for part in nodes_of(root)}
        for member in {name for name in members if name.endswith(".npy")} - used:
            del members[member]

    change_model(path, change)


@pytest.mark.parametrize("name", ["checkpoint", "memory"])
@pytest.mark.parametrize("as_list", [False, True])
def test_a_folder_of_pickles_in_a_file_is_forgotten(name, as_list, tmp_path):
    inner = KFoldEnsembleRegressor(Ridge(), cv=KFold(2)) if name == "checkpoint" else None
    model = inner or make_pipeline(StandardScaler(), Ridge())
    search = GridSearchCV(model, {name: [None]}, cv=2).fit(*make_data(20))
    path, folder = write(search, tmp_path), str(tmp_path / "members")
    put_everywhere(path, name, {"list": [folder]} if as_list else folder)
    loaded = load(path)
    assert getattr(loaded.estimator, name) is None
    assert getattr(loaded.best_estimator_, name) is None
    assert loaded.param_grid[name] in (None, [None])
    assert loaded.best_params_[name] in (None, [None])
    assert "members" not in repr((loaded, loaded.cv_results_, vars(loaded)))


@pytest.mark.parametrize("grid", [{"ref": 77}, {"list": [{"ref": 77}]}])
def test_a_folder_that_is_only_referred_to_is_no_way_in(grid, tmp_path, marker):
    path = write(GridSearchCV(make_pipeline(Ridge()), {"memory": [None]}), tmp_path)

    def put(root, members):
        folder = {"dict": [["memory", {"list": [str(tmp_path)]}]], "id": 77}
        del root["attributes"]["error_score"]
        root["attributes"] = {"error_score": folder, **root["attributes"], "param_grid": grid}

    change_model(path, put)
    refused(path, marker, "param_grid is another kind")


# Tables that compiled code believes.


def boosting():
    return HistGradientBoostingRegressor(max_iter=1).fit(*make_data(60, None))


def forge_nodes(field, value, where=0):
    def forge(array):
        array[field][where] = value

    return forge


def change_array(path, is_wanted, change):
    """Let `change` edit the arrays of a file for which `is_wanted` holds, in place."""
    members = read_members(path)
    n_changed = 0
    for name, content in members.items():
        array = np.load(io.BytesIO(content)) if name.endswith(".npy") else None
        if array is not None and is_wanted(array):
            change(array)
            members[name] = npy(array)
            n_changed += 1
    assert n_changed
    write_members(path, members)


@pytest.mark.parametrize(
    "forge",
    [
        forge_nodes("left", 10**6),
        forge_nodes("right", 0),
        forge_nodes("right", 1),
        forge_nodes("feature_idx", 12),
        forge_nodes("feature_idx", -1),
        forge_nodes("is_categorical", 1),
        forge_nodes("is_leaf", 0, where=-1),
    ],
)
def test_forged_nodes_of_a_tree_are_refused(forge, tmp_path, marker):
    path = write(boosting(), tmp_path)
    change_array(path, lambda array: array.dtype.names is not None, forge)
    refused(path, marker, "tampered")


@pytest.mark.parametrize(
    ("name", "node"),
    [("n_features_in_", None), ("n_features_in_", 5), ("n_features_in_", {"number": "inf"})],
)
def test_a_boosting_model_that_would_not_check_its_rows_is_refused(name, node, tmp_path, marker):
    path = write(boosting(), tmp_path)
    set_attribute(path, name, node)
    refused(path, marker, "tampered")


@pytest.mark.parametrize("name", ["_in_fit", "_preprocess_X"])
def test_a_boosting_model_of_other_attributes_is_refused(name, tmp_path, marker):
    path = write(boosting(), tmp_path)
    set_attribute(path, name, True)
    refused(path, marker, "not trusted: .*HistGradientBoostingRegressor")


def test_a_tree_outside_of_its_model_is_refused(tmp_path, marker):
    path = write(boosting(), tmp_path)

    def move(root, members):
        tree = next(n for n in nodes_of(root) if str(n.get("object")).endswith("TreePredictor"))
        root["attributes"]["_predictors"] = {"list": []}
        root["attributes"]["verbose"] = {"object": "collections.Counter", "call": [tree]}

    change_model(path, move)
    model = "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoosting"
    trusted = ["collections.Counter", f"{model}Regressor"]
    refused(path, marker, "not trusted: .*TreePredictor", trusted=trusted)


def sparse_model():
    X, y = make_data(30)
    return KernelRidge().fit(scipy.sparse.csr_matrix(X), y)


@pytest.mark.parametrize(
    "change",
    [
        lambda indices, starts: indices.__setitem__(0, 12),
        lambda indices, starts: indices.__setitem__(-1, -1),
        lambda indices, starts: starts.__setitem__(0, 1),
        lambda indices, starts: starts.__setitem__(5, 10**6),
        lambda indices, starts: starts.__setitem__(slice(3, 5), [40, 20]),
        lambda indices, starts: starts.__setitem__(-1, 0),
    ],
)
def test_positions_of_a_sparse_matrix_are_within_its_bounds(change, tmp_path, marker):
    path = write(sparse_model(), tmp_path)
    members = read_members(path)
    root = json.loads(members["model.json"])
    names = [part["array"] for part in root["attributes"]["X_fit_"]["parts"][1:]]
    indices, starts = (np.load(io.BytesIO(members[name])) for name in names)
    change(indices, starts)
    write_members(path, {**members, names[0]: npy(indices), names[1]: npy(starts)})
    refused(path, marker, "sparse at X_fit_")


def test_a_compressed_archive_is_no_sparse_matrix(tmp_path, marker):
    path = write(sparse_model(), tmp_path)

    def hide(root, members):
        buffer = io.BytesIO()
        np.savez_compressed(buffer, data=np.zeros(10**6), format=b"csr")
        members["900.npy"] = buffer.getvalue()
        root["attributes"]["X_fit_"]["parts"][0] = {"array": "900.npy"}

    change_model(path, hide)
    refused(path, marker, "is no array")


def change_first(path, is_wanted, change):
    """Let `change` edit the first node that is wanted."""

    def edit(root, members):
        change(next(node for node in nodes_of(root) if is_wanted(node)), members)

    change_model(path, edit)


def has(name):
    return lambda node: name in node.get("attributes", {})


def put(name, value):
    def change(node, members):
        array = isinstance(value, np.ndarray)
        node["attributes"][name] = add_array(members, value) if array else value
        # What stood there may have been an array that nothing else speaks of.
        for member in [m for m in members if m.endswith(".npy")]:
            if not any(part.get("array") == member for part in nodes_of(node)):
                del members[member]

    return change


X, Y = make_data(30, None)
CLASSES = (Y > 0).astype(int)


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        (KNeighborsClassifier().fit(X, CLASSES), "_y", np.full(30, 7)),
        (KNeighborsClassifier().fit(X, CLASSES), "_y", np.full(30, -1)),
        (KNeighborsClassifier().fit(X, CLASSES), "_y", np.zeros(3, int)),
        (KNeighborsRegressor().fit(X, Y), "n_samples_fit_", 10**6),
        (KNeighborsRegressor().fit(X, Y), "_fit_X", np.zeros((30, 3))),
        (SVC().fit(X, CLASSES), "_n_support", np.array([10**6, 1], np.int32)),
        (SVC().fit(X, CLASSES), "_n_support", np.array([-1, 31], np.int32)),
        (SVC().fit(X, CLASSES), "support_", np.zeros(1, np.int32)),
        (SVC().fit(X, CLASSES), "_dual_coef_", np.zeros((1, 2))),
        (SVC().fit(X, CLASSES), "_intercept_", np.zeros(0)),
        (SVC().fit(X, CLASSES), "support_vectors_", np.zeros((2, 900))),
        (SVC().fit(X, CLASSES), "_probA", np.zeros(40)),
    ],
    ids=lambda value: str(value)[:30],
)
def test_forged_tables_of_neighbours_and_support_vectors(model, name, value, tmp_path, marker):
    path = write(model, tmp_path)
    change_first(path, has(name), put(name, value))
    refused(path, marker, "tampered")


@pytest.mark.parametrize("column", [900, -1, 0, True])
def test_a_forged_vocabulary(column, tmp_path, marker):
    path = write(CountVectorizer().fit(["a cat sat", "a dog"]), tmp_path)

    def forge(node, members):
        node["attributes"]["vocabulary_"]["dict"][0][1] = column
        node["attributes"]["vocabulary_"]["dict"][1][1] = column

    change_first(path, has("vocabulary_"), forge)
    refused(path, marker, "a vocabulary was tampered with")


@pytest.mark.parametrize("widths", [[1, 1], [2], [9, 9], [2, None]])
def test_forged_widths_of_an_encoder(widths, tmp_path, marker):
    encoder = make_column_transformer((OneHotEncoder(), [0, 1])).fit(np.array([[1, 2], [3, 4]]))
    path = write(encoder, tmp_path)
    change_first(path, has("_n_features_outs"), put("_n_features_outs", {"list": widths}))
    refused(path, marker, "an encoder was tampered with")


# Small files that would take much.


def doubling(n_levels):
    """Nodes of which each refers twice to the one below."""
    node = {"list": [], "id": 0}
    for level in range(n_levels):
        node = {"list": [node, {"ref": level}], "id": level + 1}
    return node


def peak_of_refusal(path):
    """Return the seconds and the bytes that a refusal takes."""
    tracemalloc.start()
    started = time.perf_counter()
    try:
        with pytest.raises(PersistenceError):
            load(path)
        return time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "node",
    [
        doubling(90),
        {"range": [0, 10**15, 1]},
        {"sparse": "csr_matrix", "shape": [10**9, 10**9], "parts": [None, None, None]},
        {"objects": [], "shape": [10**9, 0, 10**9]},
        {"object": "collections.deque", "call": [{"range": [0, 10**6, 1]}]},
        {"list": [{"ref": 3}] * 10**4},
    ],
    ids=lambda node: str(node)[:25],
)
def test_a_small_file_takes_little(node, network):
    load(network)
    set_attribute(network, "verbose", node)
    _, n_bytes = peak_of_refusal(network)
    assert n_bytes < 50 * network.stat().st_size + 2_000_000


def test_the_memory_of_a_load_is_that_of_its_file(tmp_path):
    path = write(Ridge().fit(np.ones((3, 400_000)), np.ones(3)), tmp_path)
    tracemalloc.start()
    loaded = load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert loaded.coef_.shape == (400_000,)
    assert peak < 4 * path.stat().st_size


# What is not a str is a key as well.


@pytest.mark.parametrize(
    "class_weight",
    [{False: 1, True: 2}, {0: 1.5, 1: 2}, {np.int64(0): 1, np.int64(1): 2}, {None: 1, 2.5: 2}],
)
def test_keys_come_back_as_they_were(class_weight, tmp_path):
    model = LogisticRegression(class_weight=class_weight)
    loaded = load(write(model, tmp_path)).class_weight
    assert loaded == class_weight
    assert list(map(type, loaded)) == list(map(type, class_weight))
    assert get_untrusted_types(write(fitted_ridges(), tmp_path)) == []
