"""RankGauss as tensor operations: a look-up in all columns at once, and the normal quantile."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor, nn

from ..preprocessing import RankGaussTransformer
from ..preprocessing._rank_gauss import _BOUND
from ._convert import converts

# Not zero in float32 either, in which a runtime may hold constants.
_SMALLEST_SHARE = 1e-20
# Up to so many, to copy a part of a table for each value is quicker than to search the table.
_FEW_ROWS = 8

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


# One polynomial a row, numerators first: they are evaluated together.
_POLYNOMIALS = np.array([ratio[i] for i in (0, 1) for ratio in (_CENTRE, _TAIL, _FAR_TAIL)])


def _ratios(arguments: Tensor) -> Tensor:
    """Map what the three ratios are of, (3, ...), to the ratios."""
    shape = (-1, *[1] * (arguments.dim() - 1))
    powers = torch.from_numpy(_POLYNOMIALS).to(arguments.device).unbind(1)
    x = torch.cat([arguments, arguments])
    result = powers[-1].view(shape)
    for coefficients in powers[-2::-1]:
        result = result * x + coefficients.view(shape)
    return result[:3] / result[3:]


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
    smaller = torch.minimum(shares, 1 - shares).clamp_min(_SMALLEST_SHARE)
    r = torch.sqrt(-torch.log(smaller))
    centre, tail, far_tail = _ratios(torch.stack([0.180625 - q * q, r - 1.6, r - 5])).unbind(0)
    tail = torch.where(r <= 5, tail, far_tail)
    return torch.where(q.abs() <= 0.425, q * centre, torch.sign(q) * tail)


def _scores_of(shares: Tensor) -> Tensor:
    """Return normal quantiles by torch's own function; there is none among ONNX's operators."""
    if torch.compiler.is_compiling():
        return normal_quantile(shares)
    return torch.special.ndtri(shares)


class RankGauss(nn.Module):
    """Normal scores of all columns.

    Parameters
    ----------
    quantiles : list of float64 ndarray of shape (n_features_i, n_quantiles_i)
        Of some columns each, ascending in every row.
    bounds : list of (float, float)
        The lowest and the highest score of these columns.

    Notes
    -----
    Many rows are searched in the columns' tables. There is no such operator in ONNX, and with
    few rows, a search mostly waits for memory. A column's quantiles therefore lie in parts of
    equal length: a value is compared with the first quantile of each part, then with one part,
    which ends with the first quantile of the next.

    Values are looked up column by column, so that those of one table find it in the cache.
    They lie along one axis, since onnxruntime treats the columns of a single row one by one.
    """

    rounds = True

    starts: Tensor
    parts: Tensor
    first_part: Tensor
    ranks: Tensor
    n_steps: Tensor
    low: Tensor
    high: Tensor
    lowest_score: Tensor
    highest_score: Tensor

    def __init__(self, quantiles: list[np.ndarray], bounds: list[tuple[float, float]]) -> None:
        super().__init__()
        self.quantiles, self.bounds = quantiles, bounds
        longest = max(own.shape[1] for own in quantiles)
        self.length = math.isqrt(longest - 1) + 1
        n_parts = -(-longest // self.length)
        n_padded = n_parts * self.length
        # One more than there are: the last part ends as well.
        knots = np.concatenate([_padded(own, n_padded + 1) for own in quantiles])
        n_features, widths = len(knots), [len(own) for own in quantiles]
        last = np.concatenate([np.full(len(own), own.shape[1] - 1) for own in quantiles])
        ranks = _middles_of_ties(knots)
        # In a table without ties, what lies between says the same of a value that is in it.
        is_known = np.isfinite(knots)
        self.has_ties = bool((ranks != np.arange(n_padded + 1))[is_known].any())
        parts = sliding_window_view(knots, self.length + 1, axis=1)[:, :: self.length]
        keep = {
            "starts": _rounded_up(parts[:, 1:, 0]),
            "parts": parts.reshape(-1, self.length + 1),
            "first_part": np.arange(n_features) * n_parts,
            "ranks": ranks[:, :-1].ravel() if self.has_ties else np.zeros(0),
            "n_steps": _common(np.maximum(last, 1)),
            "low": knots[:, 0],
            "high": np.take_along_axis(knots, last[:, None], axis=1)[:, 0],
            "lowest_score": _common(np.repeat([low for low, _ in bounds], widths)),
            "highest_score": _common(np.repeat([high for _, high in bounds], widths)),
        }
        for name, array in keep.items():
            self.register_buffer(name, torch.from_numpy(np.array(array, order="C")))

    @classmethod
    def joined(cls, modules: Sequence[RankGauss]) -> RankGauss:
        """Return what does for columns side by side what several do for theirs."""
        quantiles = [own for module in modules for own in module.quantiles]
        return cls(quantiles, [own for module in modules for own in module.bounds])

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_features) to scores; NaN stays."""
        n_samples, n_features = x.shape
        # Rounded to the precision of the input, as the transformer's are.
        is_highest = (x + _BOUND).to(torch.float64) > self.high
        is_lowest = (x - _BOUND).to(torch.float64) < self.low
        share = self._share(x.T.contiguous())
        share = torch.where(is_highest.T.flatten(), 1.0, share)
        share = torch.where(is_lowest.T.flatten(), 0.0, share)
        # Shares are, too.
        share = share.to(x.dtype).to(torch.float64)
        lowest = _for_each(self.lowest_score, n_samples)
        scores = _scores_of(share).clamp(lowest, _for_each(self.highest_score, n_samples))
        scores = scores.to(x.dtype).view(n_features, n_samples).T
        return torch.where(x.isnan(), torch.nan, scores)

    def _share(self, x: Tensor) -> Tensor:
        """Interpolate between the quantiles beside each value, (n_features, n_samples).

        Of quantiles that are equal to it, the mean of what the first and the last of them
        say. Returns shares in one axis, column by column.
        """
        values = x.to(torch.float64)
        look_up = self._in_parts if _copies_parts(x) else self._in_tables
        at, lower, upper = look_up(x, values)
        values = values.flatten()
        width = upper - lower
        weight = torch.where(width > 0, (values - lower) / width, 0.0)
        place = at + weight
        if self.has_ties:
            first = _for_each(self.first_part * self.length, x.shape[1])
            ranks = self.ranks.index_select(0, first + at).to(torch.float64)
            place = torch.where(values == lower, ranks, place)
        return (place / _for_each(self.n_steps, x.shape[1])).clamp(0, 1)

    def _in_parts(self, x: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the place of the last quantile that each value reaches, it, and the next.

        Maps float32 and float64 values, (n_features, n_samples), to three Tensors of shape
        (n_features * n_samples,).
        """
        part = _n_reached(self.starts, x)
        own = self.parts.index_select(0, _for_each(self.first_part, x.shape[1]) + part)
        step = _n_reached(own, values.flatten().unsqueeze(1)) - 1
        step = step.clamp(0, self.length - 1)  # what is infinite reaches an end as well
        lower, upper = (
            own.gather(1, places.unsqueeze(1)).squeeze(1) for places in (step, step + 1)
        )
        return part * self.length + step, lower, upper

    def _in_tables(self, x: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Do the same by a search in the columns' whole tables."""
        table = self.parts.view(len(x), -1)
        place = torch.searchsorted(table, values, right=True).flatten() - 1
        place = place.clamp(0, table.shape[1] - 2)  # NaN is beyond the end
        inside = _for_each(self.first_part * (self.length + 1), x.shape[1]) + place
        # Every part's last is the first of the next one.
        at = place - place // (self.length + 1)
        table = table.flatten()
        return at, table.index_select(0, inside), table.index_select(0, inside + 1)


def _common(numbers: np.ndarray) -> np.ndarray:
    """Return one number where all are the same."""
    return np.reshape(numbers[0], ()) if (numbers == numbers[0]).all() else numbers


def _for_each(of_columns: Tensor, n_samples: int) -> Tensor:
    """Repeat what belongs to a column for each of its values, column by column."""
    if of_columns.dim() == 0:
        return of_columns
    return of_columns.unsqueeze(1).expand(-1, n_samples).flatten()


def _copies_parts(x: Tensor) -> bool:
    """Tell whether each value of (n_features, n_samples) gets a copy of its part of a table."""
    if torch.compiler.is_compiling():
        return torch.onnx.is_in_onnx_export()
    return x.shape[1] <= _FEW_ROWS


def _n_reached(ascending: Tensor, values: Tensor) -> Tensor:
    """Count the numbers in a row that each value reaches.

    Maps rows, (n_rows, n_numbers), and values, (n_rows, n_values), to (n_rows * n_values,).
    """
    if not torch.onnx.is_in_onnx_export():
        return torch.searchsorted(ascending, values, right=True).flatten()
    # A product of matrices is several times faster than a sum.
    is_reached = ascending.unsqueeze(1) <= values.unsqueeze(2)
    ones = torch.ones(ascending.shape[1], 1)
    return (is_reached.to(torch.float32) @ ones).flatten().to(torch.int64)


def _padded(quantiles: np.ndarray, n_columns: int) -> np.ndarray:
    missing = n_columns - quantiles.shape[1]
    return np.pad(np.float64(quantiles), ((0, 0), (0, missing)), constant_values=np.inf)


def _rounded_up(numbers: np.ndarray) -> np.ndarray:
    """Return the smallest float32 numbers that are not below: the same float32 reach them."""
    with np.errstate(over="ignore"):
        rounded = numbers.astype(np.float32)
    return np.where(rounded < numbers, np.nextafter(rounded, np.float32(np.inf)), rounded)


def _middles_of_ties(knots: np.ndarray) -> np.ndarray:
    """Return for each knot the mean of the first and the last place of those equal to it."""
    n_columns = knots.shape[1]
    places = np.arange(n_columns)
    differs = knots[:, 1:] != knots[:, :-1]
    is_first = np.pad(differs, ((0, 0), (1, 0)), constant_values=True)
    is_last = np.pad(differs, ((0, 0), (0, 1)), constant_values=True)
    first = np.maximum.accumulate(np.where(is_first, places, 0), axis=1)
    last = np.where(is_last, places, n_columns)[:, ::-1]
    last = np.minimum.accumulate(last, axis=1)[:, ::-1]
    return (0.5 * (first + last)).astype(np.float32)


@converts(RankGaussTransformer)
def _rank_gauss(transformer: RankGaussTransformer, place: str) -> nn.Module:
    return RankGauss([transformer.quantiles_.T], [transformer._bounds])
