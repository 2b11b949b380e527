"""Synthetic micro-videos: what they show, what they count, and how it depends on it."""

from ._make import make_micro_videos

__all__ = ["make_micro_videos"]
