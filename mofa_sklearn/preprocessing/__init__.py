"""Preprocessing, each modality by itself."""

from ._modality_preprocessor import ModalityPreprocessor
from ._rank_gauss import RankGaussTransformer

__all__ = ["ModalityPreprocessor", "RankGaussTransformer"]
