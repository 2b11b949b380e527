"""Files of a checkpoint: damaged, exchanged and foreign ones are named, equal data are equal."""

import json
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.ensemble import _checkpoint
from mofa_sklearn.ensemble._checkpoint import Checkpoint
from mofa_sklearn.ensemble._contents import content_hash
from mofa_sklearn.estimators import RidgePathRegressor

from ..helpers import make_data

MEMBERS = [f"member_{i:04d}.joblib" for i in range(3)]


def fit(folder, X=None, y=None, estimator=None, **params):
    if X is None:
        X, y = make_data(30)
    params = {"cv": 3, "random_state": 0, **params}
    ensemble = KFoldEnsembleRegressor(estimator or Ridge(), checkpoint=folder, **params)
    return ensemble.fit(X, y)


@pytest.fixture
def counted(monkeypatch):
    """Count what is unpickled, and what is fitted."""
    calls = {"load": 0, "fit": 0}
    load, ridge = _checkpoint.joblib.load, Ridge.fit

    def own_load(file):
        calls["load"] += 1
        return load(file)

    def own_fit(self, X, y, sample_weight=None):
        calls["fit"] += 1
        return ridge(self, X, y, sample_weight)

    monkeypatch.setattr(_checkpoint.joblib, "load", own_load)
    monkeypatch.setattr(Ridge, "fit", own_fit)
    return calls


# Damage


def test_no_flipped_bit_is_taken_and_nothing_of_it_is_unpickled(tmp_path, counted):
    fit(tmp_path)
    path = tmp_path / MEMBERS[1]
    whole = path.read_bytes()
    store = opened(tmp_path)
    for position in [*range(200), *range(200, len(whole), 7)]:
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match=r"'.*member_0001.joblib' .*; delete it"):
            store.load(1)
    assert counted["load"] == 0
    path.write_bytes(whole)
    assert store.load(1) is not None


def test_a_flipped_bit_of_the_manifest_gives_no_other_model(tmp_path):
    first = fit(tmp_path, random_state=None)
    path = tmp_path / "manifest.json"
    whole = path.read_bytes()
    for position in range(0, len(whole), 25):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        message, again = outcome(tmp_path)
        if again is None:
            assert str(tmp_path) in message
        else:
            assert_array_equal(again.oof_prediction_, first.oof_prediction_)


def outcome(folder):
    """Return the error of a fit, or what it gave."""
    try:
        return "", fit(folder, random_state=None)
    except ValueError as error:
        return str(error), None


def opened(folder):
    """Return the checkpoint of the fit that is in a folder."""
    manifest = json.loads((folder / "manifest.json").read_text())
    store = Checkpoint(folder)
    store.open(manifest["seed"], manifest["fingerprint"])
    return store


@pytest.mark.parametrize("length", [0, 1, 20, 100, 300, -1])
def test_a_file_that_ends_too_early_is_named(length, tmp_path, counted):
    fit(tmp_path)
    path = tmp_path / MEMBERS[2]
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"member_0002.joblib' .*damaged"):
        fit(tmp_path)
    assert counted["load"] == 2


def test_exchanged_members_are_named(tmp_path):
    fit(tmp_path)
    first, second = (tmp_path / name for name in MEMBERS[:2])
    first.rename(tmp_path / "aside")
    second.rename(first)
    (tmp_path / "aside").rename(second)
    with pytest.raises(ValueError, match=r"member_0000.joblib' is the member of another fold"):
        fit(tmp_path)


def test_a_member_of_another_fit_is_named(tmp_path):
    fit(tmp_path / "here")
    fit(tmp_path / "there", estimator=Ridge(2.0))
    shutil.copy(tmp_path / "there" / MEMBERS[0], tmp_path / "here" / MEMBERS[0])
    with pytest.raises(ValueError, match=r"member_0000.joblib' is of another fit"):
        fit(tmp_path / "here")


class Bomb:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a foreign pickle ran",))


@pytest.mark.parametrize("before", [b"", b"mofa_sklearn-member 1\n", None])
def test_a_foreign_pickle_is_not_run(before, tmp_path):
    fit(tmp_path)
    path = tmp_path / MEMBERS[0]
    if before is None:  # the header of a genuine member
        before = b"\n".join(path.read_bytes().split(b"\n", 4)[:4]) + b"\n"
    path.write_bytes(before + pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match=r"member_0000.joblib' .*delete it"):
        fit(tmp_path)


def test_a_folder_in_place_of_a_member_is_named(tmp_path):
    fit(tmp_path)
    (tmp_path / MEMBERS[0]).unlink()
    (tmp_path / MEMBERS[0]).mkdir()
    with pytest.raises(ValueError, match=r"member_0000.joblib' cannot be read"):
        fit(tmp_path)


MANIFESTS = {
    "list": "[]",
    "text": '"seed"',
    "number": "3",
    "null": "null",
    "deep lists": "[" * 100_000,
    "deep dicts": '{"seed":' * 100_000,
    "list of names": '{"seed": 1, "fingerprint": ["X"]}',
    "text of names": '{"seed": 1, "fingerprint": "X"}',
    "hashes of another kind": '{"seed": 1, "fingerprint": {"X": 3}}',
    "nested hashes": '{"seed": 1, "fingerprint": {"X": {"Y": "Z"}}}',
    "seed of text": '{"seed": "1", "fingerprint": {}}',
    "seed of truth": '{"seed": true, "fingerprint": {}}',
    "negative seed": '{"seed": -1, "fingerprint": {}}',
    "huge seed": '{"seed": 1e400, "fingerprint": {}}',
    "huge whole seed": '{"seed": 99999999999999999999, "fingerprint": {}}',
    "many digits": '{"seed": ' + "9" * 10_000 + "}",
    "no text": b"\xff\xfe\x00",
    "nothing": "",
    "too long": " " * 2_000_000 + '{"seed": 1, "fingerprint": {}}',
}


@pytest.mark.parametrize("kind", MANIFESTS)
@pytest.mark.parametrize("random_state", [0, None])
def test_a_manifest_of_the_wrong_kind_is_named(kind, random_state, tmp_path):
    content = MANIFESTS[kind]
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"manifest.json' is no manifest"):
        fit(tmp_path, random_state=random_state)


def test_a_folder_in_place_of_the_manifest_is_named(tmp_path):
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(ValueError, match=r"manifest.json' is no manifest"):
        fit(tmp_path)


def test_a_name_of_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="checkpoint='' names no folder"):
        fit("")
    assert list(tmp_path.iterdir()) == []


# Equal data


def layouts(X):
    """Yield the same values in other layouts of memory."""
    wide = np.zeros((2 * len(X), X.shape[1] + 3), X.dtype)
    wide[::2, 1:-2] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    return {
        "copy": X.copy(),
        "F order": np.asfortranarray(X),
        "gaps": wide[::2, 1:-2],
        "reversed": X[::-1].copy()[::-1],
        "read only": read_only,
        "other byte order": X.astype(X.dtype.newbyteorder(">")),
    }


@pytest.mark.parametrize("layout", ["copy", "F order", "gaps", "reversed", "read only"])
def test_another_layout_of_equal_data_goes_on(layout, tmp_path, counted):
    X, y = make_data(30)
    first = fit(tmp_path, X, y)
    n_fits = counted["fit"]
    again = fit(tmp_path, layouts(X)[layout], layouts(y)[layout])
    assert counted["fit"] == n_fits
    assert_array_equal(again.predict(X), first.predict(X))


def test_a_column_and_its_copy_are_the_same(tmp_path, counted):
    X, Y = make_data(30)
    fit(tmp_path, X, Y[:, 0])
    n_fits = counted["fit"]
    for same in (Y[:, 0].copy(), np.asfortranarray(Y)[:, 0], pd.Series(Y[:, 0]), Y[:, 0].tolist()):
        fit(tmp_path, X, same)
    assert counted["fit"] == n_fits


def test_tables_may_be_stored_in_other_blocks(tmp_path, counted):
    X, y = make_data(30)
    names = [f"x_{i}" for i in range(X.shape[1])]
    table = pd.DataFrame(X, columns=names)
    fit(tmp_path, table, y)
    n_fits = counted["fit"]
    by_columns = pd.DataFrame({name: X[:, i].copy() for i, name in enumerate(names)})
    by_columns.index += 5
    fit(tmp_path, by_columns, y)
    assert counted["fit"] == n_fits
    with pytest.raises(ValueError, match="another fit: X differs"):
        fit(tmp_path, table.rename(columns={"x_0": "other"}), y)
    with pytest.raises(ValueError, match="another fit: X differs"):
        fit(tmp_path, X, y)


def test_sample_weights_may_come_in_any_container(tmp_path, counted):
    X, y = make_data(30)
    ensemble = KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0, checkpoint=tmp_path)
    weight = np.arange(1.0, 31.0)
    for same in (weight, weight.tolist(), pd.Series(weight), np.c_[weight, weight][:, 0]):
        ensemble.fit(X, y, sample_weight=same)
    assert counted["fit"] == 3


def test_validation_rows_belong_to_the_fit(tmp_path):
    X, y = make_data(30)
    ensemble = KFoldEnsembleRegressor(
        RidgePathRegressor(), cv=2, random_state=0, checkpoint=tmp_path
    )
    ensemble.fit(X, y, X_val=X, y_val=y).fit(X, y, X_val=np.asfortranarray(X), y_val=y)
    with pytest.raises(ValueError, match="another fit: y_val differs"):
        ensemble.fit(X, y, X_val=X, y_val=y + 1)
    with pytest.raises(ValueError, match=r"another fit: X_val, .*y_val"):
        ensemble.fit(X, y)


def test_groups_belong_to_the_fit(tmp_path):
    X, y = make_data(30)
    splits = list(KFold(2).split(X))
    ensemble = KFoldEnsembleRegressor(
        make_pipeline(StandardScaler(), RidgePathRegressor()),
        cv=splits,
        validation="inner",
        random_state=0,
        checkpoint=tmp_path,
    )
    groups = np.arange(30) // 3
    ensemble.fit(X, y, groups=groups).fit(X, y, groups=groups.tolist())
    with pytest.raises(ValueError, match="another fit: fit_params differs"):
        ensemble.fit(X, y, groups=groups[::-1])


# The hash of contents


@pytest.mark.parametrize("layout", ["F order", "gaps", "reversed", "other byte order"])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "c16", "M8[s]"])
def test_layouts_hash_alike(layout, dtype):
    values = np.arange(12).reshape(4, 3).astype(dtype)
    assert content_hash(layouts(values)[layout]) == content_hash(values)


VALUES = [
    None, False, 0, 0.0, "0", b"0", "", [], {}, [[]], [0, 1], {"a": 1}, {"b": 1}, {"a": "1"},
    ["ab", "c"], ["a", "bc"], np.arange(3), np.arange(3.0), np.arange(3.0)[:, None],
    np.arange(3, dtype="f4"), np.array(["a", "b"]), np.array(["ab"]), np.array([None, "a"]),
    pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1.0, 2]}), pd.DataFrame({"b": [1, 2]}),
    pd.DataFrame({"a": pd.Categorical(["x", "y"])}), pd.DataFrame({"a": ["x", "y"]}),
    sparse.csr_matrix(np.eye(2)), sparse.csr_matrix(np.eye(3)), Ridge(), Ridge(2.0),
    Ridge().fit(np.eye(2), [0, 1]), KFold(2), KFold(3), np.ravel, len, Ridge,
]  # fmt: skip


def test_what_differs_hashes_differently():
    hashes = [content_hash(value) for value in VALUES]
    assert len(set(hashes)) == len(hashes)


def test_containers_of_the_same_words_hash_alike():
    words = ["a", "bcd", "e"]
    same = [np.array(words), np.array(words, dtype="U9"), np.array(words, dtype=object)]
    assert len({content_hash(value) for value in same}) == 1
    assert content_hash(words) == content_hash(tuple(words))


def test_sparse_formats_hash_alike():
    dense = np.array([[0, 1.5, 0], [2, 0, 3]])
    formats = [getattr(sparse, f"{name}_matrix")(dense) for name in ("csr", "csc", "coo", "lil")]
    assert len({content_hash(matrix) for matrix in formats}) == 1


def test_tables_of_other_libraries_hash_by_their_columns():
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    columns = {"a": np.arange(4.0), "b": np.arange(4)}
    tables = [pd.DataFrame(columns), polars.DataFrame(columns), pyarrow.table(columns)]
    assert len({content_hash(table) for table in tables}) == 1
    cut = pyarrow.concat_tables([tables[2].slice(0, 1), tables[2].slice(1)])
    assert content_hash(cut) == content_hash(tables[2])


def test_a_long_array_is_hashed_in_parts_as_a_whole(monkeypatch):
    values = np.arange(1000.0).reshape(100, 10)
    expected = content_hash(values)
    monkeypatch.setattr("mofa_sklearn.ensemble._contents._CHUNK_BYTES", 100)
    assert content_hash(values) == expected
    assert content_hash(np.asfortranarray(values)) == expected
