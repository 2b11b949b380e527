"""Which columns of one 2-D matrix form which modality, and which modalities are missing.

A *block* is a set of columns of ``X``, a *modality* is what they mean.
"""

from ._resolve import resolve_modalities

__all__ = ["resolve_modalities"]
