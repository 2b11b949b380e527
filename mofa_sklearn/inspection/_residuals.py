import numpy as np

from .._sklearn_private import validate_params
from ..ensemble._target_names import target_names_of
from ._drawing import (
    MAIN_COLOR,
    REFERENCE_COLOR,
    SECOND_COLOR,
    import_pyplot,
    make_axes,
    tidy,
    wrap,
)
from ._held_out import out_of_fold_prediction
from ._predicted_vs_true import MAX_SCATTER_ROWS
from ._targets import TARGET_NAMES, check_names, check_targets, without_unpredicted
from ._unwrap import PREDICTOR, as_learned

KINDS = ("residual_vs_predicted", "distribution")
# Bins of equally many rows, of at least so many each, that the mean is drawn for.
MAX_BINS, MIN_ROWS_OF_BIN = 12, 15
# Two standard errors hold about 95 % of a mean's chance.
N_STANDARD_ERRORS = 2


class ResidualsDisplay:
    """What predictions miss, one panel per target: true minus predicted values.

    Above zero the truth was more than predicted. Good predictions leave residuals that look the
    same all along the predictions, with a mean of zero. It is recommended to use
    :meth:`from_estimator` or :meth:`from_predictions` to create a display.

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
    residuals_ : ndarray of the shape of ``y_true``
        True minus predicted values.
    ax_ : matplotlib Axes, or ndarray of shape (n_targets,) of them
        What was drawn onto; an array where ``y_true`` is 2-D.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    PredictedVsTrueDisplay : The predictions themselves.
    GroupErrorDisplay : The error by the number of rows of a group.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.inspection import ResidualsDisplay
    >>> y_true = np.array([[1.0, 5.0], [2.0, 3.0], [3.0, 4.0]])
    >>> display = ResidualsDisplay.from_predictions(
    ...     y_true, y_true - 0.5, target_names=["views", "likes"]
    ... )
    >>> display.ax_[0].get_title()
    'views\\nmean 0.50, standard deviation 0.00'
    """

    def __init__(self, *, y_true, y_pred, target_names=None):
        self.y_true = y_true
        self.y_pred = y_pred
        self.target_names = target_names

    @classmethod
    @validate_params(
        {"estimator": PREDICTOR, "held_out": ["boolean"], "target_names": TARGET_NAMES},
        prefer_skip_nested_validation=False,
    )
    def from_estimator(
        cls, estimator, X, y, *, held_out=False, target_names=None, kind=KINDS[0], ax=None
    ):
        """Predict and draw.

        Parameters
        ----------
        estimator : estimator
            Fitted regressor or pipeline. What a pipeline with a `target_transform` learned is
            drawn on the scale that it learned.
        X : array-like of shape (n_samples, n_features)
            Rows that it did not learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        held_out : bool, default=False
            Whether to draw the out-of-fold predictions that a K-fold ensemble or a blend keeps;
            `X` and `y` are then the rows of its fit, in their order.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y``, where it has some.
        kind : {"residual_vs_predicted", "distribution"}, default="residual_vs_predicted"
            See :meth:`plot`.
        ax : matplotlib Axes or array-like of them, default=None
            See :meth:`plot`.

        Returns
        -------
        ResidualsDisplay

        Raises
        ------
        TypeError
            If ``held_out=True`` and there is no ensemble with out-of-fold predictions.
        """
        import_pyplot(f"{cls.__name__}.from_estimator")
        estimator, y = as_learned(estimator, y)
        y_pred = out_of_fold_prediction(estimator, len(y)) if held_out else estimator.predict(X)
        return cls.from_predictions(y, y_pred, target_names=target_names, kind=kind, ax=ax)

    @classmethod
    @validate_params({"target_names": TARGET_NAMES}, prefer_skip_nested_validation=False)
    def from_predictions(cls, y_true, y_pred, *, target_names=None, kind=KINDS[0], ax=None):
        """Draw predictions that were made before.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        y_pred : array-like of the shape of ``y_true``
            Predicted values. Rows with NaN, which no fold held out, are left out.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y_true``, where it has some.
        kind : {"residual_vs_predicted", "distribution"}, default="residual_vs_predicted"
            See :meth:`plot`.
        ax : matplotlib Axes or array-like of them, default=None
            See :meth:`plot`.

        Returns
        -------
        ResidualsDisplay

        Raises
        ------
        ValueError
            If the shapes differ, a value is not finite, or the number of names is not that of
            the targets.
        """
        import_pyplot(f"{cls.__name__}.from_predictions")
        if target_names is None:
            target_names = target_names_of(y_true)
        y_true, y_pred = check_targets(*without_unpredicted(y_true, y_pred))
        return cls(y_true=y_true, y_pred=y_pred, target_names=target_names).plot(ax, kind=kind)

    def plot(self, ax=None, *, kind=KINDS[0]):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            One per target. None makes a new figure.
        kind : {"residual_vs_predicted", "distribution"}, default="residual_vs_predicted"
            Residuals against predictions, with the mean of residuals, and two standard errors
            of it, in bins of equally many rows; or the histogram of the residuals, beside the
            normal distribution of their mean and standard deviation.

        Returns
        -------
        ResidualsDisplay
            This display.

        Raises
        ------
        ValueError
            If the number of axes or of names is not that of the targets, or ``kind`` is unknown.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be {KINDS[0]!r} or {KINDS[1]!r}; got {kind!r}.")
        names = check_names(self.target_names, np.shape(self.y_true))
        self.residuals_ = np.asarray(self.y_true) - np.asarray(self.y_pred)
        residuals = self.residuals_.reshape(len(self.y_true), -1)
        predicted = np.reshape(self.y_pred, residuals.shape)
        axes = make_axes(ax, residuals.shape[1], f"{type(self).__name__}.plot")
        for panel, name, *values in zip(axes, names, residuals.T, predicted.T, strict=True):
            if kind == KINDS[0]:
                _draw_against_predicted(panel, *values)
            else:
                _draw_distribution(panel, values[0])
            mean, deviation = values[0].mean(), values[0].std()
            panel.set_title(
                f"{wrap(name)}\nmean {mean:.2f}, standard deviation {deviation:.2f}", fontsize=10
            )
            tidy(panel)
        axes[0].set_ylabel("True - predicted" if kind == KINDS[0] else "Density")
        self.ax_ = axes[0] if np.ndim(self.y_true) == 1 else axes
        self.figure_ = axes[0].figure
        return self


def _draw_against_predicted(ax, residuals, predicted):
    """Draw one target's residuals, and their mean in bins of equally many rows."""
    if len(residuals) <= MAX_SCATTER_ROWS:
        ax.scatter(predicted, residuals, s=14, alpha=0.5, color=MAIN_COLOR, edgecolors="none")
    else:
        ax.hexbin(predicted, residuals, gridsize=45, bins="log", mincnt=1, cmap="Blues")
    ax.axhline(0, color=REFERENCE_COLOR, linestyle="--", linewidth=1.2)
    order = np.argsort(predicted, kind="stable")
    n_bins = min(MAX_BINS, len(order) // MIN_ROWS_OF_BIN)
    bins = np.array_split(order, n_bins) if n_bins > 1 else []
    if bins:
        errors = [residuals[rows].std(ddof=1) / len(rows) ** 0.5 for rows in bins]
        ax.errorbar(
            [predicted[rows].mean() for rows in bins],
            [residuals[rows].mean() for rows in bins],
            yerr=N_STANDARD_ERRORS * np.array(errors),
            color=SECOND_COLOR,
            linewidth=1.6,
            marker="o",
            markersize=4,
            capsize=3,
            label="mean",
        )
    ax.set_xlabel("Predicted value")
    ax.locator_params(nbins=6)


def _draw_distribution(ax, residuals):
    """Draw one target's histogram, and the normal distribution beside it."""
    mean, deviation = residuals.mean(), residuals.std()
    n_bins = int(np.clip(len(residuals) ** 0.5, 10, 60))
    ax.hist(residuals, bins=n_bins, density=True, color=MAIN_COLOR, alpha=0.55)
    if deviation > 0:
        low, high = ax.get_xlim()
        grid = np.linspace(min(low, mean - 3 * deviation), max(high, mean + 3 * deviation), 200)
        density = np.exp(-(((grid - mean) / deviation) ** 2) / 2)
        density /= deviation * np.sqrt(2 * np.pi)
        ax.plot(grid, density, color=SECOND_COLOR, linewidth=1.6, label="normal")
    ax.axvline(0, color=REFERENCE_COLOR, linestyle="--", linewidth=1.2)
    ax.set_xlabel("True - predicted")
    ax.locator_params(nbins=6)
