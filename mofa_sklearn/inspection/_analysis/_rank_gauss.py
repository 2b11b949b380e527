"""What RankGauss does to the shape of the columns."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from sklearn.utils import gen_batches

from ...modalities._positions import as_slice
from ...preprocessing import RankGaussTransformer
from ._columns import is_heavy_tailed, moments
from ._data import Data

#: The histograms' limits, in standard deviations; values beyond are counted in the last bars.
HISTOGRAM_LIMIT = 5.0
_N_BINS = 60
_LARGEST_SCORE = 5.2  # of RankGauss, whatever the number of rows
_CHUNK_COLUMNS = 128


def to_normal_scores(values: np.ndarray) -> np.ndarray:
    """Apply RankGauss to each column; columns without values stay NaN.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns)
        NaN allowed.

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(.*)hold nothing but NaN", RuntimeWarning)
        return RankGaussTransformer().fit_transform(values)


def compare_shapes(data: Data, scores: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the columns' shapes before and after RankGauss.

    Parameters
    ----------
    data : Data
        The rows before.
    scores : ndarray of shape (n_samples, n_features)
        The same rows after.

    Returns
    -------
    shapes : DataFrame of shape (n_modalities, 10)
        `skew_median_before`, `skew_median_after`, and so on for `skew_max`, `kurtosis_median`,
        `kurtosis_max` and `n_heavy_tailed`, skew by its absolute value.
    histograms : DataFrame of shape (n_bins * n_modalities, 5)
        `modality`, `left` and `right` ends of a bar in standard deviations of the column, and
        the density `before` and `after`, of all columns of the block together.
    """
    shapes, histograms = {}, []
    # In few rows, the ends of a column have this much kurtosis by themselves.
    kurtosis_of_ends = 2 * _LARGEST_SCORE**4 / len(scores)
    for name, positions in data.blocks.items():
        sides = {
            "before": _shape_and_counts(data.X[:, as_slice(positions)]),
            "after": _shape_and_counts(scores[:, as_slice(positions)], kurtosis_of_ends),
        }
        shapes[name] = {
            f"{statistic}_{side}": sides[side][0][statistic]
            for statistic in sides["before"][0]
            for side in sides
        }
        edges = _edges()
        histograms.append(
            pd.DataFrame(
                {
                    "modality": name,
                    "left": edges[:-1],
                    "right": edges[1:],
                    **{side: _density(counts) for side, (_, counts) in sides.items()},
                }
            )
        )
    return pd.DataFrame.from_dict(shapes, orient="index"), pd.concat(histograms, ignore_index=True)


def target_correlations_of_columns(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return each column's largest correlation with a target, by their normal scores.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_features)
        Features after RankGauss; NaN counts as the mean.
    y : ndarray of shape (n_samples, n_targets)
        Targets, as they are.

    Returns
    -------
    ndarray of shape (n_features,)
        The largest absolute value; NaN for constant columns, or if all targets are constant.
    """
    targets = _standardize(to_normal_scores(y))
    targets = targets[:, ~np.isnan(targets).any(axis=0)]
    result = np.full(scores.shape[1], np.nan)
    if targets.shape[1] == 0:
        return result
    for columns in gen_batches(scores.shape[1], _CHUNK_COLUMNS):
        z = _standardize(scores[:, columns])
        result[columns] = np.abs(z.T @ targets / len(y)).max(axis=1)
    return result


def _standardize(values: np.ndarray) -> np.ndarray:
    """Return columns of mean 0 and variance 1 with NaN as 0; constant columns become NaN."""
    statistics = moments(values)
    std = np.where(np.isnan(statistics["skew"]), np.nan, statistics["std"])
    z = np.where(np.isnan(values), 0, (values - statistics["mean"]))
    return z / std


def _shape_and_counts(
    values: np.ndarray, allowance: float = 0.0
) -> tuple[dict[str, float], np.ndarray]:
    """Return the statistics of a block's columns, and counts of its standardised values.

    So much more kurtosis than usual, `allowance`, does not make a column heavy-tailed.
    """
    skew, kurtosis = [], []
    counts = np.zeros(_N_BINS, dtype=np.int64)
    for columns in gen_batches(values.shape[1], _CHUNK_COLUMNS):
        part = np.asarray(values[:, columns], dtype=np.float64)
        statistics = moments(part)
        skew.append(np.abs(statistics["skew"]))
        kurtosis.append(statistics["kurtosis"])
        varying = ~np.isnan(statistics["skew"])
        z = (part[:, varying] - statistics["mean"][varying]) / statistics["std"][varying]
        z = np.clip(z[~np.isnan(z)], -HISTOGRAM_LIMIT, HISTOGRAM_LIMIT)
        counts += np.histogram(z, _edges())[0]
    all_skew, all_kurtosis = pd.Series(np.hstack(skew)), pd.Series(np.hstack(kurtosis))
    return {
        "skew_median": all_skew.median(),
        "skew_max": all_skew.max(),
        "kurtosis_median": all_kurtosis.median(),
        "kurtosis_max": all_kurtosis.max(),
        "n_heavy_tailed": int(is_heavy_tailed(all_skew, all_kurtosis - allowance).sum()),
    }, counts


def _edges() -> np.ndarray:
    return np.linspace(-HISTOGRAM_LIMIT, HISTOGRAM_LIMIT, _N_BINS + 1)


def _density(counts: np.ndarray) -> np.ndarray:
    width = 2 * HISTOGRAM_LIMIT / _N_BINS
    return counts / max(1, counts.sum()) / width
