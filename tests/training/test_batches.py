"""Mini-batches sliced from arrays in memory."""

import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from mofa_sklearn.training.batches import Batches, Rows, as_tensor


def make_arrays(n_samples=10):
    ids = np.arange(n_samples, dtype=np.float32)
    return np.stack([ids, -ids], axis=1), ids[:, None] * 10, ids * 100


def passes(batches):
    """Return the ids, targets and weights of one pass."""
    drawn = [(X[:, 0], y[:, 0], w) for X, (y, w) in batches]
    return [torch.cat(parts).numpy() for parts in zip(*drawn, strict=True)]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 5, 10, 99])
@pytest.mark.parametrize("rows", [None, [7, 2, 3, 9]], ids=["all", "some"])
def test_a_pass_has_every_row_once_with_its_target_and_weight(shuffle, batch_size, rows):
    index = None if rows is None else np.array(rows)
    dataset = Rows(*make_arrays(), index)
    batches = Batches(dataset, batch_size, shuffle, torch.Generator().manual_seed(0))
    ids, targets, weights = passes(batches)
    expected = np.arange(10) if rows is None else index
    assert_array_equal(np.sort(ids), np.sort(expected))
    assert_array_equal(targets, ids * 10)
    assert_array_equal(weights, ids * 100)
    if not shuffle:
        assert_array_equal(ids, expected)
    sizes = [len(X) for X, _ in batches]
    assert len(sizes) == len(batches)
    assert sum(sizes) == len(dataset) == len(expected)
    assert set(sizes[:-1]) <= {batch_size}


def test_every_pass_has_another_order_and_a_seed_gives_the_same_ones():
    def orders(seed):
        batches = Batches(Rows(*make_arrays()), 3, True, torch.Generator().manual_seed(seed))
        return [passes(batches)[0].tolist() for _ in range(3)]

    first = orders(0)
    assert first[0] != first[1] != first[2]
    assert first == orders(0)
    assert first != orders(1)


def test_the_order_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    passes(Batches(Rows(*make_arrays()), 3, True, torch.Generator().manual_seed(0)))
    assert torch.equal(torch.get_rng_state(), state)


def test_without_weights_and_targets():
    X, _, _ = make_arrays()
    for _, (y, weight) in Batches(Rows(X), 4):
        assert weight is None
        assert (y == 0).all()


def test_an_item_is_a_row_and_its_target():
    dataset = Rows(*make_arrays(), np.array([7, 2]))
    x, y = dataset[1]
    assert x.tolist() == [2, -2]
    assert y.tolist() == [20]


def read_only(array, tmp_path):
    array = array.copy()
    array.flags.writeable = False
    return array


def memory_map(mode):
    def write_and_map(array, tmp_path):
        np.save(tmp_path / "X.npy", array)
        return np.load(tmp_path / "X.npy", mmap_mode=mode)

    return write_and_map


@pytest.mark.parametrize(
    "make",
    [lambda array, _: array, lambda array, _: array[::2], read_only]
    + [memory_map(mode) for mode in ("r", "r+", "c")],
    ids=["array", "strided", "read-only", "memmap-r", "memmap-r+", "memmap-c"],
)
def test_memory_is_shared_without_a_warning(make, tmp_path):
    array = make(make_arrays()[0], tmp_path)
    writeable = array.flags.writeable
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = as_tensor(array)
    assert tensor.data_ptr() == array.__array_interface__["data"][0]
    assert_array_equal(tensor.numpy(), array)
    assert array.flags.writeable == writeable


def test_a_tensor_keeps_its_memory_alive(tmp_path):
    tensor = as_tensor(memory_map("r")(make_arrays(1000)[0], tmp_path))
    assert tensor[-1].tolist() == [999, -999]


def test_reversed_arrays_are_copied():
    array = make_arrays()[0][::-1]
    assert_array_equal(as_tensor(array).numpy(), array)


def test_tensors_are_taken_as_they_are():
    tensor = torch.zeros(3)
    assert as_tensor(tensor) is tensor
