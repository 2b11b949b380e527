"""Fusions: how the encodings of the modalities become one vector, or one prediction.

A fusion is an ``nn.Module`` made as ``Fusion(n_modalities, hidden_dim)``. A
constructor that has parameters of these names is given them, too: ``n_outputs``, the
width of a prediction, ``dropout``, the rate of the network's layers, and
``modality_names``. What else it takes is bound by ``functools.partial``.

Its ``forward(encodings, present)`` gets encodings of shape (batch, n_modalities,
hidden_dim), zero where a modality is missing, and ``present``, a bool tensor of
shape (batch, n_modalities). It returns

- the fused vectors, (batch, ``fused_dim``), or, where ``fused_dim`` is None, the
  predictions, (batch, n_outputs);
- the weight of each modality, (batch, n_modalities), rows summing to one and zero
  where a modality is missing, or None where it has no such weights
  (``has_weights = False``);
- and, if it likes, a penalty, (batch,), which is added to each row's loss in training.

A fusion with ``asks_tokens = True`` is called as ``forward(encodings, present, tokens)``:
of each modality the :class:`~mofa_sklearn.networks.tokens.Tokens`, None for one that is no
sequence. It has a method ``token_weights`` of the same arguments, which returns how much
it lets each token count, as :class:`ConditionalQuery` does.

To be trained as part of a stack it names axes from the end, and keeps its weights in
``nn.Linear`` and ``nn.LayerNorm``.
"""

from typing import Any

from .concat import Concat
from .conditional_query import ConditionalQuery
from .cross_attention import CrossAttention
from .gated import Gated
from .late import Late
from .modality_attention import ModalityAttention
from .product_of_experts import ProductOfExperts
from .self_attention import SelfAttention

#: The fusions that can be named.
FUSIONS: dict[str, Any] = {
    "modality_attention": ModalityAttention,
    "concat": Concat,
    "gated": Gated,
    "cross_attention": CrossAttention,
    "self_attention": SelfAttention,
    "conditional_query": ConditionalQuery,
    "product_of_experts": ProductOfExperts,
    "late": Late,
}

__all__ = [
    "FUSIONS",
    "Concat",
    "ConditionalQuery",
    "CrossAttention",
    "Gated",
    "Late",
    "ModalityAttention",
    "ProductOfExperts",
    "SelfAttention",
]
