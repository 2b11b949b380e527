"""A fitted pipeline as one torch module."""

from ._to_module import ExportedModel, to_module

__all__ = ["ExportedModel", "to_module"]
