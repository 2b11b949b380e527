from numbers import Integral

import numpy as np
import pandas as pd

from .._sklearn_private import validate_params
from ..ensemble._target_names import target_names_of
from ._drawing import (
    REFERENCE_COLOR,
    import_pyplot,
    legend_beside,
    make_axes,
    series_style,
    tidy,
    wrap,
)
from ._modality_attention import mean_attention
from ._targets import TARGET_NAMES, check_names

# In inches, beside the last panel.
LEGEND_WIDTH = 2.2


class AttentionByPredictionDisplay:
    """Which modalities the rows with low, and with high predictions attend to.

    The rows are put in order of their prediction, and cut into bins of equally many: deciles.
    A curve is the mean weight of a modality in each, its band two standard errors to either
    side, the dashed line what equal weights would be. It is recommended to use
    :meth:`from_estimator` or :meth:`from_data` to create a display.

    Parameters
    ----------
    attention : DataFrame of shape (n_samples, n_modalities)
        Attention weights, one column per modality.
    y_pred : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Predicted values of the same rows.
    target_names : list of str, default=None
        One name per target. None: ``target 0``, ``target 1`` and so on, or ``target`` for a 1-D
        ``y_pred``.

    Attributes
    ----------
    ax_ : matplotlib Axes, or ndarray of shape (n_targets,) of them
        What was drawn onto; an array where ``y_pred`` is 2-D.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    ModalityAttentionDisplay : The weights of all rows.
    modality_importance : How much a modality helps, which a weight does not tell.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from mofa_sklearn.inspection import AttentionByPredictionDisplay
    >>> y_pred = np.linspace(0, 1, 40)
    >>> attention = pd.DataFrame({"image": y_pred, "text": 1 - y_pred})
    >>> display = AttentionByPredictionDisplay.from_data(attention, y_pred, n_bins=4)
    >>> display.ax_.lines[0].get_ydata().round(2)
    array([0.12, 0.37, 0.63, 0.88])
    """

    def __init__(self, *, attention, y_pred, target_names=None):
        self.attention = attention
        self.y_pred = y_pred
        self.target_names = target_names

    @classmethod
    @validate_params(
        {"target_names": TARGET_NAMES, "n_bins": [Integral]}, prefer_skip_nested_validation=False
    )
    def from_estimator(cls, estimator, X, *, target_names=None, n_bins=10, ax=None):
        """Compute attention weights and predictions of some rows, and draw them.

        Parameters
        ----------
        estimator : estimator
            Fitted estimator with ``modality_attention``; an ensemble of such (``estimators_``),
            the mean of whose members is drawn; or a pipeline or search that ends in one of these.
        X : array-like of shape (n_samples, n_features)
            Rows to look at.
        target_names : list of str, default=None
            One name per target.
        n_bins : int, default=10
            See :meth:`plot`.
        ax : matplotlib Axes or array-like of them, default=None
            See :meth:`plot`.

        Returns
        -------
        AttentionByPredictionDisplay

        Raises
        ------
        TypeError
            If the estimator, or a member of it, has no ``modality_attention``.
        """
        import_pyplot(f"{cls.__name__}.from_estimator")
        attention = mean_attention(estimator, X)
        return cls.from_data(
            attention, estimator.predict(X), target_names=target_names, n_bins=n_bins, ax=ax
        )

    @classmethod
    @validate_params(
        {"attention": [pd.DataFrame], "target_names": TARGET_NAMES, "n_bins": [Integral]},
        prefer_skip_nested_validation=False,
    )
    def from_data(cls, attention, y_pred, *, target_names=None, n_bins=10, ax=None):
        """Draw what was computed before.

        Parameters
        ----------
        attention : DataFrame of shape (n_samples, n_modalities)
            Attention weights, one column per modality.
        y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
            Predicted values of the same rows.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y_pred``, where it has some.
        n_bins : int, default=10
            See :meth:`plot`.
        ax : matplotlib Axes or array-like of them, default=None
            See :meth:`plot`.

        Returns
        -------
        AttentionByPredictionDisplay
        """
        if target_names is None:
            target_names = target_names_of(y_pred)
        display = cls(
            attention=attention, y_pred=np.asarray(y_pred, float), target_names=target_names
        )
        return display.plot(ax, n_bins=n_bins)

    @validate_params({"n_bins": [Integral]}, prefer_skip_nested_validation=False)
    def plot(self, ax=None, *, n_bins=10):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            One per target. None makes a new figure.
        n_bins : int, default=10
            Number of bins; fewer where there are fewer than two rows for each.

        Returns
        -------
        AttentionByPredictionDisplay
            This display.

        Raises
        ------
        ValueError
            If the numbers of rows differ, ``n_bins`` is below 1, or the number of axes or of
            names is not that of the targets.
        """
        weights = np.asarray(self.attention, dtype=float)
        shape = np.shape(self.y_pred)
        if len(weights) != shape[0]:
            raise ValueError(
                f"attention has {len(weights)} rows, but y_pred has {shape[0]}: both must be of "
                "the same rows."
            )
        if n_bins < 1:
            raise ValueError(f"n_bins must be at least 1; got {n_bins!r}.")
        n_bins = max(1, min(n_bins, len(weights) // 2))
        names = check_names(self.target_names, shape)
        width = 4.4 + LEGEND_WIDTH / len(names)
        axes = make_axes(ax, len(names), f"{type(self).__name__}.plot", panel_size=(width, 4.0))
        modalities = [wrap(name) for name in self.attention.columns]
        predictions = np.reshape(self.y_pred, (shape[0], -1))
        for panel, predicted, name in zip(axes, predictions.T, names, strict=True):
            order = np.argsort(predicted, kind="stable")
            _draw_target(panel, weights, np.array_split(order, n_bins), modalities)
            panel.set(title=wrap(name), xlabel="Predictions, from low to high")
            panel.set_xticks(np.arange(n_bins), _tick_labels(n_bins))
            tidy(panel)
        for panel in axes:  # one scale, so that panels can be compared
            panel.set_ylim(0, max(1.05 / len(modalities), *(axis.dataLim.y1 for axis in axes)))
        axes[0].set_ylabel("Attention weight")
        legend_beside(axes[-1])
        self.ax_ = axes[0] if len(shape) == 1 else axes
        self.figure_ = axes[0].figure
        return self


def _draw_target(ax, weights, bins, modalities):
    """Draw the curve of each modality over the bins of one target's predictions."""
    places = np.arange(len(bins))
    means = np.array([weights[rows].mean(axis=0) for rows in bins])  # (n_bins, n_modalities)
    errors = np.array([weights[rows].std(axis=0) / len(rows) ** 0.5 for rows in bins])
    for index, name in enumerate(modalities):
        mean, error = means[:, index], errors[:, index]
        style = series_style(index)
        ax.plot(places, mean, **style, markersize=4, label=name)
        ax.fill_between(
            places, mean - 2 * error, mean + 2 * error, color=style["color"], alpha=0.15, lw=0
        )
    ax.axhline(1 / len(modalities), color=REFERENCE_COLOR, linestyle="--", linewidth=1)


def _tick_labels(n_bins):
    """Name the first and the last bin by the part of the rows that they hold."""
    labels = [""] * n_bins
    if n_bins > 1:
        share = f"{100 / n_bins:.3g} %"
        labels[0], labels[-1] = f"lowest\n{share}", f"highest\n{share}"
    return labels
