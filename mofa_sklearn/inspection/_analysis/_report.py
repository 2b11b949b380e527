"""What an analysis found: tables, pictures and a page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .._drawing import import_pyplot, make_axes
from . import _figures as figures
from ._feature_sections import blocks_table
from ._findings import SEVERITIES, collect_findings
from ._page import contents, fragment, page
from ._sections import findings_section, heading, make_sections
from ._tables import ReportTables


@dataclass(repr=False, eq=False)
class ModalityReport(ReportTables):
    """What :func:`analyze_modalities` found.

    The tables are pandas DataFrames, to be read, saved or drawn; `to_html` writes all of it as
    one page. Not to be made by hand.

    Attributes
    ----------
    findings : DataFrame of shape (n_findings, 4)
        What to look at first: `severity` ("problem", "warning" or "note"), `where`, `finding`
        and `advice`, the most urgent first.
    blocks : DataFrame of shape (n_modalities, 19)
        Per modality: `n_columns`; `mean` and `std` of its columns, averaged; `row_norm_mean` and
        `row_norm_std`; `skew_median` and `skew_max`, of absolute values, and `kurtosis_median`
        and `kurtosis_max`, of excess kurtosis; `outlier_share` of the values;
        `n_near_constant` and `n_heavy_tailed` columns; `missing_share` of the rows,
        `partly_missing_rows` and `nan_share` of the values; `filled_share` of the rows whose
        block is one value throughout, `filler`, as if for want of others;
        `duplicate_row_share` and `n_duplicate_columns`.
    columns : DataFrame of shape (n_features, 11 or 12)
        Per column of X, in its order: `column`, `modality`, `mean`, `std`, `skew`, `kurtosis`,
        `min`, `max`, `outlier_share`, `near_constant`, `heavy_tailed` and, with targets,
        `target_correlation`: the largest absolute correlation with a target, both as normal
        scores.
    duplicate_columns : DataFrame of shape (n_duplicates, 4)
        `column`, `modality`, `same_as` and `same_as_modality`.
    duplicate_rows : ndarray of int
        Rows that equal an earlier row in every column.
    n_duplicates_across_groups : int
        How many of them equal a row of another group; all of them without groups.
    n_empty_rows : int
        Number of rows in which every modality is missing.
    shapes : DataFrame of shape (n_modalities, 10)
        Skew, kurtosis and `n_heavy_tailed` of `blocks`, ``..._before`` and ``..._after``
        RankGauss.
    histograms : DataFrame
        Densities of the standardised values of each block, before and after RankGauss.
    spectra : DataFrame of shape (n_modalities, 7)
        `n_columns`, `n_rows` used, `effective_rank`, `first_component_share`, and the number of
        principal components for 50, 90 and 99 % of the variance.
    explained_variance : DataFrame
        `modality`, `component` and `cumulated_share`.
    targets : DataFrame of shape (n_targets, 9) or None
        Distribution of each target. This and what follows is None without targets.
    target_correlations : DataFrame of shape (n_targets, n_targets) or None
        Pearson's correlations.
    target_ratios : DataFrame of shape (n_pairs, 6) or None
        Log ratio of each pair of targets; empty if they are neither counts nor log counts.
    target_kind : {"counts", "log counts"} or None
        What the targets were taken for in `target_ratios`.
    target_values : DataFrame of shape (n_samples, n_targets) or None
        The targets themselves.
    groups : Series or None
        Number and sizes of the groups; None without groups.
    group_sizes : ndarray of int of shape (n_groups,) or None
        Number of rows of each group.
    group_variance : DataFrame of shape (n_targets, 2) or None
        `between_share` and `remembered_nmse`; None without groups or targets.
    block_scores : DataFrame or None
        `nmse`, its `std` over folds, and ``nmse_<target>`` of each block alone and of all blocks
        together; None without targets, or with too few rows or groups.
    n_samples, n_sampled : int
        Number of rows, and of those that costly statistics were computed from.
    cv : int
        Number of folds.

    See Also
    --------
    analyze_modalities : Makes a report.
    """

    def __post_init__(self) -> None:
        self.findings = collect_findings(self)

    def __repr__(self) -> str:
        widths = ", ".join(
            f"{name} {width:,}" for name, width in self.blocks["n_columns"].head(6).items()
        )
        more = ", ..." if len(self.blocks) > 6 else ""
        n_targets = 0 if self.targets is None else len(self.targets)
        by_severity = self.findings["severity"].value_counts()
        found = ", ".join(f"{name}s: {by_severity.get(name, 0)}" for name in SEVERITIES)
        return (
            f"<ModalityReport: rows: {self.n_samples:,}; columns: {widths}{more}; "
            f"targets: {n_targets}; {found}>"
        )

    def _repr_html_(self) -> str:
        return fragment(heading(self) + findings_section(self).html + blocks_table(self))

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write all of the report as one page that needs nothing else.

        Pictures and style are in the page: no network, no script, no further file.

        Parameters
        ----------
        path : str or path-like, default=None
            File to write, UTF-8. None returns the page instead.

        Returns
        -------
        str or None
            The page, where `path` is None.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        if path is not None and not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"path must be a str or path-like, got {path!r}.")
        import_pyplot("ModalityReport.to_html")
        sections = make_sections(self)
        links = contents([(made.identifier, made.title) for made in sections])
        body = heading(self) + links + "".join(made.html for made in sections)
        whole = page("Modality report", body)
        if path is None:
            return whole
        Path(path).write_text(whole, encoding="utf-8")
        return None

    def plot_distributions(self, *, ax: Any = None) -> Any:
        """Draw the values of each block, before and after RankGauss.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            One for each modality. None makes a new figure.

        Returns
        -------
        ndarray of shape (n_modalities,) of matplotlib Axes

        Raises
        ------
        ValueError
            If the number of axes is not that of the modalities.
        """
        axes = self._axes(ax, len(self.shapes), "plot_distributions")
        for panel, (name, histogram) in zip(
            axes, self.histograms.groupby("modality", sort=False), strict=True
        ):
            figures.draw_distribution(panel, histogram, name)
        return axes

    def plot_explained_variance(self, *, ax: Any = None) -> Any:
        """Draw how much of the variance of each block its first components hold.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Drawn onto. None makes a new figure.

        Returns
        -------
        matplotlib Axes
        """
        (ax,) = self._axes(ax, 1, "plot_explained_variance", (4.8, 3.8))
        figures.draw_spectra(ax, self.explained_variance)
        return ax

    def plot_targets(self, *, ax: Any = None) -> Any:
        """Draw the histogram of each target.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            One for each target. None makes a new figure.

        Returns
        -------
        ndarray of shape (n_targets,) of matplotlib Axes

        Raises
        ------
        ValueError
            If the report has no targets, or the number of axes is another.
        """
        values = self._there("target_values", "y")
        axes = self._axes(ax, values.shape[1], "plot_targets")
        for panel, name in zip(axes, values.columns, strict=True):
            figures.draw_target(panel, values[name].to_numpy(), name)
        return axes

    def plot_target_correlations(self, *, ax: Any = None) -> Any:
        """Draw the correlations between targets.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Drawn onto. None makes a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If the report has no targets.
        """
        correlations = self._there("target_correlations", "y")
        (ax,) = self._axes(ax, 1, "plot_target_correlations", (5.0, 4.2))
        figures.draw_correlations(ax, correlations)
        return ax

    def plot_group_sizes(self, *, ax: Any = None) -> Any:
        """Draw how many rows are in groups of which size.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Drawn onto. None makes a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If the report has no groups.
        """
        sizes = self._there("group_sizes", "groups")
        (ax,) = self._axes(ax, 1, "plot_group_sizes", (4.8, 3.4))
        figures.draw_group_sizes(ax, sizes)
        return ax

    def plot_block_scores(self, *, ax: Any = None) -> Any:
        """Draw the error on held-out rows that each block alone leaves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Drawn onto. None makes a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If the report has no targets, or too few rows or groups for folds.
        """
        scores = self._there("block_scores", "y, and enough rows for the folds,")
        (ax,) = self._axes(ax, 1, "plot_block_scores", (4.9, 1.9 + 0.5 * len(scores)))
        figures.draw_block_scores(ax, scores, list(self._there("targets", "y").index))
        return ax

    def _there(self, name: str, needed: str) -> Any:
        value = getattr(self, name)
        if value is None:
            raise ValueError(
                f"The report has no `{name}`: pass {needed} to analyze_modalities for it."
            )
        return value

    def _axes(
        self, ax: Any, n_panels: int, caller: str, size: tuple[float, float] = (4.6, 3.6)
    ) -> np.ndarray:
        return make_axes(ax, n_panels, f"ModalityReport.{caller}", panel_size=size)
