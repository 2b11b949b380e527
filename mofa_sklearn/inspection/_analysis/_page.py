"""The page around the sections: its head, its style and its contents."""

from __future__ import annotations

from collections.abc import Sequence

from ._html import text

# Only what lies in an element of class mofa-report is styled: a notebook shows other things too.
STYLE = """
.mofa-report{color:#1a202c;background:#fff;max-width:72rem;margin:0 auto;padding:1rem;
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
box-sizing:border-box;overflow-wrap:anywhere}
.mofa-report *{box-sizing:border-box}
.mofa-report h1{font-size:1.75rem;line-height:1.2;margin:.5rem 0;color:#1a202c}
.mofa-report h2{font-size:1.3rem;line-height:1.3;margin:2.5rem 0 .5rem;padding-top:.75rem;
border-top:1px solid #cbd5e0;color:#1a202c}
.mofa-report p{margin:.5rem 0;max-width:46rem}
.mofa-report p.small{color:#4a5568;font-size:.9rem}
.mofa-report nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:1rem 0;padding:0;
font-size:.95rem}
.mofa-report a{color:#1a4f8b;display:inline-block;padding:.2rem 0}
.mofa-report ul.findings{list-style:none;padding:0;margin:1rem 0}
.mofa-report ul.findings li{border-left:5px solid #718096;background:#f7fafc;padding:.5rem .75rem;
margin:.5rem 0;color:#1a202c}
.mofa-report ul.findings li.problem{border-color:#9b2c2c}
.mofa-report ul.findings li.warning{border-color:#b7600b}
.mofa-report ul.findings li.note{border-color:#2b6cb0}
.mofa-report .badge{display:inline-block;color:#fff;background:#2b6cb0;border-radius:.25rem;
padding:0 .45rem;margin-right:.5rem;font-size:.85rem;line-height:1.5}
.mofa-report .problem .badge{background:#9b2c2c}
.mofa-report .warning .badge{background:#9c4f06}
.mofa-report .advice{display:block;color:#4a5568}
.mofa-report .scroll{overflow-x:auto;max-width:100%;margin:1rem 0;border:1px solid #e2e8f0}
.mofa-report .scroll:focus-visible{outline:3px solid #2b6cb0}
.mofa-report table{border-collapse:collapse;width:100%;margin:0;color:#1a202c;font-size:.9rem;
font-variant-numeric:tabular-nums;overflow-wrap:normal}
.mofa-report caption{text-align:left;padding:.5rem .6rem;font-weight:600;color:#1a202c}
.mofa-report th,.mofa-report td{padding:.35rem .6rem;text-align:right;white-space:nowrap;
border-top:1px solid #e2e8f0;background:#fff}
.mofa-report thead th{vertical-align:bottom;white-space:normal;min-width:5.2rem;font-weight:600;
background:#f7fafc}
.mofa-report th:first-child{text-align:left;position:sticky;left:0;min-width:8rem;
max-width:12rem;white-space:normal;overflow-wrap:anywhere}
.mofa-report figure{margin:1rem 0}
.mofa-report .pictures{display:grid;gap:1rem;
grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr))}
.mofa-report img{display:block;max-width:100%;height:auto}
.mofa-report figcaption{color:#4a5568;font-size:.9rem;max-width:46rem}
@media print{.mofa-report .scroll{overflow:visible}.mofa-report nav{display:none}}
"""


def fragment(body: str) -> str:
    """Return the body with its style, to be put among other HTML."""
    return f'<style>{STYLE}</style><div class="mofa-report">{body}</div>'


def page(title: str, body: str) -> str:
    """Return a whole page.

    Parameters
    ----------
    title : str
        Escaped here.
    body : str
        HTML.

    Returns
    -------
    str
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>body{{margin:0;background:#fff}}{STYLE}</style>"
        f'</head><body><main class="mofa-report">{body}</main></body></html>\n'
    )


def contents(entries: Sequence[tuple[str, str]]) -> str:
    """Return links to sections, given as (identifier, title)."""
    links = "".join(f'<a href="#{identifier}">{text(title)}</a>' for identifier, title in entries)
    return f'<nav aria-label="Contents">{links}</nav>'
