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
from ._drawing import import_pyplot, make_axes, wrap
from ._group_error import bins_by_size, sizes_of
from ._targets import check_names

# More groups than these are put into bins.
MAX_GROUPS = 12


class CoverageByGroupDisplay:
    """How often intervals hold the truth of each group of rows.

    Up to twelve groups (months, platforms) have a place each; more of them (creators) are put
    into bins by their number of rows. Intervals hold what they promise for all rows together;
    here shows for whom they do not. Whiskers are one standard error to either side, in bins
    of whole groups. It is recommended to use :meth:`from_estimator` or
    :meth:`from_predictions` to create a display. All parameters are stored as attributes.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,) or (n_samples, n_targets)
        True values.
    intervals : ndarray of shape (n_samples, n_targets, 2)
        Lower and upper bounds.
    groups : ndarray of shape (n_samples,)
        Group of each row.
    confidence_level : float, default=None
        What part of the truth they shall hold: a line.
    sample_weight : ndarray of shape (n_samples,), default=None
        How much each row counts.
    target_names : list of str, default=None
        One name per target. None: ``target 0``, ``target 1`` and so on, or ``target`` for a 1-D
        ``y_true``.

    Attributes
    ----------
    frame_ : DataFrame of shape (n_targets * n_places, 6)
        What was drawn: ``target``, ``group`` (its label, or the sizes of those in a bin),
        ``n_groups``, ``n_rows``, ``coverage`` and ``std_error`` (NaN for a bin of one group,
        or a group of one row).
    ax_ : matplotlib Axes
        What was drawn onto.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    CoverageDisplay : Coverage by confidence level.
    GroupErrorDisplay : The error by the number of rows of a group.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.inspection import CoverageByGroupDisplay
    >>> y = np.array([1.0, 2.0, 3.0, 4.0])
    >>> display = CoverageByGroupDisplay.from_predictions(
    ...     y, [[0, 5], [0, 5], [0, 5], [0, 3]], ["new", "new", "old", "old"]
    ... )
    >>> display.frame_[["group", "n_rows", "coverage"]]
      group  n_rows  coverage
    0   new       2       1.0
    1   old       2       0.5
    """

    def __init__(
        self,
        *,
        y_true,
        intervals,
        groups,
        confidence_level=None,
        sample_weight=None,
        target_names=None,
    ):
        self.y_true = y_true
        self.intervals = intervals
        self.groups = groups
        self.confidence_level = confidence_level
        self.sample_weight = sample_weight
        self.target_names = target_names

    @classmethod
    @validate_params(
        constraints_of("estimator", "adaptive", "target_names", level="needed"),
        prefer_skip_nested_validation=False,
    )
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        groups,
        *,
        confidence_level=0.9,
        adaptive=True,
        sample_weight=None,
        target_names=None,
        edges=None,
        ax=None,
    ):
        """Predict intervals and draw.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_interval``, or a pipeline or search that ends in such a one.
        X : array-like of shape (n_samples, n_features)
            Rows that it did not learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        groups : array-like of shape (n_samples,)
            Group of each row.
        confidence_level : float, default=0.9
            What part of the truth the intervals shall hold, in (0, 1).
        adaptive : bool, default=True
            Whether intervals are as wide as each row asks for.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y``, where it has some.
        edges : list of int, default=None
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        CoverageByGroupDisplay

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
            groups,
            confidence_level=confidence_level,
            sample_weight=sample_weight,
            target_names=names,
            edges=edges,
            ax=ax,
        )

    @classmethod
    @validate_params(
        constraints_of("intervals", "target_names", level="optional"),
        prefer_skip_nested_validation=False,
    )
    def from_predictions(
        cls,
        y_true,
        intervals,
        groups,
        *,
        confidence_level=None,
        sample_weight=None,
        target_names=None,
        edges=None,
        ax=None,
    ):
        """Draw intervals that were made before.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        intervals : array-like of shape (n_samples, n_targets, 2)
            Lower and upper bounds; (n_samples, 2) will do for one target.
        groups : array-like of shape (n_samples,)
            Group of each row.
        confidence_level : float, default=None
            What part of the truth they shall hold: a line.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y_true``, where it has some.
        edges : list of int, default=None
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        CoverageByGroupDisplay

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
            groups=np.asarray(groups),
            confidence_level=confidence_level,
            sample_weight=None if sample_weight is None else np.asarray(sample_weight),
            target_names=names,
        )
        return display.plot(ax, edges=edges)

    def plot(self, ax=None, *, edges=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.
        edges : list of int, default=None
            Smallest size of each bin of groups but the first, rising, however few groups there
            are. None: each group has its place, and more than twelve are put into bins of 1, 2
            to 3, 4 to 7, ... rows.

        Returns
        -------
        CoverageByGroupDisplay
            This display.

        Raises
        ------
        ValueError
            If the edges do not rise, or the number of names is not that of the targets.
        """
        names = check_names(self.target_names, np.shape(self.y_true))
        groups = np.asarray(self.groups)
        labels = np.unique(groups)
        by_size = edges is not None or len(labels) > MAX_GROUPS
        if by_size:
            places = _places_by_size(groups, edges)
        else:
            places = [(str(label), np.flatnonzero(groups == label)) for label in labels]
        self.frame_ = self._coverages(names, places, by_size)
        size = (max(5.6, 3.0 + 1.1 * len(places)), 4.2)
        (ax,) = make_axes(ax, 1, f"{type(self).__name__}.plot", panel_size=size)
        ticks = [_tick(row, by_size) for row in self.frame_[: len(places)].itertuples()]
        draw_places(ax, self.frame_, names, self.confidence_level, ticks)
        ax.set(xlabel="Rows of the group" if by_size else "Group", title="Coverage by group")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _coverages(self, names, places, by_size):
        """Return how much each place of each target holds."""
        held, groups = holds_truth(self.y_true, self.intervals), np.asarray(self.groups)
        rows = []
        for target, name in enumerate(names):
            for label, own in places:
                within = groups[own] if by_size else None
                found = Coverage.of(held[own, target], within, rows_of(self.sample_weight, own))
                n_groups = len(np.unique(groups[own]))
                rows.append((name, label, n_groups, len(own), found.part, found.error))
        columns = ["target", "group", "n_groups", "n_rows", "coverage", "std_error"]
        return pd.DataFrame(rows, columns=columns)


def _places_by_size(groups, edges):
    """Return sizes, as words, and rows of each bin."""
    sizes = sizes_of(groups)
    places = []
    for rows in bins_by_size(sizes, groups, edges):
        low, high = sizes[rows].min(), sizes[rows].max()
        places.append((f"{low}" if low == high else f"{low}-{high}", rows))
    return places


def _tick(row, by_size):
    rows = f"{row.n_rows:,} row{'' if row.n_rows == 1 else 's'}"
    if not by_size:
        return f"{wrap(row.group, 14)}\n{rows}"
    groups = f"{row.n_groups:,} group{'' if row.n_groups == 1 else 's'}"
    return f"{row.group}\n{groups}\n{rows}"
