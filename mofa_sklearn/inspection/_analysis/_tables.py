"""The data of a report, which its findings and its page are written from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(repr=False, eq=False)
class ReportTables:
    """What was counted and measured; :class:`ModalityReport` says what each table holds."""

    n_samples: int
    n_sampled: int
    cv: int
    blocks: pd.DataFrame
    columns: pd.DataFrame
    duplicate_columns: pd.DataFrame
    duplicate_rows: np.ndarray
    n_duplicates_across_groups: int
    n_empty_rows: int
    shapes: pd.DataFrame
    histograms: pd.DataFrame
    spectra: pd.DataFrame
    explained_variance: pd.DataFrame
    targets: pd.DataFrame | None = None
    target_correlations: pd.DataFrame | None = None
    target_ratios: pd.DataFrame | None = None
    target_kind: str | None = None
    target_values: pd.DataFrame | None = None
    groups: pd.Series | None = None
    group_sizes: np.ndarray | None = None
    group_variance: pd.DataFrame | None = None
    block_scores: pd.DataFrame | None = None
    findings: pd.DataFrame = field(init=False)
