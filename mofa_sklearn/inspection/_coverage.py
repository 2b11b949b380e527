"""What the displays of coverage share: intervals, whether they hold the truth, and how often."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from .._lengths import check_one_for_each_row
from .._sklearn_private import Interval
from .._validation import check_array
from ..ensemble._target_names import target_names_of
from ._drawing import REFERENCE_COLOR, legend_beside, series_style, tidy, wrap
from ._targets import check_names
from ._unwrap import PREDICTOR, as_learned, unwrap

# Of the places on an x axis; targets are drawn side by side within it.
_WIDTH_OF_PLACE = 0.5
ALL_TARGETS = "all targets"

_LEVEL = Interval(Real, 0, 1, closed="neither")
#: What may be passed to displays, for `validate_params`.
CONSTRAINTS = {
    "estimator": PREDICTOR,
    "confidence_levels": ["array-like"],
    "intervals": ["array-like"],
    "joint": ["boolean"],
    "adaptive": ["boolean"],
    "target_names": [list, tuple, None],
    "n_bins": [Interval(Integral, 1, None, closed="left")],
}


def constraints_of(*names, level=None):
    """Return constraints of arguments, and of a confidence level that may be left out or not."""
    own = {name: CONSTRAINTS[name] for name in names}
    if level is not None:
        own["confidence_level"] = [_LEVEL, None] if level == "optional" else [_LEVEL]
    return own


def check_levels(confidence_levels):
    """Return confidence levels as an array; refuse what is none."""
    levels = np.asarray(confidence_levels, dtype=np.float64)
    if levels.ndim != 1 or len(levels) == 0 or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(
            f"confidence_levels must be several numbers in (0, 1); got {confidence_levels!r}."
        )
    return levels


def predicted_intervals(estimator, X, confidence_level, **params):
    """Ask what a pipeline or search ends in for its intervals."""
    inner, rows = unwrap(estimator, X)
    if not hasattr(inner, "predict_interval"):
        raise TypeError(
            "confidence_level needs an estimator with `predict_interval`, such as a "
            "KFoldEnsembleRegressor or a BlendRegressor, or a pipeline or search that ends in "
            f"one; got {type(inner).__name__}, which has none."
        )
    return inner.predict_interval(rows, confidence_level=confidence_level, **params)


def intervals_and_truth(estimator, X, y, confidence_level, **params):
    """Return intervals on the scale that was learned, and the truth on the same."""
    estimator, y = as_learned(estimator, y)
    return predicted_intervals(estimator, X, confidence_level, **params), y


def check_intervals(intervals, shape):
    """Return lower and upper bounds of shape (n_samples, n_targets, 2)."""
    n_targets = 1 if len(shape) == 1 else shape[1]
    expected = (shape[0], n_targets, 2)
    if isinstance(intervals, str):
        raise TypeError(f"intervals must be an array of shape {expected}; got {intervals!r}.")
    bounds = np.asarray(intervals, dtype=np.float64)
    is_one = bounds.ndim and bounds.size == np.prod(expected)
    if not is_one or bounds.shape[0] != shape[0] or bounds.shape[-1] != 2:
        raise ValueError(
            f"intervals must be of shape {expected}, lower and upper bounds of each target; got "
            f"{bounds.shape}."
        )
    return bounds.reshape(expected)


def check_truth(y_true, groups=None, sample_weight=None):
    """Return finite targets; what else belongs to the rows has to be as long."""
    y_true = check_array(y_true, ensure_2d=False, dtype=np.float64, input_name="y_true")
    check_one_for_each_row("groups", groups, y_true)
    check_one_for_each_row("sample_weight", sample_weight, y_true)
    if sample_weight is not None:
        weight = np.asarray(sample_weight, dtype=np.float64)
        if not (weight >= 0).all() or np.isinf(weight).any():
            raise ValueError("sample_weight must be finite and not negative.")
    return y_true


def names_of(target_names, y_true):
    """Return one name for each target, all of them different."""
    if target_names is None:
        target_names = target_names_of(y_true)
    names = check_names(target_names, np.shape(y_true))
    if len(set(names)) < len(names):
        raise ValueError(f"target_names must differ; got {names}.")
    return names


def holds_truth(y_true, intervals):
    """Tell which intervals hold the truth, (n_samples, n_targets)."""
    bounds = check_intervals(intervals, np.shape(y_true))
    y_true = np.reshape(y_true, bounds.shape[:2])
    return (bounds[..., 0] <= y_true) & (y_true <= bounds[..., 1])


@dataclass(frozen=True)
class Coverage:
    """A part of rows, and its standard error, of whole groups.

    Parameters
    ----------
    part : float
        Weighted mean.
    error : float
        NaN for a single group.
    """

    part: float
    error: float

    @classmethod
    def of(cls, held, groups=None, sample_weight=None):
        """Count the rows whose truth is held.

        Parameters
        ----------
        held : ndarray of bool of shape (n_samples,)
            Which they are.
        groups : array-like of shape (n_samples,), default=None
            Rows of a group are alike, and count as one draw in the standard error.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.

        Returns
        -------
        Coverage
        """
        weight = np.ones(len(held)) if sample_weight is None else np.asarray(sample_weight)
        total = weight.sum()
        if total == 0:
            return cls(np.nan, np.nan)
        part = np.average(held, weights=weight)
        deviation = (weight * (held - part))[weight > 0]
        if groups is not None:
            _, codes = np.unique(np.asarray(groups)[weight > 0], return_inverse=True)
            deviation = np.bincount(codes, deviation)
        n_groups = len(deviation)
        if n_groups < 2:
            return cls(part, np.nan)
        return cls(part, np.sqrt(n_groups / (n_groups - 1) * np.sum(deviation**2)) / total)


def rows_of(values, rows):
    """Return those of some rows; None stays None."""
    return None if values is None else np.asarray(values)[rows]


def draw_places(ax, frame, names, confidence_level, ticks):
    """Draw coverage at places side by side, one marker for each target.

    Parameters
    ----------
    ax : matplotlib Axes
        Where.
    frame : DataFrame of shape (n_targets * n_places, ...)
        With columns ``target``, ``coverage`` and ``std_error``.
    names : list of str
        The targets.
    confidence_level : float or None
        What coverage should be, a line.
    ticks : list of str of length n_places
        What the places are called.
    """
    places = np.arange(len(ticks))
    for index, name in enumerate(names):
        own = frame[index * len(ticks) : (index + 1) * len(ticks)]
        offset = _WIDTH_OF_PLACE * ((index + 0.5) / len(names) - 0.5)
        ax.errorbar(
            places + offset,
            own["coverage"],
            yerr=own["std_error"].fillna(0),
            **{**series_style(index), "linestyle": "none"},
            markersize=6,
            capsize=3,
            label=wrap(name),
        )
    if confidence_level is not None:
        draw_promise(ax, confidence_level)
    ax.set_xticks(places, ticks)
    ax.set(ylabel="Part of rows held")
    low, high = ax.get_ylim()
    ax.set_ylim(low, min(high, 1.02))
    tidy(ax)
    ax.grid(visible=False, axis="x")
    legend_beside(ax)


def draw_promise(ax, confidence_level):
    """Draw the line on which coverage should lie."""
    ax.axhline(
        confidence_level,
        color=REFERENCE_COLOR,
        linestyle="--",
        linewidth=1.2,
        label=f"as promised: {100 * confidence_level:.4g} %",
    )
