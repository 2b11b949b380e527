"""MoFA networks: one, or the members of an ensemble along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..estimators import MoFAClassifier, MoFARegressor
from ..networks.losses import ordered_logits
from ..networks.stacking import StackedLinear, is_stackable, stack_modules
from ._look_up import Columns
from ._members import converts_members
from ._products import products

# Weights of a member's layer from which on reading them takes most of a single row's time.
_WIDE = 2**15


class WideLinear(nn.Module):
    """The large linear layers of several networks, quick for one row.

    Parameters
    ----------
    layer : StackedLinear
    """

    def __init__(self, layer: StackedLinear) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_members, ..., n_in), or (n_samples, n_in) for all, to (n_members, ..., n_out)."""
        if x.dim() == 2:
            return self.layer(x)
        y = products(x.flatten(1, -2), self.layer.weight)
        if self.layer.bias is not None:
            y = y + self.layer.bias.unsqueeze(1)
        return y.view(*x.shape[:-1], y.shape[2])


def _with_wide_layers(network: nn.Module) -> nn.Module:
    """Replace the large layers of a stack of networks."""
    for name, layer in network.named_children():
        if isinstance(layer, StackedLinear) and layer.weight[0].numel() >= _WIDE:
            setattr(network, name, WideLinear(layer))
        else:
            _with_wide_layers(layer)
    return network


class Networks(nn.Module):
    """Networks of one architecture, and what turns their outputs into predictions.

    Parameters
    ----------
    networks : list of nn.Module
        The members' networks, on the CPU.
    order : ndarray of int of shape (n_features,)
        The network's columns among those of X.
    finish : nn.Module
        Maps outputs, (n_members, n_samples, n_outputs), to predictions.
    """

    def __init__(self, networks: Sequence[Any], order: np.ndarray, finish: nn.Module) -> None:
        super().__init__()
        self.order = Columns(order)
        self.is_stacked = len(networks) > 1 and is_stackable(networks[0], networks[0].widths)
        if self.is_stacked:
            self.networks = nn.ModuleList([_with_wide_layers(stack_modules(networks))])
        else:
            self.networks = nn.ModuleList([deepcopy(network) for network in networks])
        self.finish = finish

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to (n_members, n_samples, n_predicted)."""
        x = self.order(x)
        if self.is_stacked:
            outputs = self.networks[0](x)
        else:
            outputs = torch.stack([network(x) for network in self.networks])
        return self.finish(outputs)


class Unscale(nn.Module):
    """Put outputs into the targets' units; of quantiles take the median.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_members, n_targets)
    n_levels, median : int
        Number of outputs of each target, and which of them, sorted, is the prediction.
    """

    def __init__(self, mean: np.ndarray, scale: np.ndarray, n_levels: int, median: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float64).unsqueeze(1))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float64).unsqueeze(1))
        self.n_levels, self.median = n_levels, median

    def forward(self, outputs: Tensor) -> Tensor:
        if self.n_levels > 1:
            outputs = outputs.unflatten(-1, (-1, self.n_levels)).sort(dim=-1).values
            outputs = outputs[..., self.median]
        return outputs * self.scale + self.mean


class ClassProbabilities(nn.Module):
    """Turn outputs into the probabilities of classes, rows summing to one."""

    def forward(self, outputs: Tensor) -> Tensor:
        return outputs.to(torch.float64).softmax(dim=-1)


class LabelProbabilities(nn.Module):
    """Turn outputs into the probability of each label."""

    def forward(self, outputs: Tensor) -> Tensor:
        return outputs.to(torch.float64).sigmoid()


class OrderedProbabilities(nn.Module):
    """Turn answers to "is it above?" into the probabilities of ordered classes.

    Parameters
    ----------
    ranks : ndarray of int of shape (n_classes,)
        Each class's rank, from 0.
    """

    def __init__(self, ranks: np.ndarray) -> None:
        super().__init__()
        self.ranks: Tensor
        self.register_buffer("ranks", torch.from_numpy(np.asarray(ranks, dtype=np.int64)))

    def forward(self, outputs: Tensor) -> Tensor:
        # onnxruntime has no Softplus of doubles, which the logits are made with.
        above = ordered_logits(outputs).to(torch.float64).sigmoid()
        certain = torch.ones_like(above[..., :1])
        bounds = torch.cat([certain, above, torch.zeros_like(certain)], dim=-1)
        return (bounds[..., :-1] - bounds[..., 1:])[..., self.ranks]


def _order_of(estimator: Any) -> np.ndarray:
    return np.concatenate([*estimator.modalities_.values()])


@converts_members(MoFARegressor)
def _regressors(estimators: Sequence[MoFARegressor], place: str, rows: Any) -> nn.Module:
    scales = [estimator._target_scale for estimator in estimators]
    levels = estimators[0]._quantile_levels
    finish = Unscale(
        np.stack([scale.mean for scale in scales]),
        np.stack([scale.scale for scale in scales]),
        n_levels=1 if levels is None else len(levels),
        median=0 if levels is None else levels.index(0.5),
    )
    networks = [estimator.module_ for estimator in estimators]
    return Networks(networks, _order_of(estimators[0]), finish)


@converts_members(MoFAClassifier)
def _classifiers(estimators: Sequence[MoFAClassifier], place: str, rows: Any) -> nn.Module:
    networks = [estimator.module_ for estimator in estimators]
    first = estimators[0]
    finish: nn.Module
    if first.classes_.ndim == 2:
        finish = LabelProbabilities()
    elif first._ranks is None:
        finish = ClassProbabilities()
    else:
        finish = OrderedProbabilities(first._ranks)
    return Networks(networks, _order_of(first), finish)
