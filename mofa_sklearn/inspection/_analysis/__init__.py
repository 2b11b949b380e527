"""Looking at data before training on it."""

from ._analyze import analyze_modalities
from ._report import ModalityReport

__all__ = ["ModalityReport", "analyze_modalities"]
