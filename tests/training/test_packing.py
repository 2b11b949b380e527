"""A fitted network's state is plain values, in a pickle as in a file."""

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from mofa_sklearn.training.packing import unpack_net

from ..helpers import make_data, small_mofa


@pytest.fixture(scope="module")
def model():
    return small_mofa(max_epochs=1).fit(*make_data(40))


def test_the_state_holds_nothing_of_torch_or_skorch(model):
    stored = pickle.dumps(model)
    assert b"torch" not in stored
    assert b"skorch" not in stored


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy])
def test_a_copy_predicts_the_same_and_has_weights_of_its_own(make_copy, model):
    X, _ = make_data(40)
    expected = model.predict(X)
    other = make_copy(model)
    assert_array_equal(other.predict(X), expected)
    for parameter in other.module_.parameters():
        parameter.data.zero_()
    assert_array_equal(model.predict(X), expected)


def test_unpacking_leaves_the_state_and_the_global_generator_alone(model):
    state = model.__getstate__()
    before, drawn = dict(state), torch.random.get_rng_state()
    unpack_net(state)
    assert state.keys() == before.keys()
    assert torch.equal(torch.random.get_rng_state(), drawn)


def test_weights_of_another_network_are_refused(model):
    state = model.__getstate__()
    state["_packed_net"]["weights"]["head.0.weight"] = np.zeros((3, 3), np.float32)
    with pytest.raises(ValueError, match=r"not those of the network: head.0.weight differ"):
        unpack_net(state)


def test_an_estimator_without_a_network_is_left_as_it_is():
    state = {"hidden_dim": 3}
    assert unpack_net(state) is state
    assert not hasattr(pickle.loads(pickle.dumps(small_mofa())), "net_")


def test_a_model_is_loaded_without_an_optimizer(model, monkeypatch):
    # The first one that a process makes imports torch's compiler.
    stored = pickle.dumps(model)
    monkeypatch.setattr(torch.optim.Optimizer, "__init__", None)
    loaded = pickle.loads(stored)
    X, _ = make_data(40)
    assert_array_equal(loaded.predict(X), model.predict(X))
