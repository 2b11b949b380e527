"""Outputs of a trained network, in chunks of bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn

from .batches import as_tensor
from .net import EVALUATION_BATCH_SIZE


def evaluate(
    module: nn.Module,
    function: Callable[[nn.Module, Tensor], Tensor],
    X: np.ndarray,
    device: torch.device,
) -> np.ndarray:
    """Apply a function of a network to all rows, chunk by chunk.

    Parameters
    ----------
    module : torch.nn.Module
        The network, on the CPU. It is copied where it has to go elsewhere.
    function : callable
        Gets the network and a chunk, (n_rows, n_features), and returns a tensor
        of n_rows rows.
    X : ndarray of shape (n_samples, n_features), float32 or float64
        The rows; the network computes in their precision.
    device : torch.device
        Where to compute.

    Returns
    -------
    ndarray of shape (n_samples, ...), of the type of `X`
    """
    tensor = as_tensor(X)
    if device.type != "cpu" or tensor.dtype != torch.float32:
        module = deepcopy(module).to(device, tensor.dtype)
    with torch.inference_mode():
        chunks = [
            function(module, chunk.to(device)).cpu()
            for chunk in tensor.split(EVALUATION_BATCH_SIZE)
        ]
    return torch.cat(chunks).numpy()
