"""What the displays share in drawing: matplotlib when it is needed, and axes to draw onto."""

import numpy as np

# One colour per meaning, the same in every display.
MAIN_COLOR = "#2b6cb0"
SECOND_COLOR = "#dd6b20"
REFERENCE_COLOR = "#4a5568"


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
    if len(axes) != n_panels:
        raise ValueError(f"{caller} needs {n_panels} axes, one per panel; got {len(axes)}.")
    return axes


def tidy(ax):
    """Take away the frame's upper and right lines and draw a faint grid below the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(visible=True, color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)
