import numpy as np
import pandas as pd
from sklearn.base import is_classifier

from .._sklearn_private import validate_params
from ._coverage import (
    ALL_TARGETS,
    Coverage,
    check_levels,
    check_truth,
    constraints_of,
    holds_truth,
    intervals_and_truth,
    names_of,
)
from ._drawing import (
    REFERENCE_COLOR,
    import_pyplot,
    legend_beside,
    make_axes,
    series_style,
    tidy,
    wrap,
)
from ._unwrap import unwrap

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


class CoverageDisplay:
    """How often intervals, or sets of classes, hold the truth, by their confidence level.

    Points on the dashed line hold as much as they promise; below it, too little. Whiskers are
    one standard error to either side, of whole groups where they are given. It is recommended
    to use :meth:`from_estimator` or :meth:`from_predictions` to create a display. All
    parameters are stored as attributes.

    Parameters
    ----------
    confidence_levels : ndarray of shape (n_levels,)
        What was promised.
    held : ndarray of bool of shape (n_levels, n_samples, n_series)
        Whether the truth of each row is held, for each target, or for all at once.
    names : list of str of length n_series
        What the series are called.
    groups : ndarray of shape (n_samples,), default=None
        Groups of rows, which count as one draw in the standard errors.
    sample_weight : ndarray of shape (n_samples,), default=None
        How much each row counts.

    Attributes
    ----------
    frame_ : DataFrame of shape (n_series * n_levels, 4)
        What was drawn: ``target``, ``confidence_level``, ``coverage`` and ``std_error``.
    ax_ : matplotlib Axes
        What was drawn onto.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    CoverageByWidthDisplay : Do narrow intervals hold as often as wide ones?
    CoverageByGroupDisplay : The same for groups of rows.
    sklearn.calibration.CalibrationDisplay : Of probabilities.

    Examples
    --------
    >>> import numpy as np
    >>> from mofa_sklearn.inspection import CoverageDisplay
    >>> y = np.array([1.0, 2.0, 3.0, 4.0])
    >>> narrow, wide = np.array([[0.5, 2.5]] * 4), np.array([[0.5, 3.5]] * 4)
    >>> display = CoverageDisplay.from_predictions(y, [narrow, wide], [0.5, 0.75])
    >>> display.frame_["coverage"].tolist()
    [0.5, 0.75]
    """

    def __init__(self, *, confidence_levels, held, names, groups=None, sample_weight=None):
        self.confidence_levels = confidence_levels
        self.held = held
        self.names = names
        self.groups = groups
        self.sample_weight = sample_weight

    @classmethod
    @validate_params(
        constraints_of("estimator", "confidence_levels", "joint", "adaptive", "target_names"),
        prefer_skip_nested_validation=False,
    )
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        confidence_levels=LEVELS,
        joint=False,
        adaptive=True,
        groups=None,
        sample_weight=None,
        target_names=None,
        ax=None,
    ):
        """Predict intervals, or sets of classes, and draw.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_interval`` or ``predict_set``, or a pipeline or search that
            ends in such a one.
        X : array-like of shape (n_samples, n_features)
            Rows that it did not learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values, or classes.
        confidence_levels : array-like of shape (n_levels,), default=(0.5, 0.6, ..., 0.95)
            Levels in (0, 1).
        joint : bool, default=False
            Whether intervals shall hold all targets of a row at once.
        adaptive : bool, default=True
            Whether intervals are as wide as each row asks for.
        groups : array-like of shape (n_samples,), default=None
            Groups of rows, which count as one draw in the standard errors.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y``, where it has some.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        CoverageDisplay

        Raises
        ------
        TypeError
            If the estimator has neither method, or `joint` or `adaptive` are passed for
            classes.
        """
        import_pyplot(f"{cls.__name__}.from_estimator")
        levels = check_levels(confidence_levels)
        if is_classifier(estimator):
            if joint or not adaptive:
                raise TypeError("joint and adaptive are for intervals; classes have sets.")
            held = np.stack([_sets_hold(estimator, X, y, level) for level in levels])
            names = names_of(target_names, np.empty(len(held[0])))
            if target_names is None:
                names = ["class" if np.ndim(y) == 1 else "all labels"]
            return cls._of(levels, held, names, groups, sample_weight).plot(ax)
        params = {"joint": joint, "adaptive": adaptive}
        pairs = [intervals_and_truth(estimator, X, y, level, **params) for level in levels]
        return cls.from_predictions(
            y_true=pairs[0][1],
            intervals=[bounds for bounds, _ in pairs],
            confidence_levels=levels,
            joint=joint,
            groups=groups,
            sample_weight=sample_weight,
            target_names=names_of(target_names, y),
            ax=ax,
        )

    @classmethod
    @validate_params(
        constraints_of("intervals", "confidence_levels", "joint", "target_names"),
        prefer_skip_nested_validation=False,
    )
    def from_predictions(
        cls,
        y_true,
        intervals,
        confidence_levels,
        *,
        joint=False,
        groups=None,
        sample_weight=None,
        target_names=None,
        ax=None,
    ):
        """Draw intervals that were made before.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
            True values.
        intervals : sequence of n_levels array-like of shape (n_samples, n_targets, 2)
            Lower and upper bounds, for each level; (n_samples, 2) will do for one target.
        confidence_levels : array-like of shape (n_levels,)
            What part of the truth each of them shall hold.
        joint : bool, default=False
            Whether they shall hold all targets of a row at once.
        groups : array-like of shape (n_samples,), default=None
            Groups of rows, which count as one draw in the standard errors.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.
        target_names : list of str, default=None
            One name per target. None: the column names of ``y_true``, where it has some.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        CoverageDisplay

        Raises
        ------
        ValueError
            If shapes differ, or the number of intervals is not that of the levels.
        """
        import_pyplot(f"{cls.__name__}.from_predictions")
        levels, names = check_levels(confidence_levels), names_of(target_names, y_true)
        y_true = check_truth(y_true, groups, sample_weight)
        if len(intervals) != len(levels):
            raise ValueError(
                f"intervals and confidence_levels must be as many; got {len(intervals)} and "
                f"{len(levels)}."
            )
        held = np.stack([holds_truth(y_true, bounds) for bounds in intervals])
        if joint:
            held = held.all(axis=2, keepdims=True)
            names = [ALL_TARGETS if len(names) > 1 else names[0]]
        return cls._of(levels, held, names, groups, sample_weight).plot(ax)

    @classmethod
    def _of(cls, confidence_levels, held, names, groups, sample_weight):
        check_truth(np.zeros(held.shape[1]), groups, sample_weight)
        return cls(
            confidence_levels=confidence_levels,
            held=held,
            names=names,
            groups=None if groups is None else np.asarray(groups),
            sample_weight=None if sample_weight is None else np.asarray(sample_weight),
        )

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        CoverageDisplay
            This display.
        """
        (ax,) = make_axes(ax, 1, f"{type(self).__name__}.plot", panel_size=(6.0, 4.4))
        rows = []
        for series, name in enumerate(self.names):
            for level, held in zip(self.confidence_levels, self.held[..., series], strict=True):
                found = Coverage.of(held, self.groups, self.sample_weight)
                rows.append((name, level, found.part, found.error))
        columns = ["target", "confidence_level", "coverage", "std_error"]
        self.frame_ = pd.DataFrame(rows, columns=columns)
        ends = min(self.confidence_levels), max(self.confidence_levels)
        line = {"color": REFERENCE_COLOR, "linestyle": "--", "linewidth": 1.2}
        ax.plot(ends, ends, **line, label="as promised")
        for series, name in enumerate(self.names):
            own = self.frame_[self.frame_["target"] == name]
            ax.errorbar(
                own["confidence_level"],
                own["coverage"],
                yerr=own["std_error"].fillna(0),
                **series_style(series),
                linewidth=1.2,
                markersize=5,
                capsize=3,
                label=wrap(name),
            )
        ax.set(xlabel="Confidence level", ylabel="Part of rows held", title="Coverage by level")
        tidy(ax)
        legend_beside(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _sets_hold(estimator, X, y, confidence_level):
    """Tell which sets hold the truth, (n_samples, 1)."""
    inner, rows = unwrap(estimator, X)
    if not hasattr(inner, "predict_set"):
        raise TypeError(
            "The estimator needs `predict_interval` or `predict_set`, as the K-fold ensembles "
            "have them, or has to be a pipeline or search that ends in such a one; got "
            f"{type(inner).__name__}."
        )
    sets, y = inner.predict_set(rows, confidence_level=confidence_level), np.asarray(y)
    if y.ndim == 2:
        return (sets | (y == 0)).all(axis=1, keepdims=True)
    return (sets & (y[:, None] == inner.classes_)).any(axis=1, keepdims=True)
