"""The arguments of what is drawn."""

from functools import cache

import numpy as np
from sklearn.linear_model import Ridge

from mofa_sklearn import inspection

from . import _data, _fitted
from ._calls import Argument, Call, Later
from ._functions import NAMES, NO_MODEL, NOT_BOOLEAN, NOT_OF_EACH_ROW, WEIGHTS
from ._rows import Changes, Elsewhere

NO_KIND = ("no such", 3)
LEVEL = Argument(Changes(0.5), (0, 1, 90, "high"))
N_BINS = Argument(Changes(3), (0, "ten", 2.5, None))
#: Groups of 1, 3, 5 rows and so on.
UNEVEN = np.sqrt(np.arange(_data.N_ROWS)).astype(int)
EDGES = Argument(Changes([4, 8]), ([6, 4], 3, "ab"))
SIZES = Argument(Changes(_data.GROUPS % 3 + 1), NOT_OF_EACH_ROW)
HELD_OUT = Argument(Changes(True), NOT_BOOLEAN)
BY_TARGET = Argument(Changes(True), NOT_BOOLEAN)
BLEND = Argument(Changes(Later(_fitted.blend)), NO_MODEL)
GROUPS = Argument(Changes(_data.GROUPS), NOT_OF_EACH_ROW)
OTHER_RESIDUALS = Argument(Changes("distribution"), NO_KIND)
SCATTERED = Argument(Changes("hexbin"), NO_KIND)
VIOLINS = Argument(Changes("violin"), NO_KIND)


def histories():
    return [list(member.history_) for member in _fitted.networks().estimators_]


def importance():
    return inspection.modality_importance(
        _fitted.ridges(), _data.X, _data.Y, modalities=_data.WIDTHS, n_repeats=2, random_state=0
    )


def other_importance():
    return inspection.modality_importance(
        _fitted.ridges(), _data.X, _data.Y, modalities=_data.WIDTHS, n_repeats=2, random_state=1
    )


def other_attention():
    return _fitted.attention() ** 2


def intervals():
    return _fitted.ridges().predict_interval(_data.X)


def other_intervals():
    return several_intervals()[::-1]


def several_intervals():
    return [_fitted.ridges().predict_interval(_data.X, level) for level in (0.5, 0.9)]


@cache
def report():
    return inspection.analyze_modalities(
        _data.X, _data.Y, modalities=_data.WIDTHS, groups=_data.GROUPS, random_state=0
    )


def drawn_by(display, method, **arguments):
    """Call a class method."""
    return Call(lambda: getattr(getattr(inspection, display), method), lambda: resolve(arguments))


def drawn_again(display, method, **arguments):
    """Call `plot` of a display that was drawn by a class method."""

    def plot():
        return getattr(getattr(inspection, display), method)(**resolve(arguments)).plot

    return Call(plot, dict)


def resolve(arguments):
    return {
        name: value.make() if isinstance(value, Later) else value
        for name, value in arguments.items()
    }


ROWS = {"X": _data.X, "y": _data.Y}
RIDGES = {"estimator": Later(_fitted.ridges)}
PREDICTED = {"y_true": _data.Y, "y_pred": Later(_fitted.predictions)}
ATTENTION = {"attention": Later(_fitted.attention)}
OF_ATTENTION = Argument(Changes(Later(other_attention)), (3, "image"))
NETWORK = {"estimator": Later(_fitted.network), "X": _data.X}
MEASURED = {"modalities": _data.WIDTHS, "n_repeats": 2, "random_state": 0}
JOINT = Argument(Changes(True), NOT_BOOLEAN)
# Rows this few tell nothing of widths.
ADAPTIVE = Argument(
    Elsewhere("ensemble/test_adaptive_intervals.py", "test_false_is_one_width"), NOT_BOOLEAN
)
LEVELS = Argument(Changes([0.4, 0.8]), (3, "ab", [0.5, 2.0]))
INTERVALS = Argument(Changes(Later(lambda: 2 * intervals())), (3, "wide", _data.Y))
OTHER_INTERVALS = Argument(Changes(Later(_fitted.flat_ridges)), (3, Ridge, Ridge()))
NETWORKS = Argument(Changes(Later(_fitted.networks)), (3, "network"))
PREDICTED_ONCE = {"y_pred": Later(_fitted.predictions)}

DISPLAYS = {
    "AttentionByPredictionDisplay.from_data": (
        drawn_by("AttentionByPredictionDisplay", "from_data", **ATTENTION, **PREDICTED_ONCE),
        {"attention": OF_ATTENTION, "target_names": NAMES, "n_bins": N_BINS},
    ),
    "AttentionByPredictionDisplay.from_estimator": (
        drawn_by("AttentionByPredictionDisplay", "from_estimator", **NETWORK),
        {"estimator": NETWORKS, "target_names": NAMES, "n_bins": N_BINS},
    ),
    "AttentionByPredictionDisplay.plot": (
        drawn_again("AttentionByPredictionDisplay", "from_data", **ATTENTION, **PREDICTED_ONCE),
        {"n_bins": N_BINS},
    ),
    "CoverageDisplay.from_estimator": (
        drawn_by("CoverageDisplay", "from_estimator", **RIDGES, **ROWS),
        {
            "estimator": OTHER_INTERVALS,
            "confidence_levels": LEVELS,
            "joint": JOINT,
            "adaptive": ADAPTIVE,
            "groups": GROUPS,
            "sample_weight": WEIGHTS,
            "target_names": NAMES,
        },
    ),
    "CoverageDisplay.from_predictions": (
        drawn_by(
            "CoverageDisplay",
            "from_predictions",
            y_true=_data.Y,
            intervals=Later(several_intervals),
            confidence_levels=[0.5, 0.9],
        ),
        {
            "intervals": Argument(Changes(Later(other_intervals)), (3, "wide", [_data.Y])),
            "confidence_levels": Argument(Changes([0.4, 0.8]), (3, "ab", [0.5], [0.5, 2.0])),
            "joint": JOINT,
            "groups": GROUPS,
            "sample_weight": WEIGHTS,
            "target_names": NAMES,
        },
    ),
    "CoverageDisplay.plot": (
        drawn_again("CoverageDisplay", "from_estimator", **RIDGES, **ROWS),
        {},
    ),
    "CoverageByWidthDisplay.from_estimator": (
        drawn_by("CoverageByWidthDisplay", "from_estimator", **RIDGES, **ROWS),
        {
            "estimator": OTHER_INTERVALS,
            "confidence_level": LEVEL,
            "adaptive": ADAPTIVE,
            "groups": GROUPS,
            "sample_weight": WEIGHTS,
            "target_names": NAMES,
            "n_bins": N_BINS,
        },
    ),
    "CoverageByWidthDisplay.from_predictions": (
        drawn_by(
            "CoverageByWidthDisplay",
            "from_predictions",
            y_true=_data.Y,
            intervals=Later(intervals),
        ),
        {
            "intervals": INTERVALS,
            "confidence_level": LEVEL,
            "groups": GROUPS,
            "sample_weight": WEIGHTS,
            "target_names": NAMES,
            "n_bins": N_BINS,
        },
    ),
    "CoverageByWidthDisplay.plot": (
        drawn_again("CoverageByWidthDisplay", "from_estimator", **RIDGES, **ROWS),
        {"n_bins": N_BINS},
    ),
    "CoverageByGroupDisplay.from_estimator": (
        drawn_by("CoverageByGroupDisplay", "from_estimator", **RIDGES, **ROWS, groups=UNEVEN),
        {
            "estimator": OTHER_INTERVALS,
            "groups": GROUPS,
            "confidence_level": LEVEL,
            "adaptive": ADAPTIVE,
            "sample_weight": WEIGHTS,
            "target_names": NAMES,
            "edges": EDGES,
        },
    ),
    "CoverageByGroupDisplay.from_predictions": (
        drawn_by(
            "CoverageByGroupDisplay",
            "from_predictions",
            y_true=_data.Y,
            intervals=Later(intervals),
            groups=UNEVEN,
        ),
        {
            "intervals": INTERVALS,
            "groups": GROUPS,
            "confidence_level": LEVEL,
            "sample_weight": WEIGHTS,
            "target_names": NAMES,
            "edges": EDGES,
        },
    ),
    "CoverageByGroupDisplay.plot": (
        drawn_again("CoverageByGroupDisplay", "from_estimator", **RIDGES, **ROWS, groups=UNEVEN),
        {"edges": EDGES},
    ),
    "GroupErrorDisplay.from_estimator": (
        drawn_by("GroupErrorDisplay", "from_estimator", **RIDGES, **ROWS, groups=UNEVEN),
        {
            "estimator": BLEND,
            "groups": GROUPS,
            "held_out": HELD_OUT,
            "group_sizes": SIZES,
            "target_names": NAMES,
            "edges": EDGES,
        },
    ),
    "GroupErrorDisplay.from_predictions": (
        drawn_by("GroupErrorDisplay", "from_predictions", **PREDICTED, groups=UNEVEN),
        {"groups": GROUPS, "group_sizes": SIZES, "target_names": NAMES, "edges": EDGES},
    ),
    "GroupErrorDisplay.plot": (
        drawn_again("GroupErrorDisplay", "from_predictions", **PREDICTED, groups=UNEVEN),
        {"edges": EDGES},
    ),
    "ModalityAttentionDisplay.from_data": (
        drawn_by("ModalityAttentionDisplay", "from_data", **ATTENTION),
        {"attention": OF_ATTENTION, "kind": VIOLINS},
    ),
    "ModalityAttentionDisplay.from_estimator": (
        drawn_by("ModalityAttentionDisplay", "from_estimator", **NETWORK),
        {"estimator": NETWORKS, "kind": VIOLINS},
    ),
    "ModalityAttentionDisplay.plot": (
        drawn_again("ModalityAttentionDisplay", "from_data", **ATTENTION),
        {"kind": VIOLINS},
    ),
    "ModalityImportanceDisplay.from_data": (
        drawn_by("ModalityImportanceDisplay", "from_data", importance=Later(importance)),
        {
            "importance": Argument(Changes(Later(other_importance)), (3, {})),
            "by_target": BY_TARGET,
        },
    ),
    "ModalityImportanceDisplay.from_estimator": (
        drawn_by("ModalityImportanceDisplay", "from_estimator", **RIDGES, **ROWS, **MEASURED),
        {"estimator": BLEND, "by_target": BY_TARGET},
    ),
    "ModalityImportanceDisplay.plot": (
        drawn_again("ModalityImportanceDisplay", "from_data", importance=Later(importance)),
        {"by_target": BY_TARGET},
    ),
    "ModalityReport.to_html": (
        Call(lambda: report().to_html, dict),
        {
            "path": Argument(
                Elsewhere(
                    "inspection/test_analyze_modalities_page.py",
                    "test_a_file_holds_the_same_page_whatever_the_users_style",
                ),
                (3,),
            )
        },
    ),
    **{
        f"ModalityReport.plot_{what}": (
            Call(lambda what=what: getattr(report(), f"plot_{what}"), dict),
            {},
        )
        for what in (
            "block_scores",
            "distributions",
            "explained_variance",
            "group_sizes",
            "target_correlations",
            "targets",
        )
    },
    "PredictedVsTrueDisplay.from_estimator": (
        drawn_by("PredictedVsTrueDisplay", "from_estimator", **RIDGES, **ROWS),
        {
            "estimator": BLEND,
            "target_names": NAMES,
            "confidence_level": LEVEL,
            "kind": SCATTERED,
        },
    ),
    "PredictedVsTrueDisplay.from_predictions": (
        drawn_by("PredictedVsTrueDisplay", "from_predictions", **PREDICTED),
        {
            "target_names": NAMES,
            "intervals": Argument(
                Changes(Later(intervals)), (3, "wide", _data.Y, np.zeros((3, 2, 2)))
            ),
            "confidence_level": Argument(
                Changes(0.5, base={"intervals": Later(intervals)}), LEVEL.wrong
            ),
            "kind": SCATTERED,
        },
    ),
    "PredictedVsTrueDisplay.plot": (
        drawn_again("PredictedVsTrueDisplay", "from_predictions", **PREDICTED),
        {"kind": SCATTERED},
    ),
    "ResidualsDisplay.from_estimator": (
        drawn_by("ResidualsDisplay", "from_estimator", **RIDGES, **ROWS),
        {
            "estimator": BLEND,
            "held_out": HELD_OUT,
            "target_names": NAMES,
            "kind": OTHER_RESIDUALS,
        },
    ),
    "ResidualsDisplay.from_predictions": (
        drawn_by("ResidualsDisplay", "from_predictions", **PREDICTED),
        {"target_names": NAMES, "kind": OTHER_RESIDUALS},
    ),
    "ResidualsDisplay.plot": (
        drawn_again("ResidualsDisplay", "from_predictions", **PREDICTED),
        {"kind": OTHER_RESIDUALS},
    ),
    "TrainingCurvesDisplay.from_data": (
        drawn_by("TrainingCurvesDisplay", "from_data", histories=Later(histories)),
        {
            "histories": Argument(Changes(Later(lambda: histories()[:1])), (3, [3])),
            "best_iterations": Argument(Changes([1, 2]), (3, [1], ["a", "b"])),
        },
    ),
    "TrainingCurvesDisplay.from_estimator": (
        drawn_by("TrainingCurvesDisplay", "from_estimator", estimator=Later(_fitted.network)),
        {"estimator": NETWORKS},
    ),
    "TrainingCurvesDisplay.plot": (
        drawn_again("TrainingCurvesDisplay", "from_data", histories=Later(histories)),
        {},
    ),
}
