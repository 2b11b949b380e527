"""Pieces of a page: every text that comes from outside is escaped here."""

from __future__ import annotations

import base64
import html
import io
import math
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd

#: More pictures or rows of a kind than this tire the reader; the report's tables have all.
MAX_PICTURES, MAX_ROWS = 9, 10

_MISSING = "–"
_LARGE = {1e9: "billion", 1e6: "million"}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Column(NamedTuple):
    """How a column of a table is shown."""

    key: str
    title: str
    format: Callable[[float], str]


class Section(NamedTuple):
    """A section: its address, its heading and its HTML."""

    identifier: str
    title: str
    html: str


def text(value: object) -> str:
    """Return a text with what means something in HTML escaped, and control characters removed."""
    printable = "".join(letter if letter.isprintable() else " " for letter in str(value))
    # A percent sign stays on the line of its number.
    return html.escape(printable, quote=True).replace(" %", "\u00a0%")


def count(value: float) -> str:
    """Return a whole number with separated thousands."""
    return _MISSING if pd.isna(value) else f"{value:,.0f}"


def number(value: float) -> str:
    """Return a number with about three significant digits, whole numbers as they are."""
    if pd.isna(value):
        return _MISSING
    if abs(value) >= 1e12 or 0 < abs(value) < 1e-3:
        digits, power = f"{value:.1e}".split("e")
        return f"{digits} × 10{str(int(power)).translate(_SUPERSCRIPTS)}"
    for size, name in _LARGE.items():
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    if value == round(value):
        return f"{value:,.0f}"
    decimals = 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{min(max(decimals, 0), 3)}f}"


def share(value: float) -> str:
    """Return a share as a percentage."""
    if pd.isna(value):
        return _MISSING
    if value == 0:
        return text("0 %")
    return text("< 0.1 %" if 0 < value < 0.0005 else f"{100 * value:.1f} %")


def score(value: float) -> str:
    """Return an error with three decimals."""
    return _MISSING if pd.isna(value) else f"{value:.3f}"


def paragraph(content: str, css_class: str | None = None) -> str:
    """Return a paragraph of text, which is escaped."""
    opening = "<p>" if css_class is None else f'<p class="{css_class}">'
    return f"{opening}{text(content)}</p>"


def section(identifier: str, title: str, lead: str, *parts: str) -> Section:
    """Return a section: a heading, what it shows and what to do, and its parts.

    Parameters
    ----------
    identifier : str
        The section's address in the page.
    title, lead : str
        Escaped here.
    *parts : str
        HTML.

    Returns
    -------
    Section
    """
    content = (
        f'<section id="{identifier}"><h2>{text(title)}</h2>{paragraph(lead, "lead")}'
        f"{''.join(parts)}</section>"
    )
    return Section(identifier, title, content)


def table(frame: pd.DataFrame, columns: Sequence[Column], caption: str, index_title: str) -> str:
    """Return a table in a box of its own, which scrolls sideways where it is too wide.

    Parameters
    ----------
    frame : DataFrame
        A row of it is a row of the table, its index the row's heading.
    columns : sequence of Column
        What is shown, in this order.
    caption, index_title : str
        What the table shows, and what a row is.

    Returns
    -------
    str
    """
    head = "".join(
        f'<th scope="col">{text(title)}</th>'
        for title in [index_title, *(column.title for column in columns)]
    )
    values = frame[[column.key for column in columns]].astype(object)
    rows = "".join(
        f'<tr><th scope="row">{text(name)}</th>'
        + "".join(
            f"<td>{column.format(value)}</td>" for column, value in zip(columns, row, strict=True)
        )
        + "</tr>"
        for name, row in zip(frame.index, values.itertuples(index=False), strict=True)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(caption)}">'
        f"<table><caption>{text(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def picture(draw: Callable, description: str, size: tuple[float, float] = (4.6, 3.4)) -> str:
    """Return a picture that is part of the page.

    Parameters
    ----------
    draw : callable
        Gets matplotlib Axes to draw onto.
    description : str
        What the picture shows, for those who do not see it.
    size : tuple of float, default=(4.6, 3.4)
        Width and height in inches.

    Returns
    -------
    str
        An image element, whose data are an SVG file.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    # The reader's browser has the fonts, and shows names in any script; equal data give equal
    # bytes. A user's own style stays out of the page.
    settings = {"svg.fonttype": "none", "svg.hashsalt": "mofa-sklearn", "font.size": 11}
    with style.context(["default", settings]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    data = base64.b64encode(file.getvalue().encode()).decode()
    return (
        f'<img src="data:image/svg+xml;base64,{data}" alt="{text(description)}" '
        f'width="{size[0] * 96:.0f}" height="{size[1] * 96:.0f}">'
    )


def pictures(images: Sequence[str], caption: str) -> str:
    """Return pictures side by side as far as the page is wide, with one caption."""
    content = images[0] if len(images) == 1 else f'<div class="pictures">{"".join(images)}</div>'
    return f"<figure>{content}<figcaption>{text(caption)}</figcaption></figure>"


def first_of(caption: str, frame: pd.DataFrame) -> str:
    """Add to a caption how many rows of a table are shown, where not all are."""
    if len(frame) <= MAX_ROWS:
        return caption
    return f"{caption} ({MAX_ROWS} of {len(frame):,})"


def left_out(n_pictures: int, noun: str) -> str:
    """Return a sentence about pictures that are not drawn, where there are some."""
    n_more = n_pictures - MAX_PICTURES
    return f" {n_more} more {noun} are not drawn." if n_more > 0 else ""
