"""Preprocessing and ensemble, put together."""

from ._make_mofa_pipeline import make_mofa_pipeline

__all__ = ["make_mofa_pipeline"]
