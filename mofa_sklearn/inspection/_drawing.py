"""What the displays share in drawing: matplotlib when it is needed, and axes to draw onto."""

import re

import numpy as np

# One colour per meaning, the same in every display.
MAIN_COLOR = "#2b6cb0"
SECOND_COLOR = "#dd6b20"
REFERENCE_COLOR = "#4a5568"
# Of targets or modalities that share axes; told apart by people with any colour vision (Okabe
# and Ito). Then other lines and markers follow.
SERIES_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#4a5568")
SERIES_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# A longer name is put on several lines.
NAME_WIDTH = 24


def import_pyplot(caller):
    """Import ``matplotlib.pyplot``.

    Parameters
    ----------
    caller : str
        What needs it, for the error's message.

    Returns
    -------
    module
        ``matplotlib.pyplot``.

    Raises
    ------
    ImportError
        If matplotlib is missing, naming the extra that brings it.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib, which is not installed; "
            "install it with: pip install 'mofa-sklearn[plot]'"
        ) from error
    return plt


def make_axes(ax, n_panels, caller, *, panel_size=(4.2, 4.2)):
    """Check the axes that a user gave, or make a new row of them.

    Parameters
    ----------
    ax : matplotlib Axes, array-like of Axes or None
        What the user gave. None makes a new figure with ``n_panels`` axes side by side.
    n_panels : int
        How many axes are needed.
    caller : str
        What draws, for the error's message.
    panel_size : tuple of float, default=(4.2, 4.2)
        Width and height in inches of one panel of a new figure.

    Returns
    -------
    ndarray of shape (n_panels,) of matplotlib Axes

    Raises
    ------
    TypeError
        If what is given are no axes.
    ValueError
        If the number of axes given is not ``n_panels``.
    """
    plt = import_pyplot(caller)
    if ax is None:
        width, height = panel_size
        _, axes = plt.subplots(
            1, n_panels, figsize=(width * n_panels, height), squeeze=False, layout="constrained"
        )
        return axes.ravel()
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if not all(isinstance(each, plt.Axes) for each in axes):
        raise TypeError(f"ax must be matplotlib Axes, one or several; got {ax!r}.")
    if len(axes) != n_panels:
        raise ValueError(f"{caller} needs {n_panels} axes, one per panel; got {len(axes)}.")
    return axes


def tidy(ax):
    """Take away the frame's upper and right lines and draw a faint grid below the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(visible=True, color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)


def series_style(index):
    """Colour, marker and line of one of several series; none is used twice among 49."""
    turn = index // len(SERIES_COLORS)
    return {
        "color": SERIES_COLORS[index % len(SERIES_COLORS)],
        "marker": SERIES_MARKERS[(index + turn) % len(SERIES_MARKERS)],
        "linestyle": ("-", "--", ":", "-.")[turn % 4],
    }


def wrap(name, width=NAME_WIDTH):
    """Break a long name into lines, after spaces, hyphens and underscores."""
    lines = [""]
    for piece in re.split(r"(?<=[\s_-])", str(name)):
        if lines[-1] and len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def legend_beside(ax):
    """Put the legend to the right of the axes, where it hides nothing."""
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
