from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._lengths import check_one_for_each_row
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
from ._held_out import out_of_fold_prediction
from ._targets import TARGET_NAMES, check_names, check_targets, without_unpredicted
from ._unwrap import PREDICTOR, as_learned

# Of the places on the x axis; targets are drawn side by side within it.
WIDTH_OF_BIN = 0.5
# A standard error of fewer groups tells little.
MIN_GROUPS = 5


class GroupErrorDisplay:
    """How large the error is for rows of small and of large groups.

    For videos of creators: is the error larger for creators with few videos? The squared errors
    of a bin are divided by the target's variance over all rows, so that the mean over bins,
    weighted by their rows, is the normalised mean squared error of all rows. Whiskers are one
    standard error to either side, of whole groups. It is recommended to use
    :meth:`from_estimator` or :meth:`from_predictions` to create a display.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,) or (n_samples, n_targets)
        True values.
    y_pred : ndarray of the shape of ``y_true``
        Predicted values.
    groups : ndarray of shape (n_samples,)
        Group of each row.
    group_sizes : ndarray of int of shape (n_samples,), default=None
        Number of rows of each row's group. None counts them in `groups`.
    target_names : list of str, default=None
        One name per target. None: ``target 0``, ``target 1`` and so on, or ``target`` for a 1-D
        ``y_true``.

    Attributes
    ----------
    frame_ : DataFrame of shape (n_bins * n_targets, 7)
        What was drawn: ``target``, ``smallest`` and ``largest`` (size of a group in the bin),
        ``n_groups``, ``n_rows``, ``error`` and ``std_error`` (NaN for a bin of one group).
    ax_ : matplotlib Axes
        What was drawn onto.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    ResidualsDisplay : The errors of the rows.

    Notes
    -----
    Rows of a group err alike, and count as one draw in the standard error: for a bin of G groups
    and n rows with mean error e it is the root of G / (G - 1) times the sum over groups of
    (their summed errors - their rows * e) squared, divided by n ([1]_).

    References
    ----------
    .. [1] W. G. Cochran, "Sampling Techniques", third edition, 1977, section 9A (clusters of
       unequal sizes: ratio to size).

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.inspection import GroupErrorDisplay
    >>> y_true = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    >>> y_pred = np.array([2.0, 3.0, 3.0, 4.0, 5.0, 6.0])
    >>> creators = ["a", "b", "c", "c", "d", "d"]
    >>> display = GroupErrorDisplay.from_predictions(y_true, y_pred, creators, edges=[2])
    >>> display.frame_[["smallest", "largest", "n_groups", "n_rows", "error"]]
       smallest  largest  n_groups  n_rows     error
    0         1        1         2       2  0.342857
    1         2        2         2       4  0.000000
    """

    def __init__(self, *, y_true, y_pred, groups, group_sizes=None, target_names=None):
        self.y_true = y_true
        self.y_pred = y_pred
        self.groups = groups
        self.group_sizes = group_sizes
        self.target_names = target_names

    @classmethod
    @validate_params(
        {"estimator": PREDICTOR, "held_out": ["boolean"], "target_names": TARGET_NAMES},
        prefer_skip_nested_validation=False,
    )
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        groups,
        *,
        held_out=False,
        group_sizes=None,
        target_names=None,
        edges=None,
        ax=None,
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
        groups : array-like of shape (n_samples,)
            Group of each row.
        held_out : bool, default=False
            Whether to draw the out-of-fold predictions that a K-fold ensemble or a blend keeps;
            `X`, `y` and `groups` are then the rows of its fit, in their order.
        group_sizes : array-like of int of shape (n_samples,), default=None
            Number of rows of each row's group, in the training rows say. None counts them in
            `groups`.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y``, where it has some.
        edges : list of int, default=None
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        GroupErrorDisplay

        Raises
        ------
        TypeError
            If ``held_out=True`` and there is no ensemble with out-of-fold predictions.
        """
        import_pyplot(f"{cls.__name__}.from_estimator")
        estimator, y = as_learned(estimator, y)
        y_pred = out_of_fold_prediction(estimator, len(y)) if held_out else estimator.predict(X)
        return cls.from_predictions(
            y,
            y_pred,
            groups,
            group_sizes=group_sizes,
            target_names=target_names,
            edges=edges,
            ax=ax,
        )

    @classmethod
    @validate_params({"target_names": TARGET_NAMES}, prefer_skip_nested_validation=False)
    def from_predictions(
        cls, y_true, y_pred, groups, *, group_sizes=None, target_names=None, edges=None, ax=None
    ):
        """Draw predictions that were made before.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        y_pred : array-like of the shape of ``y_true``
            Predicted values. Rows with NaN, which no fold held out, are left out.
        groups : array-like of shape (n_samples,)
            Group of each row.
        group_sizes : array-like of int of shape (n_samples,), default=None
            Number of rows of each row's group. None counts them in `groups`, rows that are
            left out included.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y_true``, where it has some.
        edges : list of int, default=None
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        GroupErrorDisplay

        Raises
        ------
        ValueError
            If the shapes differ, a value is not finite, or the number of names is not that of
            the targets.
        """
        import_pyplot(f"{cls.__name__}.from_predictions")
        if target_names is None:
            target_names = target_names_of(y_true)
        check_one_for_each_row("groups", groups, y_true)
        check_one_for_each_row("group_sizes", group_sizes, y_true)
        groups = np.asarray(groups)
        sizes = sizes_of(groups) if group_sizes is None else group_sizes
        y_true, y_pred, groups, sizes = without_unpredicted(y_true, y_pred, groups, sizes)
        y_true, y_pred = check_targets(y_true, y_pred)
        display = cls(
            y_true=y_true,
            y_pred=y_pred,
            groups=groups,
            group_sizes=sizes,
            target_names=target_names,
        )
        return display.plot(ax, edges=edges)

    def plot(self, ax=None, *, edges=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.
        edges : list of int, default=None
            Smallest size of each bin but the first, rising: ``[2, 10]`` makes bins of groups
            with 1, with 2 to 9, and with 10 and more rows. None doubles (1, 2 to 3, 4 to 7, ...)
            as long as five groups or more are in a bin.

        Returns
        -------
        GroupErrorDisplay
            This display.

        Raises
        ------
        ValueError
            If the edges do not rise, or the number of names is not that of the targets.
        """
        names = check_names(self.target_names, np.shape(self.y_true))
        sizes = sizes_of(self.groups) if self.group_sizes is None else np.asarray(self.group_sizes)
        bins = bins_by_size(sizes, np.asarray(self.groups), edges)
        self.frame_ = self._errors(names, sizes, bins)
        size = (max(6.4, 3.0 + 1.1 * len(bins)), 4.2)
        (ax,) = make_axes(ax, 1, f"{type(self).__name__}.plot", panel_size=size)
        overall = [_draw_target(ax, self.frame_, names, index) for index in range(len(names))]
        ax.axhline(
            np.mean(overall),
            color=REFERENCE_COLOR,
            linestyle="--",
            linewidth=1.2,
            label=f"all rows: {np.mean(overall):.3f}",
        )
        rows = self.frame_[: len(bins)]
        ax.set_xticks(np.arange(len(bins)), [_tick(row) for row in rows.itertuples()])
        ax.set_ylim(bottom=0)
        ax.set(xlabel="Rows of the group", ylabel="Error (NMSE)", title="Error by size of group")
        tidy(ax)
        ax.grid(visible=False, axis="x")
        legend_beside(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _errors(self, names, sizes, bins):
        """Return the error of each target in each bin."""
        y_true = np.reshape(self.y_true, (len(sizes), -1))
        y_pred = np.reshape(self.y_pred, y_true.shape)
        variance = y_true.var(axis=0)
        errors = (y_true - y_pred) ** 2 / np.where(variance > 0, variance, 1.0)
        groups = np.asarray(self.groups)
        rows = []
        for name, of_target in zip(names, errors.T, strict=True):
            for in_bin in bins:
                own = sizes[in_bin]
                found = _clustered_mean(of_target[in_bin], groups[in_bin])
                rows.append(
                    (name, own.min(), own.max(), found.n_groups, len(own), found.mean, found.error)
                )
        columns = ["target", "smallest", "largest", "n_groups", "n_rows", "error", "std_error"]
        return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class _Mean:
    """A mean, its standard error, and of how many groups they are."""

    mean: float
    error: float
    n_groups: int


def _clustered_mean(values, groups):
    """Return the mean of values, and the standard error that whole groups make."""
    _, codes = np.unique(groups, return_inverse=True)
    mean, n_groups = values.mean(), codes.max() + 1
    if n_groups < 2:
        return _Mean(mean, np.nan, n_groups)
    sums = np.bincount(codes, weights=values - mean)
    error = np.sqrt(n_groups / (n_groups - 1) * np.sum(sums**2)) / len(values)
    return _Mean(mean, error, n_groups)


def sizes_of(groups):
    """Return the number of rows of each row's group."""
    _, codes, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return counts[codes]


def bins_by_size(sizes, groups, edges):
    """Return the rows of each bin that holds any."""
    if edges is not None and (
        isinstance(edges, str) or np.ndim(edges) != 1 or (np.diff(edges) <= 0).any()
    ):
        raise ValueError(f"edges must be a list of rising sizes, [2, 10] say; got {edges!r}.")
    doubled = edges is None
    number = np.searchsorted(2 ** np.arange(1, 63) if doubled else edges, sizes, side="right")
    bins = [np.flatnonzero(number == each) for each in np.unique(number)]
    if not doubled:
        return bins
    merged = []
    for rows in reversed(bins):  # the largest groups are the fewest
        if merged and len(np.unique(groups[merged[-1]])) < MIN_GROUPS:
            merged[-1] = np.concatenate([rows, merged[-1]])
        else:
            merged.append(rows)
    return merged[::-1]


def _tick(row):
    sizes = f"{row.smallest}" if row.smallest == row.largest else f"{row.smallest}-{row.largest}"
    groups = f"{row.n_groups:,} group{'' if row.n_groups == 1 else 's'}"
    return f"{sizes}\n{groups}\n{row.n_rows:,} row{'' if row.n_rows == 1 else 's'}"


def _draw_target(ax, frame, names, index):
    """Draw the bins of one target; return its error over all of them."""
    n_bins = len(frame) // len(names)
    own = frame[index * n_bins : (index + 1) * n_bins]
    offset = WIDTH_OF_BIN * ((index + 0.5) / len(names) - 0.5)
    ax.errorbar(
        np.arange(n_bins) + offset,
        own["error"],
        yerr=own["std_error"],
        **{**series_style(index), "linestyle": "none"},
        markersize=6,
        capsize=3,
        label=wrap(names[index]),
    )
    return np.average(own["error"], weights=own["n_rows"])
