"""scikit-learn compatible estimators for embeddings of several modalities."""

from ._version import __version__
from .ensemble import KFoldEnsembleRegressor
from .estimators import MoFARegressor
from .pipeline import make_mofa_pipeline
from .preprocessing import ModalityPreprocessor, RankGaussTransformer

__all__ = [
    "KFoldEnsembleRegressor",
    "MoFARegressor",
    "ModalityPreprocessor",
    "RankGaussTransformer",
    "__version__",
    "make_mofa_pipeline",
]
