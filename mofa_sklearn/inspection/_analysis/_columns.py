"""The distribution of every column, and of every block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.utils import gen_batches

from ...modalities._positions import as_slice
from ._data import Data

#: A column with one value in this share of its rows, or more, is near-constant.
NEAR_CONSTANT_SHARE = 0.99
#: A column beyond one of these is heavy-tailed: "highly skewed" in Bulmer's "Principles of
#: Statistics", and an excess kurtosis above that of the Laplace distribution.
HEAVY_SKEW, HEAVY_KURTOSIS = 1.0, 3.0
#: So many interquartile ranges beyond the quartiles lie Tukey's outer fences.
OUTLIER_RANGES = 3.0

# A spread below this part of the values is rounding error.
_ROUNDING = 1e-6
_CHUNK_COLUMNS = 128


def describe_columns(data: Data) -> pd.DataFrame:
    """Describe every column by itself.

    Parameters
    ----------
    data : Data
        Rows to look at.

    Returns
    -------
    DataFrame of shape (n_features, 11)
        A row for each column of X, in its order: `column`, `modality`, `mean`, `std`, `skew`,
        `kurtosis` (excess), `min`, `max`, `outlier_share`, `near_constant` and `heavy_tailed`.
    """
    parts = [{**moments(chunk), **_order_statistics(chunk)} for chunk in _column_chunks(data.X)]
    table = pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)
    table.insert(0, "column", data.names)
    table.insert(1, "modality", data.modality_of_columns())
    table["heavy_tailed"] = is_heavy_tailed(table["skew"], table["kurtosis"])
    return table


def is_heavy_tailed(skew: pd.Series, kurtosis: pd.Series) -> pd.Series:
    """Tell which columns are far from normal by their skew or excess kurtosis."""
    return (skew.abs() > HEAVY_SKEW) | (kurtosis > HEAVY_KURTOSIS)


def moments(values: np.ndarray) -> dict[str, np.ndarray]:
    """Return mean, standard deviation, skew and excess kurtosis of columns, NaN left out.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns)
        NaN allowed.

    Returns
    -------
    dict of str to ndarray of shape (n_columns,)
        `mean`, `std`, `skew` and `kurtosis`; the last two are NaN for constant columns.
    """
    values = np.asarray(values, dtype=np.float64)
    there = ~np.isnan(values)
    n_there = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, values, 0).sum(axis=0) / n_there
    centred = np.where(there, values - mean, 0)
    std = np.sqrt((centred**2).sum(axis=0) / n_there)
    largest = np.abs(np.where(there, values, 0)).max(axis=0)
    scale = np.where(std > _ROUNDING * largest, std, np.nan)
    z = centred / scale
    squares = z * z  # powers of 3 and 4 are many times slower than products
    empty = ~there.any(axis=0)
    return {
        "mean": np.where(empty, np.nan, mean),
        "std": np.where(empty, np.nan, std),
        "skew": np.einsum("ij,ij->j", squares, z) / n_there,
        "kurtosis": np.einsum("ij,ij->j", squares, squares) / n_there - 3,
    }


def describe_blocks(data: Data, columns: pd.DataFrame) -> pd.DataFrame:
    """Describe every block as a whole.

    Parameters
    ----------
    data : Data
        The rows that `columns` describes.
    columns : DataFrame
        From :func:`describe_columns`.

    Returns
    -------
    DataFrame of shape (n_modalities, 12)
        Per modality: `n_columns`, `mean` and `std` (the columns' means and standard deviations,
        averaged), `row_norm_mean`, `row_norm_std` (of complete rows), `skew_median` and
        `skew_max` (of absolute values), `kurtosis_median`, `kurtosis_max`, `outlier_share`,
        `n_near_constant` and `n_heavy_tailed`.
    """
    records = {}
    for name, positions in data.blocks.items():
        block = columns.iloc[positions]
        norms = np.linalg.norm(data.X[:, as_slice(positions)].astype(np.float64), axis=1)
        norms = norms[~np.isnan(norms)]
        records[name] = {
            "n_columns": len(positions),
            "mean": block["mean"].mean(),
            "std": block["std"].mean(),
            "row_norm_mean": norms.mean() if len(norms) else np.nan,
            "row_norm_std": norms.std() if len(norms) else np.nan,
            "skew_median": block["skew"].abs().median(),
            "skew_max": block["skew"].abs().max(),
            "kurtosis_median": block["kurtosis"].median(),
            "kurtosis_max": block["kurtosis"].max(),
            "outlier_share": block["outlier_share"].mean(),
            "n_near_constant": int(block["near_constant"].sum()),
            "n_heavy_tailed": int(block["heavy_tailed"].sum()),
        }
    return pd.DataFrame.from_dict(records, orient="index")


def find_duplicate_columns(data: Data, sample: Data, columns: pd.DataFrame) -> pd.DataFrame:
    """Find columns that equal an earlier one in every row.

    Parameters
    ----------
    data : Data
        All rows.
    sample : Data
        Some of these rows, to look for candidates in.
    columns : DataFrame
        From :func:`describe_columns` of `sample`: tells which columns are not constant.

    Returns
    -------
    DataFrame of shape (n_duplicates, 4)
        `column`, `modality`, `same_as` and `same_as_modality`. Constant columns are not listed.
    """
    first: dict[int, int] = {}
    pairs = []
    for position in np.flatnonzero(columns["skew"].notna()):
        values = np.ascontiguousarray(sample.X[:, position]) + 0  # makes one zero of both
        earlier = first.setdefault(hash(values.tobytes()), int(position))
        if earlier != position and np.array_equal(
            data.X[:, position], data.X[:, earlier], equal_nan=True
        ):
            pairs.append((position, earlier))
    names, modality = np.asarray(data.names, dtype=object), data.modality_of_columns()
    later, earlier = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    return pd.DataFrame(
        {
            "column": names[later],
            "modality": modality[later],
            "same_as": names[earlier],
            "same_as_modality": modality[earlier],
        }
    )


def _column_chunks(X: np.ndarray) -> Iterator[np.ndarray]:
    for columns in gen_batches(X.shape[1], _CHUNK_COLUMNS):
        yield np.asarray(X[:, columns], dtype=np.float64)


def _order_statistics(values: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is read from sorted columns, one at a time."""
    rows = [_order_statistics_of_one(np.sort(column)) for column in values.T]
    smallest, largest, outlier_share, near_constant = zip(*rows, strict=True)
    return {
        "min": np.array(smallest),
        "max": np.array(largest),
        "outlier_share": np.array(outlier_share),
        "near_constant": np.array(near_constant, dtype=bool),
    }


def _order_statistics_of_one(values: np.ndarray) -> tuple[float, float, float, bool]:
    """Return the smallest and largest value, the share of outliers, and if nearly constant."""
    values = values[: len(values) - np.isnan(values).sum()]  # NaN is sorted to the end
    n = len(values)
    if n == 0:
        return np.nan, np.nan, np.nan, True
    lower, upper = np.quantile(values, [0.25, 0.75])
    reach = OUTLIER_RANGES * (upper - lower)
    # Where half of the values are equal, the fences would shut out all others.
    outliers = np.mean((values < lower - reach) | (values > upper + reach)) if reach else np.nan
    # In sorted values, equal ones are neighbours.
    run = max(1, int(np.ceil(NEAR_CONSTANT_SHARE * n)))
    spans = values[run - 1 :] - values[: n - run + 1]
    near_constant = spans.min() <= _ROUNDING * np.abs(values[[0, -1]]).max() if n > 1 else True
    return values[0], values[-1], outliers, bool(near_constant)
