"""Preprocessing, each modality by itself."""

from ._block_pca import BlockPCA
from ._engagement_binner import EngagementBinner
from ._float_columns import FloatColumns
from ._gap_filler import GapFiller
from ._modality_preprocessor import ModalityPreprocessor
from ._rank_gauss import RankGaussTransformer
from ._retrieval_augmenter import RetrievalAugmenter
from ._token_pooling import TokenPooling
from ._vector_columns import VectorColumns

__all__ = [
    "EngagementBinner",
    "BlockPCA",
    "FloatColumns",
    "GapFiller",
    "ModalityPreprocessor",
    "RankGaussTransformer",
    "RetrievalAugmenter",
    "TokenPooling",
    "VectorColumns",
]
