"""Torch modules and losses, nothing else."""

from .mofa import MoFANetwork

__all__ = ["MoFANetwork"]
