from numbers import Real

import numpy as np

from .._sklearn_private import Interval, validate_params
from ..ensemble._target_names import target_names_of
from ..metrics import normalized_mean_squared_error
from ._coverage import check_intervals, predicted_intervals
from ._drawing import (
    MAIN_COLOR,
    REFERENCE_COLOR,
    SECOND_COLOR,
    import_pyplot,
    make_axes,
    wrap,
)
from ._targets import TARGET_NAMES, check_names, check_targets
from ._unwrap import PREDICTOR, as_learned

# Above this many rows single dots hide each other, and counting them in hexagons says more.
MAX_SCATTER_ROWS = 1000
# Room around the data, as a part of its range.
MARGIN = 0.04
# Bins of equally many true values that the median interval is drawn for, where there are hexagons.
INTERVAL_BINS = 20
_LEVEL = [Interval(Real, 0, 1, closed="neither"), None]


class PredictedVsTrueDisplay:
    """Predicted against true values, one panel per target.

    Points on the dashed line are predicted exactly. A cloud flatter than the line is what a
    regressor makes of a weak signal: it stays near the mean. With intervals, a line for each row
    reaches from the lower to the upper bound, in another colour where it misses the truth; the
    title tells how many hold it. It is recommended to use :meth:`from_estimator` or
    :meth:`from_predictions` to create a display. All parameters are stored as attributes.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,) or (n_samples, n_targets)
        True values.
    y_pred : ndarray of the shape of ``y_true``
        Predicted values.
    target_names : list of str, default=None
        One name per target. None: ``target 0``, ``target 1`` and so on, or ``target`` for a 1-D
        ``y_true``.
    intervals : ndarray of shape (n_samples, n_targets, 2), default=None
        Lower and upper bounds, as ``predict_interval`` gives them.
    confidence_level : float, default=None
        What part of the truth they shall hold, for the titles.

    Attributes
    ----------
    nmse_ : ndarray of shape (n_targets,)
        Normalized mean squared error of each target, as shown in the titles.
    coverage_ : ndarray of shape (n_targets,) or None
        Part of the true values of each target that is within its interval; None without
        intervals.
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

    def __init__(
        self, *, y_true, y_pred, target_names=None, intervals=None, confidence_level=None
    ):
        self.y_true = y_true
        self.y_pred = y_pred
        self.target_names = target_names
        self.intervals = intervals
        self.confidence_level = confidence_level

    @classmethod
    @validate_params(
        {"estimator": PREDICTOR, "target_names": TARGET_NAMES, "confidence_level": _LEVEL},
        prefer_skip_nested_validation=False,
    )
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        target_names=None,
        confidence_level=None,
        kind="auto",
        ax=None,
    ):
        """Predict and draw.

        Parameters
        ----------
        estimator : estimator
            Fitted regressor or pipeline. What a pipeline with a `target_transform` learned is
            drawn on the scale that it learned.
        X : array-like of shape (n_samples, n_features)
            Rows to predict, preferably held out.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y``, where it has some.
        confidence_level : float, default=None
            Draws intervals that shall hold this part of the truth, in (0, 1), by the estimator's
            ``predict_interval``. None draws none.
        kind : {"auto", "hexbin", "scatter"}, default="auto"
            See :meth:`plot`.
        ax : matplotlib Axes or array-like of them, default=None
            See :meth:`plot`.

        Returns
        -------
        PredictedVsTrueDisplay

        Raises
        ------
        TypeError
            If a `confidence_level` is passed and the estimator has no ``predict_interval``.
        """
        import_pyplot(f"{cls.__name__}.from_estimator")
        estimator, y = as_learned(estimator, y)
        intervals = None
        if confidence_level is not None:
            intervals = predicted_intervals(estimator, X, confidence_level)
        return cls.from_predictions(
            y,
            estimator.predict(X),
            target_names=target_names,
            intervals=intervals,
            confidence_level=confidence_level,
            kind=kind,
            ax=ax,
        )

    @classmethod
    @validate_params(
        {
            "target_names": TARGET_NAMES,
            "intervals": ["array-like", None],
            "confidence_level": _LEVEL,
        },
        prefer_skip_nested_validation=False,
    )
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        target_names=None,
        intervals=None,
        confidence_level=None,
        kind="auto",
        ax=None,
    ):
        """Draw predictions that were made before.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        y_pred : array-like of the shape of ``y_true``
            Predicted values.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y_true``, where it has some.
        intervals : array-like of shape (n_samples, n_targets, 2), default=None
            Lower and upper bounds; (n_samples, 2) will do for one target.
        confidence_level : float, default=None
            What part of the truth they shall hold, for the titles.
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
            target_names = target_names_of(y_true)
        y_true, y_pred = check_targets(y_true, y_pred)
        if intervals is not None:
            intervals = check_intervals(intervals, y_true.shape)
        display = cls(
            y_true=y_true,
            y_pred=y_pred,
            target_names=target_names,
            intervals=intervals,
            confidence_level=confidence_level,
        )
        return display.plot(ax, kind=kind)

    def plot(self, ax=None, *, kind="auto"):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            One per target. None makes a new figure.
        kind : {"auto", "hexbin", "scatter"}, default="auto"
            Hexagons coloured by their number of rows, or one dot per row. ``"auto"``: dots for up
            to 1,000 rows, hexagons above. Beside hexagons stand the median bounds of the
            intervals of rows with similar true values.

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
        names = check_names(self.target_names, np.shape(self.y_true))
        axes = make_axes(ax, y_true.shape[1], f"{type(self).__name__}.plot")

        self.nmse_ = normalized_mean_squared_error(y_true, y_pred, multioutput="raw_values")
        bounds = self._bounds(y_true)
        for index, (panel, name) in enumerate(zip(axes, names, strict=True)):
            own = None if bounds is None else bounds[:, index]
            _draw_target(panel, y_true[:, index], y_pred[:, index], own, kind)
            panel.set(title=self._title(wrap(name), index), xlabel="True value")
        axes[0].set_ylabel("Predicted value")
        self.ax_ = axes[0] if np.ndim(self.y_true) == 1 else axes
        self.figure_ = axes[0].figure
        return self

    def _bounds(self, y_true):
        """Return the intervals, and set how many of them hold the truth."""
        self.coverage_ = None
        if self.intervals is None:
            return None
        bounds = check_intervals(self.intervals, np.shape(self.y_true))
        within = (bounds[..., 0] <= y_true) & (y_true <= bounds[..., 1])
        self.coverage_ = within.mean(axis=0)
        return bounds

    def _title(self, name, index):
        title = f"{name}\nNMSE {self.nmse_[index]:.3f}"
        if self.coverage_ is None:
            return title
        level = "" if self.confidence_level is None else f"{100 * self.confidence_level:.4g} % "
        return f"{title}, {level}intervals hold {100 * self.coverage_[index]:.1f} %"


def _check_kind(kind, n_samples):
    if kind not in ("auto", "hexbin", "scatter"):
        raise ValueError(f"kind must be 'auto', 'hexbin' or 'scatter'; got {kind!r}.")
    if kind == "auto":
        return "scatter" if n_samples <= MAX_SCATTER_ROWS else "hexbin"
    return kind


def _draw_target(ax, true, predicted, bounds, kind):
    """Draw one target's points and the line where both are equal, on axes of one scale."""
    shown = [true, predicted]
    if bounds is not None:
        shown.append(bounds[np.isfinite(bounds)])
    shown = np.concatenate(shown)
    low, high = shown.min(), shown.max()
    margin = MARGIN * (high - low) or 1.0
    limits = (low - margin, high + margin)
    if kind == "hexbin":
        ax.hexbin(
            true, predicted, gridsize=45, extent=2 * limits, bins="log", mincnt=1, cmap="viridis"
        )
    else:
        ax.scatter(true, predicted, s=14, alpha=0.5, color=MAIN_COLOR, edgecolors="none", zorder=2)
    if bounds is not None:
        draw = _draw_median_intervals if kind == "hexbin" else _draw_intervals
        draw(ax, true, np.clip(bounds, *limits))
    ax.plot(limits, limits, color=REFERENCE_COLOR, linestyle="--", linewidth=1.2, zorder=3)
    ax.set(xlim=limits, ylim=limits, aspect="equal")
    ax.locator_params(nbins=6)
    ax.spines[["top", "right"]].set_visible(False)


def _draw_intervals(ax, true, bounds):
    """Draw the interval of each row, those that miss the truth on top."""
    missed = (true < bounds[:, 0]) | (bounds[:, 1] < true)
    for rows, color, alpha in [(~missed, MAIN_COLOR, 0.15), (missed, SECOND_COLOR, 0.5)]:
        ax.vlines(true[rows], *bounds[rows].T, color=color, alpha=alpha, linewidth=1, zorder=1)


def _draw_median_intervals(ax, true, bounds):
    """Draw the median bounds of rows with similar true values."""
    order = np.argsort(true, kind="stable")
    bins = np.array_split(order, min(INTERVAL_BINS, len(order)))
    places = [true[rows].mean() for rows in bins]
    for side in (0, 1):
        medians = [np.median(bounds[rows, side]) for rows in bins]
        ax.plot(places, medians, color=SECOND_COLOR, linewidth=1.6, zorder=3)
