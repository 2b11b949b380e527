"""What dump refuses, and how it writes."""

import os
import threading
from pathlib import Path

import joblib
import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skorch import NeuralNetRegressor

from mofa_sklearn import KFoldEnsembleRegressor
from mofa_sklearn.persistence import PersistenceError, dump, load

from ..helpers import make_data, small_mofa
from ._files import fitted_ridges, read_members, write

pytest.importorskip("skops")


class Holder(BaseEstimator):
    """Holds what it is given."""

    def __init__(self, thing=None):
        self.thing = thing


def local_estimator():
    class Local(BaseEstimator):
        pass

    return Local()


def own_skorch_net():
    X, y = make_data(20)
    net = NeuralNetRegressor(
        torch.nn.Linear, module__in_features=12, module__out_features=2, max_epochs=1, verbose=0
    )
    return net.fit(X, y.astype(np.float32))


def circle():
    holder = Holder()
    holder.thing = holder
    return holder


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Holder(lambda x: x), r"<lambda> at thing"),
        (lambda: make_pipeline(FunctionTransformer(lambda x: x)), r"<lambda> at steps.0.1.func"),
        (lambda: small_mofa(modalities=lambda X: {"a": 12}), r"<lambda> at modalities"),
        (local_estimator, r"test_dump.local_estimator.*Local at the root"),
        (lambda: Holder(torch.zeros(2)), r"torch.Tensor at thing"),
        (lambda: Holder([torch.nn.Linear(2, 2)]), r"linear.Linear at thing.0"),
        (lambda: Holder(torch.device("cpu")), r"torch.device at thing"),
        (own_skorch_net, r"skorch.regressor.NeuralNetRegressor at the root"),
        (lambda: Holder({"a": b"pickle?"}), r"Holder at thing.a holds bytes"),
        (lambda: Holder(bytearray(3)), r"holds bytes"),
        (lambda: Holder(threading.Lock()), r"_thread.lock at thing"),
        (lambda: Holder(open(os.devnull)), r"_io.TextIOWrapper at thing"),  # noqa: SIM115
        (lambda: Holder(1j), r"builtins.complex at thing"),
        (lambda: Holder({1j: 1}), r"dict at thing has a key of type complex"),
        (lambda: Holder(np.zeros(2, "V3")), r"numpy.ndarray at thing"),
        (lambda: Holder(scipy.sparse.coo_array(np.eye(2))), r"at thing has no plain form: use"),
        (circle, r"Holder at thing holds itself"),
    ],
)
def test_what_has_no_plain_form_is_named(make, named, tmp_path):
    with pytest.raises(PersistenceError, match=f"cannot be stored without a pickle: .*{named}"):
        dump(make(), tmp_path / "model.mofa")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("thing", [Ridge, np.zeros(3), {"a": Ridge()}, None])
def test_what_is_no_estimator_is_refused(thing, tmp_path):
    with pytest.raises(PersistenceError, match="dump stores estimators"):
        dump(thing, tmp_path / "model.mofa")


@pytest.mark.parametrize("as_path", [str, Path])
def test_paths_may_be_strings_or_path_like(as_path, tmp_path):
    path = as_path(tmp_path / "model.any_name")
    dump(Ridge(alpha=3.0), path)
    assert load(path).alpha == 3.0


def test_a_failed_dump_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    path = write(Ridge(), tmp_path)
    before = path.read_bytes()
    with pytest.raises(PersistenceError):
        dump(Holder(b""), path)

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        dump(Ridge(alpha=2.0), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        dump(Ridge(), tmp_path / "missing" / "model.mofa")


@pytest.mark.parametrize("as_path", [str, Path])
def test_a_checkpoint_folder_is_not_stored(as_path, tmp_path):
    folder = as_path(tmp_path / "members")
    model = fitted_ridges(checkpoint=folder)
    path = write(model, tmp_path)
    assert load(path).checkpoint is None
    assert model.checkpoint == folder
    assert not any(b"members" in content for content in read_members(path).values())


def test_the_number_of_workers_is_not_stored(tmp_path):
    model = GridSearchCV(KFoldEnsembleRegressor(Ridge(), n_jobs=2), {"n_jobs": [1, 2]}, n_jobs=-1)
    loaded = load(write(model, tmp_path))
    assert loaded.n_jobs is loaded.estimator.n_jobs is None
    assert loaded.param_grid == {"n_jobs": [None, None]}
    assert model.n_jobs == -1


def test_a_cache_of_a_pipeline_is_not_stored(tmp_path):
    cached = make_pipeline(StandardScaler(), Ridge(), memory=joblib.Memory(tmp_path, verbose=0))
    loaded = load(write(KFoldEnsembleRegressor(cached), tmp_path))
    assert loaded.estimator.memory is None


def test_nothing_in_a_file_of_a_network_is_a_pickle(tmp_path):
    X, y = make_data(40)
    path = write(small_mofa(max_epochs=1).fit(X, y), tmp_path)
    members = read_members(path)
    arrays = {name for name in members if name.endswith(".npy")}
    assert members.keys() - arrays == {"model.json", "mofa_sklearn.json"}
    for name in arrays:
        assert not np.lib.format.open_memmap(_written(members[name], tmp_path)).dtype.hasobject


def _written(content, folder):
    path = folder / "array.npy"
    path.write_bytes(content)
    return path
