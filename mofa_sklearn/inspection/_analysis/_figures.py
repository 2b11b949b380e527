"""The pictures of a report, each drawn onto given axes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from .._drawing import (
    MAIN_COLOR,
    REFERENCE_COLOR,
    SECOND_COLOR,
    SERIES_COLORS,
    SERIES_MARKERS,
    tidy,
)
from ._predictive import ALL_SHUFFLED, NO_BLOCK
from ._rank_gauss import HISTOGRAM_LIMIT

_DASHES = ("-", "--", "-.", ":")
_MAX_LABEL = 24  # characters
_MAX_PLAIN = 9999  # larger values are written with k and M
_MAX_CELLS = 12  # numbers are written into the cells of a smaller table than this


def plain(name: object, limit: int = _MAX_LABEL) -> str:
    """Return a user's name as matplotlib shows it literally: no formula, not too long."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(name))
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    # Labels that begin with an underscore are left out of legends.
    text = f" {text}" if text.startswith("_") else text
    return text.replace("$", r"\$")


def draw_distribution(ax, histogram: pd.DataFrame, name: str) -> None:
    """Draw a block's values before and after RankGauss.

    Parameters
    ----------
    ax : matplotlib Axes
        Drawn onto.
    histogram : DataFrame
        Rows of the block, from :func:`compare_shapes`.
    name : str
        The modality.
    """
    edges = np.append(histogram["left"], histogram["right"].iloc[-1])
    ax.stairs(
        histogram["before"], edges, fill=True, color=MAIN_COLOR, alpha=0.45, label="as it is"
    )
    ax.stairs(
        histogram["after"], edges, color=SECOND_COLOR, linewidth=1.8, label="after RankGauss"
    )
    x = np.linspace(-HISTOGRAM_LIMIT, HISTOGRAM_LIMIT, 200)
    normal = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    ax.plot(x, normal, color=REFERENCE_COLOR, linestyle="--", linewidth=1.2, label="normal")
    ax.set(title=plain(name), xlabel="Standard deviations from the column's mean")
    ax.set_ylabel("Density")
    ax.legend(frameon=False, loc="upper right", fontsize="small")
    tidy(ax)


def draw_spectra(ax, explained: pd.DataFrame) -> None:
    """Draw how much of the variance of each block its first principal components hold.

    Parameters
    ----------
    ax : matplotlib Axes
        Drawn onto.
    explained : DataFrame
        From :func:`describe_spectra`.
    """
    handles, labels = [], []
    for i, (name, curve) in enumerate(explained.groupby("modality", sort=False)):
        (line,) = ax.plot(
            curve["component"],
            curve["cumulated_share"],
            color=SERIES_COLORS[i % len(SERIES_COLORS)],
            linestyle=_DASHES[i % len(_DASHES)],
            marker="o" if len(curve) < 10 else None,
            markersize=4,
            linewidth=2,
        )
        handles.append(line)
        labels.append(plain(name))
    ax.axhline(0.9, color=REFERENCE_COLOR, linewidth=1, linestyle=":")
    ax.set(
        xscale="log",
        ylim=(0, 1.02),
        xlabel="Number of principal components",
        ylabel="Share of the variance",
    )
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.legend(handles, labels, frameon=False, loc="lower right", fontsize="small")
    tidy(ax)


def draw_target(ax, values: np.ndarray, name: str) -> None:
    """Draw the histogram of a target.

    Parameters
    ----------
    ax : matplotlib Axes
        Drawn onto.
    values : ndarray of shape (n_samples,)
        The target.
    name : str
        Its name.
    """
    from matplotlib.ticker import EngFormatter

    ax.hist(values, bins=40, color=MAIN_COLOR, alpha=0.75)
    ax.axvline(values.mean(), color=SECOND_COLOR, linewidth=2, label="mean")
    ax.axvline(
        np.median(values), color=REFERENCE_COLOR, linewidth=2, linestyle="--", label="median"
    )
    ax.set(title=plain(name), xlabel="Value", ylabel="Rows")
    if np.abs(values).max() > _MAX_PLAIN:
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.legend(frameon=False, loc="upper right", fontsize="small")
    tidy(ax)


def draw_correlations(ax, correlations: pd.DataFrame) -> None:
    """Draw a table of correlations.

    Parameters
    ----------
    ax : matplotlib Axes
        Drawn onto.
    correlations : DataFrame of shape (n_targets, n_targets)
        Values from -1 to 1.
    """
    values = correlations.to_numpy(dtype=float)
    names = [plain(name, 14) for name in correlations.columns]
    image = ax.imshow(values, cmap="RdBu_r", vmin=-1, vmax=1)
    ax.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(names)), names)
    if len(names) <= _MAX_CELLS:
        for (row, column), value in np.ndenumerate(values):
            color = "white" if abs(value) > 0.6 else "black"
            text = "–" if np.isnan(value) else f"{value:.2f}"
            ax.text(column, row, text, ha="center", va="center", color=color)
    if len(names) > _MAX_CELLS:
        ax.figure.colorbar(image, ax=ax, label="Correlation", shrink=0.8)


def draw_group_sizes(ax, sizes: np.ndarray) -> None:
    """Draw how many rows are in groups of which size.

    Parameters
    ----------
    ax : matplotlib Axes
        Drawn onto.
    sizes : ndarray of int of shape (n_groups,)
        Number of rows of each group.
    """
    edges = np.unique(np.round(np.geomspace(1, sizes.max() + 1, 20)).astype(int))
    counts, _ = np.histogram(sizes, edges, weights=sizes)
    labels = [
        str(low) if high - low == 1 else f"{low}–{high - 1}" for low, high in pairwise(edges)
    ]
    ax.bar(range(len(counts)), counts, color=MAIN_COLOR, alpha=0.75)
    step = -(-len(labels) // 8)
    ticks = range(0, len(labels), step)
    ax.set_xticks(ticks, labels[::step], rotation=30, ha="right", rotation_mode="anchor")
    ax.set(xlabel="Rows in the group", ylabel="Rows in all such groups")
    tidy(ax)
    ax.grid(visible=False, axis="x")


def draw_block_scores(ax, scores: pd.DataFrame, target_names: list[str]) -> None:
    """Draw the error that each block alone leaves.

    Parameters
    ----------
    ax : matplotlib Axes
        Drawn onto.
    scores : DataFrame
        From :func:`score_blocks`.
    target_names : list of str
        The targets, at most as many as there are markers drawn one by one; the mean is always.
    """
    rows = np.arange(len(scores))[::-1]
    bars = ax.barh(rows, scores["nmse"], height=0.6, color=MAIN_COLOR, alpha=0.35)
    handles, labels = [bars], ["mean"]
    if 1 < len(target_names) <= len(SERIES_MARKERS):
        for name, marker, color in zip(target_names, SERIES_MARKERS, SERIES_COLORS, strict=False):
            points = ax.scatter(
                scores[f"nmse_{name}"], rows, marker=marker, color=color, s=34, zorder=3
            )
            handles.append(points)
            labels.append(plain(name, 18))
    ax.axvline(1, color=REFERENCE_COLOR, linewidth=1.5, linestyle="--")
    ax.set_yticks(rows, [_in_lines(name) for name in scores.index])
    ax.set(xlabel="Error on held-out rows (NMSE; 0 is perfect)")
    ax.set_xlim(0, max(1.08, 1.05 * scores.filter(like="nmse").max(axis=None)))
    ax.figure.legend(
        handles, labels, frameon=False, loc="outside lower center", ncols=2, fontsize="small"
    )
    tidy(ax)
    ax.grid(visible=False, axis="y")


def _in_lines(name: str) -> str:
    """Break the long names of the rows that are no modality."""
    if name in (ALL_SHUFFLED, NO_BLOCK):
        return name.replace(", ", ",\n").replace(" (", "\n(")
    return plain(name, 18)
