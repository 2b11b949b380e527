"""Each modality says how sure it is of each feature."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# exp of more than this, or of less than its negative, tells nothing more.
_MAX_LOG_VARIANCE = 8.0


class ProductOfExperts(nn.Module):
    """Let each modality give a Gaussian, and multiply those that are there.

    The product of Gaussians, a standard normal prior among them, is a Gaussian whose
    precision is the sum of theirs. In training the fused vector is drawn from it, in
    prediction it is its mean. The penalty is its Kullback-Leibler divergence from
    the prior (a variational information bottleneck). A missing modality is no factor
    of the product. The weight of a modality is its share of the modalities'
    precisions, mean over features.

    Parameters
    ----------
    n_modalities : int
        Number of modalities.
    hidden_dim : int
        Width of an encoding.
    beta : float, default=1e-3
        Weight of the divergence, in nats, beside the loss.

    Attributes
    ----------
    fused_dim : int
        Width of the result: ``hidden_dim``.
    generator : torch.Generator or None
        Where the draws come from; None is torch's global generator.

    References
    ----------
    .. [1] Xie, Zhu, Zhang, Peng, Yi, Hu, Liu and Chen, "A Multimodal Variational
       Encoder-Decoder Framework for Micro-video Popularity Prediction", WWW 2020
       (MMVED).
    .. [2] Wu and Goodman, "Multimodal Generative Models for Scalable
       Weakly-Supervised Learning", NeurIPS 2018 (the product of experts).
    .. [3] Alemi, Fischer, Dillon and Murphy, "Deep Variational Information
       Bottleneck", ICLR 2017.
    """

    has_weights = True

    def __init__(self, n_modalities: int, hidden_dim: int, beta: float = 1e-3) -> None:
        super().__init__()
        self.fused_dim = hidden_dim
        self.beta = beta
        self.generator: torch.Generator | None = None
        self.experts = nn.ModuleList(
            nn.Linear(hidden_dim, 2 * hidden_dim) for _ in range(n_modalities)
        )

    def forward(self, encodings: Tensor, present: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        told = zip(self.experts, encodings.unbind(dim=-2), strict=True)
        opinions = torch.stack([expert(encoding) for expert, encoding in told], dim=-2)
        means, log_variances = opinions.chunk(2, dim=-1)  # (batch, n_modalities, hidden_dim)
        log_variances = log_variances.clamp(-_MAX_LOG_VARIANCE, _MAX_LOG_VARIANCE)
        precisions = torch.exp(-log_variances) * present.unsqueeze(-1)
        variance = 1 / (1 + precisions.sum(dim=-2))  # the one is the prior's
        mean = variance * (precisions * means).sum(dim=-2)
        divergence = 0.5 * (mean.square() + variance - 1 - variance.log()).sum(dim=-1)
        weights = (precisions / precisions.sum(dim=-2, keepdim=True)).mean(dim=-1)
        return self._draw(mean, variance), weights, self.beta * divergence

    def _draw(self, mean: Tensor, variance: Tensor) -> Tensor:
        if not self.training:
            return mean
        noise = torch.empty_like(mean).normal_(generator=self.generator)
        return mean + variance.sqrt() * noise

    def extra_repr(self) -> str:
        return f"beta={self.beta}"
