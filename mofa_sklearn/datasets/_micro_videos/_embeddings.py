"""Blocks of embeddings, single ones and sequences of them."""

from __future__ import annotations

import numpy as np

from ._draws import standardise

N_READOUTS = 6  # directions of a block that matter to the targets
_N_HIDDEN = 24  # directions in which a block varies
_FEATURE_NOISE = 0.2  # share of a column's variance that is its own
_TAIL_WEIGHT = 1.2  # sinh(1.2 * normal): an excess kurtosis of 20 and more
_TAIL_SCALE_SPREAD = 1.5  # standard deviation of the log of the columns' scales
_MARK = 8.0  # length of what is added to the token that counts; a column's deviation is one
_OTHER_TOKENS = 0.5  # size of the tokens that are noise, beside it
_CHUNK_ROWS = 1024


def fill_embeddings(rng, name: str, block: np.ndarray, shared: np.ndarray) -> np.ndarray:
    """Draw a block of embeddings in place; return what of it matters to the targets.

    Parameters
    ----------
    rng : RandomState
    name : str
        The modality's; those named "text" and "video" have traits of their own.
    block : float32 ndarray of shape (n_samples, width)
        Where to write.
    shared : ndarray of shape (n_samples, n_latents)
        What the row's modalities have in common.

    Returns
    -------
    ndarray of shape (n_samples, N_READOUTS)
    """
    projection = _fill_block(rng, block, shared)
    if name == "text":
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    readout = _read_block(rng, block, projection)
    if name == "video":
        _put_tails_on(rng, block)
    return readout


def fill_tokens(
    rng, name: str, block: np.ndarray, shared: np.ndarray, n_tokens: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw sequences of embeddings in place, of which one token a row counts.

    Parameters
    ----------
    rng, name, shared
        As in :func:`fill_embeddings`.
    block : float32 ndarray of shape (n_samples, n_tokens * width)
        Where to write.
    n_tokens : int
        Number of tokens of a row.

    Returns
    -------
    readout : ndarray of shape (n_samples, N_READOUTS)
        What matters to the targets.
    positions : int ndarray of shape (n_samples,)
        Which token counts.
    """
    n_samples, width = len(block), block.shape[1] // n_tokens
    positions = rng.randint(n_tokens, size=n_samples)
    rows = np.arange(n_samples) * n_tokens + positions
    tokens = np.empty((n_samples * n_tokens, width), dtype=np.float32)
    of_tokens = rng.standard_normal((len(tokens), shared.shape[1]))
    of_tokens[rows] = shared
    projection = _fill_block(rng, tokens, of_tokens)
    signal = tokens[rows] + _draw_mark(rng, width)
    tokens *= _OTHER_TOKENS
    tokens[rows] = signal
    if name == "text":
        tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    readout = _read_block(rng, tokens[rows], projection)
    if name == "video":
        _put_tails_on(rng, tokens)
    block[:] = tokens.reshape(n_samples, -1)
    return readout, positions


def _draw_mark(rng, width: int) -> np.ndarray:
    """Draw what tells the token that counts from the others."""
    direction = rng.standard_normal(width).astype(np.float32)
    return _MARK * direction / np.linalg.norm(direction)


def _fill_block(rng, block: np.ndarray, shared: np.ndarray) -> np.ndarray:
    """Draw one block in place; return the projection used, shape (_N_HIDDEN, width)."""
    n_samples, width = block.shape
    n_latents = shared.shape[1]  # and as many are the modality's own
    latents = np.hstack([shared, rng.standard_normal(shared.shape)])
    mixing = rng.standard_normal((latents.shape[1], _N_HIDDEN)) / np.sqrt(n_latents)
    hidden = standardise(np.tanh(latents @ mixing)).astype(np.float32)  # (n_samples, _N_HIDDEN)
    projection = rng.standard_normal((_N_HIDDEN, width)).astype(np.float32)
    projection *= np.sqrt((1 - _FEATURE_NOISE) / _N_HIDDEN)
    # RandomState has no float32 and takes several times as long.
    fast_rng = np.random.default_rng(rng.randint(2**31, size=4))
    for start in range(0, n_samples, _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        own = fast_rng.standard_normal(block[rows].shape, dtype=np.float32)
        own *= np.sqrt(_FEATURE_NOISE)
        np.add(own, hidden[rows] @ projection, out=block[rows])
    return projection


def _read_block(rng, block: np.ndarray, projection: np.ndarray) -> np.ndarray:
    """Read from a block the directions that matter, shape (n_samples, N_READOUTS).

    They lie in the span of the projection, where the columns' own noise averages out.
    """
    directions = rng.standard_normal((_N_HIDDEN, N_READOUTS)).astype(np.float32)
    return standardise((block @ (projection.T @ directions)).astype(np.float64))


def _put_tails_on(rng, block: np.ndarray) -> None:
    """Give each column heavy tails, a scale and an offset, in place; can be undone by arcsinh."""
    width = block.shape[1]
    scale = rng.lognormal(sigma=_TAIL_SCALE_SPREAD, size=width).astype(np.float32)
    offset = rng.standard_normal(width).astype(np.float32)
    block *= _TAIL_WEIGHT
    np.sinh(block, out=block)
    block += offset
    block *= scale
