import numpy as np
import pandas as pd

from .._sklearn_private import validate_params
from ._drawing import (
    MAIN_COLOR,
    REFERENCE_COLOR,
    SECOND_COLOR,
    import_pyplot,
    make_axes,
    tidy,
    wrap,
)
from ._unwrap import with_members

# A longer name of a modality is put on several lines.
TICK_WIDTH = 14


class ModalityAttentionDisplay:
    """How much attention the rows give to each modality.

    Each row's weights sum to one; the dashed line is what equal weights would be. It is
    recommended to use :meth:`from_estimator` or :meth:`from_data` to create a display.

    Parameters
    ----------
    attention : DataFrame of shape (n_samples, n_modalities)
        Attention weights, one column per modality.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn onto.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    Notes
    -----
    A weight tells how a network mixes its encodings, not how much a modality helps: what follows
    the weights can turn an encoding up or down again. :func:`modality_importance` tells the
    latter. With ``fusion="late"``, ``"product_of_experts"``, ``"self_attention"`` and ``"gated"``,
    a modality that is nothing but noise gets clearly the least weight. With
    ``"modality_attention"`` it gets a little less than the others where rows are many, and with
    ``"conditional_query"`` the guide's own weight says little.

    Examples
    --------
    >>> import pandas as pd
    >>> from mofa_sklearn.inspection import ModalityAttentionDisplay
    >>> attention = pd.DataFrame({"image": [0.2, 0.3, 0.1], "text": [0.8, 0.7, 0.9]})
    >>> display = ModalityAttentionDisplay.from_data(attention)
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['image', 'text']
    """

    def __init__(self, *, attention):
        self.attention = attention

    @classmethod
    def from_estimator(cls, estimator, X, *, kind="box", ax=None):
        """Compute the attention weights of some rows and draw them.

        Parameters
        ----------
        estimator : estimator
            Fitted estimator with ``modality_attention``; an ensemble of such (``estimators_``),
            the mean of whose members is drawn; or a pipeline or search that ends in one of these.
        X : array-like of shape (n_samples, n_features)
            Rows to look at.
        kind : {"box", "violin"}, default="box"
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        ModalityAttentionDisplay

        Raises
        ------
        TypeError
            If the estimator, or a member of it, has no ``modality_attention``.
        """
        import_pyplot(f"{cls.__name__}.from_estimator")
        return cls.from_data(mean_attention(estimator, X), kind=kind, ax=ax)

    @classmethod
    @validate_params({"attention": [pd.DataFrame]}, prefer_skip_nested_validation=False)
    def from_data(cls, attention, *, kind="box", ax=None):
        """Draw attention weights that were computed before.

        Parameters
        ----------
        attention : DataFrame of shape (n_samples, n_modalities)
            Attention weights, one column per modality.
        kind : {"box", "violin"}, default="box"
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        ModalityAttentionDisplay
        """
        return cls(attention=attention).plot(ax, kind=kind)

    def plot(self, ax=None, *, kind="box"):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.
        kind : {"box", "violin"}, default="box"
            Boxes from the first to the third quartile with whiskers from the 5th to the 95th
            percentile, or violins with their medians.

        Returns
        -------
        ModalityAttentionDisplay
            This display.

        Raises
        ------
        ValueError
            If ``kind`` is unknown.
        """
        if kind not in ("box", "violin"):
            raise ValueError(f"kind must be 'box' or 'violin'; got {kind!r}.")
        n_modalities = self.attention.shape[1]
        width = max(4.8, 1.3 * n_modalities)
        (ax,) = make_axes(ax, 1, f"{type(self).__name__}.plot", panel_size=(width, 4.0))
        draw = _draw_boxes if kind == "box" else _draw_violins
        draw(ax, self.attention.to_numpy(dtype=float))
        ax.axhline(
            1 / n_modalities, color=REFERENCE_COLOR, linestyle="--", linewidth=1.2, zorder=1
        )
        ax.set_xticks(
            np.arange(n_modalities), [wrap(name, TICK_WIDTH) for name in self.attention.columns]
        )
        ax.set(ylabel="Attention weight", ylim=(0, None), title="Attention per modality")
        tidy(ax)
        ax.grid(visible=False, axis="x")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def mean_attention(estimator, X):
    """Compute the attention weights of some rows: the mean over all members.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator with ``modality_attention``, or what holds such.
    X : array-like of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    DataFrame of shape (n_samples, n_modalities)

    Raises
    ------
    TypeError
        If the estimator, or a member of it, has no ``modality_attention``.
    """
    members = with_members(estimator, "modality_attention", X)
    weights = [member.modality_attention(rows) for member, rows in members]
    mean = np.mean([np.asarray(weight) for weight in weights], axis=0)
    return pd.DataFrame(mean, index=weights[0].index, columns=weights[0].columns)


def _draw_boxes(ax, weights):
    ax.boxplot(
        weights,
        positions=np.arange(weights.shape[1]),
        widths=0.5,
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": MAIN_COLOR, "alpha": 0.55, "edgecolor": MAIN_COLOR},
        medianprops={"color": SECOND_COLOR, "linewidth": 2},
        whiskerprops={"color": MAIN_COLOR},
        capprops={"color": MAIN_COLOR},
    )


def _draw_violins(ax, weights):
    parts = ax.violinplot(
        weights, positions=np.arange(weights.shape[1]), widths=0.8, showmedians=True
    )
    for body in parts["bodies"]:
        body.set(facecolor=MAIN_COLOR, edgecolor=MAIN_COLOR, alpha=0.55)
    for name in ("cbars", "cmins", "cmaxes"):
        parts[name].set(color=MAIN_COLOR, linewidth=1)
    parts["cmedians"].set(color=SECOND_COLOR, linewidth=2)
