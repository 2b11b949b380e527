"""Data: synthetic micro-videos; files, folders and separate blocks made into one table."""

from ._join_modalities import join_modalities
from ._load_modalities import load_modalities
from ._micro_videos import make_micro_videos

__all__ = ["join_modalities", "load_modalities", "make_micro_videos"]
