"""Data to try the package on: synthetic micro-videos, and folders of ``.npy`` files."""

from ._load_modalities import load_modalities
from ._micro_videos import make_micro_videos

__all__ = ["load_modalities", "make_micro_videos"]
