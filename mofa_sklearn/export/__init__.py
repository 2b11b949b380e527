"""A fitted pipeline as one torch module, and as an ONNX file."""

from ._to_module import ExportedModel, to_module
from ._to_onnx import to_onnx

__all__ = ["ExportedModel", "to_module", "to_onnx"]
