from collections.abc import Mapping, Sequence
from numbers import Integral

import numpy as np

from .._sklearn_private import validate_params
from ._drawing import MAIN_COLOR, SECOND_COLOR, import_pyplot, make_axes, tidy
from ._unwrap import with_members

# Curves of many members lie on each other: the more there are, the fainter each is drawn.
MIN_ALPHA = 0.35


class TrainingCurvesDisplay:
    """Training and validation loss over the epochs, a pair of curves per member.

    A dot marks the epoch whose weights a member kept. It is recommended to use
    :meth:`from_estimator` or :meth:`from_data` to create a display.

    Parameters
    ----------
    histories : list of list of dict
        One history per member: a dictionary per epoch with ``"epoch"``, ``"train_loss"`` and,
        where the member had a validation set, ``"valid_loss"``.
    best_iterations : list of int or None, default=None
        The epoch that each member kept, counted as ``"epoch"`` is. None marks nothing.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn onto.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    Examples
    --------
    >>> from mofa_sklearn.inspection import TrainingCurvesDisplay
    >>> history = [
    ...     {"epoch": 1, "train_loss": 1.0, "valid_loss": 1.1},
    ...     {"epoch": 2, "train_loss": 0.7, "valid_loss": 0.9},
    ...     {"epoch": 3, "train_loss": 0.5, "valid_loss": 1.0},
    ... ]
    >>> display = TrainingCurvesDisplay.from_data([history], best_iterations=[2])
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['training', 'validation', 'best epoch']
    """

    def __init__(self, *, histories, best_iterations=None):
        self.histories = histories
        self.best_iterations = best_iterations

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the history that a fitted estimator keeps.

        Parameters
        ----------
        estimator : estimator
            Fitted estimator with ``history_`` and ``best_iteration_``; an ensemble of such
            (``estimators_``); or a pipeline or search that ends in one of these.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        TrainingCurvesDisplay

        Raises
        ------
        TypeError
            If the estimator, or a member of it, has no ``history_``.
        """
        import_pyplot(f"{cls.__name__}.from_estimator")
        members = [member for member, _ in with_members(estimator, "history_")]
        return cls.from_data(
            [list(member.history_) for member in members],
            [getattr(member, "best_iteration_", None) for member in members],
            ax=ax,
        )

    @classmethod
    @validate_params(
        {"histories": ["array-like"], "best_iterations": ["array-like", None]},
        prefer_skip_nested_validation=False,
    )
    def from_data(cls, histories, best_iterations=None, *, ax=None):
        """Draw histories that were kept elsewhere.

        Parameters
        ----------
        histories : list of list of dict
            One history per member, as skorch keeps them.
        best_iterations : list of int or None, default=None
            The epoch that each member kept, counted as ``"epoch"`` is. None marks nothing.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        TrainingCurvesDisplay
        """
        return cls(histories=histories, best_iterations=best_iterations).plot(ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        TrainingCurvesDisplay
            This display.

        Raises
        ------
        ValueError
            If the numbers of histories and of best iterations differ.
        """
        if not all(_is_history(history) for history in self.histories):
            raise TypeError(
                "histories must be lists of dicts, one a member, as skorch keeps them; got "
                f"{self.histories!r:.100}."
            )
        bests = self.best_iterations
        if bests is None:
            bests = [None] * len(self.histories)
        if len(bests) != len(self.histories):
            raise ValueError(
                f"got {len(self.histories)} histories but {len(bests)} best iterations: "
                "best_iterations needs one, or None, for each."
            )
        if not all(best is None or isinstance(best, Integral) for best in bests):
            raise TypeError(f"best_iterations must be epochs or None; got {list(bests)!r}.")
        (ax,) = make_axes(ax, 1, f"{type(self).__name__}.plot", panel_size=(6.4, 4.2))
        alpha = max(MIN_ALPHA, 1 / max(1, len(self.histories)) ** 0.5)
        for history, best in zip(self.histories, bests, strict=True):
            _draw_member(ax, history, best, alpha)
        ax.set(xlabel="Epoch", ylabel="Loss", title=_title(len(self.histories)))
        ax.xaxis.get_major_locator().set_params(integer=True)
        tidy(ax)
        _draw_legend(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _is_history(history):
    is_list = isinstance(history, Sequence) and not isinstance(history, str)
    return is_list and all(isinstance(row, Mapping) for row in history)


def _title(n_members):
    return "Loss" if n_members == 1 else f"Loss of {n_members} members"


def _curve(history, key):
    """Epochs and values of one loss; NaN in the epochs that lack it."""
    epochs = np.array([row["epoch"] for row in history])
    return epochs, np.array([row.get(key, np.nan) for row in history], dtype=float)


def _draw_member(ax, history, best, alpha):
    """Draw the curves of one member, and a dot on the validation loss of its best epoch."""
    epochs, train = _curve(history, "train_loss")
    _, valid = _curve(history, "valid_loss")
    has_valid = bool(np.isfinite(valid).any())
    # A curve of one epoch is a point, and a line alone would not show it.
    marker = "." if len(epochs) == 1 else None
    ax.plot(epochs, train, color=MAIN_COLOR, alpha=alpha, marker=marker, label="training")
    if has_valid:
        ax.plot(epochs, valid, color=SECOND_COLOR, alpha=alpha, marker=marker, label="validation")
    if best is None or best not in epochs:
        return
    loss = (valid if has_valid else train)[epochs == best]
    ax.scatter(
        best,
        loss[0],
        s=34,
        color=SECOND_COLOR if has_valid else MAIN_COLOR,
        edgecolors="black",
        linewidths=0.8,
        zorder=3,
        label="best epoch",
    )


def _draw_legend(ax):
    """One entry per meaning, however many members there are."""
    handles, labels = ax.get_legend_handles_labels()
    entries = dict(zip(labels, handles, strict=True))
    if not entries:
        return
    legend = ax.legend(entries.values(), entries.keys(), frameon=False)
    for handle in legend.legend_handles:
        handle.set_alpha(1)
