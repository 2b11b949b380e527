"""A fitted net as plain arrays, numbers and names: what a file of it holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from skorch.history import History
from torch import nn

from ..networks import MoFANetwork
from ..networks.fusions import FUSIONS
from ..networks.losses import SquaredError
from .net import MoFANet
from .seeding import build_seeded
from .train import at_rest

_PACKED = "_packed_net"
_SETTINGS = ("lr", "max_epochs", "batch_size", "optimizer__weight_decay")


def pack_net(state: dict[str, Any]) -> dict[str, Any]:
    """Replace the net and the history in an estimator's state by plain values.

    A net pickles itself into bytes that only a pickle can read; this leaves nothing
    but numpy arrays, numbers, strings, lists and dicts, and the fusion's class where
    it is the user's own.

    Parameters
    ----------
    state : dict
        The attributes of an estimator by name, ``net_`` and ``history_`` among them
        if it is fitted. Changed in place.

    Returns
    -------
    dict
        The same dict. The arrays share the network's memory.
    """
    net = state.get("net_")
    if type(net) is not MoFANet or type(net.module_) is not MoFANetwork:
        return state
    del state["net_"]
    state["history_"] = [dict(epoch) for epoch in state["history_"]]
    module = net.module_
    arguments = {**module.arguments, "fusion": _pack_fusion(module.arguments["fusion"])}
    state[_PACKED] = {
        "arguments": arguments,
        "settings": {name: getattr(net, name) for name in _SETTINGS},
        "interrupted": net.interrupted_,
        "weights": {name: value.numpy() for name, value in module.state_dict().items()},
    }
    return state


def unpack_net(state: dict[str, Any]) -> dict[str, Any]:
    """Build the net that :func:`pack_net` has packed.

    Parameters
    ----------
    state : dict
        As returned by :func:`pack_net`.

    Returns
    -------
    dict
        A copy with ``net_`` and ``history_``; the state itself if it has no packed net.

    Raises
    ------
    TypeError, ValueError
        If the state is none of a network, or its weights are others than those of
        the network that it describes.
    """
    if _PACKED not in state:
        return state
    state = dict(state)
    packed = state.pop(_PACKED)
    net = MoFANet(
        _build(packed["arguments"], packed["weights"]),
        SquaredError(),
        optimizer=_NoOptimizer,
        callbacks=[],
        device="cpu",
        **{name: packed["settings"][name] for name in _SETTINGS},
    )
    net.initialize()
    net.interrupted_ = bool(packed["interrupted"])
    state["net_"] = at_rest(net)
    state["history_"] = History(dict(epoch) for epoch in state["history_"])
    return state


class _NoOptimizer(torch.optim.Optimizer):
    """Stands for the optimiser of a net that only predicts.

    The first real one that is made imports torch's compiler, which takes longer than all the rest.
    """

    def __init__(self, parameters: Any, **settings: Any) -> None:
        self.param_groups = []


def _build(arguments: dict[str, Any], weights: dict[str, np.ndarray]) -> MoFANetwork:
    fusion = _unpack_fusion(arguments["fusion"])
    arguments = {**arguments, "fusion": fusion}
    # Weights are copied: the arrays may be those of another estimator.
    if getattr(fusion, "func", fusion) in FUSIONS.values():
        # Without memory, so that a forged width cannot ask for all there is, and without drawing
        # weights that are replaced.
        with torch.device("meta"):
            module = MoFANetwork(**arguments)
        _check_shapes(module, weights)
        module.load_state_dict(_copies(weights), assign=True)
        return module.eval()
    module = build_seeded(lambda: MoFANetwork(**arguments), 0)
    _check_shapes(module, weights)
    module.load_state_dict(_copies(weights))
    return module.eval()


def _copies(weights: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value) for name, value in weights.items()}


def _check_shapes(module: nn.Module, weights: dict[str, np.ndarray]) -> None:
    expected = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    got = {name: np.shape(value) for name, value in weights.items()}
    if got != expected:
        names = sorted(expected.keys() | got.keys())
        differ = [name for name in names if expected.get(name) != got.get(name)]
        raise ValueError(f"The weights are not those of the network: {', '.join(differ)} differ.")


def _pack_fusion(fusion: Any) -> Any:
    """Return the name of one of our fusions, a dict for a partial, or the user's class."""
    if isinstance(fusion, partial):
        made_by = _pack_fusion(fusion.func)
        return {"fusion": made_by, "args": list(fusion.args), "keywords": dict(fusion.keywords)}
    return next((name for name, kind in FUSIONS.items() if kind is fusion), fusion)


def _unpack_fusion(packed: Any) -> Callable[..., nn.Module]:
    if isinstance(packed, dict):
        return partial(_unpack_fusion(packed["fusion"]), *packed["args"], **packed["keywords"])
    fusion = FUSIONS.get(packed) if isinstance(packed, str) else packed
    if not callable(fusion):
        raise TypeError(f"fusion must be one of {sorted(FUSIONS)} or a class, got {packed!r}.")
    return fusion
