import numpy as np
from sklearn.utils import check_array, check_consistent_length

from ..metrics import normalized_mean_squared_error
from ._drawing import MAIN_COLOR, REFERENCE_COLOR, import_pyplot, make_axes

# Above this many rows single dots hide each other, and counting them in hexagons says more.
MAX_SCATTER_ROWS = 1000
# Room around the data, as a part of its range.
MARGIN = 0.04


class PredictedVsTrueDisplay:
    """Predicted against true values, one panel per target.

    Points on the dashed line are predicted exactly. A cloud flatter than the line is what a
    regressor makes of a weak signal: it stays near the mean. It is recommended to use
    :meth:`from_estimator` or :meth:`from_predictions` to create a display. All parameters are
    stored as attributes.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,) or (n_samples, n_targets)
        True values.
    y_pred : ndarray of the shape of ``y_true``
        Predicted values.
    target_names : list of str, default=None
        One name per target. None: ``target 0``, ``target 1`` and so on, or ``target`` for a 1-D
        ``y_true``.

    Attributes
    ----------
    nmse_ : ndarray of shape (n_targets,)
        Normalized mean squared error of each target, as shown in the titles.
    ax_ : matplotlib Axes, or ndarray of shape (n_targets,) of them
        What was drawn onto; an array where ``y_true`` is 2-D.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    sklearn.metrics.PredictionErrorDisplay : The same for one target, and residuals.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.inspection import PredictedVsTrueDisplay
    >>> y_true = np.array([[1.0, 5.0], [2.0, 3.0], [3.0, 4.0]])
    >>> display = PredictedVsTrueDisplay.from_predictions(
    ...     y_true, y_true, target_names=["views", "likes"]
    ... )
    >>> display.ax_[0].get_title()
    'views\\nNMSE 0.000'
    """

    def __init__(self, *, y_true, y_pred, target_names=None):
        self.y_true = y_true
        self.y_pred = y_pred
        self.target_names = target_names

    @classmethod
    def from_estimator(cls, estimator, X, y, *, target_names=None, kind="auto", ax=None):
        """Predict and draw.

        Parameters
        ----------
        estimator : estimator
            Fitted regressor or pipeline.
        X : array-like of shape (n_samples, n_features)
            Rows to predict, preferably held out.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y``, where it has some.
        kind : {"auto", "hexbin", "scatter"}, default="auto"
            See :meth:`plot`.
        ax : matplotlib Axes or array-like of them, default=None
            See :meth:`plot`.

        Returns
        -------
        PredictedVsTrueDisplay
        """
        import_pyplot(f"{cls.__name__}.from_estimator")
        return cls.from_predictions(
            y, estimator.predict(X), target_names=target_names, kind=kind, ax=ax
        )

    @classmethod
    def from_predictions(cls, y_true, y_pred, *, target_names=None, kind="auto", ax=None):
        """Draw predictions that were made before.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        y_pred : array-like of the shape of ``y_true``
            Predicted values.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y_true``, where it has some.
        kind : {"auto", "hexbin", "scatter"}, default="auto"
            See :meth:`plot`.
        ax : matplotlib Axes or array-like of them, default=None
            See :meth:`plot`.

        Returns
        -------
        PredictedVsTrueDisplay

        Raises
        ------
        ValueError
            If the shapes differ, a value is not finite, or the number of names is not that of
            the targets.
        """
        import_pyplot(f"{cls.__name__}.from_predictions")
        if target_names is None:
            target_names = _names_of(y_true)
        y_true, y_pred = _check_targets(y_true, y_pred)
        return cls(y_true=y_true, y_pred=y_pred, target_names=target_names).plot(ax, kind=kind)

    def plot(self, ax=None, *, kind="auto"):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            One per target. None makes a new figure.
        kind : {"auto", "hexbin", "scatter"}, default="auto"
            Hexagons coloured by their number of rows, or one dot per row. ``"auto"``: dots for up
            to 1,000 rows, hexagons above.

        Returns
        -------
        PredictedVsTrueDisplay
            This display.

        Raises
        ------
        ValueError
            If the number of axes or of names is not that of the targets, or ``kind`` is unknown.
        """
        n_samples = len(self.y_true)
        kind = _check_kind(kind, n_samples)
        y_true = np.reshape(self.y_true, (n_samples, -1))
        y_pred = np.reshape(self.y_pred, (n_samples, -1))
        names = _check_names(self.target_names, np.shape(self.y_true))
        axes = make_axes(ax, y_true.shape[1], f"{type(self).__name__}.plot")

        self.nmse_ = normalized_mean_squared_error(y_true, y_pred, multioutput="raw_values")
        for panel, true, predicted, name, nmse in zip(
            axes, y_true.T, y_pred.T, names, self.nmse_, strict=True
        ):
            _draw_target(panel, true, predicted, kind)
            panel.set(title=f"{name}\nNMSE {nmse:.3f}", xlabel="True value")
        axes[0].set_ylabel("Predicted value")
        self.ax_ = axes[0] if np.ndim(self.y_true) == 1 else axes
        self.figure_ = axes[0].figure
        return self


def _names_of(y):
    """Column names of a DataFrame, the name of a Series, else None."""
    if hasattr(y, "columns"):
        return [str(name) for name in y.columns]
    name = getattr(y, "name", None)
    return None if name is None else [str(name)]


def _check_targets(y_true, y_pred):
    """Return both as finite float arrays of one shape."""
    y_true = check_array(y_true, ensure_2d=False, dtype=np.float64, input_name="y_true")
    y_pred = check_array(y_pred, ensure_2d=False, dtype=np.float64, input_name="y_pred")
    check_consistent_length(y_true, y_pred)
    if y_true.size != y_pred.size:
        raise ValueError(
            f"y_true and y_pred must have the same shape; got {y_true.shape} and {y_pred.shape}."
        )
    return y_true, y_pred.reshape(y_true.shape)


def _check_kind(kind, n_samples):
    if kind not in ("auto", "hexbin", "scatter"):
        raise ValueError(f"kind must be 'auto', 'hexbin' or 'scatter'; got {kind!r}.")
    if kind == "auto":
        return "scatter" if n_samples <= MAX_SCATTER_ROWS else "hexbin"
    return kind


def _check_names(names, shape):
    if names is None:
        return ["target"] if len(shape) == 1 else [f"target {i}" for i in range(shape[1])]
    n_targets = 1 if len(shape) == 1 else shape[1]
    if len(names) != n_targets:
        raise ValueError(f"target_names has {len(names)} names for {n_targets} targets.")
    return list(names)


def _draw_target(ax, true, predicted, kind):
    """Draw one target's points and the line where both are equal, on axes of one scale."""
    low = min(true.min(), predicted.min())
    high = max(true.max(), predicted.max())
    margin = MARGIN * (high - low) or 1.0
    limits = (low - margin, high + margin)
    if kind == "hexbin":
        ax.hexbin(
            true, predicted, gridsize=45, extent=2 * limits, bins="log", mincnt=1, cmap="viridis"
        )
    else:
        ax.scatter(true, predicted, s=14, alpha=0.5, color=MAIN_COLOR, edgecolors="none")
    ax.plot(limits, limits, color=REFERENCE_COLOR, linestyle="--", linewidth=1.2)
    ax.set(xlim=limits, ylim=limits, aspect="equal")
    ax.locator_params(nbins=6)
    ax.spines[["top", "right"]].set_visible(False)
