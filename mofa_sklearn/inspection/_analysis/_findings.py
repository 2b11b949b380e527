"""What a reader should look at first, gathered from the tables of a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from ._predictive import ALL_BLOCKS, MIN_ROWS, NO_BLOCK
from ._tables import ReportTables

#: The most urgent first.
SEVERITIES = ("problem", "warning", "note")

# Limits above which something is worth a line.
_SKEWED_TARGET = 2.0
_HEAVY_SHARE = 0.1  # of a block's columns
_BETWEEN_GROUPS = 0.1  # of a target's variance
_REPEATED_BLOCK = 0.2  # of the rows
_MISSING_BLOCK = 0.5  # of the rows
_NO_SIGNAL = 0.99  # of the error of the mean
_TOO_GOOD = 0.02  # NMSE
_TELLS_TARGET = 0.98  # correlation of a column
_SAME_TARGET = 0.98  # correlation of two targets
_SCALES_APART = 100.0
_FEW_DIRECTIONS = 0.1  # of the columns hold 90 % of the variance
_WIDE_BLOCK = 50  # columns


class Finding(NamedTuple):
    """One line: how urgent, where, what, and what to do."""

    severity: str
    where: str
    finding: str
    advice: str


def collect_findings(report: ReportTables) -> pd.DataFrame:
    """Go through the tables of a report.

    Parameters
    ----------
    report : ReportTables
        With all tables but this one.

    Returns
    -------
    DataFrame of shape (n_findings, 4)
        `severity` ("problem", "warning" or "note"), `where`, `finding` and `advice`; the most
        urgent first.
    """
    rules = [_rows, _columns, _shapes, _spectra, _targets, _groups, _scores]
    found = [finding for rule in rules for finding in rule(report)]
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return pd.DataFrame(found, columns=list(Finding._fields))


def _rows(report: ReportTables) -> Iterator[Finding]:
    if report.n_empty_rows:
        yield Finding(
            "problem",
            "rows",
            f"{_count(report.n_empty_rows, 'row')} without any modality",
            "Drop them: there is nothing to predict from, and estimators refuse them.",
        )
    yield from _duplicate_rows(report)
    for name, block in report.blocks.iterrows():
        if block["partly_missing_rows"]:
            yield Finding(
                "warning",
                name,
                f"single values missing in {_count(block['partly_missing_rows'], 'row')}",
                "Impute them (imputer=SimpleImputer() in make_mofa_pipeline), or make the whole "
                "block NaN in these rows to mark it as missing.",
            )
        if block["missing_share"]:
            yield Finding(
                "warning" if block["missing_share"] > _MISSING_BLOCK else "note",
                name,
                f"missing in {_percent(block['missing_share'])} of the rows",
                "Networks mask it in these rows; modality_dropout prepares them for it.",
            )
        if block["filled_share"]:
            value = f"{block['filler']:g}"
            yield Finding(
                "warning",
                name,
                f"{value} throughout in {_percent(block['filled_share'])} of the rows",
                "If the modality is missing there, say so: make the block NaN in these rows "
                f"(block[(block == {value}).all(axis=1)] = np.nan). Networks then mask it; "
                f"{value} they take for what a modality looks like.",
            )
        repeated = block["duplicate_row_share"]
        wide = block["n_columns"] > 1 and repeated > _REPEATED_BLOCK
        if wide and repeated > len(report.duplicate_rows) / report.n_samples:
            yield Finding(
                "note" if report.groups is not None else "warning",
                name,
                f"{_percent(repeated)} of the rows repeat the block of another row",
                "Such a block can tell rows of one origin (a creator, say) apart: pass groups= "
                "to keep them together in folds. If it stands for a missing modality, make it NaN."
                if report.groups is None
                else "It may tell groups apart: keep them together in folds. If it stands for a "
                "missing modality, make it NaN.",
            )


def _duplicate_rows(report: ReportTables) -> Iterator[Finding]:
    n_duplicates = len(report.duplicate_rows)
    if not n_duplicates:
        return
    rows = ", ".join(map(str, report.duplicate_rows[:3]))
    found = (
        f"{_count(n_duplicates, 'row')} ({_percent(n_duplicates / report.n_samples)}) equal to an "
        f"earlier one (row {rows}{', …' if n_duplicates > 3 else ''})"
    )
    if report.n_duplicates_across_groups:
        yield Finding(
            "problem",
            "rows",
            found,
            "They leak between folds: drop them, or give equal rows one group.",
        )
    else:
        yield Finding("note", "rows", f"{found}, always in one group", "Folds by group are safe.")


def _columns(report: ReportTables) -> Iterator[Finding]:
    same = report.duplicate_columns
    for (name, other), pairs in same.groupby(["modality", "same_as_modality"], sort=False):
        column, earlier = pairs[["column", "same_as"]].iloc[0]
        example = f"({column} = {earlier}{', …' if len(pairs) > 1 else ''})"
        if name == other:
            yield Finding(
                "warning",
                name,
                f"{_count(len(pairs), 'duplicate column')} {example}",
                "Drop them: they count twice and tell nothing new.",
            )
        else:
            yield Finding(
                "problem",
                f"{other}, {name}",
                f"{_count(len(pairs), 'column')} in both blocks {example}",
                "Check how the blocks were put together; keep the columns in one of them.",
            )
    for name, block in report.blocks.iterrows():
        n_constant = block["n_near_constant"]
        if n_constant:
            everything = n_constant == block["n_columns"]
            yield Finding(
                "problem" if everything else "warning",
                name,
                f"{_count(n_constant, 'near-constant column')} of {block['n_columns']:,.0f}",
                "The block tells nothing: check its file."
                if everything
                else "They tell little, and standardising blows up their few other values; "
                "consider dropping them (VarianceThreshold).",
            )
    if "target_correlation" in report.columns and report.n_sampled >= MIN_ROWS:
        suspects = report.columns[report.columns["target_correlation"] > _TELLS_TARGET]
        for name, columns in suspects.groupby("modality", sort=False):
            first = columns.iloc[0]
            yield Finding(
                "problem",
                name,
                f"{_count(len(columns), 'column')} almost equal to a target "
                f"({first['column']}: correlation {first['target_correlation']:.3f})",
                "Is it known when a prediction is made? If not, drop it: the target leaks.",
            )


def _shapes(report: ReportTables) -> Iterator[Finding]:
    for name, block in report.blocks.iterrows():
        share = block["n_heavy_tailed"] / block["n_columns"]
        if share > _HEAVY_SHARE:
            left = report.shapes.loc[name, "n_heavy_tailed_after"]
            yield Finding(
                "warning",
                name,
                f"{block['n_heavy_tailed']:,.0f} of {_count(block['n_columns'], 'column')} with "
                f"heavy tails or skew (largest skew {block['skew_max']:.1f})",
                "Put the block through RankGaussTransformer (such columns left then: "
                f"{left:,.0f}), or take log1p of counts."
                if left < block["n_heavy_tailed"] / 2
                else "RankGauss changes little, as many values are equal; a column of few "
                "values is a category rather than a number.",
            )
    norms = report.blocks["row_norm_mean"].replace(0, np.nan).dropna()
    if len(norms) > 1 and norms.max() > _SCALES_APART * norms.min():
        yield Finding(
            "note",
            f"{norms.idxmax()}, {norms.idxmin()}",
            f"the rows' norms are {_times(norms.max() / norms.min())} apart",
            "Standardise the blocks, as make_mofa_pipeline does; models that measure distances "
            "see the larger one only.",
        )


def _spectra(report: ReportTables) -> Iterator[Finding]:
    for name, spectrum in report.spectra.iterrows():
        needed = spectrum["components_90"]
        if spectrum["n_columns"] >= _WIDE_BLOCK and 0 < needed <= (
            _FEW_DIRECTIONS * spectrum["n_columns"]
        ):
            yield Finding(
                "note",
                name,
                f"{_count(needed, 'component')} of {spectrum['n_columns']:,.0f} hold 90 % of the "
                "variance",
                "PCA of this block loses little, and is quicker.",
            )
    n_features = report.blocks["n_columns"].sum()
    if n_features > report.n_samples / 2:
        yield Finding(
            "note",
            "all blocks",
            f"{n_features:,} columns for {report.n_samples:,} rows",
            "Strong regularisation, or PCA of each wide block, is likely to help.",
        )


def _targets(report: ReportTables) -> Iterator[Finding]:
    if report.targets is None or report.target_correlations is None:
        return
    for name, target in report.targets.iterrows():
        if target["std"] == 0:
            yield Finding("problem", name, "the target is constant", "Nothing can be learned.")
        elif abs(target["skew_log1p"]) < target["skew"] / 2 and target["skew"] > _SKEWED_TARGET:
            yield Finding(
                "warning",
                name,
                f"skew {target['skew']:.1f}: few large values decide the error",
                f"Take log1p of the target (its skew is then {target['skew_log1p']:.1f}).",
            )
        elif abs(target["skew"]) > _SKEWED_TARGET:
            yield Finding(
                "note",
                name,
                f"skew {target['skew']:.1f}: few values far out decide the error",
                "Consider a loss that counts them less (loss='huber').",
            )
    correlations = report.target_correlations.to_numpy()
    names = report.target_correlations.columns
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        if abs(correlations[i, j]) > _SAME_TARGET:
            yield Finding(
                "note",
                f"{names[i]}, {names[j]}",
                f"targets almost equal (correlation {correlations[i, j]:.3f})",
                "One may do for both.",
            )


def _groups(report: ReportTables) -> Iterator[Finding]:
    if report.group_variance is None:
        if report.targets is not None and report.groups is None:
            yield Finding(
                "note",
                "rows",
                "no groups were passed",
                "If several rows are of one origin, such as a creator, pass groups= to see how "
                "much shuffled folds leak.",
            )
        return
    between = report.group_variance["between_share"]
    if between.max() > _BETWEEN_GROUPS:
        yield Finding(
            "warning",
            between.idxmax(),
            f"{_percent(between.max())} of the target's variance lies between groups",
            "Shuffled folds flatter every model that remembers groups: pass groups to the folds "
            "(GroupKFold) if new rows will be of new groups.",
        )


def _scores(report: ReportTables) -> Iterator[Finding]:
    scores = report.block_scores
    if report.targets is None:
        return
    if scores is None:
        yield Finding(
            "note",
            "rows",
            "too few rows or groups to see how well the blocks predict",
            "Pass more rows, or a smaller cv.",
        )
        return
    alone = scores.loc[report.blocks.index]
    mean = scores.loc[NO_BLOCK, "nmse"]
    weak = alone["nmse"][alone["nmse"] > _NO_SIGNAL * mean]
    if len(weak):
        yield Finding(
            "warning",
            _first_few(weak.index),
            "hardly better than no block in predicting the targets alone "
            f"(NMSE {_first_few(weak.map('{:.3f}'.format))}; the mean {mean:.3f})",
            "Check that the rows are in the order of the targets'. It may still help in "
            "interaction with others.",
        )
    varying = report.targets.index[report.targets["std"] > 0]
    targets = alone[[f"nmse_{name}" for name in varying]]
    if len(varying) and targets.min(axis=None) < _TOO_GOOD:
        name = targets.min(axis=1).idxmin()
        yield Finding(
            "problem",
            name,
            f"predicts a target almost perfectly (NMSE {targets.min(axis=None):.4f})",
            "Check that nothing in it is known only after the target is.",
        )
    if ALL_BLOCKS in scores.index and alone["nmse"].min() < scores.loc[ALL_BLOCKS, "nmse"]:
        yield Finding(
            "note",
            alone["nmse"].idxmin(),
            f"predicts better alone (NMSE {alone['nmse'].min():.3f}) than all blocks together "
            f"({scores.loc[ALL_BLOCKS, 'nmse']:.3f})",
            "The other blocks bring noise to a linear model: regularise, or reduce them (PCA).",
        )


def _first_few(names: Iterable[str], limit: int = 4) -> str:
    names = list(names)
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "")


def _count(number: float, noun: str) -> str:
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}"


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor < 1e6 else "more than a million times"


def _percent(share: float) -> str:
    return "less than 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"
