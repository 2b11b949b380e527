"""The arguments of methods, beyond rows and targets."""

from functools import partial

from mofa_sklearn import ModalityPreprocessor
from mofa_sklearn.preprocessing import RetrievalAugmenter

from . import _data, _fitted
from ._calls import Argument, Call
from ._functions import NOT_BOOLEAN, NOT_OF_EACH_ROW
from ._rows import Changes, Elsewhere

LEVEL = Argument(Changes(0.5), (0, 1, 90, "high", None))
INTERVAL = {
    "confidence_level": LEVEL,
    "joint": Argument(Changes(True), NOT_BOOLEAN),
    "adaptive": Argument(
        Elsewhere("ensemble/test_adaptive_intervals.py", "test_false_is_one_width"), NOT_BOOLEAN
    ),
}
MODALITY = {"modality": Argument(Changes("b"), ("no such", 3, None))}
WEIGHT_NEW = _data.WEIGHT[: len(_data.X_NEW)]
Y_NEW = _data.Y[: len(_data.X_NEW)]


def of(model, method, **arguments):
    """Call a method of what is fitted when it is first asked for."""
    return Call(lambda: getattr(model(), method), lambda: {"X": _data.X_NEW, **arguments})


def grouped(kind, **params):
    """Call `fit_transform` of a transformer with groups."""
    make = partial(kind, n_neighbors=3, joint=False, random_state=0)
    transformer = make() if not params else params["wraps"](make())
    return Call(lambda: transformer.fit_transform, lambda: {"X": _data.X, "y": _data.Y})


GROUPS = {"groups": Argument(Changes(_data.GROUPS), NOT_OF_EACH_ROW)}

METHODS = {
    "KFoldEnsembleRegressor.predict": (
        of(_fitted.ridges, "predict"),
        {"return_std": Argument(Changes(True), NOT_BOOLEAN)},
    ),
    "KFoldEnsembleRegressor.predict_interval": (of(_fitted.ridges, "predict_interval"), INTERVAL),
    "BlendRegressor.predict_interval": (of(_fitted.blend, "predict_interval"), INTERVAL),
    "KFoldEnsembleClassifier.predict_set": (
        of(_fitted.logistics, "predict_set"),
        {"confidence_level": LEVEL},
    ),
    "ModalityPipeline.predict_interval": (
        of(_fitted.pipeline, "predict_interval"),
        {"confidence_level": LEVEL},
    ),
    "ModalityPipeline.predict_set": (
        of(_fitted.class_pipeline, "predict_set"),
        {"confidence_level": LEVEL},
    ),
    "ModalityPipeline.score": (
        of(_fitted.pipeline, "score", y=Y_NEW),
        {"sample_weight": Argument(Changes(WEIGHT_NEW), (WEIGHT_NEW[:-1], "heavy"))},
    ),
    **{
        f"{name}.token_attention": (
            of(model, "token_attention", modality="a"),
            MODALITY,
        )
        for name, model in [
            ("MoFARegressor", _fitted.network),
            ("MoFAClassifier", _fitted.class_network),
            ("KFoldEnsembleRegressor", _fitted.networks),
            ("KFoldEnsembleClassifier", _fitted.class_networks),
            ("ModalityPipeline", _fitted.network_pipeline),
        ]
    },
    "RetrievalAugmenter.fit_transform": (grouped(RetrievalAugmenter), GROUPS),
    "ModalityPreprocessor.fit_transform": (
        grouped(RetrievalAugmenter, wraps=ModalityPreprocessor),
        GROUPS,
    ),
}
