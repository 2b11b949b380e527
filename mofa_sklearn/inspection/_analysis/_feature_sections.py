"""The sections on the features: blocks, missing values, duplicates, shapes and directions."""

from __future__ import annotations

from functools import partial

from . import _figures as figures
from ._columns import NEAR_CONSTANT_SHARE, OUTLIER_RANGES
from ._html import (
    MAX_PICTURES,
    MAX_ROWS,
    Column,
    Section,
    count,
    first_of,
    left_out,
    number,
    paragraph,
    picture,
    pictures,
    section,
    share,
    table,
    text,
)
from ._rank_gauss import HISTOGRAM_LIMIT
from ._tables import ReportTables


def blocks_table(report: ReportTables) -> str:
    """Return the table of blocks."""
    columns = [
        Column("n_columns", "Columns", count),
        Column("mean", "Mean", number),
        Column("std", "Standard deviation", number),
        Column("row_norm_mean", "Row norm, mean", number),
        Column("row_norm_std", "Row norm, std", number),
        Column("outlier_share", "Outliers", share),
        Column("n_near_constant", "Near-constant columns", count),
        Column("n_heavy_tailed", "Heavy-tailed columns", count),
    ]
    return table(report.blocks, columns, "Blocks at a glance", "Modality")


def blocks_section(report: ReportTables) -> Section:
    lead = (
        "The size and scale of each block of columns. If standard deviations or row norms differ "
        "by orders of magnitude, standardise each block; if many columns are near-constant, drop "
        "them."
    )
    legend = paragraph(
        "Mean and standard deviation: of each column, averaged over the block. Row norm: length "
        "of a row's part in the block; a std of 0 says that rows were normalised. Outliers: "
        f"values more than {OUTLIER_RANGES:.0f} interquartile ranges outside the quartiles of "
        f"their column. Near-constant: {100 * NEAR_CONSTANT_SHARE:.0f} % of the values are equal.",
        "small",
    )
    parts = blocks_table(report), legend
    return section("blocks", "Blocks", lead, *parts)


def missing_section(report: ReportTables) -> Section:
    lead = (
        "How much is missing. A modality may be missing as a whole in a row (its block is all "
        "NaN): networks mask it. Single missing values have to be imputed first. Zeros, or "
        "another value, throughout a block often stand for a missing modality: make them NaN."
    )
    columns = [
        Column("missing_share", "Modality missing", share),
        Column("partly_missing_rows", "Rows with single values missing", count),
        Column("nan_share", "Single values missing", share),
        Column("filled_share", "One value throughout, as if filled", share),
    ]
    if not report.blocks[["missing_share", "nan_share", "filled_share"]].to_numpy().any():
        return section("missing", "Missing values", lead, "<p>Nothing is missing.</p>")
    return section(
        "missing", "Missing values", lead, table(report.blocks, columns, "Missing", "Modality")
    )


def duplicates_section(report: ReportTables) -> Section:
    lead = (
        "Rows and columns that occur more than once. A whole row that is repeated can be in both "
        "the training and the test rows of a fold, which makes scores too good: drop it. A "
        "repeated column tells nothing new."
    )
    columns = [
        Column("duplicate_row_share", "Rows that repeat another's block", share),
        Column("n_duplicate_columns", "Columns equal to an earlier one", count),
    ]
    n_rows = len(report.duplicate_rows)
    parts = [
        paragraph(
            f"Whole rows equal to an earlier one: {n_rows:,} of {report.n_samples:,}."
            if n_rows
            else "No row is equal to another in all of its columns."
        ),
        table(report.blocks, columns, "Duplicates per block", "Modality"),
    ]
    if len(report.duplicate_columns):
        shown = report.duplicate_columns.head(MAX_ROWS).set_index("column")
        pairs = [
            Column("modality", "In modality", text),
            Column("same_as", "Equal to", text),
            Column("same_as_modality", "In modality", text),
        ]
        parts.append(
            table(shown, pairs, first_of("Equal columns", report.duplicate_columns), "Column")
        )
    return section("duplicates", "Duplicates", lead, *parts)


def shapes_section(report: ReportTables) -> Section:
    lead = (
        "How far the columns are from a normal distribution, as they are and after RankGauss. "
        "Networks and linear models learn badly from long tails: if skew or kurtosis are large "
        "before and small after, put the block through RankGaussTransformer."
    )
    columns = [
        Column("n_heavy_tailed_before", "Heavy-tailed columns", count),
        Column("n_heavy_tailed_after", "… after RankGauss", count),
        Column("skew_median_before", "Median |skew|", number),
        Column("skew_median_after", "… after RankGauss", number),
        Column("skew_max_before", "Largest |skew|", number),
        Column("skew_max_after", "… after RankGauss", number),
        Column("kurtosis_median_before", "Median kurtosis", number),
        Column("kurtosis_median_after", "… after RankGauss", number),
        Column("kurtosis_max_before", "Largest kurtosis", number),
        Column("kurtosis_max_after", "… after RankGauss", number),
    ]
    parts = [
        table(report.shapes, columns, "Skew and excess kurtosis (normal: 0)", "Modality"),
        _distribution_pictures(report),
        _heaviest_columns(report),
    ]
    return section("shapes", "Shape of the columns", lead, *parts)


def _distribution_pictures(report: ReportTables) -> str:
    images = []
    for name in report.shapes.index[:MAX_PICTURES]:
        shape = report.shapes.loc[name]
        images.append(
            picture(
                partial(
                    figures.draw_distribution,
                    histogram=report.histograms[report.histograms["modality"] == name],
                    name=name,
                ),
                f"Histogram of the standardised values of {name} as they are and after RankGauss; "
                f"median excess kurtosis {number(shape['kurtosis_median_before'])} before and "
                f"{number(shape['kurtosis_median_after'])} after.",
            )
        )
    return pictures(
        images,
        "All columns of a block together, each standardised. A pointed middle with long tails is "
        f"heavy-tailed; values beyond {HISTOGRAM_LIMIT:.0f} standard deviations are in the "
        "outermost bars." + left_out(len(report.shapes), "blocks"),
    )


def _heaviest_columns(report: ReportTables) -> str:
    heavy = report.columns[report.columns["heavy_tailed"]]
    if heavy.empty:
        return "<p>No single column is heavy-tailed.</p>"
    order = heavy["skew"].abs().sort_values(ascending=False).index
    columns = [
        Column("modality", "Modality", text),
        Column("skew", "Skew", number),
        Column("kurtosis", "Kurtosis", number),
        Column("mean", "Mean", number),
        Column("std", "Standard deviation", number),
        Column("min", "Smallest", number),
        Column("max", "Largest", number),
    ]
    shown = heavy.loc[order].head(MAX_ROWS).set_index("column")
    return table(
        shown, columns, first_of("Heavy-tailed columns, most skewed first", heavy), "Column"
    )


def spectra_section(report: ReportTables) -> Section:
    lead = (
        "In how many directions a block really varies. If a few components hold most of the "
        "variance, or columns are many and rows few, a PCA of the block makes training quicker "
        "and often better."
    )
    columns = [
        Column("n_columns", "Columns", count),
        Column("n_rows", "Rows used", count),
        Column("effective_rank", "Effective rank", number),
        Column("first_component_share", "Variance in the first component", share),
        Column("components_50", "Components for 50 %", count),
        Column("components_90", "Components for 90 %", count),
        Column("components_99", "Components for 99 %", count),
    ]
    counts = "; ".join(
        f"{name}: {row['components_90']:,.0f} components hold 90 % of the variance"
        for name, row in report.spectra.iterrows()
    )
    parts = [
        table(report.spectra, columns, "Effective rank and explained variance", "Modality"),
        pictures(
            [
                picture(
                    partial(figures.draw_spectra, explained=report.explained_variance),
                    f"Cumulated share of the variance by number of components. {counts}.",
                    (4.8, 3.8),
                )
            ],
            "Share of the variance in the first components, columns standardised. The dotted "
            "line is 90 %.",
        ),
        paragraph(
            "Effective rank (Roy and Vetterli, 2007): exp of the entropy of the normalised "
            "singular values; from 1, if all columns say the same, to the number of columns, if "
            "all are unrelated. It cannot exceed the number of rows used.",
            "small",
        ),
    ]
    return section("rank", "Effective rank", lead, *parts)
