import numpy as np
import pandas as pd

from .._sklearn_private import validate_params
from ._coverage import (
    Coverage,
    check_intervals,
    check_truth,
    constraints_of,
    draw_places,
    holds_truth,
    intervals_and_truth,
    names_of,
    rows_of,
)
from ._drawing import import_pyplot, make_axes
from ._targets import check_names


class CoverageByWidthDisplay:
    """How often narrow intervals hold the truth, and how often wide ones do.

    The rows of each target are put into bins of equally many, by the width of their intervals.
    Where widths follow how uncertain rows are, all bins hold as many as was promised; where
    the wide ones hold too many and the narrow ones too few, the widths exaggerate. Whiskers
    are one standard error to either side, of whole groups where they are given. It is
    recommended to use :meth:`from_estimator` or :meth:`from_predictions` to create a display.
    All parameters are stored as attributes.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,) or (n_samples, n_targets)
        True values.
    intervals : ndarray of shape (n_samples, n_targets, 2)
        Lower and upper bounds.
    confidence_level : float, default=None
        What part of the truth they shall hold: a line.
    groups : ndarray of shape (n_samples,), default=None
        Groups of rows, which count as one draw in the standard errors.
    sample_weight : ndarray of shape (n_samples,), default=None
        How much each row counts.
    target_names : list of str, default=None
        One name per target. None: ``target 0``, ``target 1`` and so on, or ``target`` for a 1-D
        ``y_true``.

    Attributes
    ----------
    frame_ : DataFrame of shape (n_targets * n_bins, 6)
        What was drawn: ``target``, ``bin`` (from 1), ``width`` (the mean), ``n_rows``,
        ``coverage`` and ``std_error``.
    ax_ : matplotlib Axes
        What was drawn onto.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    CoverageDisplay : Coverage by confidence level.

    Notes
    -----
    Coverage by width is what [1]_ calls size-stratified coverage. Intervals that are all about
    as wide fall into bins by chance, and tell nothing here.

    References
    ----------
    .. [1] Angelopoulos and Bates, "A Gentle Introduction to Conformal Prediction and
       Distribution-Free Uncertainty Quantification", 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.inspection import CoverageByWidthDisplay
    >>> y = np.array([1.0, 2.0, 3.0, 4.0])
    >>> bounds = np.array([[0.0, 1.5], [1.5, 2.5], [0.0, 3.5], [0.0, 3.9]])
    >>> display = CoverageByWidthDisplay.from_predictions(y, bounds, n_bins=2)
    >>> display.frame_[["bin", "width", "n_rows", "coverage"]]
       bin  width  n_rows  coverage
    0    1   1.25       2       1.0
    1    2   3.70       2       0.5
    """

    def __init__(
        self,
        *,
        y_true,
        intervals,
        confidence_level=None,
        groups=None,
        sample_weight=None,
        target_names=None,
    ):
        self.y_true = y_true
        self.intervals = intervals
        self.confidence_level = confidence_level
        self.groups = groups
        self.sample_weight = sample_weight
        self.target_names = target_names

    @classmethod
    @validate_params(
        constraints_of("estimator", "adaptive", "target_names", "n_bins", level="needed"),
        prefer_skip_nested_validation=False,
    )
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        confidence_level=0.9,
        adaptive=True,
        groups=None,
        sample_weight=None,
        target_names=None,
        n_bins=5,
        ax=None,
    ):
        """Predict intervals and draw.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_interval``, or a pipeline or search that ends in such a one.
            What a pipeline with a `target_transform` learned is drawn on the scale that it
            learned.
        X : array-like of shape (n_samples, n_features)
            Rows that it did not learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        confidence_level : float, default=0.9
            What part of the truth the intervals shall hold, in (0, 1).
        adaptive : bool, default=True
            Whether intervals are as wide as each row asks for.
        groups : array-like of shape (n_samples,), default=None
            Groups of rows, which count as one draw in the standard errors.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y``, where it has some.
        n_bins : int, default=5
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        CoverageByWidthDisplay

        Raises
        ------
        TypeError
            If the estimator has no ``predict_interval``.
        """
        import_pyplot(f"{cls.__name__}.from_estimator")
        names = names_of(target_names, y)
        intervals, y = intervals_and_truth(estimator, X, y, confidence_level, adaptive=adaptive)
        return cls.from_predictions(
            y,
            intervals,
            confidence_level=confidence_level,
            groups=groups,
            sample_weight=sample_weight,
            target_names=names,
            n_bins=n_bins,
            ax=ax,
        )

    @classmethod
    @validate_params(
        constraints_of("intervals", "target_names", "n_bins", level="optional"),
        prefer_skip_nested_validation=False,
    )
    def from_predictions(
        cls,
        y_true,
        intervals,
        *,
        confidence_level=None,
        groups=None,
        sample_weight=None,
        target_names=None,
        n_bins=5,
        ax=None,
    ):
        """Draw intervals that were made before.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        intervals : array-like of shape (n_samples, n_targets, 2)
            Lower and upper bounds; (n_samples, 2) will do for one target.
        confidence_level : float, default=None
            What part of the truth they shall hold: a line.
        groups : array-like of shape (n_samples,), default=None
            Groups of rows, which count as one draw in the standard errors.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y_true``, where it has some.
        n_bins : int, default=5
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        CoverageByWidthDisplay

        Raises
        ------
        ValueError
            If the shapes differ, a true value is not finite, or the number of names is not
            that of the targets.
        """
        import_pyplot(f"{cls.__name__}.from_predictions")
        names = names_of(target_names, y_true)
        y_true = check_truth(y_true, groups, sample_weight)
        display = cls(
            y_true=y_true,
            intervals=check_intervals(intervals, y_true.shape),
            confidence_level=confidence_level,
            groups=None if groups is None else np.asarray(groups),
            sample_weight=None if sample_weight is None else np.asarray(sample_weight),
            target_names=names,
        )
        return display.plot(ax, n_bins=n_bins)

    @validate_params(constraints_of("n_bins"), prefer_skip_nested_validation=False)
    def plot(self, ax=None, *, n_bins=5):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.
        n_bins : int, default=5
            Bins of equally many rows, at most as many as there are rows.

        Returns
        -------
        CoverageByWidthDisplay
            This display.

        Raises
        ------
        ValueError
            If there is no bin, or the number of names is not that of the targets.
        """
        names = check_names(self.target_names, np.shape(self.y_true))
        n_bins = min(n_bins, len(self.y_true))
        self.frame_ = self._coverages(names, n_bins)
        size = (max(5.6, 3.0 + 0.8 * n_bins), 4.2)
        (ax,) = make_axes(ax, 1, f"{type(self).__name__}.plot", panel_size=size)
        ticks = [str(i + 1) for i in range(n_bins)]
        if n_bins > 1:
            ticks[0], ticks[-1] = f"1\nnarrowest 1/{n_bins}", f"{n_bins}\nwidest 1/{n_bins}"
        draw_places(ax, self.frame_, names, self.confidence_level, ticks)
        ax.set(xlabel="Rows by the width of their interval", title="Coverage by width")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _coverages(self, names, n_bins):
        """Return how much each bin of each target holds."""
        bounds = check_intervals(self.intervals, np.shape(self.y_true))
        held = holds_truth(self.y_true, bounds)
        # Infinite ones are all the widest.
        width = np.where(np.isinf(bounds).any(axis=-1), np.inf, bounds[..., 1] - bounds[..., 0])
        rows = []
        for target, name in enumerate(names):
            order = np.argsort(width[:, target], kind="stable")
            for number, own in enumerate(np.array_split(order, n_bins), start=1):
                found = Coverage.of(
                    held[own, target], rows_of(self.groups, own), rows_of(self.sample_weight, own)
                )
                mean = width[own, target].mean()
                rows.append((name, number, mean, len(own), found.part, found.error))
        columns = ["target", "bin", "width", "n_rows", "coverage", "std_error"]
        return pd.DataFrame(rows, columns=columns)
