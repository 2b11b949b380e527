"""The arguments of public functions."""

from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LinearRegression, Ridge

from mofa_sklearn import (
    KFoldEnsembleRegressor,
    baselines,
    dask,
    datasets,
    evaluation,
    export,
    inspection,
    metrics,
    modalities,
    persistence,
    recipes,
    tuning,
)
from mofa_sklearn.pipeline import make_mofa_pipeline

from . import _data, _fitted
from ._calls import Argument, Call, Later
from ._rows import Changes, Elsewhere, Refused, Same

NOT_BOOLEAN = ("yes", 2, None)
NOT_A_SEED = ("seed", -1, 1.5)
NOT_NAMES = ("ab", ["views"], 3)
NOT_OF_EACH_ROW = (_data.GROUPS[:-1], 3)
NOT_MODALITIES = (3, "image", [1, 2])
NOT_JOBS = ("all", 1.5)
NO_MODEL = (Ridge, 3, "ridge")
NAMES = Argument(Changes(["views", "likes"]), NOT_NAMES)
SEED = Argument(Changes(1), NOT_A_SEED)


class Fails(LinearRegression):
    """Can not be fitted."""

    def fit(self, X, y):
        raise ValueError("no")


def folder():
    return folder.path


def compared():
    models = {"ridge": Ridge(), "flat": Ridge(1e3)}
    return {"estimators": models, "X": _data.X, "y": _data.Y, "cv": 2, "verbose": 0} | {
        "random_state": 0
    }


INSIDE = {"e": KFoldEnsembleRegressor(Ridge(), cv=2, random_state=0)}
COMPARE = {
    "estimators": Argument(
        Changes({"ridge": Ridge()}),
        (Ridge(), {}, {"a": Ridge}, {"a": 3}, [Ridge()], [("a", Ridge()), ("a", Ridge())]),
    ),
    "cv": Argument(Changes(3), ("three", 1, 2.5)),
    "groups": Argument(Changes(_data.GROUPS), NOT_OF_EACH_ROW),
    "scoring": Argument(Changes("r2"), ("no such", 3)),
    "target_names": NAMES,
    "params": Argument(Changes({"sample_weight": _data.WEIGHT}), (3, "sample_weight")),
    "pass_groups": Argument(
        Changes(False, base={"estimators": INSIDE, "groups": _data.GROUPS}), NOT_BOOLEAN
    ),
    "reference": Argument(Refused("flat", "reference.*verbose=0"), ("nobody", 3)),
    "n_jobs": Argument(
        Elsewhere("test_worker_processes.py", "test_a_comparison_is_that_of_one_process"),
        NOT_JOBS,
    ),
    "error_score": Argument(Changes(-1.0, base={"estimators": {"fails": Fails()}}), ("nothing",)),
    "verbose": Argument(Same(1, "it prints"), ("loud", -1)),
    "random_state": SEED,
}
METRIC = Argument(Changes("nmse_1"), ("no such", 3))


def other_scores():
    """Every second fold of the scores."""
    scores = _fitted.scores()
    return scores[scores["fold"] % 2 == 0]


SCORES = Argument(Changes(Later(other_scores)), (3, pd.DataFrame(), _data.X))


WEIGHTS = Argument(Changes(_data.WEIGHT), (_data.WEIGHT[:-1], "heavy", -_data.WEIGHT))
OF_METRICS = {
    "sample_weight": WEIGHTS,
    "multioutput": Argument(Changes("raw_values"), ("all", 3, [1.0], [0.0, 0.0])),
}


def true_and_predicted():
    return {"y_true": _data.Y, "y_pred": _fitted.predictions()}


OF_BASELINES = {
    "modalities": Argument(Changes({"a": 1, "b": 4}), NOT_MODALITIES),
    "names": Argument(Changes("dummy"), (3, "no such", ["dummy", 3])),
    "random_state": SEED,
    "n_jobs": Argument(Changes(2, base={"names": "knn"}), NOT_JOBS),
}
VIDEOS = {
    "n_samples": 12,
    "modalities": {"image": 4, "text": 3},
    "return_bunch": True,
    "random_state": 0,
}


def parts_of_a_file():
    path = folder() / "model.mofa"
    persistence.dump(_fitted.ridges(), path)
    return {"path": path}


def lazy_rows(model):
    dataframe = pytest.importorskip("dask.dataframe")
    rows = pd.DataFrame(_data.X_NEW, columns=_data.NAMES)
    return {"estimator": knowing_names(model), "X": dataframe.from_pandas(rows, npartitions=2)}


@cache
def knowing_names(model):
    """Fit a model of `_fitted` again, on a table whose columns have names."""
    unfitted = clone(model())
    y = _data.LEVELS if is_classifier(unfitted) else _data.Y
    return unfitted.fit(pd.DataFrame(_data.X, columns=_data.NAMES), y)


def meta_of(columns):
    return pd.DataFrame(np.zeros((0, len(columns))), columns=range(len(columns)))


def onnx_file():
    return folder() / "model.onnx"


def arrays():
    place = folder() / "arrays"
    place.mkdir(exist_ok=True)
    for name in ("image_features", "text_features", "popularity_counts", "shares", "creator_ids"):
        np.save(place / f"{name}.npy", np.arange(8.0).reshape(4, -1) + len(name))
    return {"folder": place}


def other_arrays():
    place = folder() / "other arrays"
    place.mkdir(exist_ok=True)
    for name in ("sound_features", "popularity_counts"):
        np.save(place / f"{name}.npy", np.arange(8.0).reshape(4, -1))
    return place


def scored_by_several(**arguments):
    return tuning.combine_scorers(**arguments)(_fitted.ridges(), _data.X, _data.Y)


BLOCKS = {"image": _data.X[:3], "text": pd.DataFrame({"w": ["a", "b", "c"]}, index=[7, 8, 9])}
SCORERS = metrics.make_target_scorers(["views", "likes"])

FUNCTIONS = {
    "evaluation.compare": (Call(lambda: evaluation.compare, compared), COMPARE),
    "evaluation.leaderboard": (
        Call(lambda: evaluation.leaderboard, lambda: {"scores": _fitted.scores()}),
        {"scores": SCORES, "metric": METRIC},
    ),
    "evaluation.paired_tests": (
        Call(lambda: evaluation.paired_tests, lambda: {"scores": _fitted.scores()}),
        {
            "scores": SCORES,
            "reference": Argument(Changes("flat"), ("nobody", 3)),
            "metric": METRIC,
            "confidence_level": Argument(Changes(0.5), (0, 1, 95, "high")),
        },
    ),
    "baselines.make_baselines": (
        Call(lambda: baselines.make_baselines, lambda: {"names": ["pca-ridge"]}),
        OF_BASELINES,
    ),
    "baselines.make_classifier_baselines": (
        Call(lambda: baselines.make_classifier_baselines, lambda: {"names": ["pca-logistic"]}),
        OF_BASELINES,
    ),
    **{
        f"dask.{name}": (
            Call(lambda name=name: getattr(dask, name), lambda model=model: lazy_rows(model)),
            {
                "estimator": Argument(
                    Changes(Later(partial(knowing_names, other))), (3, Ridge, Ridge())
                ),
                "columns": Argument(Changes(columns), (["one"], 3, "one")),
                "meta": Argument(
                    Same(Later(lambda columns=columns: meta_of(columns)), "it spares a question"),
                    (3, "meta", np.zeros((0, 9))),
                ),
            },
        )
        for name, model, other, columns in [
            ("predict", _fitted.ridges, _fitted.blend, ["views", "likes"]),
            ("predict_proba", _fitted.logistics, _fitted.class_pipeline, ["x", "y", "z"]),
        ]
    },
    "datasets.join_modalities": (
        Call(lambda: datasets.join_modalities, lambda: {"blocks": BLOCKS, "ids": [7, 8, 9]}),
        {
            "blocks": Argument(Changes({"image": _data.X[:3]}), (3, {}, [_data.X])),
            "ids": Argument(Changes([9, 8, 7]), (3, [7, 7, 8], [7, 8])),
        },
    ),
    "datasets.load_modalities": (
        Call(lambda: datasets.load_modalities, arrays),
        {
            "folder": Argument(Changes(Later(other_arrays)), (3,)),
            "target": Argument(Changes("shares"), (3, "no such", ["shares", "no such"])),
            "pattern": Argument(Changes("image_*"), (3, "features", "**")),
            "metadata": Argument(Changes(["image_features"]), ("creator_ids", 3, ["no such"])),
            "log1p_target": Argument(Changes(True), NOT_BOOLEAN),
            "mmap_mode": Argument(Same("r", "where numbers lie is not what they are"), ("w", 3)),
        },
    ),
    "datasets.make_micro_videos": (
        Call(lambda: datasets.make_micro_videos, lambda: VIDEOS),
        {
            "n_samples": Argument(Changes(13), (0, "ten", 2.5)),
            "modalities": Argument(
                Changes({"image": 5}), (3, {}, {"image": 0}, {"image": "4"}, ["image"])
            ),
            "numeric_modalities": Argument(Changes(["image"]), ("image", ["sound"], 3)),
            "n_tokens": Argument(Changes({"image": 2}), (2, {"sound": 2}, {"image": 0})),
            "n_targets": Argument(Changes(2), (0, "two")),
            "n_creators": Argument(Changes(4), (0, 99, "four")),
            "missing_rate": Argument(Changes(0.5), (-0.1, 1.0, "half")),
            "noise": Argument(Changes(0.1), (-0.1, 1.1, "loud")),
            "as_frame": Argument(Changes(True), NOT_BOOLEAN),
            "return_bunch": Argument(Changes(False), NOT_BOOLEAN),
            "random_state": SEED,
        },
    ),
    "export.to_module": (
        Call(lambda: export.to_module, lambda: {"model": _fitted.ridges()}),
        {"model": Argument(Changes(Later(_fitted.blend)), (3, "model", Ridge))},
    ),
    "export.to_onnx": (
        Call(lambda: export.to_onnx, lambda: {"model": _fitted.ridges(), "path": onnx_file()}),
        # What is in the file, tests/export looks at.
        {
            "model": Argument(None, NO_MODEL),
            "path": Argument(None, (3, None)),
            "opset": Argument(None, (1, "new", 20.5)),
        },
    ),
    "inspection.analyze_modalities": (
        Call(
            lambda: inspection.analyze_modalities,
            lambda: {"X": _data.X, "y": _data.Y, "modalities": _data.WIDTHS, "random_state": 0},
        ),
        {
            "modalities": Argument(Changes({"a": 1, "b": 4}), (*NOT_MODALITIES, {"a": 99})),
            "groups": Argument(Changes(_data.GROUPS), NOT_OF_EACH_ROW),
            "target_names": NAMES,
            "cv": Argument(Changes(3), (1, "three", 2.5)),
            "max_samples": Argument(Changes(30), (1, "all", 2.5)),
            "random_state": Argument(Changes(1, base={"max_samples": 30}), NOT_A_SEED),
        },
    ),
    "inspection.modality_importance": (
        Call(
            lambda: inspection.modality_importance,
            lambda: (
                {"estimator": _fitted.ridges(), "X": _data.X, "y": _data.Y}
                | {"modalities": _data.WIDTHS, "n_repeats": 2, "random_state": 0}
            ),
        ),
        {
            "estimator": Argument(Changes(Later(_fitted.blend)), NO_MODEL),
            "modalities": Argument(Changes({"a": 1, "b": 4}), (*NOT_MODALITIES, {"a": 99})),
            "scoring": Argument(Changes("r2"), ("no such", 3)),
            "n_repeats": Argument(Changes(3), (0, "two", 1.5)),
            "groups": Argument(Changes(_data.GROUPS), NOT_OF_EACH_ROW),
            "held_out": Argument(Changes(True), NOT_BOOLEAN),
            "sample_weight": WEIGHTS,
            "target_names": NAMES,
            "n_jobs": Argument(
                Elsewhere(
                    "inspection/test_modality_importance.py",
                    "test_arrays_frames_and_n_jobs_do_not_matter",
                ),
                NOT_JOBS,
            ),
            "random_state": SEED,
        },
    ),
    "metrics.make_target_scorers": (
        Call(lambda: metrics.make_target_scorers, lambda: {"target_names": ["views", "likes"]}),
        {"target_names": Argument(Changes(["shares"]), ("ab", [], ["a", "a"], [1, 2], 3))},
    ),
    **{
        f"metrics.{name}": (
            Call(lambda name=name: getattr(metrics, name), true_and_predicted),
            OF_METRICS,
        )
        for name in (
            "normalized_mean_squared_error",
            "concordance_correlation_coefficient",
            "spearman_correlation",
        )
    },
    "modalities.resolve_modalities": (
        Call(lambda: modalities.resolve_modalities, lambda: {"X": _data.X}),
        {"modalities": Argument(Changes(_data.WIDTHS), NOT_MODALITIES)},
    ),
    "persistence.dump": (
        Call(
            lambda: persistence.dump, lambda: {"estimator": _fitted.ridges()} | parts_of_a_file()
        ),
        {
            "estimator": Argument(
                Elsewhere("persistence/test_round_trip.py", "test_every_public_estimator"),
                NO_MODEL,
            ),
            "path": Argument(
                Elsewhere("persistence/test_round_trip.py", "test_every_public_estimator"),
                (3, None),
            ),
        },
    ),
    "persistence.load": (
        Call(lambda: persistence.load, parts_of_a_file),
        {
            "path": Argument(
                Elsewhere("persistence/test_round_trip.py", "test_every_public_estimator"),
                (3, None),
            ),
            "trusted": Argument(
                Elsewhere(
                    "persistence/test_round_trip.py", "test_trees_of_others_have_to_be_trusted"
                ),
                (3, "sklearn.linear_model.Ridge", [3]),
            ),
        },
    ),
    "persistence.get_untrusted_types": (
        Call(lambda: persistence.get_untrusted_types, parts_of_a_file),
        {
            "path": Argument(
                Elsewhere(
                    "persistence/test_round_trip.py", "test_trees_of_others_have_to_be_trusted"
                ),
                (3, None),
            )
        },
    ),
    "recipes.get_recipe": (
        Call(lambda: recipes.get_recipe, lambda: {"name": "default"}),
        {"name": Argument(Changes("mofa-lite"), ("no such", 3), told="recipe")},
    ),
    "recipes.list_recipes": (Call(lambda: recipes.list_recipes, dict), {}),
    "tuning.combine_scorers": (
        Call(lambda: scored_by_several, lambda: {"scorers": SCORERS}),
        {
            "scorers": Argument(
                Changes({"nmse": metrics.nmse_scorer}), (3, {}, [metrics.nmse_scorer], {"nmse": 3})
            ),
            "refit": Argument(Changes("nmse_views"), ("no such", 3)),
        },
    ),
    "tuning.mofa_search_space": (
        Call(lambda: tuning.mofa_search_space, lambda: {"kind": "grid"}),
        {
            "estimator": Argument(Changes(make_mofa_pipeline(_data.WIDTHS)), (3, Ridge(), Ridge)),
            "kind": Argument(Changes("distributions"), ("no such", 3)),
            "names": Argument(Changes(["dropout"]), (3, "dropout", ["no such"])),
            "prefix": Argument(Changes("regressor__"), (3,)),
        },
    ),
}
