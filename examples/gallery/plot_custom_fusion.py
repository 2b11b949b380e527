"""
How do I try a fusion of my own?
================================

A fusion is what makes one vector of the encodings of all modalities. Eight are built in; one of
your own is a short class of torch that is passed as ``fusion=``.
"""

# %%
# Data that ask for it
# --------------------
# What counts here is whether image and text agree: the target is a sum of products of a column of
# the one and a column of the other. Neither tells anything on its own.

import numpy as np

widths = {"image": 12, "text": 12}
rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 24)).astype(np.float32)
image, text = X[:, :12], X[:, 12:]
noise = 0.3 * rng.normal(size=len(X))
y = (image * text).sum(axis=1) / np.sqrt(12) + noise

# %%
# A class with two methods
# ------------------------
# ``forward`` gets the encodings, (..., n_modalities, hidden_dim), and tells which modalities are
# present. It returns the fused vectors, and the weights of the modalities or None. This one
# projects each encoding and multiplies what it gets (low-rank bilinear pooling, Kim et al., ICLR
# 2017); a modality that is missing multiplies by one.

import torch
from torch import nn


class BilinearPooling(nn.Module):
    """The product of all encodings, each projected before."""

    has_weights = False

    def __init__(self, n_modalities, hidden_dim):
        super().__init__()
        self.projections = nn.ModuleList(
            nn.Linear(hidden_dim, hidden_dim) for _ in range(n_modalities)
        )
        self.fused_dim = hidden_dim

    def forward(self, encodings, present):
        product = torch.ones_like(encodings[..., 0, :])
        for position, project in enumerate(self.projections):
            projected = project(encodings[..., position, :])
            product = product * torch.where(present[..., position, None], projected, 1.0)
        return product, None


# %%
# Compare it as any parameter
# ---------------------------
# Each fusion gets an ensemble on the same folds, whose members are scored on the rows held out.

from mofa_sklearn import KFoldEnsembleRegressor, MoFARegressor

fusions = ["modality_attention", "concat", "gated", BilinearPooling]
errors = {}
for fusion in fusions:
    network = MoFARegressor(
        widths,
        fusion=fusion,
        hidden_dim=64,
        dropout=0.0,
        modality_dropout=0.0,
        learning_rate=3e-3,
        max_epochs=40,
    )
    ensemble = KFoldEnsembleRegressor(network, cv=4, random_state=0).fit(X, y)
    name = fusion if isinstance(fusion, str) else fusion.__name__
    errors[name] = 1 - ensemble.fold_scores_[:, 0]

# %%
# The fusion that fits the data wins
# ----------------------------------

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
for position, (name, of_folds) in enumerate(errors.items()):
    ax.plot(of_folds, [position] * 4, "o", color="C3" if name == "BilinearPooling" else "C0")
    ax.annotate(f"{of_folds.mean():.2f}", (of_folds.mean(), position - 0.35), ha="center")
ax.axvline(noise.var() / y.var(), color="black", linestyle=":", label="lowest possible")
ax.set_yticks(range(len(errors)), list(errors))
ax.set(xlabel="normalised mean squared error of each fold", xlim=(0, 0.8), ylim=(3.4, -0.8))
ax.legend(frameon=False, loc="lower right")
_ = ax.spines[["top", "right"]].set_visible(False)

# %%
# Dots are folds, numbers their means. The three that are built in have to learn from examples what
# a product is; the new one has it in its structure. On other data it may well be the other way
# round, which is why fusions are parameters.
