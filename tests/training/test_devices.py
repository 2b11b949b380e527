"""Reduced precision is taken where it is fast, and only there."""

import pytest
import torch

from mofa_sklearn.training.devices import resolve_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("capabilities", "n_weights", "expected"),
    [
        ({"amx_bf16": True}, 1_000_000, torch.bfloat16),
        ({"amx_bf16": False, "avx512_bf16": True}, 1_000_000, torch.bfloat16),
        ({"amx_bf16": True, "avx512_bf16": True}, 10_000, None),
        ({"amx_bf16": False, "avx512_bf16": False}, 1_000_000, None),
        ({}, 1_000_000, None),
    ],
)
def test_auto_asks_the_processor_and_the_size(monkeypatch, capabilities, n_weights, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert resolve_precision("auto", CPU, n_weights) is expected


def test_a_torch_that_does_not_tell_stays_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert resolve_precision("auto", CPU, 1_000_000) is None


@pytest.mark.parametrize("n_weights", [0, 1_000_000])
def test_what_is_asked_for_is_taken(n_weights):
    assert resolve_precision("bfloat16", CPU, n_weights) is torch.bfloat16
    assert resolve_precision("float32", CPU, n_weights) is None
