"""RankGauss as tensor operations: a look-up in all columns at once, and the normal quantile."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..preprocessing import RankGaussTransformer
from ..preprocessing._rank_gauss import _BOUND, _HIGHEST_SCORE, _LOWEST_SCORE
from ._convert import converts

# Not zero in float32 either, in which a runtime may hold constants.
_SMALLEST_SHARE = 1e-20

# Coefficients of algorithm AS 241 (PPND16), the lowest power first: numerator and denominator of
# the central part, of the tails, and of the far tails.
_CENTRE = (
    (
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
_TAIL = (
    (
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
_FAR_TAIL = (
    (
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)


def _ratio(x: Tensor, coefficients: tuple) -> Tensor:
    numerator, denominator = (_polynomial(x, each) for each in coefficients)
    return numerator / denominator


def _polynomial(x: Tensor, coefficients: tuple) -> Tensor:
    result = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = result * x + coefficient
    return result


def normal_quantile(shares: Tensor) -> Tensor:
    """Return the quantiles of the standard normal distribution, to 15 digits.

    Parameters
    ----------
    shares : float64 Tensor
        Between 0 and 1, both included.

    Returns
    -------
    float64 Tensor
        Finite: shares closer to 0 than 1e-20 count as that.

    References
    ----------
    .. [1] Wichura, "Algorithm AS 241: The percentage points of the normal distribution",
       Applied Statistics 37(3), 1988.
    """
    q = shares - 0.5
    central = q * _ratio(0.180625 - q * q, _CENTRE)
    smaller = torch.minimum(shares, 1 - shares).clamp_min(_SMALLEST_SHARE)
    r = torch.sqrt(-torch.log(smaller))
    tail = torch.where(r <= 5, _ratio(r - 1.6, _TAIL), _ratio(r - 5, _FAR_TAIL))
    return torch.where(q.abs() <= 0.425, central, torch.sign(q) * tail)


class RankGauss(nn.Module):
    """Normal scores of all columns.

    Parameters
    ----------
    quantiles : float64 Tensor of shape (n_features, n_quantiles)
        Ascending in every row.
    """

    def __init__(self, quantiles: Tensor) -> None:
        super().__init__()
        self.quantiles: Tensor
        self.register_buffer("quantiles", quantiles)
        self.n_quantiles = quantiles.shape[1]

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to scores; NaN stays."""
        columns = x.T.contiguous()  # (n_features, n_samples)
        values = columns.to(torch.float64)
        low, high = self.quantiles[:, :1], self.quantiles[:, -1:]
        # Rounded to the precision of the input, as the transformer's are.
        is_highest = (columns + _BOUND).to(torch.float64) > high
        is_lowest = (columns - _BOUND).to(torch.float64) < low
        share = self._share(values)
        share = torch.where(is_highest, 1.0, share.clamp(0, 1))
        share = torch.where(is_lowest, 0.0, share)
        # Shares are, too.
        share = share.to(x.dtype).to(torch.float64)
        scores = normal_quantile(share).clamp(float(_LOWEST_SCORE), float(_HIGHEST_SCORE))
        scores = torch.where(values.isnan(), torch.nan, scores)
        return scores.T.to(x.dtype)

    def _share(self, values: Tensor) -> Tensor:
        """Interpolate between the quantiles beside each value.

        Of quantiles that are equal, the mean of what the first and the last of them say.
        """
        if self.n_quantiles == 1:
            return torch.zeros_like(values)
        n_samples = values.shape[1]
        both = torch.cat([values, values], dim=1)
        # The first half counts quantiles that are smaller or equal, the second smaller ones.
        equal = torch.ones_like(values, dtype=torch.bool)
        counts_equal = torch.cat([equal, ~equal], dim=1)
        below = self._count(both, counts_equal).clamp(1, self.n_quantiles - 1) - 1
        lower, upper = self.quantiles.gather(1, below), self.quantiles.gather(1, below + 1)
        width = upper - lower
        at_tie = counts_equal.to(torch.float64)
        weight = torch.where(width > 0, (both - lower) / width, at_tie).clamp(0, 1)
        shares = (below + weight) / (self.n_quantiles - 1)
        return 0.5 * (shares[:, :n_samples] + shares[:, n_samples:])

    def _count(self, values: Tensor, counts_equal: Tensor) -> Tensor:
        """Count the quantiles below each value, by halving.

        There is no sorted search among ONNX's operators; gathering from a table is.
        """
        count = torch.zeros_like(values, dtype=torch.int64)
        for bit in reversed(range(self.n_quantiles.bit_length())):
            larger = count + 2**bit
            at = self.quantiles.gather(1, (larger - 1).clamp_max(self.n_quantiles - 1))
            is_below = (at < values) | (counts_equal & (at == values))
            count = torch.where(is_below & (larger <= self.n_quantiles), larger, count)
        return count


@converts(RankGaussTransformer)
def _rank_gauss(transformer: RankGaussTransformer, place: str) -> nn.Module:
    return RankGauss(torch.from_numpy(transformer.quantiles_.T.copy()))
