"""The sections on the targets: their distribution, their groups, and what predicts them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from . import _figures as figures
from ._html import (
    MAX_PICTURES,
    MAX_ROWS,
    Column,
    Section,
    first_of,
    left_out,
    number,
    paragraph,
    picture,
    pictures,
    score,
    section,
    share,
    table,
)
from ._predictive import ALL_SHUFFLED
from ._tables import ReportTables


def targets_section(report: ReportTables) -> Section | None:
    if report.targets is None or report.target_values is None:
        return None
    lead = (
        "How the targets are distributed and how they go together. If the skew is above 2, few "
        "rows decide the error: take log1p of counts. Targets that correlate are worth predicting "
        "together."
    )
    columns = [
        Column("mean", "Mean", number),
        Column("std", "Standard deviation", number),
        Column("min", "Smallest", number),
        Column("median", "Median", number),
        Column("max", "Largest", number),
        Column("skew", "Skew", number),
        Column("skew_log1p", "Skew of log1p", number),
        Column("kurtosis", "Kurtosis", number),
        Column("mode_share", "Rows with the commonest value", share),
    ]
    images = [
        picture(
            partial(figures.draw_target, values=report.target_values[name].to_numpy(), name=name),
            f"Histogram of {name}: mean {number(row['mean'])}, median {number(row['median'])}, "
            f"skew {number(row['skew'])}.",
        )
        for name, row in report.targets.head(MAX_PICTURES).iterrows()
    ]
    parts = [
        table(report.targets, columns, "Targets", "Target"),
        pictures(
            images,
            "Number of rows by value of the target." + left_out(len(report.targets), "targets"),
        ),
    ]
    if len(report.targets) > 1:
        parts += [_correlation_picture(report.target_correlations), _ratios(report)]
    return section("targets", "Targets", lead, *parts)


def _correlation_picture(correlations: pd.DataFrame) -> str:
    pairs = "; ".join(
        f"{correlations.index[i]} and {correlations.columns[j]} {correlations.iloc[i, j]:.2f}"
        for i, j in zip(*np.triu_indices(min(len(correlations), 5), 1), strict=True)
    )
    side = min(8.0, 2.4 + 0.5 * len(correlations))
    image = picture(
        partial(figures.draw_correlations, correlations=correlations),
        f"Correlations between targets: {pairs}.",
        (side + 0.4, side),
    )
    return pictures([image], "Pearson's correlations between the targets.")


def _ratios(report: ReportTables) -> str:
    ratios = report.target_ratios
    if ratios is None or ratios.empty:
        return paragraph(
            "Log ratios are not shown, as the targets are neither counts nor log counts.", "small"
        )
    columns = [
        Column("ratio", "Typical ratio", number),
        Column("low", "Log ratio, 5 %", number),
        Column("median", "Log ratio, median", number),
        Column("high", "Log ratio, 95 %", number),
        Column("std", "Log ratio, std", number),
    ]
    taken = (
        "the targets are whole numbers, and log(1 + y) was taken"
        if report.target_kind == "counts"
        else "the targets were taken for log counts, so it is their difference"
    )
    shown = ratios.head(MAX_ROWS)
    title = first_of("Log ratios between targets", ratios)
    return table(shown, columns, title, "Pair") + paragraph(
        f"Log ratio: {taken}. A small spread says that one target nearly gives the other.", "small"
    )


def groups_section(report: ReportTables) -> Section | None:
    if report.groups is None or report.group_sizes is None:
        return None
    lead = (
        "How the rows fall into groups, and how much of each target lies between them. If that "
        "share is large, a model can remember groups, and shuffled folds flatter it: keep groups "
        "together with GroupKFold if new rows will be of new groups."
    )
    sizes = report.groups
    facts = paragraph(
        f"{sizes['n_groups']:,.0f} groups of {sizes['mean_size']:.1f} rows on average (median "
        f"{sizes['median_size']:,.0f}). The largest has {sizes['largest_size']:,.0f} rows "
        f"({100 * sizes['largest_share']:.1f} %); {100 * sizes['alone_share']:.1f} % of the rows "
        "are alone in their group."
    )
    image = picture(
        partial(figures.draw_group_sizes, sizes=report.group_sizes),
        f"Number of rows by the size of their group, from 1 to {sizes['largest_size']:,.0f}.",
        (4.8, 3.4),
    )
    parts = [facts, pictures([image], "Rows by the size of the group that they are in.")]
    if report.group_variance is not None:
        columns = [
            Column("between_share", "Variance between groups", share),
            Column("remembered_nmse", "Error of remembering the group", score),
        ]
        parts += [
            table(report.group_variance, columns, "What groups tell of the targets", "Target"),
            paragraph(
                "Variance between groups: the intraclass correlation, 0 % where groups mean "
                "nothing. Error of remembering the group: NMSE of predicting each row by the "
                "others of its group, which shuffled folds allow; 1 is no better than the mean.",
                "small",
            ),
        ]
    return section("groups", "Groups", lead, *parts)


def scores_section(report: ReportTables) -> Section | None:
    scores = report.block_scores
    if scores is None or report.targets is None:
        return None
    lead = (
        "How well a ridge regression predicts held-out rows from one block alone, and from all. "
        "A block near 1 tells nothing by itself: check that its rows are in the right order. A "
        "block near 0 is too good to be true: check that it does not contain the target."
    )
    targets = list(report.targets.index)
    columns = [
        Column("nmse", "Mean NMSE", score),
        Column("std", "Std over folds", score),
        *(Column(f"nmse_{name}", str(name), score) for name in targets if len(targets) > 1),
    ]
    errors = "; ".join(f"{name} {error:.3f}" for name, error in scores["nmse"].items())
    image = picture(
        partial(figures.draw_block_scores, scores=scores, target_names=targets),
        f"Mean NMSE on held-out rows: {errors}.",
        (4.9, 1.9 + 0.5 * len(scores)),
    )
    folds = "by group" if report.groups is not None else "shuffled"
    notes = (
        f"Cross-validated in {report.cv} folds, {folds}; columns standardised, heavy-tailed ones "
        "after RankGauss, both learned in each fold. NMSE is 1 - R²: 0 is perfect, 1 is what the "
        "mean reaches. Curved relations and interactions are not seen: networks and boosting may "
        "find more."
    )
    if ALL_SHUFFLED in scores.index:
        notes += (
            " How much lower the error is in shuffled folds shows how much a linear model "
            "remembers of groups; others remember more."
        )
    parts = [
        pictures([image], "Error on held-out rows; the shorter the bar, the better."),
        table(scores, columns, "Error on held-out rows (NMSE)", "Columns used"),
        paragraph(notes, "small"),
    ]
    return section("prediction", "What each block predicts", lead, *parts)
