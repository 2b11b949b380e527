"""scikit-learn compatible estimators for embeddings of several modalities."""

import typing as _typing
from importlib import import_module as _import_module

from ._version import __version__
from .ensemble import BlendRegressor, KFoldEnsembleClassifier, KFoldEnsembleRegressor
from .estimators import MoFAClassifier, MoFARegressor
from .pipeline import ModalityPipeline, make_mofa_pipeline
from .preprocessing import ModalityPreprocessor, RankGaussTransformer

__all__ = [
    "BlendRegressor",
    "KFoldEnsembleClassifier",
    "KFoldEnsembleRegressor",
    "MoFAClassifier",
    "MoFARegressor",
    "ModalityPipeline",
    "ModalityPreprocessor",
    "RankGaussTransformer",
    "__version__",
    "make_mofa_pipeline",
]

# Imported when they are first looked at: ``mofa_sklearn.baselines`` needs no import of its own.
_SUBMODULES = [
    "baselines",
    "dask",
    "datasets",
    "encoders",
    "ensemble",
    "estimators",
    "evaluation",
    "export",
    "inspection",
    "metrics",
    "modalities",
    "networks",
    "persistence",
    "pipeline",
    "preprocessing",
    "recipes",
    "tuning",
]

if not _typing.TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str):
        if name in _SUBMODULES:
            return _import_module(f"{__name__}.{name}")
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, *_SUBMODULES]
