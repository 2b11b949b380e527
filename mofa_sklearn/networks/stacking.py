"""Several networks of one architecture as one network with a members axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .losses import mean_loss
from .numeric import LinkedPiecewiseLinear, PiecewiseLinear, StackedPiecewiseLinear
from .stand_ins import LinkedStandIns, StackedStandIns, StandIns

# Weights of a layer from which on to read them takes longer than to call it.
_LARGE = 2**18
# Rows of the trial that shows whether a network can be stacked.
_N_TRIAL_ROWS = 3
# Layers of torch in our networks: they work along the last axis, or on each value alone.
_OF_TORCH = {nn.GELU, nn.Identity, nn.LayerNorm, nn.Linear, nn.ModuleList, nn.Sequential}


class StackedLinear(nn.Module):
    """The linear layers of several networks.

    Parameters
    ----------
    layers : sequence of n_members nn.Linear
        The layers; their weights are copied.
    """

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.weight = _stacked_parameter([layer.weight for layer in layers])
        has_bias = layers[0].bias is not None
        self.bias = _stacked_parameter([layer.bias for layer in layers]) if has_bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_members, ..., n_in), or (batch, n_in) for all, to (n_members, ..., n_out)."""
        if x.dim() == 2:
            return self._shared(x)
        rows = x.flatten(1, -2)
        weight = self.weight.transpose(1, 2)
        if self.bias is None:
            y = torch.bmm(rows, weight)
        else:
            y = torch.baddbmm(self.bias.unsqueeze(1), rows, weight)
        return y.view(*x.shape[:-1], weight.shape[2])

    def _shared(self, x: Tensor) -> Tensor:
        """Give all members the same rows, in one matrix product."""
        bias = None if self.bias is None else self.bias.flatten()
        y = F.linear(x, self.weight.flatten(0, 1), bias)  # (batch, n_members * n_out)
        # A length would become a constant of an exported graph; a shape does not.
        return y.view(x.shape[0], *self.weight.shape[:2]).transpose(0, 1)

    def extra_repr(self) -> str:
        n_members, n_out, n_in = self.weight.shape
        return f"n_members={n_members}, n_in={n_in}, n_out={n_out}"


class StackedLayerNorm(nn.Module):
    """The layer normalisations of several networks.

    Parameters
    ----------
    layers : sequence of n_members nn.LayerNorm
        The layers, over one axis; their weights are copied.
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(self, layers: Sequence[nn.LayerNorm]) -> None:
        super().__init__()
        self.normalized_shape = layers[0].normalized_shape
        self.eps = layers[0].eps
        for name in ("weight", "bias"):
            values = [getattr(layer, name) for layer in layers]
            setattr(self, name, None if values[0] is None else _stacked_parameter(values))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (n_members, ..., *normalized_shape)."""
        y = F.layer_norm(x, self.normalized_shape, None, None, self.eps)
        if self.weight is None:
            return y
        weight = self._aligned(self.weight, y)
        if self.bias is None:
            return y * weight
        return torch.addcmul(self._aligned(self.bias, y), y, weight)

    def _aligned(self, parameter: Tensor, y: Tensor) -> Tensor:
        between = [1] * (y.dim() - parameter.dim())
        # autocast leaves the affine map alone; the normalised values keep their precision.
        return parameter.view(len(parameter), *between, *self.normalized_shape).to(y.dtype)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}"


#: What takes the place of which layer.
Layers = Mapping[type[nn.Module], Callable[..., nn.Module]]
STACKED_LAYERS: Layers = {
    nn.Linear: StackedLinear,
    nn.LayerNorm: StackedLayerNorm,
    StandIns: StackedStandIns,
    PiecewiseLinear: StackedPiecewiseLinear,
}


class LinkedLinear(nn.Module):
    """The linear layers of several networks, each with its own weights, where they are.

    Parameters
    ----------
    layers : sequence of n_members nn.Linear
        The layers; they are held, not copied.
    """

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.layers = tuple(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_members, ..., n_in), or (batch, n_in) for all, to (n_members, ..., n_out)."""
        rows = x.unbind() if x.dim() > 2 else [x] * len(self.layers)
        return torch.stack(
            [_linear(own, layer) for own, layer in zip(rows, self.layers, strict=True)]
        )


def _linear(x: Tensor, layer: nn.Linear) -> Tensor:
    """Apply a layer; to a single row, one that is large in two halves.

    It takes as long as to read the weights, and a batch of products reads them at twice the
    speed of a single one.
    """
    weight = layer.weight
    if x.numel() > weight.shape[1] or weight.numel() < _LARGE or len(weight) % 2:
        return F.linear(x, weight, layer.bias)
    halves = weight.unflatten(0, (2, -1))
    y = torch.bmm(halves, x.reshape(1, -1).T.expand(2, -1, 1)).view(*x.shape[:-1], -1)
    return y if layer.bias is None else y + layer.bias


class LinkedLayerNorm(nn.Module):
    """The layer normalisations of several networks, each with its own weights, where they are.

    Parameters
    ----------
    layers : sequence of n_members nn.LayerNorm
        The layers; they are held, not copied.
    """

    def __init__(self, layers: Sequence[nn.LayerNorm]) -> None:
        super().__init__()
        self.layers = tuple(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (n_members, ..., *normalized_shape)."""
        return torch.stack(
            [
                F.layer_norm(own, layer.normalized_shape, layer.weight, layer.bias, layer.eps)
                for own, layer in zip(x.unbind(), self.layers, strict=True)
            ]
        )


#: The same without copies of weights.
LINKED_LAYERS: Layers = {
    nn.Linear: LinkedLinear,
    nn.LayerNorm: LinkedLayerNorm,
    StandIns: LinkedStandIns,
    PiecewiseLinear: LinkedPiecewiseLinear,
}


def stack_modules(modules: Sequence[nn.Module], layers: Layers = STACKED_LAYERS) -> nn.Module:
    """Build one network that does what several do, along a leading members axis.

    Parameters
    ----------
    modules : sequence of n_members nn.Module
        Networks of one architecture. They are left alone.
    layers : mapping of layer type to stacked type, default=STACKED_LAYERS
        What takes the place of which layer. Of `LINKED_LAYERS`, a stack needs no memory of
        its own, and computes what the networks do; for a few rows that is as
        fast.

    Returns
    -------
    nn.Module
        A copy of the first in which every layer with weights holds those of all
        members. It maps (n_members, batch, ...) as each member maps its
        (batch, ...); rows without a members axis are given to all of them.

    Raises
    ------
    TypeError
        If a layer other than nn.Linear and nn.LayerNorm holds weights or buffers.
    ValueError
        If the architectures differ.
    """
    if len({_architecture(module) for module in modules}) != 1:
        raise ValueError("Networks of different architectures cannot be stacked.")
    return _stack_layer(list(modules), {}, layers)


def unstack_modules(stacked: nn.Module, modules: Sequence[nn.Module]) -> None:
    """Write the weights of every member back.

    Parameters
    ----------
    stacked : nn.Module
        Made by :func:`stack_modules`.
    modules : sequence of n_members nn.Module
        Where to write; the members in their order in the stack.
    """
    for position, module in enumerate(modules):
        unstack_module(stacked, position, module)


def unstack_module(stacked: nn.Module, position: int, module: nn.Module) -> None:
    """Write the weights of one member back.

    Parameters
    ----------
    stacked : nn.Module
        Made by :func:`stack_modules`.
    position : int
        The member's place in the stack.
    module : nn.Module
        Where to write, on any device.
    """
    weights = dict(stacked.named_parameters())
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(weights[name][position])


def is_stackable(module: nn.Module, widths: Sequence[int]) -> bool:
    """Find out whether networks like this one compute the same when stacked.

    Those of our layers alone do; others are put to the trial.

    Parameters
    ----------
    module : nn.Module
        A network, on the CPU.
    widths : sequence of int
        Widths of the blocks of its input.

    Returns
    -------
    bool
    """
    return all(map(_is_ours, module.modules())) or passes_trial(module, widths)


def _is_ours(layer: nn.Module) -> bool:
    """Tell whether a layer is of our networks, and computes what its class says."""
    kind = type(layer)
    changed = "forward" in vars(layer) or layer._forward_hooks or layer._forward_pre_hooks
    return not changed and (kind in _OF_TORCH or kind.__module__.startswith(f"{__package__}."))


def passes_trial(module: nn.Module, widths: Sequence[int]) -> bool:
    """Stack a network and another of its kind, and see whether they compute the same.

    A layer of the user's own may name its axes by position, and would then mix up
    members without an error: a few random rows tell.

    Parameters
    ----------
    module : nn.Module
        A network, on the CPU.
    widths : sequence of int
        Widths of the blocks of its input.

    Returns
    -------
    bool
    """
    other = deepcopy(module)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(-0.5).add_(0.1)
    members = [deepcopy(module).eval(), other.eval()]
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(len(members), _N_TRIAL_ROWS, sum(widths), generator=generator)
    if len(widths) > 1:
        x[0, 1, : widths[0]] = torch.nan  # one row of one member lacks a modality
    try:
        stacked = stack_modules(members)
        with torch.inference_mode():
            own = [_outputs(member, rows) for member, rows in zip(members, x, strict=True)]
            shared = [_outputs(member, x[0]) for member in members]
            return _are_close(_outputs(stacked, x), own) and _are_close(
                _outputs(stacked, x[0]), shared
            )
    except Exception:  # a layer that was not written for it may raise anything
        return False


def is_stackable_loss(criterion: nn.Module, n_targets: int) -> bool:
    """Find out whether a loss has no weights and keeps members apart.

    Parameters
    ----------
    criterion : nn.Module
        The loss.
    n_targets : int
        Number of targets.

    Returns
    -------
    bool
    """
    if [*criterion.parameters(), *criterion.buffers()]:
        return False
    generator = torch.Generator().manual_seed(0)
    n_outputs = n_targets * getattr(criterion, "outputs_per_target", 1)
    prediction = torch.randn(2, _N_TRIAL_ROWS, n_outputs, generator=generator)
    target = torch.randn(2, _N_TRIAL_ROWS, n_targets, generator=generator)
    weight = torch.rand(2, _N_TRIAL_ROWS, generator=generator)
    try:
        together = mean_loss(criterion, prediction, target, weight)
        members = zip(prediction, target, weight, strict=True)
        alone = torch.stack([mean_loss(criterion, *member) for member in members])
        return _is_close(together, alone)
    except Exception:  # a loss that was not written for it may raise anything
        return False


def _outputs(module: nn.Module, x: Tensor) -> list[Tensor]:
    """Return a network's predictions, and its penalties if it has any."""
    return [output for output in module(x, with_penalty=True) if output is not None]


def _are_close(results: Sequence[Tensor], expected: Sequence[Sequence[Tensor]]) -> bool:
    """Compare each output of a stack with those of its members."""
    own = [torch.stack(outputs) for outputs in zip(*expected, strict=True)]
    return len(results) == len(own) and all(map(_is_close, results, own))


def _is_close(result: Tensor, expected: Tensor) -> bool:
    return result.shape == expected.shape and torch.allclose(
        result, expected, rtol=1e-3, atol=1e-4, equal_nan=True
    )


def _architecture(module: nn.Module) -> tuple:
    layers = tuple((name, type(layer)) for name, layer in module.named_modules())
    return layers, tuple((name, value.shape) for name, value in module.state_dict().items())


def _stack_layer(
    members: Sequence[nn.Module], done: dict[int, nn.Module], layers: Layers
) -> nn.Module:
    """Return a layer's stacked counterpart; `done` keeps a layer that is used twice one."""
    first = members[0]
    if id(first) not in done:
        stacked_type = layers.get(type(first))
        if stacked_type is not None:
            done[id(first)] = stacked_type(members)
        else:
            done[id(first)] = _stack_children(members, done, layers)
    return done[id(first)]


def _stack_children(
    members: Sequence[nn.Module], done: dict[int, nn.Module], layers: Layers
) -> nn.Module:
    layer = copy(members[0])
    if layer._parameters or layer._buffers:
        raise TypeError(
            f"{type(layer).__name__} holds weights or buffers of its own and cannot be stacked; "
            f"only {', '.join(kind.__name__ for kind in STACKED_LAYERS)} can."
        )
    layer._modules = {}  # its own, no longer those of the first member
    for name, child in members[0]._modules.items():
        peers = [member.get_submodule(name) for member in members] if child is not None else []
        layer._modules[name] = _stack_layer(peers, done, layers) if peers else None
    return layer


def _stacked_parameter(values: Sequence[Tensor]) -> nn.Parameter:
    return nn.Parameter(torch.stack([value.detach() for value in values]))
