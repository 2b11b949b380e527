"""Look at data before training on it."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from ..._sklearn_private import Interval, validate_params
from ...modalities._resolve import Modalities
from ._columns import describe_blocks, describe_columns, find_duplicate_columns
from ._data import Data, read_data
from ._groups import describe_group_variance, describe_groups
from ._predictive import score_blocks
from ._rank_gauss import compare_shapes, target_correlations_of_columns, to_normal_scores
from ._report import ModalityReport
from ._rows import count_rows
from ._spectrum import describe_spectra
from ._targets import compare_targets, correlate_targets, describe_targets, log_counts


@validate_params(
    {
        "modalities": [dict, callable, None],
        "target_names": ["array-like", None],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "max_samples": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def analyze_modalities(
    X: Any,
    y: Any = None,
    *,
    modalities: Modalities = None,
    groups: Any = None,
    target_names: Sequence[str] | None = None,
    cv: int = 5,
    max_samples: int = 5000,
    random_state: int | np.random.RandomState | None = None,
) -> ModalityReport:
    """Look at modalities, targets and groups before training on them.

    Finds what commonly spoils a training: heavy tails, blocks of other scales, near-constant and
    duplicate columns, repeated rows, missing values, skewed targets, groups that leak between
    shuffled folds, blocks that tell nothing of the targets or suspiciously much.

    Parameters
    ----------
    X : array-like, DataFrame or Table of shape (n_samples, n_features)
        All modalities side by side. NaN is allowed; a row whose block is NaN throughout has that
        modality missing. Of words, categories, dates and cells that hold vectors, the numbers
        are looked at that the default pipeline makes of them (extra `tables`).
    y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
        Numeric targets. None looks at the features only.
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`.
    groups : array-like of shape (n_samples,), default=None
        What rows belong together, such as their creator. Kept together in the folds.
    target_names : list of str of length n_targets, default=None
        Names of the targets. None takes the names in `y`, else numbers.
    cv : int, default=5
        Number of folds that each block's prediction of the targets is tried in.
    max_samples : int, default=5000
        Number of rows, drawn without replacement, for what takes time: the columns' statistics,
        RankGauss and the predictions; effective ranks use at most 2,000 of them. All rows are
        used for missing values, duplicates, targets and groups.
    random_state : int, RandomState instance or None, default=None
        Draws the rows and the folds. An int gives the same report each time.

    Returns
    -------
    ModalityReport
        Tables, pictures, and :meth:`~ModalityReport.to_html`.

    Raises
    ------
    ValueError
        If blocks do not fit `X`, or hold infinity; if `y` or `groups` have NaN or another number
        of rows; if there are fewer than two rows.
    InvalidParameterError
        If a parameter is out of range.

    See Also
    --------
    mofa_sklearn.preprocessing.RankGaussTransformer : Takes heavy tails away.
    mofa_sklearn.evaluation.compare : Compares models, which go beyond ridge regression.

    Notes
    -----
    The costs grow with the number of columns, not with the rows beyond `max_samples`, but for one
    pass over them. 8,000 rows of 2,816 columns with three targets and groups take about half a
    minute of one processor core, two thirds of which are the predictions; without `y` it is a
    few seconds.

    References
    ----------
    .. [1] O. Roy and M. Vetterli, "The effective rank: A measure of effective dimensionality",
       EUSIPCO 2007.
    .. [2] J. W. Tukey, "Exploratory Data Analysis", Addison-Wesley 1977 (outer fences, for
       outliers).
    .. [3] A. Donner, "A Review of Inference Procedures for the Intraclass Correlation Coefficient
       in the One-Way Random Effects Model", International Statistical Review 54, 1986.

    Examples
    --------
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.inspection import analyze_modalities
    >>> widths = {"image": 6, "video": 5}
    >>> X, y = make_micro_videos(200, modalities=widths, noise=0.1, random_state=0)
    >>> report = analyze_modalities(X, y, modalities=widths, random_state=0)
    >>> report
    <ModalityReport: rows: 200; columns: image 6, video 5; targets: 3; problems: 0, ...>
    >>> report.blocks["n_heavy_tailed"].to_dict()
    {'image': 0, 'video': 5}
    >>> report.block_scores.index.tolist()
    ['image', 'video', 'all blocks', 'no block (training mean)']
    >>> report.to_html("report.html")  # doctest: +SKIP
    """
    data = read_data(X, y, modalities, groups, target_names)
    random_state = check_random_state(random_state)
    rows = count_rows(data)
    sample = data.sample(max_samples, random_state)
    columns = describe_columns(sample)
    duplicates = find_duplicate_columns(data, sample, columns)
    blocks = describe_blocks(sample, columns).join(rows.blocks)
    blocks["n_duplicate_columns"] = (
        duplicates["modality"].value_counts().reindex(blocks.index, fill_value=0)
    )
    scores = to_normal_scores(sample.X)
    if sample.y is not None:
        columns["target_correlation"] = target_correlations_of_columns(scores, sample.y)
    shapes, histograms = compare_shapes(sample, scores)
    spectra, explained = describe_spectra(sample, random_state)
    return ModalityReport(
        n_samples=len(data),
        n_sampled=len(sample),
        cv=cv,
        blocks=blocks,
        columns=columns,
        duplicate_columns=duplicates,
        duplicate_rows=rows.duplicates,
        n_duplicates_across_groups=rows.n_across_groups,
        n_empty_rows=rows.n_without,
        shapes=shapes,
        histograms=histograms,
        spectra=spectra,
        explained_variance=explained,
        **_targets(data),
        **_groups(data),
        block_scores=score_blocks(sample, columns["heavy_tailed"].to_numpy(), cv, random_state),
    )


def _targets(data: Data) -> dict[str, Any]:
    """Return the fields of a report that tell of the targets."""
    if data.y is None:
        return {}
    y, names = data.y, data.target_names
    logs = log_counts(y)
    return {
        "targets": describe_targets(y, names),
        "target_correlations": correlate_targets(y, names),
        "target_ratios": compare_targets(y, names),
        "target_kind": None if logs is None else logs[1],
        "target_values": pd.DataFrame(y, columns=names),
    }


def _groups(data: Data) -> dict[str, Any]:
    """Return the fields of a report that tell of the groups."""
    if data.groups is None:
        return {}
    return {
        "groups": describe_groups(data.groups),
        "group_sizes": np.bincount(data.groups),
        "group_variance": None
        if data.y is None
        else describe_group_variance(data.y, data.groups, data.target_names),
    }
