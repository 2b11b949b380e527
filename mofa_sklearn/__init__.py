"""scikit-learn compatible estimators for embeddings of several modalities."""

from ._version import __version__
from .ensemble import BlendRegressor, KFoldEnsembleClassifier, KFoldEnsembleRegressor
from .estimators import MoFAClassifier, MoFARegressor
from .pipeline import make_mofa_pipeline
from .preprocessing import ModalityPreprocessor, RankGaussTransformer

__all__ = [
    "BlendRegressor",
    "KFoldEnsembleClassifier",
    "KFoldEnsembleRegressor",
    "MoFAClassifier",
    "MoFARegressor",
    "ModalityPreprocessor",
    "RankGaussTransformer",
    "__version__",
    "make_mofa_pipeline",
]
