"""Rows of synthetic micro-videos: whose each is, what its modalities share, what it lacks."""

from __future__ import annotations

import numpy as np

from ._draws import mix

CREATOR_SHARE = 0.4  # of the variance of a video's latents, and of the noise in its targets
_N_LATENTS = 8  # of a video, shared by its modalities


def draw_creators(rng, n_samples: int, n_creators: int | None) -> np.ndarray | None:
    """Draw each row's creator: one row each, the rest by Zipf's law, in random order."""
    if n_creators is None:
        return None
    if n_creators > n_samples:
        raise ValueError(
            f"n_creators={n_creators} is more than n_samples={n_samples}; "
            "every creator needs a video"
        )
    popularity = 1 / np.arange(1, n_creators + 1)
    rest = rng.choice(n_creators, size=n_samples - n_creators, p=popularity / popularity.sum())
    return rng.permutation(np.concatenate([np.arange(n_creators), rest]))


def draw_latents(rng, n_samples: int, creator_ids: np.ndarray | None) -> np.ndarray:
    """Draw what the modalities of a row have in common, shape (n_samples, _N_LATENTS)."""
    shared = rng.standard_normal((n_samples, _N_LATENTS))
    if creator_ids is None:
        return shared
    of_creator = rng.standard_normal((creator_ids.max() + 1, _N_LATENTS))
    return mix(of_creator[creator_ids], shared, CREATOR_SHARE)


def columns_of(widths: dict[str, int]) -> dict[str, slice]:
    """Return which columns blocks of these widths have, side by side."""
    stops = np.cumsum(list(widths.values())).tolist()
    starts = [0, *stops]
    return {n: slice(*ends) for n, *ends in zip(widths, starts, stops, strict=False)}


def remove_blocks(rng, X: np.ndarray, widths: dict[str, int], missing_rate: float) -> None:
    """Make blocks NaN at random, in place, but never all blocks of a row."""
    if missing_rate == 0:
        return
    missing = rng.uniform(size=(len(X), len(widths))) < missing_rate
    kept = rng.randint(len(widths), size=len(X))
    rows = np.flatnonzero(missing.all(axis=1))
    missing[rows, kept[rows]] = False
    for columns, rows in zip(columns_of(widths).values(), missing.T, strict=True):
        X[rows, columns] = np.nan
