"""Small rows and targets of every kind that the sweep fits on."""

import numpy as np
import pandas as pd
from scipy import sparse

WIDTHS = {"a": 3, "b": 2}
NAMES = [f"{name}_{i}" for name, width in WIDTHS.items() for i in range(width)]
N_ROWS = 60

_rng = np.random.default_rng(0)
_X = _rng.normal(size=(N_ROWS + 12, 5)).astype(np.float32)
X, X_NEW = _X[:N_ROWS], _X[N_ROWS:]


def _targets_of(X):
    return X[:, :2] + np.abs(X[:, 2:4])


Y = _targets_of(X) + 0.3 * _rng.normal(size=(N_ROWS, 2))
# The weights of the validation rows decide whether training makes their loss smaller.
X_VAL = _rng.normal(size=(15, 5)).astype(np.float32)
Y_VAL = np.where(np.arange(15)[:, np.newaxis] < 9, 1, -1) * _targets_of(X_VAL)
LEVELS = np.digitize(Y[:, 0], [0.3, 1.8])

#: Every third row counts twice, every fifth not at all.
WEIGHT = np.where(np.arange(N_ROWS) % 3 == 0, 2.0, 1.0) * (np.arange(N_ROWS) % 5 > 0)
WEIGHT_VAL = np.where(np.arange(15) < 9, 0.1, 9.0)
GROUPS = np.arange(N_ROWS) // 6
CODES = np.array(["a", "b", "c"])
VALIDATION = {"X_val": X_VAL, "y_val": Y_VAL}
VALIDATION_LEVELS = {"X_val": X_VAL, "y_val": np.digitize(Y_VAL[:, 0], [0.3, 1.8])}


def _wide(values):
    """Make enough sparse columns that their components are found at random."""
    directions = np.random.default_rng(1).normal(size=(5, 90)).astype(np.float32)
    return sparse.csr_array(np.maximum(np.sin(3 * values @ directions), 0.5) - 0.5)


def _with_gaps(values):
    values = values.copy()
    values[::4, 1] = np.nan
    return values


TARGETS = {
    "numbers": Y,
    "vector": Y[:, 0],
    "counts": np.floor(np.exp(Y)),
    "classes": CODES[LEVELS],
    "levels": LEVELS,
    "binary": (LEVELS > 0).astype(int),
    "labels": np.column_stack([LEVELS > 0, LEVELS > 1]).astype(int),
}
_WORDS = np.array(["apple pie", "bread", "cake and pie", "date", "egg", "fig tart", "grape"])
ROWS = {
    "matrix": X,
    "gaps": _with_gaps(X),
    "names": pd.DataFrame(X, columns=NAMES),
    "words": pd.DataFrame({"w": _WORDS[np.arange(N_ROWS) % 7], "n": X[:, 0]}),
    "texts": _WORDS[np.arange(N_ROWS) % 7].astype(object),
    "sparse": _wide(X),
    "none": None,
}
_NEW = {
    "matrix": X_NEW,
    "gaps": _with_gaps(X_NEW),
    "names": pd.DataFrame(X_NEW, columns=NAMES),
    "words": pd.DataFrame({"w": _WORDS[np.arange(12) % 7][::-1], "n": X_NEW[:, 0]}),
    "texts": _WORDS[np.arange(12) % 7].astype(object),
    "sparse": _wide(X_NEW),
}


def new(rows: str):
    """Return new rows of a kind, as a copy."""
    return copy(_NEW[rows])


def copy(values):
    """Return a copy, for an estimator that may write into it."""
    return values.copy()
