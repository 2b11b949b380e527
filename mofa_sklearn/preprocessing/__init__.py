"""Preprocessing, each modality by itself."""

from ._block_pca import BlockPCA
from ._engagement_binner import EngagementBinner
from ._modality_preprocessor import ModalityPreprocessor
from ._rank_gauss import RankGaussTransformer
from ._retrieval_augmenter import RetrievalAugmenter
from ._token_pooling import TokenPooling

__all__ = [
    "EngagementBinner",
    "BlockPCA",
    "ModalityPreprocessor",
    "RankGaussTransformer",
    "RetrievalAugmenter",
    "TokenPooling",
]
