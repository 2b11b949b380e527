"""scikit-learn's networks."""

from __future__ import annotations

import torch
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import Tensor, nn

from ..baselines import EarlyStoppingMLPClassifier, EarlyStoppingMLPRegressor
from ._convert import converts
from ._linear import Exponential, probabilities_of

_ACTIVATIONS = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
}


class Cast(nn.Module):
    """Change rows to a dtype."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        return x.to(self.dtype)


class ProbabilitiesOfScores(nn.Module):
    """See :func:`probabilities_of`."""

    def forward(self, x: Tensor) -> Tensor:
        return probabilities_of(x)


def _layers(network: MLPRegressor | MLPClassifier) -> list[nn.Module]:
    """Return the layers up to the scores, in the precision they were trained in."""
    layers: list[nn.Module] = [Cast(torch.from_numpy(network.coefs_[0]).dtype)]
    for coef, intercept in zip(network.coefs_, network.intercepts_, strict=True):
        linear = nn.Linear(coef.shape[0], coef.shape[1], device="meta")
        linear.weight = nn.Parameter(torch.from_numpy(coef.T.copy()), requires_grad=False)
        linear.bias = nn.Parameter(torch.from_numpy(intercept.copy()), requires_grad=False)
        layers += [linear, _ACTIVATIONS[network.activation]()]
    return layers[:-1]


@converts(MLPRegressor, EarlyStoppingMLPRegressor)
def _regressor(network: MLPRegressor, place: str) -> nn.Module:
    counts = [Exponential()] if network.out_activation_ == "exp" else []
    return nn.Sequential(*_layers(network), *counts)


@converts(MLPClassifier, EarlyStoppingMLPClassifier)
def _classifier(network: MLPClassifier, place: str) -> nn.Module:
    are_labels = network.out_activation_ == "logistic" and network.n_outputs_ > 1
    last = nn.Sigmoid() if are_labels else ProbabilitiesOfScores()
    return nn.Sequential(*_layers(network), last)
