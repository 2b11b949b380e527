"""In how many directions a block varies."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...modalities._positions import as_slice
from ._columns import moments
from ._data import Data

#: More rows than this are not looked at: singular values of more are slow to find.
MAX_ROWS = 2000
_SHARES = (0.5, 0.9, 0.99)
# Singular values below this part of the largest are rounding error.
_ROUNDING = 1e-6


def describe_spectra(
    data: Data, random_state: np.random.RandomState
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Describe the singular values of every block, its columns standardised.

    Parameters
    ----------
    data : Data
        Rows to draw from.
    random_state : RandomState
        Draws the rows.

    Returns
    -------
    spectra : DataFrame of shape (n_modalities, 7)
        `n_columns`, `n_rows` used, `effective_rank` [1]_, `first_component_share` of the
        variance, and the number of principal components that hold 50, 90 and 99 % of it:
        `components_50`, `components_90` and `components_99`.
    explained : DataFrame of shape (n_components_in_all, 3)
        `modality`, `component` (from 1) and `cumulated_share` of the variance.

    References
    ----------
    .. [1] O. Roy and M. Vetterli, "The effective rank: A measure of effective dimensionality",
       EUSIPCO 2007.
    """
    spectra, explained = {}, []
    rows = data.sample(MAX_ROWS, random_state)
    for name, positions in data.blocks.items():
        block = _standardized_block(rows.X[:, as_slice(positions)])
        singular_values = _singular_values(block)
        shares = np.cumsum(singular_values**2) / max((singular_values**2).sum(), 1e-300)
        spectra[name] = {
            "n_columns": len(positions),
            "n_rows": len(block),
            "effective_rank": effective_rank(singular_values),
            "first_component_share": shares[0] if len(shares) else np.nan,
            **{
                f"components_{share * 100:.0f}": int(np.searchsorted(shares, share - 1e-9)) + 1
                if len(shares)
                else 0
                for share in _SHARES
            },
        }
        explained.append(
            pd.DataFrame(
                {
                    "modality": name,
                    "component": np.arange(1, len(shares) + 1),
                    "cumulated_share": shares,
                }
            )
        )
    return pd.DataFrame.from_dict(spectra, orient="index"), pd.concat(explained, ignore_index=True)


def effective_rank(singular_values: np.ndarray) -> float:
    """Return exp of the entropy of the singular values, normalised to sum to one.

    Parameters
    ----------
    singular_values : ndarray of shape (n_values,)
        Not negative.

    Returns
    -------
    float
        From 1 (one direction) to their number (all alike); 0 where all are zero.
    """
    positive = singular_values[singular_values > 0]
    if len(positive) == 0:
        return 0.0
    p = positive / positive.sum()
    return float(np.exp(-(p * np.log(p)).sum()))


def _standardized_block(values: np.ndarray) -> np.ndarray:
    """Return the rows that have the modality, columns of variance one, NaN as the mean."""
    values = values[~np.isnan(values).all(axis=1)].astype(np.float64)
    if len(values) == 0:
        return values[:, :0]
    statistics = moments(values)
    varying = ~np.isnan(statistics["skew"])
    z = (values[:, varying] - statistics["mean"][varying]) / statistics["std"][varying]
    return np.where(np.isnan(z), 0, z)


def _singular_values(block: np.ndarray) -> np.ndarray:
    """Return the singular values in descending order, from the smaller of the Gram matrices."""
    gram = block.T @ block if block.shape[1] <= block.shape[0] else block @ block.T
    if gram.size == 0:
        return np.empty(0)
    values = np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[::-1], 0))
    return values[values > _ROUNDING * values[0]]
