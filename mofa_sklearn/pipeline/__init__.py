"""Preprocessing and ensemble, put together."""

from ._make_mofa_pipeline import make_mofa_pipeline
from ._modality_pipeline import ModalityPipeline

__all__ = ["ModalityPipeline", "make_mofa_pipeline"]
