"""Fusions: how the encodings of the modalities become one vector.

A fusion is an ``nn.Module`` made as ``Fusion(n_modalities, hidden_dim)``. Its
``forward(encodings, present)`` gets encodings of shape (batch, n_modalities,
hidden_dim), zero where a modality is missing, and ``present``, a bool tensor of
shape (batch, n_modalities). It returns the fused vectors, (batch,
``fused_dim``), and the weight of each modality, (batch, n_modalities), rows
summing to one, or None where it has no such weights.
"""

from .modality_attention import ModalityAttention

#: The fusions that can be named.
FUSIONS = {"modality_attention": ModalityAttention}

__all__ = ["FUSIONS", "ModalityAttention"]
