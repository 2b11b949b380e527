"""What a report's page says, from its heading to its last section."""

from __future__ import annotations

from ._feature_sections import (
    blocks_section,
    duplicates_section,
    missing_section,
    shapes_section,
    spectra_section,
)
from ._html import Section, paragraph, section, text
from ._tables import ReportTables
from ._target_sections import groups_section, scores_section, targets_section

_SECTIONS = (
    blocks_section,
    missing_section,
    duplicates_section,
    shapes_section,
    spectra_section,
    targets_section,
    groups_section,
    scores_section,
)


def make_sections(report: ReportTables) -> list[Section]:
    """Write the sections that the report has something for, in the order of the page."""
    made = [findings_section(report), *(write(report) for write in _SECTIONS)]
    return [each for each in made if each is not None]


def heading(report: ReportTables) -> str:
    """Return the page's heading, and what the report is of."""
    parts = [
        f"{report.n_samples:,} rows",
        f"{report.blocks['n_columns'].sum():,} columns",
        f"modalities: {', '.join(report.blocks.index)}",
    ]
    if report.targets is not None:
        parts.append(f"targets: {', '.join(report.targets.index)}")
    if report.groups is not None:
        parts.append(f"{report.groups['n_groups']:,.0f} groups")
    sampled = ""
    if report.n_sampled < report.n_samples:
        sampled = paragraph(
            f"Statistics of columns, effective ranks and prediction errors come from "
            f"{report.n_sampled:,} rows drawn at random. Missing values, duplicates, targets and "
            "groups were counted in all rows.",
            "small",
        )
    return f"<h1>Modality report</h1>{paragraph('; '.join(parts) + '.')}{sampled}"


def findings_section(report: ReportTables) -> Section:
    """Return the list of what to look at first."""
    lead = (
        "What stands out, the most urgent first: deal with problems before you train, decide "
        "about warnings, and keep notes in mind."
    )
    items = "".join(
        f'<li class="{text(severity)}"><span class="badge">{text(severity)}</span>'
        f"<strong>{text(where)}:</strong> {text(finding)}. "
        f'<span class="advice">{text(advice)}</span></li>'
        for severity, where, finding, advice in report.findings.itertuples(index=False)
    )
    content = f'<ul class="findings">{items}</ul>' if items else "<p>Nothing stands out.</p>"
    return section("findings", "What to look at first", lead, content)
