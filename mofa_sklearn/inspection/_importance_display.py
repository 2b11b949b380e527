import numpy as np
from sklearn.utils import Bunch

from .._sklearn_private import validate_params
from ._drawing import (
    MAIN_COLOR,
    REFERENCE_COLOR,
    import_pyplot,
    legend_beside,
    make_axes,
    series_style,
    tidy,
    wrap,
)
from ._modality_importance import modality_importance

# Height in inches of the bars of one modality, and of one target among several.
BAR_HEIGHT, THIN_BAR_HEIGHT = 0.55, 0.26


class ModalityImportanceDisplay:
    """How much worse predictions become without what each modality tells.

    A bar is the mean over the repeats, its whisker one standard deviation to either side, a dot
    one repeat. It is recommended to use :meth:`from_estimator` or :meth:`from_data` to create a
    display.

    Parameters
    ----------
    importance : Bunch
        What :func:`modality_importance` returned.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn onto.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    modality_importance : The numbers, and what they mean.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from mofa_sklearn.inspection import ModalityImportanceDisplay
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> y = X[:, 3]
    >>> display = ModalityImportanceDisplay.from_estimator(
    ...     Ridge().fit(X, y), X, y, modalities={"image": 2, "text": 2}, random_state=0
    ... )
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['text', 'image']
    """

    def __init__(self, *, importance):
        self.importance = importance

    @classmethod
    @validate_params({"by_target": ["boolean"]}, prefer_skip_nested_validation=False)
    def from_estimator(cls, estimator, X, y, *, by_target=False, ax=None, **params):
        """Measure the importance and draw it.

        Parameters
        ----------
        estimator : regressor or classifier
            A fitted estimator or pipeline.
        X : array-like of shape (n_samples, n_features)
            Rows that it did not learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their true targets.
        by_target : bool, default=False
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.
        **params : dict
            More arguments of :func:`modality_importance`.

        Returns
        -------
        ModalityImportanceDisplay
        """
        import_pyplot(f"{cls.__name__}.from_estimator")
        importance = modality_importance(estimator, X, y, **params)
        return cls.from_data(importance, by_target=by_target, ax=ax)

    @classmethod
    @validate_params(
        {"importance": [Bunch], "by_target": ["boolean"]}, prefer_skip_nested_validation=False
    )
    def from_data(cls, importance, *, by_target=False, ax=None):
        """Draw what was measured before.

        Parameters
        ----------
        importance : Bunch
            What :func:`modality_importance` returned.
        by_target : bool, default=False
            See :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.

        Returns
        -------
        ModalityImportanceDisplay
        """
        return cls(importance=importance).plot(ax, by_target=by_target)

    @validate_params({"by_target": ["boolean"]}, prefer_skip_nested_validation=False)
    def plot(self, ax=None, *, by_target=False):
        """Draw the modalities, the most important one on top.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw onto. None makes a new figure.
        by_target : bool, default=False
            Whether to draw a bar for each target, instead of one for their mean.

        Returns
        -------
        ModalityImportanceDisplay
            This display.

        Raises
        ------
        ValueError
            If ``by_target=True`` and the importance was measured with a `scoring`, which gives
            no value for each target.
        """
        series = self._series(by_target)
        order = np.argsort(-self.importance.importances_mean, kind="stable")
        height = BAR_HEIGHT if len(series) == 1 else THIN_BAR_HEIGHT * (len(series) + 1)
        size = (6.4 if len(series) == 1 else 8.2, 1.3 + height * len(order))
        (ax,) = make_axes(ax, 1, f"{type(self).__name__}.plot", panel_size=size)
        thickness = 0.6 if len(series) == 1 else 0.8 / len(series)
        for number, (name, repeats) in enumerate(series.items()):
            offset = (number - (len(series) - 1) / 2) * thickness
            color = MAIN_COLOR if len(series) == 1 else series_style(number)["color"]
            _draw_bars(ax, np.arange(len(order)) + offset, repeats[order], thickness, color, name)
        ax.axvline(0, color=REFERENCE_COLOR, linewidth=1)
        ax.set_yticks(np.arange(len(order)), [wrap(self.importance.modalities[i]) for i in order])
        ax.invert_yaxis()
        ax.set(xlabel=self._label(), title="Modality importance")
        tidy(ax)
        ax.grid(visible=False, axis="y")
        if len(series) > 1:
            legend_beside(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _series(self, by_target):
        """Name and (n_modalities, n_repeats) of what is drawn side by side."""
        if not by_target:
            return {"": self.importance.importances}
        if not len(self.importance.target_names):
            raise ValueError(
                "by_target=True needs an importance of each target, which modality_importance "
                f"measures with scoring=None; this one is of {self.importance.metric!r}."
            )
        names = [wrap(name) for name in self.importance.target_names]
        return dict(zip(names, self.importance.target_importances, strict=True))

    def _label(self):
        metric, baseline = self.importance.metric, self.importance.baseline
        change = "Rise" if metric == "NMSE" else "Fall"
        return f"{change} of the {metric} without it (with it: {baseline:.3f})"


def _draw_bars(ax, places, repeats, thickness, color, name):
    mean = repeats.mean(axis=1)
    ax.barh(places, mean, thickness * 0.9, color=color, alpha=0.75, label=name)
    n_repeats = repeats.shape[1]
    spread = np.linspace(-0.25, 0.25, n_repeats) if n_repeats > 1 else np.zeros(1)
    heights = places[:, None] + thickness * spread
    ax.scatter(repeats, heights, s=9, color="black", alpha=0.45, linewidths=0, zorder=3)
    if n_repeats > 1:
        ax.errorbar(
            mean, places, xerr=repeats.std(axis=1), fmt="none", color="black", capsize=3, zorder=4
        )
