"""Which modalities are missing in which rows."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mofa_sklearn.modalities._missing import check_blocks


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_check_blocks_tells_which_modality_is_missing_where(dtype):
    data = np.ones((4, 5), dtype=dtype)
    blocks = {"a": np.array([0, 3]), "b": np.array([1, 2, 4])}
    assert check_blocks(data, blocks) is None
    data[1, [0, 3]] = np.nan
    data[2, [1, 2, 4]] = np.nan
    assert_array_equal(check_blocks(data, blocks), [[0, 0], [1, 0], [0, 1], [0, 0]])


def test_finite_values_whose_sum_overflows_are_accepted():
    data = np.full((10, 5), np.finfo(np.float32).max, dtype=np.float32)
    assert check_blocks(data, {"a": np.arange(5)}) is None
